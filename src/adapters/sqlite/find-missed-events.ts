import type { MissedEvents, MissedEventsQuery } from '../../ports/store.ts'
import type { Statements } from './statements.ts'
import { type EventRow, rowToEvent } from './webhook-rows.ts'

/** The time of the first event beyond the limit. */
const CUT = `SELECT at_ms FROM events WHERE store_id = ? AND at_ms >= ? AND at_ms < ?
  ORDER BY at_ms LIMIT 1 OFFSET ?`

const MISSED = `SELECT e.id, e.store_id, e.invoice_id, e.type, e.sequence, e.at_ms,
    d.id AS delivery_id, d.created_at_ms AS delivery_created_at_ms
  FROM events AS e LEFT JOIN deliveries AS d ON d.event_id = e.id AND d.endpoint_id = @endpointId
  WHERE e.store_id = @storeId AND e.at_ms >= @fromMs AND e.at_ms < @endMs
    AND (d.id IS NULL OR d.status = 'exhausted' OR (d.status = 'pending'
      AND d.lease_until_ms IS NULL AND d.next_attempt_at_ms > @nowMs))
  ORDER BY e.at_ms, e.position`

type MissedRow = Omit<EventRow, 'payload'> & {
  readonly delivery_id: string | null
  readonly delivery_created_at_ms: number
}

/** See the port. Without payloads: a thousand of them are megabytes, and nobody looks at them. */
export function findMissedEvents(sql: Statements, query: MissedEventsQuery): MissedEvents {
  const { storeId, endpointId, fromMs, toMs, nowMs, limit } = query
  const cut = sql(CUT).get(storeId, fromMs, toMs, limit) as { at_ms: number } | undefined
  const nextFromMs = cut === undefined ? null : Math.max(cut.at_ms, fromMs + 1)
  const endMs = nextFromMs ?? toMs
  const rows = sql(MISSED).all({ storeId, endpointId, fromMs, endMs, nowMs }) as MissedRow[]
  const missed = rows.map((row) => {
    const { payload, ...event } = rowToEvent({ ...row, payload: '' })
    const { delivery_id: id, delivery_created_at_ms: createdAtMs } = row
    return { event, delivery: id === null ? null : { id, createdAtMs } }
  })
  return { missed, nextFromMs }
}
