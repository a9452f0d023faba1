import type { Delivery, WebhookEndpoint } from '../../core/webhook/delivery.ts'
import { EVENT_TYPES, type Event } from '../../core/webhook/event.ts'
import type {
  DeliveryFilter,
  EventFilter,
  LoggedDelivery,
  Page,
  PageRequest,
} from '../../ports/store.ts'
import { type Ranges, readMerged, readMergedPage } from './merge-ranges.ts'
import { type Condition, equals, joinConditions, ownedBy, readPage } from './page-query.ts'
import type { Statements } from './statements.ts'
import {
  type AttemptRow,
  type DeliveryRow,
  type EndpointRow,
  type EventRow,
  rowToAttempt,
  rowToDelivery,
  rowToEndpoint,
  rowToEvent,
} from './webhook-rows.ts'

const EVENT_BY_ID = 'SELECT * FROM events WHERE id = ?'
const POSITION_BY_ID = 'SELECT position FROM events WHERE id = ?'
const ENDPOINT_BY_ID = 'SELECT * FROM webhook_endpoints WHERE id = ?'
const LIST_ENDPOINTS = `SELECT e.* FROM json_each(?) AS store
  CROSS JOIN webhook_endpoints AS e ON e.store_id = store.value AND e.deleted_at_ms IS NULL
  ORDER BY e.position`
const GET_DELIVERY = 'SELECT * FROM deliveries WHERE event_id = ? AND endpoint_id = ?'
export const DELIVERED_SINCE = `SELECT 1 FROM delivery_attempts a JOIN deliveries d ON d.id = a.delivery_id
  WHERE a.outcome = 'delivered' AND a.at_ms >= ? AND d.endpoint_id = ? LIMIT 1`
const LIST_DELIVERIES = `SELECT d.*, e.type AS event_type FROM deliveries AS d
  CROSS JOIN events AS e ON e.position = d.event_position`
const LOAD_ATTEMPTS = `SELECT a.* FROM json_each(?) AS wanted
  CROSS JOIN delivery_attempts AS a ON a.delivery_id = wanted.value ORDER BY a.position`

type PlacedEvent = EventRow & { readonly position: number }

export function getEvent(sql: Statements, id: string): Event | null {
  const row = sql(EVENT_BY_ID).get(id) as EventRow | undefined
  return row === undefined ? null : rowToEvent(row)
}

export function listEvents(sql: Statements, filter: EventFilter, page: PageRequest): Page<Event> {
  const { items, cursor } = isOfAll(filter)
    ? readMergedPage<PlacedEvent>(sql, rangesOf(filter), { conditions: [], page })
    : readPage<PlacedEvent>(sql, {
        select: 'SELECT * FROM events',
        position: 'position',
        conditions: eventConditions(filter),
        page,
      })
  return { items: items.map(rowToEvent), cursor }
}

/**
 * After an event that does not exist there is nothing: a reader must notice that it holds a wrong
 * id.
 */
export function readEventsAfter(
  sql: Statements,
  filter: EventFilter,
  afterEventId: string | null,
  limit: number,
): Event[] {
  const after = afterEventId === null ? null : findPosition(sql, afterEventId)
  if (after === undefined) return []
  const bound: Condition = after === null ? undefined : ['position > ?', after]
  if (isOfAll(filter)) {
    const part = { order: 'ASC', bound, conditions: [], limit } as const
    return readMerged<EventRow>(sql, rangesOf(filter), part).map(rowToEvent)
  }
  const { text, values } = joinConditions([...eventConditions(filter), bound])
  const statement = sql(`SELECT * FROM events WHERE ${text} ORDER BY position LIMIT ?`)
  return (statement.all(...values, limit) as EventRow[]).map(rowToEvent)
}

function findPosition(sql: Statements, eventId: string): number | undefined {
  return (sql(POSITION_BY_ID).get(eventId) as { position: number } | undefined)?.position
}

/** Whether all events of the store are asked for: no index has them in their order. */
function isOfAll(filter: EventFilter): boolean {
  return filter.invoiceId === undefined && filter.type === undefined
}

function rangesOf({ storeId }: EventFilter): Ranges {
  return { table: 'events', column: 'type', values: EVENT_TYPES, storeId }
}

function eventConditions(filter: EventFilter): Condition[] {
  return [
    ownedBy('store_id', filter.storeId, filter.invoiceId !== undefined),
    equals('invoice_id', filter.invoiceId),
    equals('type', filter.type),
  ]
}

/** The latest events only: the count is for limits far below it, and a burst must not hold up others. */
const COUNTED_EVENTS_MAX = 20_000
const LATEST_TYPES = `SELECT type FROM events WHERE store_id = ? AND at_ms > ?
  ORDER BY at_ms DESC LIMIT ?`

export function countEvents(
  sql: Statements,
  storeId: string,
  afterMs: number,
): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  const rows = sql(LATEST_TYPES).all(storeId, afterMs, COUNTED_EVENTS_MAX) as { type: string }[]
  for (const { type } of rows) counts.set(type, (counts.get(type) ?? 0) + 1)
  return counts
}

export function getEndpoint(sql: Statements, id: string): WebhookEndpoint | null {
  const row = sql(ENDPOINT_BY_ID).get(id) as EndpointRow | undefined
  return row === undefined ? null : rowToEndpoint(row)
}

export function listEndpoints(sql: Statements, storeIds: readonly string[]): WebhookEndpoint[] {
  const rows = sql(LIST_ENDPOINTS).all(JSON.stringify([...new Set(storeIds)])) as EndpointRow[]
  return rows.map(rowToEndpoint)
}

export function hasDeliveredSince(sql: Statements, endpointId: string, sinceMs: number): boolean {
  return sql(DELIVERED_SINCE).get(sinceMs, endpointId) !== undefined
}

export function getDelivery(sql: Statements, eventId: string, endpointId: string): Delivery | null {
  const row = sql(GET_DELIVERY).get(eventId, endpointId) as DeliveryRow | undefined
  return row === undefined ? null : rowToDelivery(row)
}

export function listDeliveries(
  sql: Statements,
  filter: DeliveryFilter,
  page: PageRequest,
): Page<LoggedDelivery> {
  const { items, cursor } = readPage<DeliveryRow & { position: number; event_type: string }>(sql, {
    select: LIST_DELIVERIES,
    position: 'd.position',
    conditions: [
      ownedBy('d.store_id', filter.storeId, filter.eventId !== undefined),
      equals('d.endpoint_id', filter.endpointId),
      equals('d.event_id', filter.eventId),
    ],
    page,
  })
  const ids = JSON.stringify(items.map((row) => row.id))
  const attempts = (sql(LOAD_ATTEMPTS).all(ids) as AttemptRow[]).map(rowToAttempt)
  const byDelivery = Map.groupBy(attempts, (attempt) => attempt.deliveryId)
  const logged = items.map((row) => ({
    delivery: rowToDelivery(row),
    eventType: row.event_type,
    attempts: byDelivery.get(row.id) ?? [],
  }))
  return { items: logged, cursor }
}
