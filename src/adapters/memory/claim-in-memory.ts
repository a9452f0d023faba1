import { type SlotHolder, takeTurns } from '../../core/webhook/take-turns.ts'
import type { ClaimedDelivery, DeliveryClaim } from '../../ports/store.ts'
import { type MemoryState, type StoredDelivery, type Table, valuesOf } from './memory-state.ts'

/**
 * The earliest pending delivery of a lane (one endpoint and invoice), and when it may be claimed.
 */
type Head = {
  readonly stored: StoredDelivery
  readonly eventPosition: number
  readonly claimableAtMs: number
}

/** Leases due deliveries, in turns. */
export function claimDeliveries(state: MemoryState, claim: DeliveryClaim): ClaimedDelivery[] {
  const due = findHeads(state)
    .filter((head) => head.claimableAtMs <= claim.nowMs)
    .sort(compareHeads)
    .map((head) => ({ head, ...holderOf(head.stored) }))
  return takeTurns(due, findLeased(state, claim.nowMs), claim)
    .slice(0, claim.limit)
    .map(({ head }) => lease(state, head, claim.leaseUntilMs))
}

/** Ends one lease, unless an attempt was recorded since it was claimed. */
export function releaseDelivery(state: MemoryState, id: string, attemptsMade: number): void {
  const delivery = state.deliveries.get(id)?.value.delivery
  if (delivery?.status !== 'pending' || delivery.attemptsMade !== attemptsMade) return
  replace(state.deliveries, id, Object.freeze({ delivery, leaseUntilMs: null }))
}

/** When `claimDeliveries` has something to do next; null while nothing is pending. */
export function nextDeliveryAtMs(state: MemoryState): number | null {
  const times = findHeads(state).map((head) => head.claimableAtMs)
  return times.length === 0 ? null : Math.min(...times)
}

function findHeads(state: MemoryState): Head[] {
  const pending = valuesOf(state.deliveries)
    .filter(({ delivery }) => delivery.status === 'pending' && takesWebhooks(state, delivery))
    .map((stored) => ({ stored, eventPosition: eventPositionOf(state, stored) }))
    .sort((a, b) => a.eventPosition - b.eventPosition)
  const lanes = Map.groupBy(pending, ({ stored: { delivery } }) =>
    delivery.invoiceId === null
      ? `delivery/${delivery.id}`
      : `${delivery.endpointId}/${delivery.invoiceId}`,
  )
  return [...lanes.values()].map((lane) => {
    const [first] = lane as [(typeof lane)[number], ...typeof lane]
    const leases = lane.map(({ stored }) => stored.leaseUntilMs ?? 0)
    const claimableAtMs = Math.max(first.stored.delivery.nextAttemptAtMs, ...leases)
    return { ...first, claimableAtMs }
  })
}

function takesWebhooks(state: MemoryState, delivery: StoredDelivery['delivery']): boolean {
  const endpoint = state.endpoints.get(delivery.endpointId)?.value
  return endpoint?.status === 'enabled' && endpoint.deletedAtMs === null
}

function eventPositionOf(state: MemoryState, { delivery }: StoredDelivery): number {
  return (state.events.get(delivery.eventId) as { position: number }).position
}

function findLeased(state: MemoryState, nowMs: number): SlotHolder[] {
  return valuesOf(state.deliveries)
    .filter(({ delivery, leaseUntilMs }) => {
      return delivery.status === 'pending' && (leaseUntilMs ?? 0) > nowMs
    })
    .map(holderOf)
}

function holderOf({ delivery }: StoredDelivery): SlotHolder {
  return { storeId: delivery.storeId, endpointId: delivery.endpointId }
}

function compareHeads(a: Head, b: Head): number {
  return a.claimableAtMs - b.claimableAtMs || a.eventPosition - b.eventPosition
}

function lease(state: MemoryState, { stored }: Head, leaseUntilMs: number): ClaimedDelivery {
  const { delivery } = stored
  replace(state.deliveries, delivery.id, Object.freeze({ delivery, leaseUntilMs }))
  const event = state.events.get(delivery.eventId)?.value
  const endpoint = state.endpoints.get(delivery.endpointId)?.value
  return { delivery, event, endpoint } as ClaimedDelivery
}

function replace<T>(table: Table<T>, key: string, value: T): void {
  const { position } = table.get(key) as { position: number }
  table.set(key, { position, value })
}
