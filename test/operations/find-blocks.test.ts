/** Which blocks of a range are read whole when logs say where to look. */
import { beforeEach, expect, test } from 'vitest'
import type { BlockRef, VerifiedBlock } from '../../src/core/chain/block.ts'
import type { ChainSettings } from '../../src/core/chain/chain-settings.ts'
import { TRANSFER_TOPIC } from '../../src/core/chain/log-words.ts'
import type { Address, Hash } from '../../src/core/money/asset.ts'
import { findBlocks } from '../../src/operations/find-blocks.ts'
import type { BlockSighting } from '../../src/ports/log-source.ts'

const hashOf = (number: number): Hash => `0x${number.toString(16).padStart(64, '0')}`
const OURS: Address = `0x${'a1'.repeat(20)}`
const STRANGER: Address = `0x${'57'.repeat(20)}`
const REFUNDED: Address = `0x${'4'.repeat(40)}`
const BLOOM = new Uint8Array(256)
const SETTINGS = { chainId: 31_337, assets: [{ id: 'coin' }] } as unknown as ChainSettings

let sightings: BlockSighting[]
/** Places of the Transfer logs that a block has when it is read whole. */
let logsOf: Map<number, number[]>
/** Heights of blocks whose blooms speak of an order's address. */
let inBloom: Set<number>
/** Blocks of which we have payments. */
let held: Set<Hash>
let read: number[]
let counted: Record<string, number>

beforeEach(() => {
  logsOf = new Map()
  inBloom = new Set()
  held = new Set()
  read = []
  counted = {}
  sightings = [1, 2, 3, 4].map((number) => ({
    ref: { number, hash: hashOf(number), parentHash: hashOf(number - 1), timestampS: number },
    logs: [],
    payees: [],
    bloom: BLOOM,
    isDoubtful: false,
  }))
})

const see = (number: number, fields: Partial<BlockSighting>) => {
  sightings[number - 1] = { ...(sightings[number - 1] as BlockSighting), ...fields }
}

async function find(): Promise<VerifiedBlock[]> {
  const getBlock = async (ref: BlockRef) => {
    read.push(ref.number)
    const logs = (logsOf.get(ref.number) ?? []).map((index) => ({
      index,
      topics: [TRANSFER_TOPIC],
    }))
    return { ref, proofLevel: 2, transactions: [], logs }
  }
  const store = {
    findDepositAddresses: async (all: Address[]) =>
      all.filter((address) => address === OURS).map((address) => ({ address })),
    findRefundsTo: async (_chainId: number, all: Address[]) =>
      all.flatMap((address) => (address === REFUNDED ? [{ destination: address }] : [])),
    findPaymentsInBlocks: async (_chainId: number, hashes: Hash[]) =>
      hashes.filter((hash) => held.has(hash)).map((blockHash) => ({ observation: { blockHash } })),
    findSweepTargets: async () => ({ targets: [{ deposit: { address: OURS } }], cursor: null }),
  }
  const logs = {
    readSightings: async () => sightings,
    findInBlooms: async (open: BlockSighting[], addresses: Address[]) => {
      expect(addresses).toEqual([OURS])
      return open.filter(({ ref }) => inBloom.has(ref.number))
    },
  }
  const metrics = {
    count(name: string, { reason = 'all' }: Record<string, string>, by = 1) {
      counted[`${name} ${reason}`] = (counted[`${name} ${reason}`] ?? 0) + by
    },
  }
  const logger = { error() {} }
  const clock = { nowMs: () => 0 }
  const getBlocks = (refs: BlockRef[]) => Promise.all(refs.map(getBlock))
  const deps = { source: { getBlocks }, store, logs, metrics, logger, clock } as never
  const refs = sightings.map(({ ref }) => ref)
  const blocks = await findBlocks(deps, SETTINGS, refs, new AbortController().signal)
  expect(blocks.map(({ ref }) => ref)).toEqual(refs)
  read.sort()
  return blocks
}

test('none is read where nothing is ours; they come without content, unproven', async () => {
  see(2, { logs: [{ index: 0, from: null, to: STRANGER }], payees: [STRANGER] })
  for (const block of await find()) expect(block).toMatchObject({ proofLevel: 0, logs: [] })
  expect(read).toEqual([])
  expect(counted).toEqual({})
})

test('a log or a transaction that names where a refund goes has its block read whole', async () => {
  see(1, { logs: [{ index: 0, from: null, to: REFUNDED }] })
  see(2, { payees: [REFUNDED] })
  see(3, { logs: [{ index: 0, from: null, to: STRANGER }] })
  await find()
  expect(read).toEqual([1, 2])
})

test('a block of a payment that we have is read whole when it comes back, whatever is listed', async () => {
  held.add(hashOf(1))
  await find()
  expect(read).toEqual([1])
})

test('a log that names one of ours as the sender has its block read whole', async () => {
  see(1, { logs: [{ index: 0, from: OURS, to: STRANGER }] })
  see(2, { logs: [{ index: 0, from: STRANGER, to: STRANGER }] })
  await find()
  expect(read).toEqual([1])
})

test('a log or a transaction that names one of ours has its block read whole', async () => {
  see(1, {
    logs: [
      { index: 0, from: null, to: null },
      { index: 1, from: null, to: OURS },
    ],
  })
  see(3, { payees: [STRANGER, OURS] })
  logsOf.set(1, [0, 1])
  const blocks = await find()
  expect(read).toEqual([1, 3])
  expect(blocks.map(({ proofLevel }) => proofLevel)).toEqual([2, 0, 2, 0])
  expect(counted).toEqual({ 'logs_blocks_read_total match': 2 })
})

test('a block of which the node could not tell is read whole, and is no lie', async () => {
  see(2, { isDoubtful: true })
  logsOf.set(2, [0])
  await find()
  expect(read).toEqual([2])
  expect(counted).toEqual({ 'logs_blocks_read_total doubt': 1 })
})

test('a bloom by chance costs a block and accuses nobody', async () => {
  inBloom.add(4)
  await find()
  expect(read).toEqual([4])
  expect(counted).toEqual({ 'logs_blocks_read_total bloom': 1 })
})

test('CR-16 a log left out is told, and every block that can hold another is read', async () => {
  inBloom.add(2)
  logsOf.set(2, [0])
  see(4, { bloom: null })
  await find()
  expect(read).toEqual([1, 2, 3])
  expect(counted).toEqual({
    'logs_blocks_read_total bloom': 1,
    'logs_blocks_read_total doubt': 2,
    'logs_inconsistent_total all': 1,
  })
})

test('CR-16 a block of which some logs were listed shows the rest', async () => {
  see(1, { logs: [{ index: 0, from: null, to: OURS }] })
  logsOf.set(1, [0, 3])
  await find()
  expect(counted['logs_inconsistent_total all']).toBe(1)
})
