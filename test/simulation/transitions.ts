/** What may follow on what: the tables of the specification, folded over the events of a commit. */
import type { InvoiceStatus } from '../../src/core/invoice/invoice.ts'
import type { Payment, Position } from '../../src/core/payment/payment.ts'
import type { Event, EventType } from '../../src/core/webhook/event.ts'
import { demand } from './violation.ts'

const ANY_MONEY: readonly InvoiceStatus[] = ['settled']

/** Statuses in which an event may happen, and the status it leads to (null: it stays). */
const STATUS_TABLE: Partial<
  Record<EventType, { readonly from: readonly (InvoiceStatus | null)[]; to: InvoiceStatus | null }>
> = {
  'invoice.created': { from: [null], to: 'open' },
  'invoice.processing': { from: ['open'], to: 'processing' },
  'invoice.settled': { from: ['processing', 'reversed'], to: 'settled' },
  'invoice.reversed': { from: ['settled'], to: 'reversed' },
  'invoice.expired': { from: ['open', 'processing'], to: 'expired' },
  'invoice.canceled': { from: ['open'], to: 'canceled' },
  'invoice.reopened': { from: ['processing'], to: 'open' },
  'invoice.underpaid': { from: ['open'], to: null },
  'invoice.overpaid': { from: ANY_MONEY, to: null },
  'invoice.paid_late': { from: ['expired'], to: null },
  'invoice.paid_after_cancel': { from: ['canceled'], to: null },
}
/** A merchant's decision settles from more places. */
const ACCEPTED_FROM: readonly InvoiceStatus[] = ['open', 'expired', 'canceled', 'reversed']

export function foldStatus(
  before: InvoiceStatus | null,
  events: readonly Event[],
  invoiceId: string,
): InvoiceStatus | null {
  return events.reduce((status, { type, payload }) => {
    const row = STATUS_TABLE[type]
    if (row === undefined) return status
    const isAccept = type === 'invoice.settled' && isMerchants(payload, status)
    const from: readonly (InvoiceStatus | null)[] = isAccept ? ACCEPTED_FROM : row.from
    demand(from.includes(status), 'I4', () => `${invoiceId}: ${type} when ${status}`)
    return row.to ?? status
  }, before)
}

function isMerchants(payload: string, status: InvoiceStatus | null): boolean {
  const { data } = JSON.parse(payload) as { data: { accepted_by_merchant?: boolean } }
  return data.accepted_by_merchant === true && status !== 'processing'
}

const FIRST_EVENTS: readonly EventType[] = [
  'payment.detected',
  'payment.unexpected',
  'payment.unassigned',
]

export function foldPaymentEvents(
  before: Position | null,
  events: readonly Event[],
  payment: Payment,
): Position | null {
  return events.reduce((position: Position | null, { type }) => {
    const isFirst = FIRST_EVENTS.includes(type)
    const fits = isFirst
      ? position === null || position === 'orphaned'
      : type === 'payment.confirmed'
        ? position === 'included'
        : position === 'included' || position === 'confirmed'
    demand(fits, 'I5', () => `payment ${payment.observation.id}: ${type} when ${position}`)
    if (isFirst) {
      const wanted = payment.accepted ? 'payment.detected' : 'payment.unexpected'
      const first = payment.invoiceId === null ? 'payment.unassigned' : wanted
      // What it is was told when it was first seen; that it is back is told as detected.
      const expected = position === null ? first : 'payment.detected'
      demand(type === expected, 'I5', () => `payment ${payment.observation.id}: ${type}`)
      return 'included'
    }
    return type === 'payment.confirmed' ? 'confirmed' : 'orphaned'
  }, before)
}
