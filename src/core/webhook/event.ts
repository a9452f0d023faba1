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

export type RefundEventType =
  | 'refund.requested'
  | 'refund.sent'
  | 'refund.confirmed'
  | 'refund.failed'
  | 'refund.canceled'

/** Something that somebody at the shop should look into. */
export type AlertEventType =
  | 'alert.endpoint_disabled'
  | 'alert.invoice_burst'
  | 'alert.many_underpaid'
  | 'alert.repeated_reorgs'
  | 'alert.unexplained_balance'

export type EventType =
  | InvoiceEventType
  | PaymentEventType
  | RefundEventType
  | AlertEventType
  | 'endpoint.test'

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
  'refund.requested',
  'refund.sent',
  'refund.confirmed',
  'refund.failed',
  'refund.canceled',
  'alert.endpoint_disabled',
  'alert.invoice_burst',
  'alert.many_underpaid',
  'alert.repeated_reorgs',
  'alert.unexplained_balance',
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

type Draft = Omit<Event, 'payload'> & { readonly data: object }

/** What stands before the data of an event, and nowhere earlier in its body. */
const BEFORE_DATA = ',"data":'

/** Freezes the body of an event (Standard Webhooks: type, timestamp, data; ours: sequence, invoice). */
export function createEvent(draft: Draft): Event {
  const { data, ...facts } = draft
  const head = JSON.stringify({
    type: facts.type,
    timestamp: formatTime(facts.atMs),
    sequence: facts.sequence,
    invoice: facts.invoiceId,
  })
  return { ...facts, payload: `${head.slice(0, -1)}${BEFORE_DATA}${JSON.stringify(data)}}` }
}

/** The data of an event as JSON text, byte for byte as it was frozen. */
export function eventData({ payload }: Pick<Event, 'payload'>): string {
  return payload.slice(payload.indexOf(BEFORE_DATA) + BEFORE_DATA.length, -1)
}

/** An event as the API shows it: the webhook body with its id. */
export function presentEvent(event: Event): Record<string, unknown> {
  return { id: event.id, object: 'event', ...JSON.parse(event.payload) }
}
