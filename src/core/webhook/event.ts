import { formatTime } from '../time.ts'

const INVOICE_EVENT_TYPES = [
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
] as const

const PAYMENT_EVENT_TYPES = [
  'payment.detected',
  'payment.confirmed',
  'payment.orphaned',
  'payment.unexpected',
  'payment.unassigned',
] as const

const REFUND_EVENT_TYPES = [
  'refund.requested',
  'refund.sent',
  'refund.confirmed',
  'refund.failed',
  'refund.canceled',
] as const

const ALERT_EVENT_TYPES = [
  'alert.endpoint_disabled',
  'alert.invoice_burst',
  'alert.many_underpaid',
  'alert.repeated_reorgs',
  'alert.unexplained_balance',
] as const

export type InvoiceEventType = (typeof INVOICE_EVENT_TYPES)[number]

export type PaymentEventType = (typeof PAYMENT_EVENT_TYPES)[number]

export type RefundEventType = (typeof REFUND_EVENT_TYPES)[number]

/** Something that somebody at the shop should look into. */
export type AlertEventType = (typeof ALERT_EVENT_TYPES)[number]

/**
 * Every event type, for subscriptions, documents and tests. Lists of events are merged from them, so
 * the type is made of this list: none can exist without it. One that is no longer told of stays here,
 * or its events could no longer be listed.
 */
export const EVENT_TYPES = [
  ...INVOICE_EVENT_TYPES,
  ...PAYMENT_EVENT_TYPES,
  ...REFUND_EVENT_TYPES,
  ...ALERT_EVENT_TYPES,
  'endpoint.test',
] as const

export type EventType = (typeof EVENT_TYPES)[number]

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
