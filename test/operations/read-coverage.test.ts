import { describe, expect, test } from 'vitest'
import { createMemoryStore } from '../../src/adapters/memory/memory-store.ts'
import type { ChainSettings } from '../../src/core/chain/chain-settings.ts'
import type { Payment } from '../../src/core/payment/payment.ts'
import { ChainSourceError } from '../../src/errors.ts'
import { readCoverage } from '../../src/operations/read-coverage.ts'
import type { BalanceQuestion } from '../../src/ports/chain-source.ts'
import {
  SAMPLE_COIN,
  SAMPLE_TOKEN,
  sampleAddress,
  sampleBlock,
  sampleHash,
  sampleObservation,
  samplePayment,
  sampleStore,
} from '../support/fixtures.ts'

const SETTINGS = { chainId: 31_337, verifyBalanceOf: [SAMPLE_TOKEN.id] } as unknown as ChainSettings
const TIP = sampleBlock(20)

type Answers = {
  readonly balances?: (questions: readonly BalanceQuestion[]) => (bigint | null)[]
  /** As all nodes say; default: as the first one. */
  readonly agreed?: () => bigint
  readonly outflow?: (fromNumber: number) => bigint
}

function payment(n: number, block: number, amountUnits: bigint, parts: Partial<Payment> = {}) {
  const place = { to: sampleAddress(1), asset: SAMPLE_TOKEN, amountUnits }
  return samplePayment(sampleObservation(n, sampleBlock(block), place), parts)
}

async function read(due: readonly Payment[], answers: Answers, stored: readonly Payment[] = due) {
  const store = createMemoryStore()
  await store.commit({ stores: [sampleStore()], payments: stored })
  const asked: BalanceQuestion[][] = []
  const outflows: number[] = []
  const warned: string[] = []
  const log = () => {}
  const coverage = await readCoverage(
    {
      store,
      metrics: { count: log },
      logger: { debug: log, info: log, error: log, warn: (_, text) => void warned.push(text) },
      source: {
        getTokenBalances: async (questions) => {
          asked.push([...questions])
          return answers.balances?.(questions) ?? questions.map(() => 10n ** 30n)
        },
        getAgreedTokenBalance: async (question) => {
          return answers.agreed?.() ?? answers.balances?.([question])[0] ?? null
        },
        getTokenOutflow: async (_, fromNumber) => {
          outflows.push(fromNumber)
          return answers.outflow?.(fromNumber) ?? 0n
        },
      },
    },
    SETTINGS,
    { due, arrived: [], lost: new Set(), tip: TIP, signal: new AbortController().signal },
  )
  return { counted: Object.fromEntries(coverage), asked, outflows, warned }
}

const idOf = ({ observation }: Payment) => observation.id
const fault = () => {
  throw new ChainSourceError('unreachable', 'gone')
}

describe('what is asked', () => {
  test('nothing without a due payment of a verified token', async () => {
    const coin = samplePayment(sampleObservation(1, sampleBlock(10), { asset: SAMPLE_COIN }))
    const dust = payment(2, 10, 1n, { dust: true, countedUnits: 0n })
    expect(await read([coin, dust], {})).toMatchObject({ counted: {}, asked: [], outflows: [] })
  })

  test('one question per address and token, at the block of its newest due payment', async () => {
    const due = [payment(2, 12, 5n), payment(1, 10, 5n)]
    const { asked, counted, outflows } = await read(due, {})
    expect(asked).toHaveLength(1)
    expect(asked[0]?.map(({ holder, block }) => [holder, block])).toEqual([
      [sampleAddress(1), { number: 12, hash: sampleHash(12) }],
    ])
    expect(counted).toEqual({ [idOf(due[0]!)]: 5n, [idOf(due[1]!)]: 5n })
    expect(outflows).toEqual([])
  })

  test('what was sent away, from the first credit on, only where the balance falls short', async () => {
    const swept = payment(1, 8, 30n, { position: 'confirmed' })
    const due = payment(2, 12, 5n)
    const answers = { balances: () => [5n], outflow: () => 30n }
    const { counted, outflows } = await read([due], answers, [swept, due])
    expect(outflows).toEqual([8])
    expect(counted).toEqual({ [idOf(due)]: 5n })
  })
})

describe('a node that says too little', () => {
  const due = payment(1, 10, 25n)

  test('is outvoted by what all say: nothing is missing', async () => {
    const { counted, outflows } = await read([due], { balances: () => [0n], agreed: () => 25n })
    expect(counted).toEqual({ [idOf(due)]: 25n })
    expect(outflows).toEqual([])
  })

  test('and another that says more: the payment waits', async () => {
    const agreed = () => {
      throw new ChainSourceError('inconsistent', 'two nodes differ')
    }
    expect((await read([due], { balances: () => [0n], agreed })).counted).toEqual({})
  })
})

describe('what counts', () => {
  test('credits in later blocks are not covered at the cost of earlier ones', async () => {
    const [due, later] = [payment(1, 10, 25n), payment(2, 15, 25n)]
    const { counted } = await read([due], { balances: () => [25n] }, [due, later])
    expect(counted).toEqual({ [idOf(due)]: 25n })
  })

  test('orphaned credits claim nothing, unassigned ones do', async () => {
    const lost = payment(1, 8, 25n, { position: 'orphaned' })
    const early = payment(2, 9, 10n, { position: 'confirmed' })
    const due = payment(3, 10, 25n)
    const { counted } = await read([due], { balances: () => [30n] }, [lost, early, due])
    expect(counted).toEqual({ [idOf(due)]: 20n })
  })

  test('state that is gone is asked for at the tip, where later credits claim too', async () => {
    const [due, later] = [payment(1, 10, 25n), payment(2, 15, 25n)]
    const balances = (questions: readonly BalanceQuestion[]) =>
      questions.map(({ block }) => (block.number === TIP.number ? 40n : null))
    const { counted, asked } = await read([due], { balances }, [due, later])
    expect(asked).toHaveLength(2)
    expect(counted[idOf(due)]).toBe(25n)
  })
})

describe('what nobody answers waits', () => {
  const due = payment(1, 10, 25n)
  test.each<[string, Answers]>([
    ['no node', { balances: fault }],
    ['no state', { balances: (questions) => questions.map(() => null) }],
    ['no logs', { balances: () => [1n], outflow: fault }],
  ])('%s', async (_, answers) => {
    expect((await read([due], answers)).counted).toEqual({})
  })

  test('a bug is none of it', async () => {
    const bug = () => {
      throw new TypeError('bug')
    }
    await expect(read([due], { balances: bug })).rejects.toThrow('bug')
  })
})
