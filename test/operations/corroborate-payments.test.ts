/** Money in blocks that nothing proves, on chains where nothing is expected to: two nodes, or it waits. */
import { describe, expect, test } from 'vitest'
import type { BlockRef, ProofLevel, VerifiedBlock } from '../../src/core/chain/block.ts'
import { type ChainSettings, setAllProofs } from '../../src/core/chain/chain-settings.ts'
import type { Payment } from '../../src/core/payment/payment.ts'
import { ChainSourceError } from '../../src/errors.ts'
import { corroboratePayments } from '../../src/operations/corroborate-payments.ts'
import type { BlockTestimony, ProviderHealth } from '../../src/ports/chain-source.ts'
import { SAMPLE_CHAIN_ID, SAMPLE_TOKEN, sampleBlock } from '../support/fixtures.ts'
import {
  blockPaying,
  type KeptBlock,
  listenForAlarms,
  PAYEE,
  paymentOfFive,
  storeOfBlocks,
} from '../support/paid-blocks.ts'

const SETTINGS = {
  chainId: SAMPLE_CHAIN_ID,
  assets: [SAMPLE_TOKEN],
  nativeMode: 'direct',
  finalizedTag: true,
  proofs: setAllProofs('off'),
} as unknown as ChainSettings
const A = sampleBlock(10)
const B = sampleBlock(11)

/** What a node says: these amounts came to us, log by log. */
const says = (amounts: readonly bigint[], ref = A, proofLevel: ProofLevel = 0): VerifiedBlock =>
  blockPaying(ref, proofLevel, amounts)

type Case = {
  readonly due?: readonly Payment[]
  readonly kept?: readonly KeptBlock[]
  readonly read?: readonly VerifiedBlock[]
  readonly testimony?: (ref: BlockRef) => Omit<BlockTestimony, 'isNew'>
  readonly settings?: Partial<ChainSettings>
  readonly nodes?: number
  readonly isNew?: boolean
}

async function corroborate({
  due = [paymentOfFive(0, A)],
  kept = [[A, 0]],
  read = [],
  testimony = () => ({ blocks: [], silent: 2 }),
  settings,
  nodes = 2,
  isNew = true,
}: Case) {
  const asked: number[] = []
  const { alarms, counted, metrics, logger } = listenForAlarms()
  const { verdicts, corroborated } = await corroboratePayments(
    {
      store: await storeOfBlocks(kept),
      metrics,
      logger,
      source: {
        describeProviders: () => Array.from({ length: nodes }, () => ({}) as ProviderHealth),
        async getBlockOfEach(ref) {
          asked.push(ref.number)
          return { ...testimony(ref), isNew }
        },
      },
    },
    { ...SETTINGS, ...settings },
    { due, blocks: read, signal: new AbortController().signal },
  )
  const told = due.map(({ observation }) => verdicts.get(observation.id))
  return { told, corroborated: [...corroborated], asked, alarms, counted }
}

describe('what nodes say of a block that nothing proves', () => {
  const paid = says([5n])
  const empty = says([])
  test.each<[string, VerifiedBlock[], number, string | undefined, boolean, number]>([
    ['two have it: it counts', [paid, paid], 0, undefined, true, 0],
    ['one has it, one omits it: it waits', [paid, empty], 0, 'open', false, 1],
    ['one invented it, one has not: it waits', [empty, paid], 0, 'open', false, 1],
    ['one has another amount: it waits', [paid, says([6n])], 0, 'open', false, 1],
    ['one has one more beside it: it waits', [paid, says([5n, 7n])], 0, 'open', false, 1],
    ['none has it: it waits', [empty, empty], 0, 'open', false, 1],
    ['the other one is silent: it waits', [paid], 1, 'open', false, 0],
    ['all are silent: it waits', [], 2, 'open', false, 0],
    ['two of three have it: it counts, with an alarm', [paid, empty, paid], 0, undefined, true, 1],
    ['two of three have not: it waits', [paid, empty, empty], 0, 'open', false, 1],
    ['two against two: it waits', [paid, empty, paid, empty], 0, 'open', false, 1],
    ['the others are gone for long: as with a node alone', [paid], 0, undefined, false, 0],
    ['the only one that is left has not: it waits', [empty], 0, 'open', false, 1],
    ['one proves that it is there', [says([5n], A, 2), empty], 0, undefined, false, 0],
    ['one proves that it is not', [says([], A, 2), paid], 0, 'refuted', false, 1],
  ])('%s', async (_, blocks, silent, verdict, isCorroborated, alarms) => {
    const found = await corroborate({ testimony: () => ({ blocks, silent }) })
    expect(found.told).toEqual([verdict])
    expect(found.corroborated).toEqual(isCorroborated ? [A.hash] : [])
    expect(found.alarms).toHaveLength(alarms)
    const metrics = [
      ...(alarms > 0 ? [`payments_refuted_total ${verdict ?? 'open'}`] : []),
      ...(isCorroborated ? ['blocks_corroborated_total'] : []),
    ]
    expect(found.counted).toEqual(metrics)
    expect(found.asked).toEqual([10])
  })

  test('what was told a moment ago is not told again', async () => {
    const testimony = () => ({ blocks: [paid, empty], silent: 0 })
    const found = await corroborate({ testimony, isNew: false })
    expect([found.told, found.alarms]).toEqual([['open'], []])
  })

  test('a fault of ours is no word of a node', async () => {
    const broken = (): never => {
      throw new ChainSourceError('wrong_chain', 'as told')
    }
    expect((await corroborate({ testimony: broken })).told).toEqual(['open'])
    const bug = (): never => {
      throw new TypeError('a bug')
    }
    await expect(corroborate({ testimony: bug })).rejects.toThrow('a bug')
  })

  test('a block of this turn is asked for too, and its weakest reading counts', async () => {
    const due = [paymentOfFive(0, A), paymentOfFive(0, B)]
    const testimony = (ref: BlockRef) => ({ blocks: [says([5n], ref), says([5n], ref)], silent: 0 })
    const fresh = await corroborate({ due, kept: [[A, 1]], read: [says([5n], B)], testimony })
    expect([fresh.asked, fresh.told]).toEqual([[11], [undefined, undefined]])
    expect(fresh.corroborated).toEqual([B.hash])
    const weaker = await corroborate({ kept: [[A, 2]], read: [says([5n])], testimony })
    expect(weaker.asked).toEqual([10])
  })

  test('eight blocks a turn; the payments of the others wait', async () => {
    const refs = Array.from({ length: 10 }, (_, n) => sampleBlock(20 + n))
    const found = await corroborate({
      due: refs.map((ref) => paymentOfFive(0, ref)),
      kept: refs.map((ref) => [ref, 0] as const),
      testimony: (ref) => ({ blocks: [says([5n], ref), says([5n], ref)], silent: 0 }),
    })
    expect(found.asked).toHaveLength(8)
    expect(found.told.filter((verdict) => verdict === 'open')).toHaveLength(2)
  })
})

describe('what is not asked for', () => {
  const byBalance = paymentOfFive(0, A)
  const observation = { ...byBalance.observation, place: `balance:${PAYEE}` }
  test.each<[string, Case]>([
    ['a node alone', { nodes: 1 }],
    ['a chain whose blocks are expected to prove', { settings: { proofs: setAllProofs('on') } }],
    ['a block that is proven', { kept: [[A, 2]] }],
    ['a block that two nodes had before', { kept: [[A, 1]] }],
    ['a block from before levels were kept', { kept: [[A, null]] }],
    ['dust', { due: [paymentOfFive(0, A, { dust: true })] }],
    [
      'what a balance tells: every node was asked already',
      { due: [{ ...byBalance, observation }] },
    ],
    ['nothing', { due: [] }],
  ])('%s', async (_, options) => {
    const found = await corroborate(options)
    expect(found.asked).toEqual([])
    expect(found.told.every((verdict) => verdict === undefined)).toBe(true)
  })
})
