import type { MissedEvents, MissedEventsQuery } from '../../ports/store.ts'
import { type MemoryState, type StoredDelivery, valuesOf } from './memory-state.ts'

/** See the port. */
export function findMissedEvents(state: MemoryState, query: MissedEventsQuery): MissedEvents {
  const { storeId, endpointId, fromMs, toMs, nowMs, limit } = query
  const inRange = valuesOf(state.events)
    .filter((event) => event.storeId === storeId && event.atMs >= fromMs && event.atMs < toMs)
    .sort((a, b) => a.atMs - b.atMs)
  const cut = inRange[limit]
  const nextFromMs = cut === undefined ? null : Math.max(cut.atMs, fromMs + 1)
  const stored = new Map(
    valuesOf(state.deliveries)
      .filter(({ delivery }) => delivery.endpointId === endpointId)
      .map((each) => [each.delivery.eventId, each]),
  )
  const missed = inRange
    .filter(({ atMs }) => nextFromMs === null || atMs < nextFromMs)
    .filter(({ id }) => isMissed(stored.get(id), nowMs))
    .map(({ payload, ...event }) => {
      const known = stored.get(event.id)?.delivery
      const delivery = known && { id: known.id, createdAtMs: known.createdAtMs }
      return { event, delivery: delivery ?? null }
    })
  return { missed, nextFromMs }
}

function isMissed(stored: StoredDelivery | undefined, nowMs: number): boolean {
  if (stored === undefined || stored.delivery.status === 'exhausted') return true
  const { delivery, leaseUntilMs } = stored
  return delivery.status === 'pending' && leaseUntilMs === null && delivery.nextAttemptAtMs > nowMs
}
