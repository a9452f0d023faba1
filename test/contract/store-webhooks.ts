import { beforeEach, describe, expect, test } from 'vitest'
import type { Delivery } from '../../src/core/webhook/delivery.ts'
import type { Event } from '../../src/core/webhook/event.ts'
import type { ClaimedDelivery, DeliveryClaim, Store } from '../../src/ports/store.ts'
import {
  SAMPLE_TIME_MS,
  sampleAttempt,
  sampleDelivery,
  sampleEndpoint,
  sampleEvent,
  sampleInvoice,
  sampleStore,
} from '../support/fixtures.ts'
import type { OpenStore } from './store-suite.ts'

const NOW = SAMPLE_TIME_MS + 1_000
const LEASE_MS = 60_000

function claimAt(nowMs: number, overrides: Partial<DeliveryClaim> = {}): DeliveryClaim {
  const limits = { limit: 100, perEndpoint: 100, perStore: 100 }
  return { nowMs, leaseUntilMs: nowMs + LEASE_MS, ...limits, ...overrides }
}

function idsOf(claimed: readonly ClaimedDelivery[]): string[] {
  return claimed.map(({ delivery }) => delivery.id)
}

/** The result of an attempt, as the dispatcher commits it. */
function delivered(delivery: Delivery): Delivery {
  return { ...delivery, status: 'delivered', attemptsMade: delivery.attemptsMade + 1 }
}

function retried(delivery: Delivery, nextAttemptAtMs: number): Delivery {
  return { ...delivery, attemptsMade: delivery.attemptsMade + 1, nextAttemptAtMs }
}

export function describeStoreWebhooks(open: OpenStore): void {
  describe('deliveries', () => {
    let store: Store
    /** Events 1..n without an invoice. */
    const events = Array.from({ length: 8 }, (_, i) => sampleEvent(i + 1))
    /** Events of invoice 1 and 2, numbers 10.. and 20... */
    const story = (invoice: number, count: number): Event[] =>
      Array.from({ length: count }, (_, i) =>
        sampleEvent(invoice * 10 + i, { invoiceId: `inv_${invoice}`, sequence: i + 1 }),
      )

    beforeEach(async () => {
      store = await open()
      await store.commit({
        stores: [sampleStore(), sampleStore({ id: 'st_2' })],
        endpoints: [1, 2, 3].map((n) => sampleEndpoint(n)),
        invoices: [sampleInvoice(1), sampleInvoice(2)],
        events,
      })
      return () => store.close()
    })

    test('events are counted by type, of one store, after a time', async () => {
      const [storeId, atMs] = ['st_2', SAMPLE_TIME_MS]
      const events = [
        sampleEvent(91, { storeId, type: 'payment.orphaned', atMs }),
        sampleEvent(92, { storeId, type: 'payment.orphaned', atMs: atMs + 1 }),
        sampleEvent(93, { storeId, type: 'payment.orphaned', atMs: atMs + 2 }),
        sampleEvent(94, { storeId, type: 'endpoint.test', atMs: atMs + 1 }),
      ]
      expect(await store.commit({ events })).toBe('committed')
      expect(Object.fromEntries(await store.countEvents(storeId, atMs))).toEqual({
        ...{ 'payment.orphaned': 2, 'endpoint.test': 1 },
      })
      expect((await store.countEvents(storeId, atMs + 2)).size).toBe(0)
      expect((await store.countEvents('st_other', 0)).size).toBe(0)
    })

    test('a due delivery is claimed with its event and endpoint, once', async () => {
      const [event] = events as [Event]
      const delivery = sampleDelivery(event, 1, { nextAttemptAtMs: NOW })
      await store.commit({ deliveries: [delivery] })
      expect(await store.claimDeliveries(claimAt(NOW - 1))).toEqual([])
      expect(await store.nextDeliveryAtMs()).toBe(NOW)
      const claimed = await store.claimDeliveries(claimAt(NOW))
      expect(claimed).toEqual([{ delivery, event, endpoint: sampleEndpoint(1) }])
      expect(await store.claimDeliveries(claimAt(NOW))).toEqual([])
      expect(await store.nextDeliveryAtMs()).toBe(NOW + LEASE_MS)
    })

    test('a lease that ended is claimable again; a result ends it', async () => {
      const delivery = sampleDelivery(events[0] as Event, 1)
      await store.commit({ deliveries: [delivery] })
      await store.claimDeliveries(claimAt(NOW))
      expect(await store.claimDeliveries(claimAt(NOW + LEASE_MS - 1))).toEqual([])
      expect(idsOf(await store.claimDeliveries(claimAt(NOW + LEASE_MS)))).toEqual([delivery.id])

      const later = NOW + LEASE_MS + 5_000
      await store.commit({ deliveries: [retried(delivery, later)] })
      expect(await store.nextDeliveryAtMs()).toBe(later)
      expect(await store.claimDeliveries(claimAt(later - 1))).toEqual([])
      const [again] = await store.claimDeliveries(claimAt(later))
      expect(again?.delivery).toEqual(retried(delivery, later))
      await store.commit({ deliveries: [delivered(retried(delivery, later))] })
      expect(await store.nextDeliveryAtMs()).toBeNull()
      expect(await store.claimDeliveries(claimAt(later + LEASE_MS))).toEqual([])
      expect(await store.getDelivery('evt_1', 'we_1')).toMatchObject({
        status: 'delivered',
        attemptsMade: 2,
      })
    })

    test('endpoints take turns, however much one of them has waiting', async () => {
      const busy = events.slice(0, 6).map((event) => sampleDelivery(event, 1))
      const quiet = [sampleDelivery(events[6] as Event, 2), sampleDelivery(events[7] as Event, 3)]
      await store.commit({ deliveries: [...busy, ...quiet] })
      const first = await store.claimDeliveries(claimAt(NOW, { limit: 4, perEndpoint: 3 }))
      expect(idsOf(first)).toEqual(['del_1_1', 'del_7_2', 'del_8_3', 'del_2_1'])
      const second = await store.claimDeliveries(claimAt(NOW, { limit: 4, perEndpoint: 3 }))
      expect(idsOf(second)).toEqual(['del_3_1'])
      expect(await store.claimDeliveries(claimAt(NOW, { perEndpoint: 3 }))).toEqual([])
      await store.commit({ deliveries: [delivered(busy[0] as Delivery)] })
      const third = await store.claimDeliveries(claimAt(NOW, { perEndpoint: 3 }))
      expect(idsOf(third)).toEqual(['del_4_1'])
    })

    test('events of an invoice go one after the other, other invoices go on', async () => {
      const one = story(1, 3)
      const two = story(2, 1)
      // Written in the wrong order: the order of the events counts.
      const deliveries = one.toReversed().map((event) => sampleDelivery(event, 1))
      const other = two.map((event) => sampleDelivery(event, 1))
      await store.commit({ events: [...one, ...two], deliveries: [...deliveries, ...other] })
      expect(idsOf(await store.claimDeliveries(claimAt(NOW)))).toEqual(['del_10_1', 'del_20_1'])

      const first = sampleDelivery(one[0] as Event, 1)
      await store.commit({ deliveries: [retried(first, NOW + 5_000)] })
      expect(await store.claimDeliveries(claimAt(NOW))).toEqual([])
      expect(await store.nextDeliveryAtMs()).toBe(NOW + 5_000)
      expect(idsOf(await store.claimDeliveries(claimAt(NOW + 5_000)))).toEqual(['del_10_1'])
      await store.commit({ deliveries: [delivered(first)] })
      expect(idsOf(await store.claimDeliveries(claimAt(NOW + 5_000)))).toEqual(['del_11_1'])
      await store.commit({
        deliveries: [{ ...sampleDelivery(one[1] as Event, 1), status: 'exhausted' }],
      })
      expect(idsOf(await store.claimDeliveries(claimAt(NOW + 5_000)))).toEqual(['del_12_1'])
    })

    test('the order of one endpoint does not hold up another', async () => {
      const one = story(1, 2)
      await store.commit({
        events: one,
        deliveries: [
          sampleDelivery(one[0] as Event, 1, { nextAttemptAtMs: NOW + 9_000 }),
          sampleDelivery(one[1] as Event, 1),
          sampleDelivery(one[1] as Event, 2),
        ],
      })
      expect(idsOf(await store.claimDeliveries(claimAt(NOW)))).toEqual(['del_11_2'])
      expect(await store.nextDeliveryAtMs()).toBe(NOW + 9_000)
    })

    test('an event sent again waits while a later one of its invoice is out', async () => {
      const one = story(1, 2)
      const [first, second] = one.map((event) => sampleDelivery(event, 1)) as [Delivery, Delivery]
      await store.commit({ events: one, deliveries: [delivered(first), second] })
      expect(idsOf(await store.claimDeliveries(claimAt(NOW)))).toEqual([second.id])
      await store.commit({ deliveries: [first] })
      expect(await store.claimDeliveries(claimAt(NOW))).toEqual([])
      expect(await store.nextDeliveryAtMs()).toBe(NOW + LEASE_MS)
      await store.commit({ deliveries: [retried(second, NOW)] })
      expect(idsOf(await store.claimDeliveries(claimAt(NOW)))).toEqual([first.id])
      await store.commit({ deliveries: [delivered(first)] })
      expect(idsOf(await store.claimDeliveries(claimAt(NOW)))).toEqual([second.id])
    })

    test('nothing is claimed for a disabled endpoint until it is enabled again', async () => {
      const disabled = sampleEndpoint(1, { status: 'disabled', revision: 2 })
      const delivery = sampleDelivery(events[0] as Event, 1)
      await store.commit({ deliveries: [delivery], endpoints: [disabled] })
      expect(await store.claimDeliveries(claimAt(NOW))).toEqual([])
      expect(await store.nextDeliveryAtMs()).toBeNull()
      await store.commit({ endpoints: [sampleEndpoint(1, { revision: 3 })] })
      expect(idsOf(await store.claimDeliveries(claimAt(NOW)))).toEqual([delivery.id])
    })

    test('deleting an endpoint cancels what waits for it, for good', async () => {
      const waiting = sampleDelivery(events[0] as Event, 1)
      const done = delivered(sampleDelivery(events[1] as Event, 1))
      const other = sampleDelivery(events[0] as Event, 2)
      await store.commit({ deliveries: [waiting, done, other] })
      await store.claimDeliveries(claimAt(NOW, { limit: 1 }))
      const gone = sampleEndpoint(1, { deletedAtMs: NOW, revision: 2 })
      expect(await store.commit({ endpoints: [gone] })).toBe('committed')
      const statusOf = async (eventId: string) => (await store.getDelivery(eventId, 'we_1'))?.status
      expect(await statusOf('evt_1')).toBe('canceled')
      expect(await statusOf('evt_2')).toBe('delivered')
      expect(await store.listEndpoints(['st_sample'])).toEqual([2, 3].map((n) => sampleEndpoint(n)))
      expect(await store.getEndpoint('we_1')).toEqual(gone)
      // The attempt that was under way comes back too late.
      await store.commit({ deliveries: [retried(waiting, NOW)] })
      expect(await statusOf('evt_1')).toBe('canceled')
      expect(idsOf(await store.claimDeliveries(claimAt(NOW + LEASE_MS)))).toEqual([other.id])
    })

    test('one delivery per event and endpoint', async () => {
      const delivery = sampleDelivery(events[0] as Event, 1)
      await store.commit({ deliveries: [delivery] })
      const twin = { ...delivery, id: 'del_twin' }
      expect(await store.commit({ deliveries: [twin] })).toBe('conflict')
      expect(await store.getDelivery('evt_1', 'we_1')).toEqual(delivery)
    })

    test('a delivery of nothing or to nobody is a bug', async () => {
      const delivery = sampleDelivery(events[0] as Event, 1)
      const ofNothing = { ...delivery, eventId: 'evt_none' }
      const toNobody = { ...delivery, endpointId: 'we_none' }
      await expect(store.commit({ deliveries: [ofNothing] })).rejects.toThrow()
      await expect(store.commit({ deliveries: [toNobody] })).rejects.toThrow()
      expect(await store.nextDeliveryAtMs()).toBeNull()
    })

    test('the log shows each delivery with its attempts, newest first', async () => {
      const deliveries = events.slice(0, 3).map((event) => sampleDelivery(event, 1))
      const [first] = deliveries as [Delivery]
      const attempts = [
        sampleAttempt(first, 1),
        sampleAttempt(first, 2, { outcome: 'delivered', status: 204, detail: '', excerpt: '' }),
      ]
      await store.commit({ deliveries, attempts: attempts.slice(0, 1) })
      await store.commit({ deliveries: [delivered(first)], attempts: attempts.slice(1) })
      const filter = { storeId: 'st_sample', endpointId: 'we_1' }
      const page = await store.listDeliveries(filter, { limit: 2, before: null })
      expect(page.items.map(({ delivery }) => delivery.id)).toEqual(['del_3_1', 'del_2_1'])
      const rest = await store.listDeliveries(filter, { limit: 2, before: page.cursor })
      expect(rest).toEqual({
        items: [{ delivery: delivered(first), eventType: 'invoice.created', attempts }],
        cursor: null,
      })
      const count = async (extra: object) =>
        (await store.listDeliveries({ ...filter, ...extra }, { limit: 9, before: null })).items
          .length
      expect(await count({ eventId: 'evt_2' })).toBe(1)
      expect(await count({ endpointId: 'we_2' })).toBe(0)
      expect(await count({ storeId: 'st_2' })).toBe(0)
      expect(await store.commit({ attempts: attempts.slice(0, 1) })).toBe('conflict')
    })
  })
}
