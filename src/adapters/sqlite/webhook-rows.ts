import type { Delivery, DeliveryAttempt, WebhookEndpoint } from '../../core/webhook/delivery.ts'
import type { Event } from '../../core/webhook/event.ts'

export type EventRow = {
  readonly id: string
  readonly store_id: string
  readonly invoice_id: string | null
  readonly type: Event['type']
  readonly sequence: number | null
  readonly at_ms: number
  readonly payload: string
}

// biome-ignore format: a list of names reads better in rows
export const EVENT_COLUMNS = [
  'id', 'store_id', 'invoice_id', 'type', 'sequence', 'at_ms', 'payload',
] as const satisfies readonly (keyof EventRow)[]

export function eventToRow(event: Event): EventRow {
  return {
    id: event.id,
    store_id: event.storeId,
    invoice_id: event.invoiceId,
    type: event.type,
    sequence: event.sequence,
    at_ms: event.atMs,
    payload: event.payload,
  }
}

export function rowToEvent(row: EventRow): Event {
  return {
    id: row.id,
    storeId: row.store_id,
    invoiceId: row.invoice_id,
    type: row.type,
    sequence: row.sequence,
    atMs: row.at_ms,
    payload: row.payload,
  }
}

export type EndpointRow = {
  readonly id: string
  readonly store_id: string
  readonly url: string
  readonly events: string
  readonly secrets: string
  readonly status: WebhookEndpoint['status']
  readonly disabled_reason: string | null
  readonly created_at_ms: number
  readonly deleted_at_ms: number | null
  readonly revision: number
}

// biome-ignore format: a list of names reads better in rows
export const ENDPOINT_COLUMNS = [
  'id', 'store_id', 'url', 'events', 'secrets', 'status', 'disabled_reason', 'created_at_ms',
  'deleted_at_ms', 'revision',
] as const satisfies readonly (keyof EndpointRow)[]

export function endpointToRow(endpoint: WebhookEndpoint): EndpointRow {
  return {
    id: endpoint.id,
    store_id: endpoint.storeId,
    url: endpoint.url,
    events: JSON.stringify(endpoint.events),
    secrets: JSON.stringify(endpoint.secrets),
    status: endpoint.status,
    disabled_reason: endpoint.disabledReason,
    created_at_ms: endpoint.createdAtMs,
    deleted_at_ms: endpoint.deletedAtMs,
    revision: endpoint.revision,
  }
}

export function rowToEndpoint(row: EndpointRow): WebhookEndpoint {
  return {
    id: row.id,
    storeId: row.store_id,
    url: row.url,
    events: JSON.parse(row.events),
    secrets: JSON.parse(row.secrets),
    status: row.status,
    disabledReason: row.disabled_reason,
    createdAtMs: row.created_at_ms,
    deletedAtMs: row.deleted_at_ms,
    revision: row.revision,
  }
}

export type DeliveryRow = {
  readonly id: string
  readonly store_id: string
  readonly event_id: string
  readonly endpoint_id: string
  readonly invoice_id: string | null
  readonly status: Delivery['status']
  readonly attempts_made: number
  readonly next_attempt_at_ms: number
  readonly created_at_ms: number
}

export function deliveryToRow(delivery: Delivery): DeliveryRow {
  return {
    id: delivery.id,
    store_id: delivery.storeId,
    event_id: delivery.eventId,
    endpoint_id: delivery.endpointId,
    invoice_id: delivery.invoiceId,
    status: delivery.status,
    attempts_made: delivery.attemptsMade,
    next_attempt_at_ms: delivery.nextAttemptAtMs,
    created_at_ms: delivery.createdAtMs,
  }
}

export function rowToDelivery(row: DeliveryRow): Delivery {
  return {
    id: row.id,
    storeId: row.store_id,
    eventId: row.event_id,
    endpointId: row.endpoint_id,
    invoiceId: row.invoice_id,
    status: row.status,
    attemptsMade: row.attempts_made,
    nextAttemptAtMs: row.next_attempt_at_ms,
    createdAtMs: row.created_at_ms,
  }
}

export type AttemptRow = {
  readonly id: string
  readonly delivery_id: string
  readonly at_ms: number
  readonly outcome: DeliveryAttempt['outcome']
  readonly status: number | null
  readonly detail: string
  readonly excerpt: string
  readonly duration_ms: number
}

// biome-ignore format: a list of names reads better in rows
export const ATTEMPT_COLUMNS = [
  'id', 'delivery_id', 'at_ms', 'outcome', 'status', 'detail', 'excerpt', 'duration_ms',
] as const satisfies readonly (keyof AttemptRow)[]

export function attemptToRow(attempt: DeliveryAttempt): AttemptRow {
  return {
    id: attempt.id,
    delivery_id: attempt.deliveryId,
    at_ms: attempt.atMs,
    outcome: attempt.outcome,
    status: attempt.status,
    detail: attempt.detail,
    excerpt: attempt.excerpt,
    duration_ms: attempt.durationMs,
  }
}

export function rowToAttempt(row: AttemptRow): DeliveryAttempt {
  return {
    id: row.id,
    deliveryId: row.delivery_id,
    atMs: row.at_ms,
    outcome: row.outcome,
    status: row.status,
    detail: row.detail,
    excerpt: row.excerpt,
    durationMs: row.duration_ms,
  }
}
