import { expect, test } from 'vitest'
import { createMemoryStore } from '../../src/adapters/memory/memory-store.ts'
import { raiseAlerts } from '../../src/operations/raise-alerts.ts'
import {
  SAMPLE_TIME_MS,
  sampleEndpoint,
  sampleEvent,
  sampleInvoice,
  sampleStore,
} from '../support/fixtures.ts'

const LIMITS = { invoicesPer5Min: 3, underpaidPerHour: 10, orphanedPerHour: 3 }

async function openShop() {
  const store = createMemoryStore()
  await store.commit({
    stores: [sampleStore()],
    endpoints: [sampleEndpoint(1)],
    invoices: [sampleInvoice(1)],
  })
  let nowMs = SAMPLE_TIME_MS
  const counted: object[] = []
  const deps = {
    store,
    clock: { nowMs: () => nowMs, monotonicMs: () => 0 },
    ids: { randomBytes: (count: number) => crypto.getRandomValues(new Uint8Array(count)) },
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    metrics: { count: (name: string, labels: object = {}) => counted.push({ name, ...labels }) },
  }
  let events = 0
  return {
    counted,
    look: () => raiseAlerts(deps, LIMITS),
    pass(ms: number) {
      nowMs += ms
    },
    async create(count: number) {
      for (let i = 0; i < count; i++) {
        events += 1
        const event = sampleEvent(events, { type: 'invoice.created', atMs: nowMs })
        await store.commit({ events: [event] })
      }
    },
    async alerts() {
      const filter = { storeId: 'st_sample', type: 'alert.invoice_burst' }
      const { items } = await store.listEvents(filter, { limit: 10, before: null })
      return items
    },
    deliveries: () => store.listDeliveries({ storeId: 'st_sample' }, { limit: 10, before: null }),
  }
}

test('a burst of invoices is an event and a webhook, once in five minutes', async () => {
  const shop = await openShop()
  await shop.create(2)
  await shop.look()
  expect(await shop.alerts()).toEqual([])
  await shop.create(1)
  await shop.look()
  await shop.look()
  const [alert, ...others] = await shop.alerts()
  expect(others).toEqual([])
  expect(alert).toMatchObject({ invoiceId: null, sequence: null })
  expect(JSON.parse(alert!.payload)).toMatchObject({
    type: 'alert.invoice_burst',
    data: { object: 'alert', kind: 'invoice_burst', count: 3, limit: 3, window_s: 300 },
  })
  const { items } = await shop.deliveries()
  expect(items.map(({ delivery }) => delivery.eventId)).toEqual([alert!.id])
  expect(shop.counted).toEqual([{ name: 'alerts_total', kind: 'invoice_burst' }])

  shop.pass(300_001)
  await shop.look()
  expect(await shop.alerts()).toHaveLength(1)
  await shop.create(3)
  await shop.look()
  expect(await shop.alerts()).toHaveLength(2)
})
