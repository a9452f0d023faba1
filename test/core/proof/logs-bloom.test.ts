import { keccak_256 } from '@noble/hashes/sha3'
import { bytesToHex, type Hex, hexToBytes, keccak256, numberToHex } from 'viem'
import { expect, test } from 'vitest'
import {
  addToBloom,
  createBloomBuilder,
  createBloomProbe,
  createSeenEntries,
  isSaturated,
} from '../../../src/core/proof/logs-bloom.ts'
import { computeBloom } from '../../support/sealed-blocks/encode-block.ts'

const entry = (n: number): Hex => keccak256(numberToHex(n))
const addressOf = (n: number): Hex => `0x${entry(n).slice(26)}`
const logOf = (n: number) => ({ address: addressOf(n % 7), topics: [entry(n), entry(n % 5)] })

const seen = createSeenEntries()

function bloomOf(logs: readonly { address: Hex; topics: readonly Hex[] }[]): Uint8Array {
  const bloom = createBloomBuilder(keccak_256, seen)
  for (const { address, topics } of logs) {
    for (const text of [address, ...topics]) {
      const bytes = hexToBytes(text)
      addToBloom(bloom, bytes, 0, bytes.length)
    }
  }
  return bloom.bits
}

test.each([0, 1, 3, 50, 900])('of %i logs, also of entries seen before', (count) => {
  const logs = Array.from({ length: count }, (_, n) => logOf(n))
  for (const round of [1, 2]) {
    expect([round, bytesToHex(bloomOf(logs))]).toEqual([round, computeBloom(logs)])
  }
})

test('ten thousand entries through the small memory of seen ones', () => {
  const logs = Array.from({ length: 10_000 }, (_, n) => ({ address: addressOf(n), topics: [] }))
  const one = (n: number) => bytesToHex(bloomOf([logs[n]!]))
  bloomOf(logs)
  for (let n = 0; n < 10_000; n += 997) expect(one(n)).toBe(computeBloom([logs[n]!]))
})

test('an address is not the topic that ends with it', () => {
  const address = addressOf(1)
  const topic: Hex = `0x${'0'.repeat(24)}${address.slice(2)}`
  const log = { address, topics: [topic] }
  expect(bytesToHex(bloomOf([log, log]))).toBe(computeBloom([log]))
})

test('some three hundred entries saturate it', () => {
  const filled = (count: number) =>
    bloomOf(Array.from({ length: count }, (_, n) => ({ address: addressOf(n), topics: [] })))
  expect(isSaturated(filled(0))).toBe(false)
  expect(isSaturated(filled(200))).toBe(false)
  expect(isSaturated(filled(400))).toBe(true)
})

test('a probe finds every entry of a bloom, and hardly any other', () => {
  const logs = Array.from({ length: 20 }, (_, n) => logOf(n))
  const bloom = bloomOf(logs)
  const isIn = (text: Hex) => createBloomProbe(hexToBytes(text), keccak_256)(bloom)
  for (const { address, topics } of logs) expect([address, ...topics].every(isIn)).toBe(true)
  const others = Array.from({ length: 500 }, (_, n) => entry(1_000 + n))
  expect(others.filter(isIn).length).toBeLessThan(5)
})
