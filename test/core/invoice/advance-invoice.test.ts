import { describe, expect, test } from 'vitest'
import { type Advance, advanceInvoice } from '../../../src/core/invoice/advance-invoice.ts'
import type { Evidence, Standing } from '../../../src/core/invoice/assess-payments.ts'
import type { Invoice, InvoiceStatus } from '../../../src/core/invoice/invoice.ts'
import { createFraction, type Fraction, ONE, ZERO } from '../../../src/core/money/fraction.ts'
import { makeInvoice } from './make-invoice.ts'

const NOW_MS = 1_790_000_000_000
const HALF = createFraction(1n, 2n)
const THREE_HALVES = createFraction(3n, 2n)

const STANDINGS = ['nothing', 'some', 'seen-enough', 'confirmed-enough', 'missed'] as const
const STATUSES = ['open', 'processing', 'settled', 'reversed', 'expired', 'canceled'] as const

/** Shares that go with a standing; nothing of it is a rise unless a test says so. */
function makeEvidence(standing: Standing, parts: Partial<Evidence> = {}): Evidence {
  const shares: Record<Standing, [Fraction, Fraction]> = {
    nothing: [ZERO, ZERO],
    some: [HALF, ZERO],
    'seen-enough': [ONE, ZERO],
    'confirmed-enough': [ONE, ONE],
    missed: [HALF, HALF],
  }
  const [seenShare, confirmedShare] = shares[standing]
  return {
    standing,
    seenShare,
    confirmedShare,
    overpaid: false,
    lateConfirmed: false,
    ...parts,
  }
}

/** An invoice whose last assessment saw what the evidence shows: no rise. */
function notedAs(evidence: Evidence, parts: Partial<Invoice>): Invoice {
  const { seenShare, confirmedShare } = evidence
  return makeInvoice({ noted: { seenShare, confirmedShare }, ...parts })
}

function tell(advance: Advance): string {
  const types = advance.steps.map((step) => step.type.replace('invoice.', ''))
  return [advance.invoice.status, ...types].join(' ')
}

/** The table of architecture.md cell by cell: the status that follows, then the events, without rises. */
// biome-ignore format: a table reads better in rows
const TABLE: Record<InvoiceStatus, Record<Standing, string>> = {
  open: {
    nothing: 'open', some: 'open', 'seen-enough': 'processing processing',
    'confirmed-enough': 'settled processing settled', missed: 'expired expired',
  },
  processing: {
    nothing: 'open reopened', some: 'open reopened', 'seen-enough': 'processing',
    'confirmed-enough': 'settled settled', missed: 'expired expired',
  },
  settled: {
    nothing: 'reversed reversed', some: 'reversed reversed', 'seen-enough': 'settled',
    'confirmed-enough': 'settled', missed: 'reversed reversed',
  },
  reversed: {
    nothing: 'reversed', some: 'reversed', 'seen-enough': 'reversed',
    'confirmed-enough': 'settled settled', missed: 'reversed',
  },
  expired: {
    nothing: 'expired', some: 'expired', 'seen-enough': 'expired',
    'confirmed-enough': 'expired', missed: 'expired',
  },
  canceled: {
    nothing: 'canceled', some: 'canceled', 'seen-enough': 'canceled',
    'confirmed-enough': 'canceled', missed: 'canceled',
  },
}

/** What a rise of seen and confirmed money adds to a cell; cells that are not here stay as above. */
const WITH_RISE: Partial<Record<InvoiceStatus, Partial<Record<Standing, string>>>> = {
  open: { some: 'open underpaid' },
  canceled: {
    'confirmed-enough': 'canceled paid_after_cancel',
    missed: 'canceled paid_after_cancel',
  },
}

describe.each(STATUSES)('%s', (status) => {
  test.each(STANDINGS)('on %s', (standing) => {
    const evidence = makeEvidence(standing)
    const quiet = advanceInvoice(notedAs(evidence, { status }), evidence, NOW_MS)
    expect(tell(quiet)).toBe(TABLE[status][standing])
    const risen = advanceInvoice(makeInvoice({ status }), evidence, NOW_MS)
    expect(tell(risen)).toBe(WITH_RISE[status]?.[standing] ?? TABLE[status][standing])
  })

  test.each(STANDINGS)('on %s: the second time the same evidence tells nothing', (standing) => {
    const evidence = makeEvidence(standing)
    const first = advanceInvoice(makeInvoice({ status }), evidence, NOW_MS)
    const second = advanceInvoice(first.invoice, evidence, NOW_MS)
    expect(second.steps).toEqual([])
    expect(second.invoice).toEqual(first.invoice)
  })

  test.each(STANDINGS)('on %s: events count 1, 2, 3 without a gap', (standing) => {
    const invoice = makeInvoice({ status, sequence: 41 })
    const { steps, invoice: after } = advanceInvoice(invoice, makeEvidence(standing), NOW_MS)
    expect(steps.map((step) => step.invoice.sequence)).toEqual(steps.map((_, i) => 42 + i))
    expect(after.sequence).toBe(41 + steps.length)
    expect(steps.at(-1)?.invoice ?? after).toEqual(after)
  })
})

describe('each step shows the invoice as it was right then', () => {
  test('processing before settled, though both came at once', () => {
    const { steps } = advanceInvoice(makeInvoice(), makeEvidence('confirmed-enough'), NOW_MS)
    expect(steps.map((step) => [step.invoice.status, step.invoice.settledAtMs])).toEqual([
      ['processing', null],
      ['settled', NOW_MS],
    ])
  })

  test('reversing takes the time of settlement away; settling again sets it anew', () => {
    const settled = makeInvoice({ status: 'settled', settledAtMs: 5 })
    const reversed = advanceInvoice(settled, makeEvidence('nothing'), NOW_MS).invoice
    expect(reversed.settledAtMs).toBeNull()
    const again = advanceInvoice(reversed, makeEvidence('confirmed-enough'), NOW_MS).invoice
    expect(again.settledAtMs).toBe(NOW_MS)
  })

  test('nothing of the terms changes', () => {
    const invoice = makeInvoice()
    const { invoice: after } = advanceInvoice(invoice, makeEvidence('missed'), NOW_MS)
    expect(after.terms).toEqual(invoice.terms)
    expect(after.revision).toBe(invoice.revision)
  })
})

describe('once per rise', () => {
  /** Follows an invoice through evidence and tells the events of each. */
  function follow(invoice: Invoice, story: readonly Evidence[]): string[] {
    let current = invoice
    return story.map((evidence) => {
      const advance = advanceInvoice(current, evidence, NOW_MS)
      current = advance.invoice
      return tell(advance)
    })
  }
  const third = createFraction(1n, 3n)
  const some = (seenShare: Fraction) => makeEvidence('some', { seenShare })

  test('PA-02 underpaid per rise, never on a fall, again on the next rise', () => {
    const story = [some(third), some(third), some(HALF), some(third), some(HALF)]
    expect(follow(makeInvoice(), story)).toEqual([
      'open underpaid',
      'open',
      'open underpaid',
      'open',
      'open underpaid',
    ])
  })

  test('a reopened invoice tells underpaid when more comes, not for what is left', () => {
    const story = [makeEvidence('seen-enough'), some(third), some(third), some(HALF)]
    expect(follow(makeInvoice(), story)).toEqual([
      'processing processing',
      'open reopened',
      'open',
      'open underpaid',
    ])
  })

  const over = (confirmedShare: Fraction) =>
    makeEvidence('confirmed-enough', { seenShare: confirmedShare, confirmedShare, overpaid: true })

  test('PA-03 overpaid with the settlement, again per rise, and no second settlement', () => {
    const story = [over(THREE_HALVES), over(THREE_HALVES), over(createFraction(2n, 1n))]
    expect(follow(makeInvoice(), story)).toEqual([
      'settled processing settled overpaid',
      'settled',
      'settled overpaid',
    ])
  })

  test('an extra payment after exact settlement is overpaid once confirmed', () => {
    const included = makeEvidence('confirmed-enough', { seenShare: THREE_HALVES })
    const story = [makeEvidence('confirmed-enough'), included, over(THREE_HALVES)]
    expect(follow(makeInvoice({ status: 'processing' }), story)).toEqual([
      'settled settled',
      'settled',
      'settled overpaid',
    ])
  })

  test('PA-22 late money is told with the expiry when it was there before', () => {
    const missed = makeEvidence('missed', { lateConfirmed: true })
    expect(follow(makeInvoice(), [missed, missed])).toEqual([
      'expired expired paid_late',
      'expired',
    ])
    expect(follow(makeInvoice({ status: 'processing' }), [missed])).toEqual([
      'expired expired paid_late',
    ])
  })

  test('PA-22 and after it, once per rise of what is confirmed', () => {
    const missed = (confirmedShare: Fraction) =>
      makeEvidence('missed', { confirmedShare, lateConfirmed: true })
    const story = [missed(ZERO), missed(third), missed(third), missed(ONE)]
    expect(follow(makeInvoice({ status: 'expired' }), story)).toEqual([
      'expired',
      'expired paid_late',
      'expired',
      'expired paid_late',
    ])
  })

  test('money in time that a reorg confirms anew after the expiry is not late', () => {
    const again = makeEvidence('missed', { lateConfirmed: false })
    expect(follow(makeInvoice({ status: 'expired' }), [again])).toEqual(['expired'])
  })

  test('CR-04 settle, lose it, pay again: reversed exactly once, settled again', () => {
    const story = [
      makeEvidence('seen-enough'),
      makeEvidence('confirmed-enough'),
      makeEvidence('nothing'),
      makeEvidence('nothing'),
      makeEvidence('seen-enough'),
      makeEvidence('confirmed-enough'),
    ]
    expect(follow(makeInvoice(), story)).toEqual([
      'processing processing',
      'settled settled',
      'reversed reversed',
      'reversed',
      'reversed',
      'settled settled',
    ])
  })
})

describe('what the table forbids', () => {
  test('a status or step that does not exist is a bug', () => {
    const odd = makeInvoice({ status: 'paid' as InvoiceStatus })
    expect(() => advanceInvoice(odd, makeEvidence('some'), NOW_MS)).toThrow('invariant broken')
  })
})
