import { type SlotHolder, takeTurns } from '../../core/webhook/take-turns.ts'
import type { ClaimedDelivery, DeliveryClaim } from '../../ports/store.ts'
import type { Statements } from './statements.ts'
import {
  type DeliveryRow,
  type EndpointRow,
  type EventRow,
  rowToDelivery,
  rowToEndpoint,
  rowToEvent,
} from './webhook-rows.ts'
import { refreshLane } from './write-webhooks.ts'

/** Endpoints that take webhooks and have one that is due. */
export const DUE_ENDPOINTS = `SELECT * FROM webhook_endpoints
  WHERE status = 'enabled' AND deleted_at_ms IS NULL AND EXISTS (
    SELECT 1 FROM deliveries WHERE endpoint_id = webhook_endpoints.id
      AND status = 'pending' AND first_in_line = 1 AND claimable_at_ms <= ?)`
/** Only what is leased is walked through: as many as are sent at once. */
export const LEASED = `SELECT store_id AS storeId, endpoint_id AS endpointId
  FROM deliveries INDEXED BY deliveries_leased
  WHERE status = 'pending' AND lease_until_ms IS NOT NULL AND lease_until_ms > ?`
export const DUE_DELIVERIES = `SELECT * FROM deliveries
  WHERE endpoint_id = ? AND status = 'pending' AND first_in_line = 1 AND claimable_at_ms <= ?
  ORDER BY claimable_at_ms, event_position LIMIT ?`
const LEASE = 'UPDATE deliveries SET lease_until_ms = ? WHERE position = ?'
/** A result that was written meanwhile has ended the lease, and stands. */
const RELEASE = `UPDATE deliveries SET lease_until_ms = NULL
  WHERE id = ? AND status = 'pending' AND attempts_made = ? AND lease_until_ms IS NOT NULL
  RETURNING endpoint_id AS endpointId, invoice_id AS invoiceId`
const RELEASE_ALL = `UPDATE deliveries SET lease_until_ms = NULL, lane_held_until_ms = 0
  WHERE status = 'pending' AND (lease_until_ms IS NOT NULL OR lane_held_until_ms <> 0)`
const GET_EVENT = 'SELECT * FROM events WHERE position = ?'

export const NEXT_DELIVERY = `SELECT min((
    SELECT min(claimable_at_ms) FROM deliveries WHERE endpoint_id = webhook_endpoints.id
      AND status = 'pending' AND first_in_line = 1)) AS at_ms
  FROM webhook_endpoints WHERE status = 'enabled' AND deleted_at_ms IS NULL`

type CandidateRow = DeliveryRow & {
  readonly position: number
  readonly event_position: number
  readonly claimable_at_ms: number
}

type Candidate = SlotHolder & { readonly row: CandidateRow; readonly endpoint: EndpointRow }

/** Whether a claim would find anything, without the write transaction that it takes. */
export function hasDueDelivery(sql: Statements, nowMs: number): boolean {
  return sql(DUE_ENDPOINTS).get(nowMs) !== undefined
}

/** Leases due deliveries, in turns. The caller holds a write transaction. */
export function claimDeliveries(sql: Statements, claim: DeliveryClaim): ClaimedDelivery[] {
  const underWay = sql(LEASED).all(claim.nowMs) as SlotHolder[]
  const endpoints = sql(DUE_ENDPOINTS).all(claim.nowMs) as EndpointRow[]
  const due = endpoints
    .flatMap((endpoint) => findCandidates(sql, endpoint, claim))
    .sort(compareCandidates)
  return takeTurns(due, underWay, claim)
    .slice(0, claim.limit)
    .map((candidate) => lease(sql, candidate, claim.leaseUntilMs))
}

function findCandidates(sql: Statements, endpoint: EndpointRow, claim: DeliveryClaim): Candidate[] {
  const most = Math.min(claim.perEndpoint, claim.limit)
  const rows = sql(DUE_DELIVERIES).all(endpoint.id, claim.nowMs, most) as CandidateRow[]
  return rows.map((row) => ({ row, endpoint, storeId: row.store_id, endpointId: endpoint.id }))
}

function compareCandidates(a: Candidate, b: Candidate): number {
  return (
    a.row.claimable_at_ms - b.row.claimable_at_ms ||
    a.row.event_position - b.row.event_position ||
    a.row.position - b.row.position
  )
}

function lease(sql: Statements, candidate: Candidate, leaseUntilMs: number): ClaimedDelivery {
  const { row, endpoint } = candidate
  sql(LEASE).run(leaseUntilMs, row.position)
  const event = sql(GET_EVENT).get(row.event_position) as EventRow
  return {
    delivery: rowToDelivery(row),
    event: rowToEvent(event),
    endpoint: rowToEndpoint(endpoint),
  }
}

/** Ends one lease, unless an attempt was recorded since it was claimed. */
export function releaseDelivery(sql: Statements, id: string, attemptsMade: number): void {
  const released = sql(RELEASE).get(id, attemptsMade) as
    | { endpointId: string; invoiceId: string | null }
    | undefined
  if (released === undefined || released.invoiceId === null) return
  refreshLane(sql, released.endpointId, released.invoiceId)
}

/** Ends every lease. Only for a process that knows that no other one is sending. */
export function releaseLeases(sql: Statements): void {
  sql(RELEASE_ALL).run()
}

/** When `claimDeliveries` has something to do next; null while nothing is pending. */
export function nextDeliveryAtMs(sql: Statements): number | null {
  return (sql(NEXT_DELIVERY).get() as { at_ms: number | null }).at_ms
}
