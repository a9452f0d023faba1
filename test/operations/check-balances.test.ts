/** I8: what was received and has not left must lie on the chain. */
import { beforeEach, describe, expect, test } from 'vitest'
import { createMemoryStore } from '../../src/adapters/memory/memory-store.ts'
import type { Address } from '../../src/core/money/asset.ts'
import { checkBalances } from '../../src/operations/check-balances.ts'
import type { BalanceQuestion } from '../../src/ports/chain-source.ts'
import type { Store } from '../../src/ports/store.ts'
import {
  SAMPLE_CHAIN_ID,
  SAMPLE_COIN,
  SAMPLE_TOKEN,
  sampleAddress,
  sampleBlock,
  sampleBlocks,
  sampleObservation,
  sampleOutflow,
  samplePayment,
  sampleStore,
} from '../support/fixtures.ts'

let store: Store
/** What the node says and what all of them agree on, by holder; null: nobody has the state. */
let told: Map<Address, bigint | null>
let agreed: Map<Address, bigint | null>
let questions: BalanceQuestion[]

beforeEach(async () => {
  store = createMemoryStore()
  told = new Map()
  agreed = new Map()
  questions = []
  const chain = { chainId: SAMPLE_CHAIN_ID, expectedTip: null, disconnected: [], haltReason: null }
  const connected = sampleBlocks(9, 12)
  await store.commit({ stores: [sampleStore()], chain: { ...chain, connected, pruneBelow: 0 } })
})

const check = (sample: number | null = null, seed = 0) =>
  checkBalances(
    {
      store,
      source: {
        async getTokenBalances(asked) {
          questions.push(...asked)
          return asked.map(({ holder }) => told.get(holder) ?? null)
        },
        async getAgreedTokenBalance({ holder }) {
          return agreed.get(holder) ?? null
        },
      },
    },
    {
      settings: { chainId: SAMPLE_CHAIN_ID },
      sample,
      seed,
      signal: new AbortController().signal,
    },
  )

/** So many units at the n-th address, confirmed in block 10 unless told otherwise. */
async function receive(n: number, units: bigint, observed: object = {}, parts: object = {}) {
  const block = sampleBlock(10)
  const seen = sampleObservation(n, block, { amountUnits: units, ...observed })
  const counts = { position: 'confirmed' as const, countedUnits: units }
  await store.commit({ payments: [samplePayment(seen, { ...counts, ...parts })] })
}

const leave = (n: number, units: bigint, number = 11) =>
  store.commit({ outflows: [sampleOutflow(n, sampleBlock(number), { amountUnits: units })] })

describe('I8', () => {
  test('holds where there is as much as was received and has not left, or more', async () => {
    await receive(1, 40n)
    await receive(2, 25n)
    await leave(2, 5n)
    told.set(sampleAddress(1), 41n).set(sampleAddress(2), 20n)
    expect(await check()).toEqual({
      ...{ chainId: SAMPLE_CHAIN_ID, blockNumber: 12 },
      ...{ accounts: 2, asked: 2, unread: 0, violations: [] },
    })
    const block = { number: 12, hash: sampleBlock(12).hash }
    expect(questions.at(-1)).toEqual({ token: SAMPLE_TOKEN.token, holder: sampleAddress(1), block })
  })

  test('is broken by one unit that is missing, once all nodes say so', async () => {
    await receive(1, 2_500_000n)
    await leave(1, 500_000n)
    told.set(sampleAddress(1), 1_999_999n)
    agreed.set(sampleAddress(1), 2_000_000n)
    expect((await check()).violations).toEqual([])
    agreed.set(sampleAddress(1), 1_999_999n)
    const { violations } = await check()
    expect(violations).toMatchObject([{ rule: 'I8' }])
    expect(violations[0]?.target.toLowerCase()).toBe(sampleAddress(1))
    expect(violations[0]?.detail).toMatch(
      /^2\.5 \w+ received, 0\.5 \w+ left, and only 1\.999999 \w+ there after block 12 /,
    )
  })

  test('asks nothing of what was collected, is not confirmed, left with its block, or is a coin', async () => {
    await receive(1, 40n)
    await leave(1, 40n)
    await receive(2, 25n, {}, { position: 'included' })
    await receive(3, 25n, {}, { position: 'orphaned' })
    await receive(4, 25n, { asset: SAMPLE_COIN })
    await receive(5, 25n, { blockNumber: 13 })
    expect(await check()).toMatchObject({ accounts: 0, asked: 0 })
    expect(questions).toEqual([])
  })

  test('does not believe what left in a block that is not on our chain', async () => {
    await receive(1, 40n)
    const elsewhere = sampleOutflow(1, sampleBlock(11, 'b'), { amountUnits: 40n })
    await store.commit({ outflows: [elsewhere] })
    told.set(sampleAddress(1), 40n)
    expect(await check()).toMatchObject({ asked: 1, violations: [] })
  })

  test('a balance that nobody can tell is no proof: it is counted as unread', async () => {
    await receive(1, 40n)
    await receive(2, 40n)
    told.set(sampleAddress(2), 39n)
    agreed.set(sampleAddress(2), null)
    expect(await check()).toMatchObject({ asked: 2, unread: 2, violations: [] })
  })

  test('a sample asks so many, others every time, and each once', async () => {
    for (let n = 1; n <= 10; n++) {
      await receive(n, 1n)
      told.set(sampleAddress(n), 1n)
    }
    const drawn = new Set<Address>()
    for (let seed = 0; seed < 10; seed++) {
      questions = []
      expect(await check(3, seed)).toMatchObject({ accounts: 10, asked: 3 })
      expect(new Set(questions.map(({ holder }) => holder)).size).toBe(3)
      for (const { holder } of questions) drawn.add(holder)
    }
    expect(drawn.size).toBe(10)
    expect(await check(11)).toMatchObject({ asked: 10 })
  })

  test('a chain that was never watched is told as such', async () => {
    store = createMemoryStore()
    expect(await check()).toMatchObject({ blockNumber: null, accounts: 0 })
  })
})
