/** Forks that reach below the blocks we still hold: only an operator follows them. */
import { describe, expect, test } from 'vitest'
import { createMemoryStore } from '../../src/adapters/memory/memory-store.ts'
import { type ChainSettings, setAllProofs } from '../../src/core/chain/chain-settings.ts'
import { type Address, nativeAssetId } from '../../src/core/money/asset.ts'
import type { RescanRequest } from '../../src/operations/rescan-chain.ts'
import { rescanChain } from '../../src/operations/rescan-chain.ts'
import { FRESH_MEMORY, type SyncDeps, syncChain } from '../../src/operations/sync-chain.ts'
import { createRandom } from '../simulation/random.ts'
import {
  createSimulatedChain,
  paddedHex,
  type SimulatedChain,
} from '../simulation/simulated-chain.ts'
import { createSimulatedNode } from '../simulation/simulated-node.ts'
import { payTransaction } from '../simulation/transactions.ts'
import { sampleStore } from '../support/fixtures.ts'

const CHAIN_ID = 31_337
const COIN = {
  id: nativeAssetId(CHAIN_ID),
  chainId: CHAIN_ID,
  token: null,
  symbol: 'ETH',
  decimals: 18,
}
const HOME: Address = `0x${'51'.repeat(20)}`
const OTHER: Address = `0x${'52'.repeat(20)}`
const START = 10
const TIP = 420
const FORK = 50
const signal = new AbortController().signal
const silent = () => {}

const SETTINGS: ChainSettings = {
  chainId: CHAIN_ID,
  name: 'Local',
  networkName: 'Local',
  testnet: false,
  test: false,
  assets: [COIN],
  finality: [{ upTo: null, rule: { kind: 'depth', confirmations: 5 } }],
  pollIntervalMs: 1_000,
  blockTimeMs: 12_000,
  maxReorgBlocks: 20,
  finalizedTag: false,
  verifyBalanceOf: [],
  ownSenders: [],
  dustUnits: new Map(),
  proofs: setAllProofs('on'),
  nativeMode: 'direct',
  excludedTxTypes: [],
}

/** Mines up to a height, with one payment of so many units at each of these heights. */
function mineTo(chain: SimulatedChain, from: string, height: number, paidAt: readonly number[]) {
  const random = { ...createRandom(1), chance: () => true }
  let parent = from as `0x${string}`
  for (;;) {
    const { number } = (chain.getBlock(parent) as { ref: { number: number } }).ref
    if (number >= height) return parent
    if (paidAt.includes(number + 1)) {
      const hash = paddedHex(BigInt(parent) * 7n + 1n, 64)
      chain.broadcast(payTransaction(hash, COIN, HOME, BigInt(number + 1)))
    }
    parent = chain.mine(parent, random).ref.hash
    // Mined once for all: the chain looks back a hundred blocks only.
    if (paidAt.includes(number + 1)) chain.lose(parent, number, 1, random)
  }
}

async function startWorld() {
  const store = createMemoryStore()
  const waiting = { fingerprint: 'f', index: 0, issued: null, storeId: 'st_sample', address: HOME }
  await store.commit({ stores: [sampleStore()], addresses: [waiting] })
  const chain = createSimulatedChain(CHAIN_ID, START)
  const node = createSimulatedNode(chain, () => 0)
  let count = 0
  const randomBytes = (length: number) => {
    count += 1
    return new Uint8Array(length).fill(count % 251)
  }
  const deps = {
    store,
    source: node.source,
    clock: { nowMs: () => 1_900_000_000_000, monotonicMs: () => 0 },
    ids: { randomBytes },
    logger: { debug: silent, info: silent, warn: silent, error: silent },
    metrics: { count: silent },
    addressBook: {
      derive: (_: string, index: number) => (index === 0 ? HOME : OTHER),
      prepare: silent,
      accountNumberOf: () => 0,
      isSponsor: () => false,
    },
    publicUrl: 'https://pay.example',
  } as unknown as SyncDeps
  const follow = async () => {
    for (;;) {
      const result = await syncChain(deps, { settings: SETTINGS, memory: FRESH_MEMORY, signal })
      if (!result.more) return result.state
    }
  }
  const rescan = (fromNumber: number, unhalt: boolean) =>
    rescanChain(deps, {
      settings: SETTINGS,
      fromNumber,
      unhalt,
      signal,
      progress: silent,
    } as RescanRequest)
  const payments = async () => {
    const { items } = await store.listPayments(
      { storeId: 'st_sample' },
      { limit: 100, before: null },
    )
    return items.map(({ observation, position }) => `${observation.amountUnits} ${position}`).sort()
  }
  return { store, chain, follow, rescan, payments }
}

describe('a fork below the ring', () => {
  async function startHalted() {
    const world = await startWorld()
    const { chain, follow } = world
    await follow()
    mineTo(chain, chain.bestTip(), TIP, [30, 60, 200])
    await follow()
    const fork = chain.ancestorAt(chain.bestTip(), FORK)?.ref.hash as string
    mineTo(chain, fork, TIP + 30, [70, 300])
    expect(await follow()).toBe('halted')
    expect(await world.payments()).toEqual(['200 confirmed', '30 confirmed', '60 confirmed'])
    return world
  }

  test('CR-11 is followed by --unhalt: nothing is deleted, the new branch counts', async () => {
    const { store, chain, rescan, follow, payments } = await startHalted()
    const report = await rescan(FORK - 10, true)
    expect(report.endedHalt).toContain('below the floor')
    const orphaned = [
      '200 orphaned',
      '30 confirmed',
      '300 confirmed',
      '60 orphaned',
      '70 confirmed',
    ]
    expect(await payments()).toEqual(orphaned)
    const stored = await store.loadChain(CHAIN_ID, 1_000)
    expect(stored?.haltReason).toBeNull()
    expect(stored?.chain.blocks.at(-1)?.number).toBe(TIP)
    expect(await follow()).toBe('advanced')
    const tip = (await store.loadChain(CHAIN_ID, 1))?.chain.blocks[0]
    expect(tip?.hash).toBe(chain.bestTip())
    expect(await payments()).toEqual(orphaned)
  })

  test('CR-11 a second run changes nothing', async () => {
    const { rescan, payments } = await startHalted()
    await rescan(FORK - 10, true)
    const before = await payments()
    const again = await rescan(FORK - 10, true)
    expect(again).toMatchObject({ events: [], connected: 0, disconnected: 0, endedHalt: null })
    expect(await payments()).toEqual(before)
  })

  test('is not followed from above the fork, nor without the word', async () => {
    const { rescan, payments } = await startHalted()
    const before = await payments()
    for (const [from, unhalt] of [
      [FORK - 10, false],
      [61, true],
      [TIP + 1, true],
    ] as const) {
      await expect(rescan(from, unhalt)).rejects.toMatchObject({ code: 'not_acceptable_state' })
    }
    expect(await payments()).toEqual(before)
  })
})

test('CR-35 what stands in blocks that were forgotten is found, and its block comes back', async () => {
  const { store, chain, follow, rescan, payments } = await startWorld()
  await follow()
  mineTo(chain, chain.bestTip(), 39, [30])
  const unknown = payTransaction(paddedHex(99, 64), COIN, OTHER, 5n)
  chain.broadcast(unknown)
  mineTo(chain, chain.bestTip(), 40, [])
  chain.lose(chain.bestTip(), 39, 1, { ...createRandom(1), chance: () => true })
  mineTo(chain, chain.bestTip(), TIP, [])
  await follow()
  expect(await payments()).toEqual(['30 confirmed'])
  const late = { fingerprint: 'f', index: 1, issued: null, storeId: 'st_sample', address: OTHER }
  await store.commit({ addresses: [late] })
  const { events } = await rescan(20, false)
  expect(events.map(({ type }) => type)).toEqual(['payment.unassigned', 'payment.confirmed'])
  expect(await payments()).toEqual(['30 confirmed', '5 confirmed'])
  const kept = await store.findCanonicalBlocks(CHAIN_ID, 40)
  expect(kept[0]).toMatchObject({ number: 30 })
  expect(kept[1]).toMatchObject({ number: 40 })
  expect((await rescan(20, false)).events).toEqual([])
  expect(await follow()).toBe('current')
})
