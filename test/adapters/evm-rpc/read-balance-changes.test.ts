import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { EvmNode } from '../../../src/adapters/evm-rpc/node.ts'
import { readBalanceChanges } from '../../../src/adapters/evm-rpc/read-balance-changes.ts'
import { sampleAddress, sampleHash } from '../../support/fixtures.ts'
import { hashBlockAccessList } from '../../support/sealed-blocks/encode-block.ts'

const REF = { number: 7, timestampS: 1_800_000_000, hash: sampleHash(7), parentHash: sampleHash(6) }
const signal = new AbortController().signal

/** A node that has this list of block 7, whose header has this hash of it. */
function nodeWith(list: readonly unknown[], blockAccessListHash: string): EvmNode {
  const call = async (method: string) => ({
    kind: 'result',
    value: method === 'eth_getBlockAccessList' ? list : { hash: REF.hash, blockAccessListHash },
  })
  return { client: { name: 'node', call } } as unknown as EvmNode
}

const numbers = fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }).map((n) => `0x${n.toString(16)}`)
const indexes = fc.nat(70_000).map((n) => `0x${n.toString(16)}`)
const bytes = (maxLength: number) =>
  fc.uint8Array({ maxLength }).map((code) => `0x${Buffer.from(code).toString('hex')}`)
const changes = (field: string, values: fc.Arbitrary<string>) =>
  fc.array(fc.record({ index: indexes, [field]: values }), { maxLength: 4 })
const accounts = fc.record({
  address: fc.integer({ min: 1, max: 1_000_000 }).map(sampleAddress),
  storageChanges: fc.array(fc.record({ key: numbers, changes: changes('value', numbers) }), {
    maxLength: 3,
  }),
  storageReads: fc.array(numbers, { maxLength: 4 }),
  balanceChanges: changes('value', numbers),
  nonceChanges: changes('value', indexes),
  codeChanges: changes('code', bytes(300)),
})

test('a list is taken where its RLP has the hash in the header, and no other is', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(accounts, { maxLength: 5 }), numbers, async (list, other) => {
      const read = await readBalanceChanges(nodeWith(list, hashBlockAccessList(list)), REF, signal)
      const moved = list.filter(({ balanceChanges }) => balanceChanges.length > 0)
      expect(read?.map(({ address }) => address)).toEqual(moved.map(({ address }) => address))
      const changed = [...list, { address: sampleAddress(9), storageReads: [other] }]
      const lie = nodeWith(changed, hashBlockAccessList(list))
      await expect(readBalanceChanges(lie, REF, signal)).rejects.toThrow('access list')
    }),
    { numRuns: 60 },
  )
})

// Lengths around those where RLP writes another header.
test.each([0, 1, 55, 56, 255, 256, 65_535, 65_536])('code of %i bytes is encoded', async (size) => {
  for (const byte of ['00', '7f', '80', 'ff']) {
    const code = `0x${byte.repeat(size)}`
    const list = [{ address: sampleAddress(3), codeChanges: [{ index: '0x1', code }] }]
    const node = nodeWith(list, hashBlockAccessList(list))
    expect(await readBalanceChanges(node, REF, signal)).toEqual([])
  }
})
