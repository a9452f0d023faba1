/** Who is served when there are fewer slots than deliveries, and what a slot given back leaves. */
import { beforeEach, describe, expect, test } from 'vitest'
import type { WebhookEndpoint } from '../../src/core/webhook/delivery.ts'
import type { Event } from '../../src/core/webhook/event.ts'
import type { ClaimedDelivery, DeliveryClaim, Store } from '../../src/ports/store.ts'
import {
  SAMPLE_TIME_MS,
  sampleDelivery,
  sampleEndpoint,
  sampleEvent,
  sampleInvoice,
  sampleStore,
} from '../support/fixtures.ts'
import type { OpenStore } from './store-suite.ts'

const NOW = SAMPLE_TIME_MS + 10_000
const LEASE_MS = 60_000
/** Endpoints of the crowded store; the quiet store has the one after them. */
const CROWD = 100
const QUIET = CROWD + 1
/** The limits of the dispatcher. */
const LIMITS = { limit: 64, perEndpoint: 4, perStore: 48 }

function claimAt(nowMs: number, limits: Partial<DeliveryClaim> = {}): DeliveryClaim {
  return { nowMs, leaseUntilMs: nowMs + LEASE_MS, ...LIMITS, ...limits }
}

const idsOf = (claimed: readonly ClaimedDelivery[]) => claimed.map(({ delivery }) => delivery.id)
const countOf = (claimed: readonly ClaimedDelivery[], storeId: string) =>
  claimed.filter(({ delivery }) => delivery.storeId === storeId).length

export function describeStoreTurns(open: OpenStore): void {
  describe('turns', () => {
    let store: Store
    let lastEvent = 0

    beforeEach(async () => {
      store = await open()
      const endpoints: WebhookEndpoint[] = Array.from({ length: CROWD }, (_, i) =>
        sampleEndpoint(i + 1),
      )
      await store.commit({
        stores: [sampleStore(), sampleStore({ id: 'st_2' })],
        endpoints: [...endpoints, sampleEndpoint(QUIET, { storeId: 'st_2' })],
        invoices: [sampleInvoice(1)],
      })
      return () => store.close()
    })

    /** A new event, later than all before, for each of these endpoints. */
    const tell = async (...endpoints: number[]): Promise<Event> => {
      lastEvent += 1
      const storeId = endpoints.includes(QUIET) ? 'st_2' : 'st_sample'
      const event = sampleEvent(lastEvent, { storeId })
      await store.commit({
        events: [event],
        deliveries: endpoints.map((n) => sampleDelivery(event, n)),
      })
      return event
    }
    const tellCrowd = () => tell(...Array.from({ length: CROWD }, (_, i) => i + 1))

    test('a store whose hundred endpoints all hang does not stop another one', async () => {
      for (let backlog = 0; backlog < 5; backlog++) await tellCrowd()
      const first = await tell(QUIET)
      const second = await tell(QUIET)
      // The backlog is older; the quiet store is in the first claim all the same.
      const claimed = await store.claimDeliveries(claimAt(NOW))
      expect(countOf(claimed, 'st_sample')).toBe(LIMITS.perStore)
      expect(idsOf(claimed).filter((id) => id.endsWith(`_${QUIET}`))).toEqual(
        [first, second].map(({ id }) => `del_${id.slice(4)}_${QUIET}`),
      )
      // None of the crowd ever answers: it holds what it has, and gets no more.
      const room = LIMITS.limit - claimed.length
      expect(await store.claimDeliveries(claimAt(NOW, { limit: room }))).toEqual([])
      // What the quiet store is told from now on is claimed at once.
      const third = await tell(QUIET)
      const next = await store.claimDeliveries(claimAt(NOW, { limit: room }))
      expect(next.map(({ event }) => event.id)).toEqual([third.id])
    })

    test('with one slot free at a time, the store that holds fewer goes first', async () => {
      for (let backlog = 0; backlog < 5; backlog++) await tellCrowd()
      const limits = { limit: 40, perStore: 64 }
      expect(countOf(await store.claimDeliveries(claimAt(NOW, limits)), 'st_sample')).toBe(40)
      await tell(QUIET)
      await tell(QUIET)
      for (const expected of ['st_2', 'st_2', 'st_sample']) {
        const [claimed] = await store.claimDeliveries(claimAt(NOW, { limit: 1, perStore: 64 }))
        expect(claimed?.delivery.storeId).toBe(expected)
      }
    })

    test('leases that ended no longer count', async () => {
      for (let backlog = 0; backlog < 2; backlog++) await tellCrowd()
      await store.claimDeliveries(claimAt(NOW))
      expect(await store.claimDeliveries(claimAt(NOW + LEASE_MS - 1))).toEqual([])
      const again = await store.claimDeliveries(claimAt(NOW + LEASE_MS))
      expect(again).toHaveLength(LIMITS.perStore)
    })

    test('an endpoint that holds slots goes behind one that holds none', async () => {
      for (let backlog = 0; backlog < 4; backlog++) await tell(1)
      expect(await store.claimDeliveries(claimAt(NOW, { limit: 2 }))).toHaveLength(2)
      await tell(2)
      const order: string[] = []
      for (let slot = 0; slot < 3; slot++) {
        const [claimed] = await store.claimDeliveries(claimAt(NOW, { limit: 1 }))
        order.push(claimed?.endpoint.id as string)
      }
      expect(order).toEqual(['we_2', 'we_1', 'we_1'])
    })

    test('a delivery that is given back is due again, as it was', async () => {
      await tell(1)
      const [claimed] = await store.claimDeliveries(claimAt(NOW))
      expect(await store.claimDeliveries(claimAt(NOW))).toEqual([])
      const { delivery } = claimed as ClaimedDelivery
      await store.releaseDelivery(delivery.id, delivery.attemptsMade + 1)
      expect(await store.claimDeliveries(claimAt(NOW))).toEqual([])
      await store.releaseDelivery(delivery.id, delivery.attemptsMade)
      expect(await store.claimDeliveries(claimAt(NOW))).toEqual([claimed])
      await store.releaseDelivery('del_none', 0)
    })

    test('giving back undoes no result, written before, after or at the same time', async () => {
      const event = await tell(1, 2, 3)
      const claimed = await store.claimDeliveries(claimAt(NOW))
      const [before, beside, after] = claimed.map(({ delivery }) => delivery)
      if (before === undefined || beside === undefined || after === undefined) throw new Error()
      const done = { status: 'delivered', attemptsMade: 1 } as const
      await store.commit({ deliveries: [{ ...before, ...done }] })
      await store.releaseDelivery(before.id, 0)
      const written = store.commit({ deliveries: [{ ...beside, ...done }] })
      await Promise.all([written, store.releaseDelivery(beside.id, 0)])
      await store.releaseDelivery(after.id, 0)
      await store.commit({ deliveries: [{ ...after, ...done }] })
      for (const n of [1, 2, 3]) {
        expect(await store.getDelivery(event.id, `we_${n}`)).toMatchObject(done)
      }
      expect(await store.nextDeliveryAtMs()).toBeNull()
    })

    test('a failed attempt keeps its next time when its claim is given back', async () => {
      const event = await tell(1)
      const [claimed] = await store.claimDeliveries(claimAt(NOW))
      const { delivery } = claimed as ClaimedDelivery
      const retry = { ...delivery, attemptsMade: 1, nextAttemptAtMs: NOW + 5_000 }
      const written = store.commit({ deliveries: [retry] })
      await Promise.all([written, store.releaseDelivery(delivery.id, 0)])
      expect(await store.getDelivery(event.id, 'we_1')).toEqual(retry)
      expect(await store.claimDeliveries(claimAt(NOW + 4_999))).toEqual([])
    })

    test('what waited behind a delivery that is given back goes on in order', async () => {
      const story = [1, 2].map((n) =>
        sampleEvent(900 + n, { invoiceId: 'inv_1', sequence: n, atMs: SAMPLE_TIME_MS + n }),
      )
      const [first, second] = story.map((event) => sampleDelivery(event, 1))
      if (first === undefined || second === undefined) throw new Error()
      await store.commit({
        events: story,
        deliveries: [{ ...first, status: 'delivered', attemptsMade: 1 }, second],
      })
      await store.claimDeliveries(claimAt(NOW))
      // Sent again by hand while the later one is out: held until that one comes back.
      await store.commit({ deliveries: [first] })
      expect(await store.claimDeliveries(claimAt(NOW))).toEqual([])
      await store.releaseDelivery(second.id, 0)
      expect(idsOf(await store.claimDeliveries(claimAt(NOW)))).toEqual([first.id])
    })
  })
}
