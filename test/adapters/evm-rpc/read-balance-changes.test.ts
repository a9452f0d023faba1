import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { EvmNode } from '../../../src/adapters/evm-rpc/node.ts'
import { readBalanceChanges } from '../../../src/adapters/evm-rpc/read-balance-changes.ts'
import { sampleAddress, sampleHash } from '../../support/fixtures.ts'
import { hashBlockAccessList, type Json } from '../../support/sealed-blocks/encode-block.ts'
import { sealBlock } from '../../support/sealed-blocks/seal-block.ts'

const PARENT = sampleHash(6)
const signal = new AbortController().signal

/** Block 7 with this access list, and a node that tells of it what `told` says otherwise. */
async function sealWith(
  list: readonly Json[],
  told: { list?: readonly Json[]; header?: Json } = {},
) {
  const place = { chainId: 1, number: 7, parentHash: PARENT, timestampS: 1_800_000_000 }
  const { block, hash } = await sealBlock({ ...place, fork: 'amsterdam', accessList: list })
  const call = async (method: string) => ({
    kind: 'result',
    value: method === 'eth_getBlockAccessList' ? (told.list ?? list) : { ...block, ...told.header },
  })
  const node = { client: { name: 'node', call } } as unknown as EvmNode
  return readBalanceChanges(node, { ...place, hash }, signal)
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
      const read = await sealWith(list)
      const moved = list.filter(({ balanceChanges }) => balanceChanges.length > 0)
      expect(read?.map(({ address }) => address)).toEqual(moved.map(({ address }) => address))
      const changed = [...list, { address: sampleAddress(9), storageReads: [other] }]
      await expect(sealWith(list, { list: changed })).rejects.toThrow('access list')
      // A header that fits the list is another header.
      const header = { blockAccessListHash: hashBlockAccessList(changed) }
      await expect(sealWith(list, { list: changed, header })).rejects.toThrow('does not have hash')
    }),
    { numRuns: 60 },
  )
})

// Lengths around those where RLP writes another header.
test.each([0, 1, 55, 56, 255, 256, 65_535, 65_536])('code of %i bytes is encoded', async (size) => {
  for (const byte of ['00', '7f', '80', 'ff']) {
    const code = `0x${byte.repeat(size)}`
    const list = [{ address: sampleAddress(3), codeChanges: [{ index: '0x1', code }] }]
    expect(await sealWith(list)).toEqual([])
  }
})

test('a header with a field that nobody knows, or without the hash of a list, credits nothing', async () => {
  const account = { address: sampleAddress(3), balanceChanges: [{ index: '0x1', value: '0x5' }] }
  const unknown = { fieldOfTomorrow: PARENT, stateRoot: PARENT }
  await expect(sealWith([account], { header: unknown })).rejects.toThrow('does not have hash')
  expect(await sealWith([account], { header: { blockAccessListHash: null } })).toBeNull()
})
