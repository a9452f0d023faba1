/** The watcher holds some of the books against the chain by itself, a page at a time. */
import { beforeEach, expect, test } from 'vitest'
import { createMemoryStore } from '../../src/adapters/memory/memory-store.ts'
import { createLocalChain } from '../../src/core/chain/local-chain.ts'
import type { Address } from '../../src/core/money/asset.ts'
import { HOUR_MS, MINUTE_MS } from '../../src/core/time.ts'
import { auditBooks, type BooksMemory, FRESH_BOOKS } from '../../src/operations/audit-books.ts'
import type { Store } from '../../src/ports/store.ts'
import {
  SAMPLE_CHAIN_ID,
  sampleAddress,
  sampleBlock,
  sampleBlocks,
  sampleObservation,
  sampleOutflow,
  samplePayment,
  sampleStore,
} from '../support/fixtures.ts'

let store: Store
let nowMs: number
let memory: BooksMemory
let asked: Address[]
/** What is there, by holder; absent: one unit. */
let there: Map<Address, bigint | null>
let counted: Record<string, number>
let alarms: string[]

const blocks = sampleBlocks(9, 12)

beforeEach(async () => {
  store = createMemoryStore()
  ;[nowMs, memory, asked, there, counted, alarms] = [0, FRESH_BOOKS, [], new Map(), {}, []]
  await store.commit({
    stores: [sampleStore(), sampleStore({ id: 'st_2' })],
    chain: {
      ...{ chainId: SAMPLE_CHAIN_ID, expectedTip: null, disconnected: [], connected: blocks },
      ...{ pruneBelow: 0, haltReason: null },
    },
  })
})

const unitsOf = (holder: Address) => (there.has(holder) ? (there.get(holder) ?? null) : 1n)

async function turn(test = false): Promise<void> {
  const deps = {
    store,
    source: {
      async getTokenBalances(questions: readonly { readonly holder: Address }[]) {
        asked.push(...questions.map(({ holder }) => holder))
        return questions.map(({ holder }) => unitsOf(holder))
      },
      getAgreedTokenBalance: async ({ holder }: { readonly holder: Address }) => unitsOf(holder),
    },
    clock: { nowMs: () => nowMs, monotonicMs: () => nowMs },
    logger: { error: (_fields: object, text: string) => alarms.push(text) },
    metrics: {
      count(name: string, { outcome }: Record<string, string>, by = 1) {
        counted[`${name} ${outcome}`] = (counted[`${name} ${outcome}`] ?? 0) + by
      },
    },
  } as never
  const chain = createLocalChain(SAMPLE_CHAIN_ID, blocks)
  const settings = { chainId: SAMPLE_CHAIN_ID, test }
  const signal = new AbortController().signal
  memory = await auditBooks(deps, { settings, chain, memory, signal })
}

async function turnAfter(ms: number): Promise<number> {
  const before = asked.length
  nowMs += ms
  await turn()
  return asked.length - before
}

async function receive(n: number, storeId = 'st_sample'): Promise<void> {
  const observation = sampleObservation(n, sampleBlock(10), { amountUnits: 1n })
  const counts = { position: 'confirmed' as const, countedUnits: 1n, storeId }
  await store.commit({ payments: [samplePayment(observation, counts)] })
}

test('an hour after the start a page is asked, an hour later the next, and then the other store', async () => {
  for (let n = 1; n <= 120; n++) await receive(n)
  await receive(200, 'st_2')
  await turn()
  expect(asked).toEqual([])
  expect(await turnAfter(HOUR_MS - 1)).toBe(0)
  expect(await turnAfter(1)).toBe(100)
  expect(new Set(asked).has(sampleAddress(120))).toBe(true)
  expect(await turnAfter(MINUTE_MS)).toBe(0)
  expect(await turnAfter(HOUR_MS)).toBe(20)
  expect(await turnAfter(HOUR_MS)).toBe(1)
  expect(asked.at(-1)).toBe(sampleAddress(200))
  expect(new Set(asked).size).toBe(121)
  // Round again.
  expect(await turnAfter(HOUR_MS)).toBe(0)
  expect(await turnAfter(HOUR_MS)).toBe(100)
  expect(counted).toEqual({ 'books_checks_total held': 221 })
  expect(alarms).toEqual([])
})

test('what is missing is an alarm; what left is not missing; what nobody can tell is counted apart', async () => {
  for (const n of [1, 2, 3, 4]) await receive(n)
  there.set(sampleAddress(1), 0n).set(sampleAddress(2), 0n).set(sampleAddress(3), null)
  const left = sampleOutflow(2, sampleBlock(11), { amountUnits: 1n })
  await store.commit({ outflows: [left] })
  await turn()
  await turnAfter(HOUR_MS)
  expect(counted).toEqual({
    'books_checks_total held': 1,
    'books_checks_total short': 1,
    'books_checks_total unread': 1,
  })
  expect(alarms).toEqual([expect.stringMatching(/^ALARM: the books and the chain differ: /)])
})

test('on a test chain a minute is enough', async () => {
  await receive(1)
  await turn(true)
  nowMs = MINUTE_MS
  await turn(true)
  expect(asked).toEqual([sampleAddress(1)])
})
