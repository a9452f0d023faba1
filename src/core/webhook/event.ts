import { formatTime } from '../time.ts'

export type InvoiceEventType =
  | 'invoice.created'
  | 'invoice.processing'
  | 'invoice.settled'
  | 'invoice.underpaid'
  | 'invoice.overpaid'
  | 'invoice.expired'
  | 'invoice.canceled'
  | 'invoice.paid_late'
  | 'invoice.paid_after_cancel'
  | 'invoice.reopened'
  | 'invoice.reversed'

export type PaymentEventType =
  | 'payment.detected'
  | 'payment.confirmed'
  | 'payment.orphaned'
  | 'payment.unexpected'
  | 'payment.unassigned'

export type EventType = InvoiceEventType | PaymentEventType | 'endpoint.test'

/** Every event type, for subscriptions, documents and tests. */
export const EVENT_TYPES: readonly EventType[] = [
  'invoice.created',
  'invoice.processing',
  'invoice.settled',
  'invoice.underpaid',
  'invoice.overpaid',
  'invoice.expired',
  'invoice.canceled',
  'invoice.paid_late',
  'invoice.paid_after_cancel',
  'invoice.reopened',
  'invoice.reversed',
  'payment.detected',
  'payment.confirmed',
  'payment.orphaned',
  'payment.unexpected',
  'payment.unassigned',
  'endpoint.test',
]

/** Something that happened, told exactly once. Append-only. */
export type Event = {
  readonly id: string
  readonly storeId: string
  readonly invoiceId: string | null
  readonly type: EventType
  /** 1, 2, 3 ... per invoice; null without one. */
  readonly sequence: number | null
  readonly atMs: number
  /** The webhook body, frozen: byte-identical over all attempts. */
  readonly payload: string
}

type Draft = Omit<Event, 'payload'> & { readonly data: unknown }

/** Freezes the body of an event (Standard Webhooks: type, timestamp, data; ours: sequence, invoice). */
export function createEvent(draft: Draft): Event {
  const { data, ...facts } = draft
  const payload = JSON.stringify({
    type: facts.type,
    timestamp: formatTime(facts.atMs),
    sequence: facts.sequence,
    invoice: facts.invoiceId,
    data,
  })
  return { ...facts, payload }
}

/** An event as the API shows it: the webhook body with its id. */
export function presentEvent(event: Event): Record<string, unknown> {
  return { id: event.id, object: 'event', ...JSON.parse(event.payload) }
}
