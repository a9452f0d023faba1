import { keccak_256 } from '@noble/hashes/sha3'
import fc from 'fast-check'
import { bytesToHex, type Hex } from 'viem'
import { describe, expect, test } from 'vitest'
import { createRlpSink, ensureRoom } from '../../../src/core/proof/rlp-sink.ts'
import {
  addTrieItem,
  computeTrieRoot,
  createTrieItems,
  TRIE_HEADROOM,
} from '../../../src/core/proof/trie-root.ts'
import { computeListRoot } from '../../support/sealed-blocks/merkle-root.ts'

function rootOf(values: readonly Uint8Array[]): Hex | null {
  const items = createTrieItems(createRlpSink(64))
  for (const value of values) {
    const { sink } = items
    ensureRoom(sink, TRIE_HEADROOM + value.length)
    sink.end += TRIE_HEADROOM
    sink.bytes.set(value, sink.end)
    sink.end += value.length
    addTrieItem(items, sink.end - value.length)
  }
  const root = computeTrieRoot(items, keccak_256)
  return root === null ? null : bytesToHex(root)
}

/** Distinct and longer than a hash, as receipts are. */
const long = (index: number) => new Uint8Array(40 + (index % 300)).fill(1 + (index % 255))

describe('the root of a list', () => {
  test.each([1, 2, 16, 17, 127, 128, 129, 130, 255, 256, 257, 300, 700])('of %i items', (count) => {
    const values = Array.from({ length: count }, (_, index) => long(index))
    expect(rootOf(values)).toBe(computeListRoot(values.map((value) => bytesToHex(value))))
  })

  test('of nothing is left to the caller', () => {
    expect(rootOf([])).toBeNull()
  })

  test('of items by chance, also of such as stand in their parent', () => {
    const item = fc.uint8Array({ minLength: 1, maxLength: 70 })
    fc.assert(
      fc.property(fc.array(item, { minLength: 1, maxLength: 150 }), (values) => {
        expect(rootOf(values)).toBe(computeListRoot(values.map((value) => bytesToHex(value))))
      }),
      { numRuns: 60 },
    )
  })

  test('two items in turned order have another one', () => {
    expect(rootOf([long(1), long(2)])).not.toBe(rootOf([long(2), long(1)]))
  })
})
