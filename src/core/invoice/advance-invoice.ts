/**
 * THE state machine. Rows are the status an invoice has, columns the standing of its money:
 *
 * | from \ standing | nothing         | some            | seen-enough | confirmed-enough      | missed   |
 * |-----------------|-----------------|-----------------|-------------|-----------------------|----------|
 * | open            | open            | open *          | processing  | processing -> settled | expired  |
 * | processing      | open (reopened) | open (reopened) | processing  | settled               | expired  |
 * | settled         | reversed        | reversed        | settled     | settled +             | reversed |
 * | reversed        | reversed        | reversed        | reversed    | settled               | reversed |
 * | expired         | expired ~       | expired ~       | expired ~   | expired ~             | expired ~|
 * | canceled        | canceled ~      | canceled ~      | canceled ~  | canceled ~            | canceled~|
 *
 * `*` invoice.underpaid once per rise of what was seen in time; `+` invoice.overpaid once per rise of
 * what is confirmed above the amount due; `~` invoice.paid_late (when some of it is late) or
 * invoice.paid_after_cancel once per rise of confirmed money (also with the expiry itself). When seen
 * and confirmed become true at once, processing is recorded first, so that every story has the same
 * steps.
 */
import { unreachable } from '../assert.ts'
import { compareFractions } from '../money/fraction.ts'
import type { InvoiceEventType } from '../webhook/event.ts'
import type { Evidence } from './assess-payments.ts'
import type { Invoice } from './invoice.ts'

/** One step of the story: what happened, and the invoice as it was right then. */
export type InvoiceStep = { readonly type: InvoiceEventType; readonly invoice: Invoice }

export type Advance = {
  readonly invoice: Invoice
  readonly steps: readonly InvoiceStep[]
}

/** Moves an invoice by one piece of evidence. `nowMs` only stamps `settledAtMs`. */
export function advanceInvoice(invoice: Invoice, evidence: Evidence, nowMs: number): Advance {
  const noted = { seenShare: evidence.seenShare, confirmedShare: evidence.confirmedShare }
  const types = decideSteps(invoice, evidence)
  const steps: InvoiceStep[] = []
  let current: Invoice = { ...invoice, noted }
  for (const type of types) {
    current = applyStep(current, type, nowMs)
    steps.push({ type, invoice: current })
  }
  return { invoice: current, steps }
}

function decideSteps(invoice: Invoice, evidence: Evidence): InvoiceEventType[] {
  const { standing } = evidence
  switch (invoice.status) {
    case 'open':
      if (standing === 'confirmed-enough') {
        return ['invoice.processing', 'invoice.settled', ...overpaidStep(invoice, evidence)]
      }
      if (standing === 'seen-enough') return ['invoice.processing']
      if (standing === 'missed') return ['invoice.expired', ...lateStep(evidence)]
      return standing === 'some' && seenRose(invoice, evidence) ? ['invoice.underpaid'] : []
    case 'processing':
      if (standing === 'confirmed-enough') {
        return ['invoice.settled', ...overpaidStep(invoice, evidence)]
      }
      if (standing === 'seen-enough') return []
      if (standing === 'missed') return ['invoice.expired', ...lateStep(evidence)]
      return ['invoice.reopened']
    case 'settled':
      if (standing === 'confirmed-enough') return overpaidStep(invoice, evidence)
      return standing === 'seen-enough' ? [] : ['invoice.reversed']
    case 'reversed':
      if (standing !== 'confirmed-enough') return []
      return ['invoice.settled', ...overpaidStep(invoice, evidence)]
    case 'expired':
      return confirmedRose(invoice, evidence) ? lateStep(evidence) : []
    case 'canceled':
      return confirmedRose(invoice, evidence) ? ['invoice.paid_after_cancel'] : []
    default:
      return unreachable(invoice.status)
  }
}

/** The invoice after one step; the decisions of merchants (created, canceled) go through here too. */
export function applyStep(invoice: Invoice, type: InvoiceEventType, nowMs: number): Invoice {
  const next = { ...invoice, sequence: invoice.sequence + 1 }
  switch (type) {
    case 'invoice.processing':
      return { ...next, status: 'processing' }
    case 'invoice.settled':
      return { ...next, status: 'settled', settledAtMs: nowMs }
    case 'invoice.reversed':
      return { ...next, status: 'reversed', settledAtMs: null }
    case 'invoice.expired':
      return { ...next, status: 'expired' }
    case 'invoice.canceled':
      return { ...next, status: 'canceled' }
    case 'invoice.reopened':
      return { ...next, status: 'open' }
    case 'invoice.created':
    case 'invoice.underpaid':
    case 'invoice.overpaid':
    case 'invoice.paid_late':
    case 'invoice.paid_after_cancel':
      return next
    default:
      return unreachable(type)
  }
}

function overpaidStep(invoice: Invoice, evidence: Evidence): InvoiceEventType[] {
  return evidence.overpaid && confirmedRose(invoice, evidence) ? ['invoice.overpaid'] : []
}

/** Late money may have been confirmed before another chain let the invoice expire. */
function lateStep(evidence: Evidence): InvoiceEventType[] {
  return evidence.lateConfirmed ? ['invoice.paid_late'] : []
}

function seenRose(invoice: Invoice, evidence: Evidence): boolean {
  return compareFractions(evidence.seenShare, invoice.noted.seenShare) > 0
}

function confirmedRose(invoice: Invoice, evidence: Evidence): boolean {
  return compareFractions(evidence.confirmedShare, invoice.noted.confirmedShare) > 0
}
