import { describe, expect, test } from 'vitest'
import type { Delivery } from '../../src/core/webhook/delivery.ts'
import type { Event } from '../../src/core/webhook/event.ts'
import type { MissedEvents, MissedEventsQuery } from '../../src/ports/store.ts'
import {
  SAMPLE_TIME_MS,
  sampleDelivery,
  sampleEndpoint,
  sampleEvent,
  sampleStore,
} from '../support/fixtures.ts'
import { type OpenStore, openWithShop } from './store-suite.ts'

const NOW = SAMPLE_TIME_MS + 60_000
const QUERY: MissedEventsQuery = {
  storeId: 'st_sample',
  endpointId: 'we_1',
  fromMs: 0,
  toMs: Number.MAX_SAFE_INTEGER,
  nowMs: NOW,
  limit: 100,
}

const idsOf = ({ missed }: MissedEvents) => missed.map(({ event }) => event.id)

/** Events 1..n, one in each of these milliseconds, and two endpoints. */
async function openWithEvents(open: OpenStore, times: readonly number[]) {
  const store = await openWithShop(open)
  const events = times.map((atMs, i) => sampleEvent(i + 1, { atMs }))
  await store.commit({
    stores: [sampleStore({ id: 'st_2' })],
    endpoints: [sampleEndpoint(1), sampleEndpoint(2)],
    events: [...events, sampleEvent(90, { storeId: 'st_2', atMs: times[0] as number })],
  })
  const find = (query: Partial<MissedEventsQuery> = {}) =>
    store.findMissedEvents({ ...QUERY, ...query })
  return { store, events, find }
}

export function describeMissedEvents(open: OpenStore): void {
  describe('events that an endpoint missed', () => {
    test('are those in the range, by time and then in the order of their commits', async () => {
      const { events, find } = await openWithEvents(open, [30, 10, 20, 20])
      const all = await find()
      expect(idsOf(all)).toEqual(['evt_2', 'evt_3', 'evt_4', 'evt_1'])
      expect(all.nextFromMs).toBeNull()
      const { payload, ...first } = events[1] as Event
      expect(all.missed[0]).toEqual({ event: first, delivery: null })
      expect(idsOf(await find({ fromMs: 20 }))).toEqual(['evt_3', 'evt_4', 'evt_1'])
      expect(idsOf(await find({ fromMs: 20, toMs: 30 }))).toEqual(['evt_3', 'evt_4'])
      expect(idsOf(await find({ fromMs: 31 }))).toEqual([])
      expect(idsOf(await find({ storeId: 'st_2', endpointId: 'we_9' }))).toEqual(['evt_90'])
    })

    test('are not those that were delivered, are due, or are on their way', async () => {
      const { store, events, find } = await openWithEvents(open, [1, 2, 3, 4, 5, 6])
      const planned = (n: number, overrides: Partial<Delivery>) =>
        sampleDelivery(events[n - 1] as Event, 1, { createdAtMs: n, ...overrides })
      await store.commit({ deliveries: [planned(4, { nextAttemptAtMs: NOW - 1 })] })
      const limits = { limit: 9, perEndpoint: 9, perStore: 9 }
      await store.claimDeliveries({ nowMs: NOW, leaseUntilMs: NOW + 60_000, ...limits })
      await store.commit({
        deliveries: [
          planned(1, { status: 'delivered', attemptsMade: 1 }),
          planned(2, { status: 'exhausted', attemptsMade: 10 }),
          planned(3, { attemptsMade: 2, nextAttemptAtMs: NOW + 1 }),
          planned(5, { nextAttemptAtMs: NOW }),
        ],
      })
      const { missed } = await find({ nowMs: NOW })
      expect(missed.map(({ event, delivery }) => [event.id, delivery])).toEqual([
        ['evt_2', { id: 'del_2_1', createdAtMs: 2 }],
        ['evt_3', { id: 'del_3_1', createdAtMs: 3 }],
        ['evt_6', null],
      ])
      expect(idsOf(await find({ nowMs: NOW - 2 }))).toEqual(['evt_2', 'evt_3', 'evt_5', 'evt_6'])
      expect(idsOf(await find({ endpointId: 'we_2' }))).toHaveLength(6)
    })

    test('are looked for in so many events, and told where to go on', async () => {
      const { store, events, find } = await openWithEvents(open, [1, 2, 2, 2, 3, 4])
      const done = sampleDelivery(events[0] as Event, 1, { status: 'delivered' })
      await store.commit({ deliveries: [done] })
      const found = async (query: Partial<MissedEventsQuery>) => {
        const page = await find(query)
        return [idsOf(page), page.nextFromMs]
      }
      expect(await found({ limit: 1 })).toEqual([[], 2])
      // A millisecond is never cut in two: the rest of it could not be asked for.
      expect(await found({ limit: 2 })).toEqual([[], 2])
      expect(await found({ limit: 2, fromMs: 2 })).toEqual([['evt_2', 'evt_3', 'evt_4'], 3])
      expect(await found({ limit: 1, fromMs: 3 })).toEqual([['evt_5'], 4])
      expect(await found({ limit: 1, fromMs: 3, toMs: 4 })).toEqual([['evt_5'], null])
      expect(await found({ limit: 1, fromMs: 4 })).toEqual([['evt_6'], null])
      expect(await found({ limit: 6 })).toEqual([
        ['evt_2', 'evt_3', 'evt_4', 'evt_5', 'evt_6'],
        null,
      ])
    })
  })
}
