/** A thousand histories of the real gateway core in a simulated world; docs/simulation.md says how. */
import { afterAll, describe, expect, test } from 'vitest'
import { createMemoryStore } from '../../src/adapters/memory/memory-store.ts'
import type { Store } from '../../src/ports/store.ts'
import { FIXED_CASES } from './fixed-cases.ts'
import { FIXED_COIN_CASES } from './fixed-coin-cases.ts'
import { drawHistory } from './history.ts'
import { runHistory } from './run-history.ts'
import { shrinkHistory } from './shrink-history.ts'
import { mergeTally, type Tally } from './tally.ts'

const HISTORIES = 1_000
const PER_TEST = 100
/** For a machine that is busy with other tests; alone, a hundred take about two seconds. */
const TIMEOUT_MS = 120_000

const tally: Tally = new Map()

describe('the end equals a fresh replay, and the invariants hold at every commit', () => {
  const starts = Array.from({ length: HISTORIES / PER_TEST }, (_, i) => i * PER_TEST + 1)

  test.each(starts)(`seeds from %i, ${PER_TEST} of them`, { timeout: TIMEOUT_MS }, async (from) => {
    for (let seed = from; seed < from + PER_TEST; seed++) {
      const { violation, tally: own } = await runHistory(drawHistory(seed))
      mergeTally(tally, own)
      const found = violation === null ? 'holds' : violation.message
      expect(found, `node scripts/simulate.ts --seed ${seed}`).toBe('holds')
    }
  })
})

/** What all histories together must at least have gone through, or they prove little. */
const AT_LEAST: Readonly<Record<string, number>> = {
  crash: 500,
  storage: 100,
  outcome_unknown: 100,
  'died while starting': 50,
  conflicts: 50,
  reorgs: 500,
  'reorgs not longer': 100,
  'deepest reorg': 12,
  'halted chains': 5,
  'confirmed as final': 300,
  'confirmed as safe': 50,
  'logs cut': 100,
  'confirmed unproven': 20,
  'coins by call': 500,
  'coins by net': 50,
  'coins by balance': 100,
  'coins by log': 100,
  'alert.unexplained_balance': 20,
  attributed: 30,
  'found by a second look': 30,
  dust: 20,
  'held by a cap': 100,
  payments: 3_000,
  outflows: 500,
  'chain fault unreachable': 100,
  'chain fault malformed': 100,
  'chain fault inconsistent': 100,
  'chain fault not_there': 100,
  'chain fault capacity': 100,
  'chain fault disproven': 10,
  'invoice.settled': 500,
  'invoice.processing': 300,
  'invoice.underpaid': 200,
  'invoice.overpaid': 200,
  'invoice.expired': 300,
  'invoice.canceled': 200,
  'invoice.paid_late': 200,
  'invoice.paid_after_cancel': 200,
  'invoice.reopened': 10,
  'invoice.reversed': 50,
  'payment.orphaned': 500,
  'payment.unassigned': 100,
  'refund.requested': 200,
  'refund.sent': 200,
  'refund.confirmed': 100,
  'refund.failed': 20,
  'refund.canceled': 10,
  'refunds taken back': 10,
  short: 20,
  assigned: 100,
  'assigned, in another block': 15,
  'assigned, in an earlier block': 2,
  'payment.unexpected': 100,
}

test('the histories went through everything', () => {
  const few = Object.entries(AT_LEAST).filter(([name, least]) => (tally.get(name) ?? 0) < least)
  expect(few.map(([name]) => `${name}: ${tally.get(name) ?? 0}`)).toEqual([])
})

test.each([...FIXED_CASES, ...FIXED_COIN_CASES])(
  'what once failed holds: $name',
  async ({ history }) => {
    expect((await runHistory(history)).violation?.message ?? 'holds').toBe('holds')
  },
)

describe('the simulation itself', () => {
  test('a seed gives the same story each time', async () => {
    const tell = async () => {
      const lines: string[] = []
      await runHistory(drawHistory(42), { tell: (line) => void lines.push(line) })
      return lines
    }
    const first = await tell()
    expect(first.length).toBeGreaterThan(50)
    expect(await tell()).toEqual(first)
  })

  test('a store that forgets what was in the blocks of a lost branch is found, and shrunk', async () => {
    const createForgetful = (): Store => ({
      ...createMemoryStore(),
      findPaymentsInBlocks: async () => [],
    })
    for (let seed = 1; ; seed++) {
      const history = drawHistory(seed)
      const { violation } = await runHistory(history, { store: createForgetful() })
      if (violation === null) continue
      expect(violation.rule).toBe('I1')
      const short = await shrinkHistory(history, violation.rule, createForgetful)
      const again = await runHistory(short, { store: createForgetful() })
      expect(again.violation?.rule).toBe('I1')
      expect((await runHistory(short)).violation).toBeNull()
      expect(short.steps.length).toBeLessThan(history.steps.length / 2)
      expect(seed).toBeLessThan(50)
      return
    }
  })
})

afterAll(() => tally.clear())
