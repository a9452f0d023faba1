import { assert } from '../../core/assert.ts'
import type { Delivery, DeliveryAttempt, WebhookEndpoint } from '../../core/webhook/delivery.ts'
import type { Event } from '../../core/webhook/event.ts'
import { entityTable, insertInto, type Statements, writeRevision } from './statements.ts'
import {
  ATTEMPT_COLUMNS,
  type AttemptRow,
  attemptToRow,
  deliveryToRow,
  ENDPOINT_COLUMNS,
  type EndpointRow,
  EVENT_COLUMNS,
  type EventRow,
  endpointToRow,
  eventToRow,
} from './webhook-rows.ts'

const insertEvent = insertInto<EventRow>('events', EVENT_COLUMNS)
const insertAttempt = insertInto<AttemptRow>('delivery_attempts', ATTEMPT_COLUMNS)
const ENDPOINTS = entityTable<EndpointRow>('webhook_endpoints', ENDPOINT_COLUMNS)
const CANCEL_PENDING = `UPDATE deliveries SET status = 'canceled', lease_until_ms = NULL
  WHERE endpoint_id = ? AND status = 'pending'`

/** Appends in order; an event id or an invoice's sequence number that exists clashes. */
export function writeEvents(sql: Statements, events: readonly Event[]): boolean {
  for (const event of events) insertEvent(sql, eventToRow(event))
  return true
}

/** A deleted endpoint is told nothing more: what waits for it is canceled with it. */
export function writeEndpoints(sql: Statements, endpoints: readonly WebhookEndpoint[]): boolean {
  return endpoints.every((endpoint) => {
    if (!writeRevision(sql, ENDPOINTS, endpointToRow(endpoint))) return false
    if (endpoint.deletedAtMs !== null) sql(CANCEL_PENDING).run(endpoint.id)
    return true
  })
}

const EVENT_POSITION = 'SELECT position FROM events WHERE id = ?'

/** A result that arrives after its endpoint was deleted revives nothing. */
const WRITE_DELIVERY = `INSERT INTO deliveries
  (id, store_id, event_id, event_position, endpoint_id, invoice_id, status, attempts_made,
    next_attempt_at_ms, created_at_ms)
  SELECT @id, @store_id, @event_id, @event_position, id, @invoice_id,
    CASE WHEN @status = 'pending' AND deleted_at_ms IS NOT NULL THEN 'canceled' ELSE @status END,
    @attempts_made, @next_attempt_at_ms, @created_at_ms
  FROM webhook_endpoints WHERE id = @endpoint_id
  ON CONFLICT (id) DO UPDATE SET status = excluded.status, attempts_made = excluded.attempts_made,
    next_attempt_at_ms = excluded.next_attempt_at_ms, lease_until_ms = NULL`

export function writeDeliveries(sql: Statements, deliveries: readonly Delivery[]): boolean {
  for (const delivery of deliveries) {
    const event = sql(EVENT_POSITION).get(delivery.eventId) as { position: number } | undefined
    assert(event !== undefined, 'a delivery tells of an event that exists')
    const row = { ...deliveryToRow(delivery), event_position: event.position }
    const { changes } = sql(WRITE_DELIVERY).run(row)
    assert(changes === 1, 'a delivery goes to an endpoint that exists')
    if (delivery.invoiceId !== null) refreshLane(sql, delivery.endpointId, delivery.invoiceId)
  }
  return true
}

/** Brings `first_in_line` and `lane_held_until_ms` up to date; touches only rows that change. */
const REFRESH_LANE = `UPDATE deliveries
  SET first_in_line = (event_position = lane.first), lane_held_until_ms = lane.held_until_ms
  FROM (
    SELECT min(event_position) AS first, coalesce(max(lease_until_ms), 0) AS held_until_ms
    FROM deliveries WHERE endpoint_id = @endpointId AND invoice_id = @invoiceId
      AND status = 'pending'
  ) AS lane
  WHERE endpoint_id = @endpointId AND invoice_id = @invoiceId AND status = 'pending'
    AND (first_in_line <> (event_position = lane.first)
      OR lane_held_until_ms <> lane.held_until_ms)`

export function refreshLane(sql: Statements, endpointId: string, invoiceId: string): void {
  sql(REFRESH_LANE).run({ endpointId, invoiceId })
}

export function writeAttempts(sql: Statements, attempts: readonly DeliveryAttempt[]): boolean {
  for (const attempt of attempts) insertAttempt(sql, attemptToRow(attempt))
  return true
}
