/** Payments of which only a balance told: who sent them is asked for later, politely. */
import { beforeEach, describe, expect, test } from 'vitest'
import { createMemoryStore } from '../../src/adapters/memory/memory-store.ts'
import type { BlockRef, VerifiedBlock } from '../../src/core/chain/block.ts'
import type { BlockFrames, CallFrame } from '../../src/core/chain/call-frames.ts'
import type { Address, Hash } from '../../src/core/money/asset.ts'
import { isUnattributed } from '../../src/core/payment/attribution.ts'
import type { Payment } from '../../src/core/payment/payment.ts'
import { DAY_MS, MINUTE_MS, SECOND_MS } from '../../src/core/time.ts'
import { type ChainFaultKind, ChainSourceError } from '../../src/errors.ts'
import type { AttributeDeps } from '../../src/operations/attribute-block.ts'
import {
  type AttributeMemory,
  attributePayments,
  FRESH_ATTRIBUTION,
} from '../../src/operations/attribute-payments.ts'
import type { Store } from '../../src/ports/store.ts'
import { byBalance } from '../contract/store-attributions.ts'
import {
  SAMPLE_CHAIN_ID,
  SAMPLE_TIME_MS,
  sampleAddress,
  sampleBlock,
  sampleBlocks,
  sampleHash,
  sampleStore,
} from '../support/fixtures.ts'
import { localChain } from '../support/http-harness.ts'

const WALLET: Address = sampleAddress(0xbeef)
const PAYER: Address = sampleAddress(0xf00d)
/** One hour of blocks is recent: from 701 on. */
const TIP = 1_000
const SETTINGS = { ...localChain(), chainId: SAMPLE_CHAIN_ID, test: false, blockTimeMs: 12_000 }
const signal = new AbortController().signal

type Answer = BlockFrames | null | ChainFaultKind
type World = {
  readonly store: Store
  /** What the nodes say of the calls of a block. */
  answer: (ref: BlockRef) => Answer
  /** Heights asked for, in order. */
  readonly asked: number[]
  nowMs: number
  memory: AttributeMemory
}

const txOf = ({ number }: BlockRef): Hash => sampleHash(number, 'c')

/** The block as it is: one transaction, sent to the wallet. */
function blockOf(ref: BlockRef): VerifiedBlock {
  const transaction = { index: 0, from: PAYER, to: WALLET, valueUnits: 0n, succeeded: true }
  return { ref, proofLevel: 3, transactions: [{ ...transaction, hash: txOf(ref) }], logs: [] }
}

/** Its calls: the wallet pays these. */
function framesOf(ref: BlockRef, paid: readonly { to: Address; units: bigint }[]): BlockFrames {
  const call = { type: 'CALL', failed: false, calls: [] }
  const calls: CallFrame[] = paid.map(({ to, units }) => {
    return { ...call, from: WALLET, to, valueUnits: units }
  })
  return [{ txHash: txOf(ref), root: { ...call, from: PAYER, to: WALLET, valueUnits: 0n, calls } }]
}

let world: World

beforeEach(async () => {
  const store = createMemoryStore()
  const connected = sampleBlocks(1, TIP)
  const chain = { expectedTip: null, disconnected: [], connected, pruneBelow: 0, haltReason: null }
  await store.commit({ stores: [sampleStore()], chain: { chainId: SAMPLE_CHAIN_ID, ...chain } })
  world = { store, answer: () => null, asked: [], nowMs: 0, memory: FRESH_ATTRIBUTION }
})

function depsOf({ store }: World): AttributeDeps {
  const silent = () => {}
  return {
    store,
    clock: { nowMs: () => SAMPLE_TIME_MS + world.nowMs, monotonicMs: () => world.nowMs },
    logger: { debug: silent, info: silent, warn: silent, error: silent },
    metrics: { count: silent },
    source: { getBlock: async (ref) => blockOf(ref) },
    native: {
      async getFrames(ref) {
        world.asked.push(ref.number)
        const answer = world.answer(ref)
        if (typeof answer === 'string') throw new ChainSourceError(answer, 'as told')
        return answer
      },
    },
  }
}

async function turn(deps = depsOf(world)): Promise<void> {
  const request = { settings: SETTINGS, tipNumber: TIP, memory: world.memory, signal }
  world.memory = await attributePayments(deps, request)
}

/** As many turns as fit into this time, one second after the other. */
async function pass(ms: number): Promise<void> {
  for (const endMs = world.nowMs + ms; world.nowMs < endMs; world.nowMs += 5 * SECOND_MS) {
    await turn()
  }
}

async function observe(...heights: number[]): Promise<Payment[]> {
  const payments = heights.map((height, n) => byBalance(n + 1, sampleBlock(height)))
  await world.store.commit({ payments })
  return payments
}

async function openHeights(): Promise<number[]> {
  const all = { limit: 1_000, before: null }
  const { items } = await world.store.listPayments({ storeId: 'st_sample' }, all)
  return items
    .filter(isUnattributed)
    .map(({ observation }) => observation.blockNumber)
    .sort((a, b) => a - b)
}

const explainAll = (payments: readonly Payment[]) => (ref: BlockRef) =>
  framesOf(
    ref,
    payments
      .filter(({ observation }) => observation.blockHash === ref.hash)
      .map(({ observation: { to, amountUnits } }) => ({ to, units: amountUnits })),
  )

describe('once a node shows calls', () => {
  test('transaction and payer are told; amount, key and what counts stay', async () => {
    const [payment] = (await observe(900)) as [Payment]
    world.answer = explainAll([payment])
    await turn()
    const told = await world.store.getPayment(payment.observation.id)
    expect(told).toEqual({
      ...payment,
      revision: 2,
      attributions: [
        {
          paymentId: payment.observation.id,
          place: 'call:0:0',
          txHash: sampleHash(900, 'c'),
          from: WALLET,
          amountUnits: 12n,
          learnedAtMs: SAMPLE_TIME_MS,
        },
      ],
    })
  })

  test('one trace for all payments of a block; those that do not add up stay open', async () => {
    const [a, b, c] = [1, 2, 3].map((n) => byBalance(n, sampleBlock(900))) as [
      Payment,
      Payment,
      Payment,
    ]
    await world.store.commit({ payments: [a, b, c] })
    world.answer = (ref) => {
      const units = [12n, 11n, 12n]
      const paid = [a, b, c].map(({ observation }, n) => {
        return { to: observation.to, units: units[n] as bigint }
      })
      return framesOf(ref, paid)
    }
    await turn()
    expect(world.asked).toEqual([900])
    const open = [a, b, c].map(({ observation }) => world.store.getPayment(observation.id))
    expect((await Promise.all(open)).map((one) => one !== null && isUnattributed(one))).toEqual([
      false,
      true,
      false,
    ])
  })

  test('a few blocks a turn, those that leave the nodes first', async () => {
    const payments = await observe(950, 940, 930, 920, 910, 900)
    world.answer = explainAll(payments)
    await turn()
    expect(world.asked).toEqual([900, 910, 920, 930])
    await turn()
    expect(world.asked).toHaveLength(4)
    await pass(30 * SECOND_MS)
    expect(world.asked).toEqual([900, 910, 920, 930, 940, 950])
    expect(await openHeights()).toEqual([])
  })
})

describe('what is refused', () => {
  test.each<[string, (ref: BlockRef, to: Address) => Answer]>([
    ['a unit too little', (ref, to) => framesOf(ref, [{ to, units: 11n }])],
    ['a unit too much', (ref, to) => framesOf(ref, [{ to, units: 13n }])],
    ['nothing', (ref) => framesOf(ref, [])],
    ['the calls of another block', (_, to) => framesOf(sampleBlock(899), [{ to, units: 12n }])],
    ['calls of too few transactions', () => []],
    ['an answer that is nonsense', () => 'malformed'],
  ])('%s: nothing is written, and it is asked again later', async (_, answer) => {
    const [payment] = (await observe(900)) as [Payment]
    const { id, to } = payment.observation
    world.answer = (ref) => answer(ref, to)
    await pass(MINUTE_MS)
    expect(await world.store.getPayment(id)).toEqual(payment)
    expect(world.asked).toEqual([900])
    world.answer = explainAll([payment])
    await pass(12 * MINUTE_MS)
    expect(await openHeights()).toEqual([])
  })

  test('a block that left our chain while its calls were read', async () => {
    const [payment] = (await observe(900)) as [Payment]
    const { id } = payment.observation
    const orphaned = { ...payment, position: 'orphaned' as const, revision: 2 }
    const deps = depsOf(world)
    world.answer = explainAll([payment])
    const native = {
      async getFrames(ref: BlockRef) {
        await world.store.commit({ payments: [orphaned] })
        return deps.native.getFrames(ref, signal)
      },
    }
    await turn({ ...deps, native })
    expect(await world.store.getPayment(id)).toEqual(orphaned)
    await pass(DAY_MS / 24)
    expect(world.asked).toEqual([900])
  })

  test('money that came by a transaction that is known is not asked for', async () => {
    const known = byBalance(1, sampleBlock(900), {}, { txHash: sampleHash(1, 'c') })
    await world.store.commit({ payments: [known] })
    await pass(MINUTE_MS)
    expect(world.asked).toEqual([])
  })
})

describe('politely', () => {
  test('where no node shows calls, one question in ten minutes, however many are open', async () => {
    await observe(...Array.from({ length: 50 }, (_, n) => 800 + n))
    await pass(60 * MINUTE_MS)
    expect(world.asked).toEqual([800, 800, 800, 800, 800, 800])
  })

  test('a node that is away is asked for the same block again', async () => {
    const payments = await observe(900, 901)
    world.answer = () => 'unreachable'
    await pass(3 * MINUTE_MS)
    expect(world.asked).toEqual([900, 900, 900])
    world.answer = explainAll(payments)
    await pass(MINUTE_MS + SECOND_MS)
    expect(await openHeights()).toEqual([])
  })

  test('what nodes no longer keep is given up halfway at a time, and asked once a day', async () => {
    const heights = Array.from({ length: 60 }, (_, n) => 10 + 10 * n)
    await observe(...heights)
    world.answer = () => 'not_there'
    await pass(DAY_MS / 2)
    // Half of what lies between each answer and now.
    expect(world.asked).toEqual([10, 510])
    await pass(DAY_MS)
    expect(world.asked).toEqual([10, 510, 10, 510])
  })

  test('an archive that comes later explains all of them within some days', async () => {
    const payments = await observe(...Array.from({ length: 30 }, (_, n) => 10 + 20 * n), 990)
    world.answer = () => 'not_there'
    await pass(MINUTE_MS)
    world.answer = explainAll(payments)
    await pass(DAY_MS + 5 * MINUTE_MS)
    expect(await openHeights()).toEqual([])
  })

  test('a restart begins anew, and learns nothing twice', async () => {
    const payments = await observe(900, 901, 902, 903, 904)
    world.answer = explainAll(payments)
    await turn()
    world.memory = FRESH_ATTRIBUTION
    await turn()
    expect(world.asked).toEqual([900, 901, 902, 903, 904])
    expect(await openHeights()).toEqual([])
  })
})
