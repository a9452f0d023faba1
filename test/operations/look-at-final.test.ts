/** The second look at final blocks: what it asks, how often, and what it does where the answer differs. */
import { expect, test } from 'vitest'
import { createMemoryStore } from '../../src/adapters/memory/memory-store.ts'
import { type ChainSettings, setAllProofs } from '../../src/core/chain/chain-settings.ts'
import type { LocalChain } from '../../src/core/chain/local-chain.ts'
import type { Address, Asset } from '../../src/core/money/asset.ts'
import { MINUTE_MS, SECOND_MS } from '../../src/core/time.ts'
import { ChainSourceError } from '../../src/errors.ts'
import { type FinalLook, FRESH_LOOK, lookAtFinal } from '../../src/operations/look-at-final.ts'
import type { SyncDeps } from '../../src/operations/sync-chain.ts'
import type { SweepTarget } from '../../src/ports/balance-store.ts'
import type { ArrivalQuestion, TokenArrival } from '../../src/ports/chain-source.ts'
import { paddedHex } from '../simulation/simulated-chain.ts'

const CHAIN_ID = 1
const TOKEN: Address = `0x${'70'.repeat(20)}`
const USDC: Asset = {
  id: `eip155:${CHAIN_ID}/erc20:${TOKEN}`,
  chainId: CHAIN_ID,
  token: TOKEN,
  symbol: 'USDC',
  decimals: 6,
}
const SETTINGS: ChainSettings = {
  chainId: CHAIN_ID,
  name: 'Chain',
  networkName: 'Chain',
  testnet: false,
  test: false,
  assets: [USDC],
  finality: [{ upTo: null, rule: { kind: 'depth', confirmations: 5 } }],
  pollIntervalMs: 1_000,
  blockTimeMs: 12_000,
  maxReorgBlocks: 20,
  finalizedTag: true,
  verifyBalanceOf: [],
  ownSenders: [],
  dustUnits: new Map(),
  proofs: setAllProofs('on'),
  nativeMode: 'direct',
  excludedTxTypes: [],
}
/** The tip when the orders were made. */
const ISSUED_AT = 105
const signal = new AbortController().signal
const silent = () => {}

const refOf = (number: number) => ({
  number,
  hash: paddedHex(BigInt(number + 1), 64),
  parentHash: paddedHex(BigInt(number), 64),
  timestampS: number,
})

/** Blocks 100 to 200, of which this one is the final one. */
function chainAt(finalized: number): LocalChain {
  const blocks = Array.from({ length: 101 }, (_, n) => refOf(100 + n))
  const mark = refOf(finalized)
  return {
    chainId: CHAIN_ID,
    blocks,
    finality: { kind: 'tag', marks: { safe: null, finalized: mark } },
  }
}

function startWorld(orders: number, answer: (question: ArrivalQuestion) => TokenArrival[]) {
  const holders = Array.from({ length: orders }, (_, n): Address => paddedHex(BigInt(n + 1), 40))
  const questions: ArrivalQuestion[] = []
  const blocksRead: number[] = []
  const outcomes: string[] = []
  const alarms: string[] = []
  let nowMs = 10 * MINUTE_MS
  const issued = { tips: { [CHAIN_ID]: refOf(ISSUED_AT) } }
  const targets = holders.map((address) => {
    return { deposit: { address, issued } } as unknown as SweepTarget
  })
  const deps = {
    store: {
      ...createMemoryStore(),
      // All of them on one page of open orders.
      findSweepTargets: async ({ group }: { group: string }) => ({
        targets: group === 'unfinished' ? targets : [],
        cursor: null,
      }),
    },
    source: {
      async getTokenArrivals(question: ArrivalQuestion) {
        questions.push(question)
        return answer(question)
      },
      async getBlock({ number }: { number: number }) {
        blocksRead.push(number)
        throw new ChainSourceError('inconsistent', 'not served here')
      },
      // Another block than the log says: nothing of it is ours.
      getHeaderByNumber: async (number: number) => refOf(number),
    },
    clock: { nowMs: () => 0, monotonicMs: () => nowMs },
    logger: {
      debug: silent,
      info: silent,
      warn: silent,
      error: (_: object, text: string) => alarms.push(text),
    },
    metrics: { count: (_: string, { outcome }: { outcome: string }) => outcomes.push(outcome) },
  } as unknown as SyncDeps
  let memory: FinalLook = FRESH_LOOK
  return {
    holders,
    questions,
    blocksRead,
    outcomes,
    alarms,
    pass: (ms: number) => {
      nowMs += ms
    },
    async look(finalized: number, settings = SETTINGS) {
      const request = { settings, chain: chainAt(finalized), signal }
      memory = await lookAtFinal(deps, request, memory)
    },
  }
}

test('each final block is asked for once, by the addresses of orders, at most once a minute', async () => {
  const world = startWorld(3, () => [])
  await world.look(150)
  await world.look(160)
  world.pass(MINUTE_MS)
  await world.look(170)
  world.pass(MINUTE_MS)
  await world.look(170)
  const block = ({ number, hash }: ReturnType<typeof refOf>) => ({ number, hash })
  expect(world.questions.map(({ fromNumber, block: { number } }) => [fromNumber, number])).toEqual([
    [100, 150],
    [151, 170],
  ])
  expect(world.questions[0]).toMatchObject({
    tokens: [TOKEN],
    holders: world.holders,
    block: block(refOf(150)),
  })
  expect(world.outcomes).toEqual(['clear', 'clear'])
})

test('many orders are asked for in parts; too many are told and left out', async () => {
  const many = startWorld(1_200, () => [])
  await many.look(150)
  expect(many.questions.map(({ holders }) => holders.length)).toEqual([500, 500, 200])
  const crowd = startWorld(5_001, () => [])
  await crowd.look(150)
  expect([crowd.questions, crowd.outcomes]).toEqual([[], ['crowded']])
})

test('on a local chain a look follows each second, and with more orders a second for each query', async () => {
  const local = { ...SETTINGS, test: true }
  for (const [orders, looks] of [
    [500, [150, 151, 152, 153]],
    [1_200, [150, 153]],
  ] as const) {
    const world = startWorld(orders, () => [])
    for (const finalized of [150, 151, 152, 153]) {
      await world.look(finalized, local)
      world.pass(SECOND_MS)
    }
    expect([...new Set(world.questions.map(({ block }) => block.number))]).toEqual(looks)
  }
})

test('a range that no node can be asked for now is asked for again; one they do not serve is left', async () => {
  let kind: 'unreachable' | 'capacity' | null = 'unreachable'
  const world = startWorld(1, () => {
    if (kind !== null) throw new ChainSourceError(kind, 'no')
    return []
  })
  await world.look(150)
  kind = 'capacity'
  await world.look(150)
  expect(world.questions).toHaveLength(1)
  world.pass(MINUTE_MS)
  await world.look(150)
  kind = null
  world.pass(MINUTE_MS)
  await world.look(160)
  expect(world.outcomes).toEqual(['later', 'unread', 'clear'])
  expect(world.questions.map(({ fromNumber }) => fromNumber)).toEqual([100, 100, 151])
})

test('what came to an address before an order had it is not looked for', async () => {
  const named = (number: number) => ({ number, hash: refOf(number).hash })
  for (const [number, read] of [
    [ISSUED_AT - 1, []],
    [ISSUED_AT, [ISSUED_AT]],
  ] as const) {
    const world = startWorld(1, ({ holders: [holder] }) => [
      { block: named(number), logIndex: 0, holder: holder as Address },
    ])
    await world.look(150)
    expect(world.blocksRead).toEqual(read)
  }
})

test('a log of a block that is not ours is no payment and no alarm', async () => {
  const world = startWorld(1, ({ holders }) => [
    {
      block: { number: 120, hash: paddedHex(9n, 64) },
      logIndex: 0,
      holder: holders[0] as Address,
    },
  ])
  await world.look(150)
  expect([world.outcomes, world.alarms]).toEqual([['clear'], []])
})
