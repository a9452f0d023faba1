import { describe, expect, test } from 'vitest'
import type { BlockRef, ProofLevel, VerifiedBlock } from '../../src/core/chain/block.ts'
import { type ChainSettings, setAllProofs } from '../../src/core/chain/chain-settings.ts'
import type { Payment } from '../../src/core/payment/payment.ts'
import { ChainSourceError } from '../../src/errors.ts'
import { auditPayments } from '../../src/operations/audit-payments.ts'
import { findUnproven } from '../../src/operations/find-unproven.ts'
import {
  SAMPLE_CHAIN_ID,
  SAMPLE_TOKEN,
  sampleBlock,
  sampleObservation,
  samplePayment,
} from '../support/fixtures.ts'
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
  finalizedTag: false,
  proofs: setAllProofs('on'),
} as unknown as ChainSettings

type Case = {
  readonly due: readonly Payment[]
  readonly kept: readonly KeptBlock[]
  readonly second?: (ref: BlockRef) => VerifiedBlock
  readonly settings?: Partial<ChainSettings>
  readonly unproven?: readonly BlockRef[]
}

async function audit({ due, kept, second, settings, unproven = [] }: Case) {
  const read: number[] = []
  const { alarms, counted, metrics, logger } = listenForAlarms()
  const verdicts = await auditPayments(
    {
      store: await storeOfBlocks(kept),
      metrics,
      logger,
      source: {
        getBlock: async (ref) => {
          read.push(ref.number)
          if (second === undefined) throw new ChainSourceError('unreachable', 'gone')
          return second(ref)
        },
      },
    },
    { ...SETTINGS, ...settings },
    {
      due,
      unproven: new Set(unproven.map(({ hash }) => hash)),
      signal: new AbortController().signal,
    },
  )
  return { verdicts: Object.fromEntries(verdicts), read, alarms, counted }
}

const A = sampleBlock(10)
const idOf = ({ observation }: Payment) => observation.id

describe('CR-17 money in a block that nothing proves is looked for once more', () => {
  const due = paymentOfFive(0, A)

  test.each<[string, ProofLevel, readonly bigint[], string | undefined, number]>([
    ['it is there, and proven now', 2, [5n], undefined, 0],
    ['it is there, and still nothing proves it', 0, [5n], undefined, 0],
    ['it is not in the block that is proven now', 2, [], 'refuted', 1],
    ['it has another amount', 3, [6n], 'refuted', 1],
    ['it is not there, and nothing proves that', 1, [], 'open', 1],
  ])('%s', async (_what, level, amounts, verdict, alarms) => {
    const second = (ref: BlockRef) => blockPaying(ref, level, amounts)
    const found = await audit({ due: [due], kept: [[A, 0]], second })
    expect(found.verdicts[idOf(due)]).toBe(verdict)
    expect(found.read).toEqual([10])
    expect(found.alarms).toHaveLength(alarms)
    expect(found.counted).toEqual(alarms === 0 ? [] : [`payments_refuted_total ${verdict}`])
  })

  test('nobody serves the block: it waits', async () => {
    const { verdicts } = await audit({ due: [due], kept: [[A, 1]] })
    expect(verdicts).toEqual({ [idOf(due)]: 'open' })
  })

  test('a block of this very turn waits for the next, whatever was known of it', async () => {
    const { verdicts, read } = await audit({ due: [due], kept: [[A, 2]], unproven: [A] })
    expect([verdicts, read]).toEqual([{ [idOf(due)]: 'open' }, []])
  })

  test('eight blocks in one turn, each once; the others wait', async () => {
    const refs = Array.from({ length: 10 }, (_, n) => sampleBlock(20 + n))
    const payments = refs.flatMap((ref) => [paymentOfFive(0, ref), paymentOfFive(1, ref)])
    const { verdicts, read } = await audit({
      due: payments,
      kept: refs.map((ref) => [ref, 0] as const),
      second: (ref) => blockPaying(ref, 2, [5n, 5n]),
    })
    expect(read).toEqual([20, 21, 22, 23, 24, 25, 26, 27])
    expect(Object.keys(verdicts)).toEqual(payments.slice(16).map(idOf))
  })

  test.each<[string, Partial<Case>]>([
    ['its block is proven', { kept: [[A, 2]] }],
    ['its block is from before levels were kept', { kept: [[A, null]] }],
    ['proofs are only looked at', { settings: { proofs: setAllProofs('observe') } }],
    ['only a balance tells of it', { due: [balanceOnly()] }],
  ])('nothing is read where %s', async (_what, parts) => {
    const { verdicts, read } = await audit({ due: [due], kept: [[A, 0]], ...parts })
    expect([verdicts, read]).toEqual([{}, []])
  })
})

function balanceOnly(): Payment {
  const place = { place: `balance:${PAYEE}`, asset: SAMPLE_TOKEN, to: PAYEE }
  return samplePayment(sampleObservation(1, A, place))
}

describe('which blocks keep money waiting', () => {
  const weak = blockPaying(A, 1, [])
  const find = (settings: Partial<ChainSettings>, isProofLowered = false) => {
    const agreement = { agreedBy: 1, conflict: null, isProofLowered }
    const source = { describeAgreement: () => agreement }
    const blocks = [weak, blockPaying(sampleBlock(11), 2, [])]
    return [...findUnproven(source, { ...SETTINGS, ...settings }, blocks)]
  }

  test('CR-17 one below level 2, where blocks should prove', () => {
    expect(find({})).toEqual([A.hash])
    expect(find({ proofs: { ...setAllProofs('on'), bloom: 'off' } })).toEqual([A.hash])
  })

  test('none where proofs are only looked at, unless the tag is followed', () => {
    const proofs = setAllProofs('observe')
    expect(find({ proofs })).toEqual([])
    expect(find({ proofs, finalizedTag: true })).toEqual([A.hash])
  })

  test('CR-32 none while no node of several serves a block that proves', () => {
    expect(find({}, true)).toEqual([])
    expect(find({ finalizedTag: true }, true)).toEqual([A.hash])
  })
})
