import { describe, expect, test } from 'vitest'
import { INVOICE_STATUSES } from '../../src/core/invoice/invoice.ts'
import { EVENT_TYPES } from '../../src/core/webhook/event.ts'
import type { InvoiceFilter, Page, PageRequest, PaymentFilter } from '../../src/ports/store.ts'
import {
  SAMPLE_COIN,
  SAMPLE_TIME_MS,
  sampleBlock,
  sampleEndpoint,
  sampleEvent,
  sampleInvoice,
  sampleObservation,
  samplePayment,
  sampleStore,
} from '../support/fixtures.ts'
import { type OpenStore, openWithShop } from './store-suite.ts'

const ALL: PageRequest = { limit: 100, before: null }
const MINE = { storeId: 'st_sample' }

/** All pages from here on, and how many there were. */
async function readAll<T>(
  list: (page: PageRequest) => Promise<Page<T>>,
  limit: number,
  before: number | null = null,
): Promise<{ items: T[]; pages: number }> {
  const page = await list({ limit, before })
  if (page.cursor === null) return { items: [...page.items], pages: 1 }
  const rest = await readAll(list, limit, page.cursor)
  return { items: [...page.items, ...rest.items], pages: rest.pages + 1 }
}

export function describeStoreLists(open: OpenStore): void {
  describe('lists', () => {
    test('pages are newest first, complete, and stable while rows are added', async () => {
      const store = await openWithShop(open)
      const numbers = [1, 2, 3, 4, 5, 6]
      await store.commit({ invoices: numbers.map((n) => sampleInvoice(n)) })
      const list = (page: PageRequest) => store.listInvoices(MINE, page)
      const first = await list({ limit: 2, before: null })
      // Neither new rows nor changed ones move what is still to come.
      await store.commit({
        invoices: [sampleInvoice(7), sampleInvoice(2, { status: 'settled', revision: 2 })],
      })
      const rest = await readAll(list, 2, first.cursor)
      const ids = [...first.items, ...rest.items].map(({ invoice }) => invoice.id)
      expect(ids).toEqual(['inv_6', 'inv_5', 'inv_4', 'inv_3', 'inv_2', 'inv_1'])
      expect(rest.pages).toBe(2)
      expect((await list({ limit: 7, before: null })).cursor).toBeNull()
      expect((await store.listInvoices({ storeId: 'st_none' }, ALL)).items).toEqual([])
    })

    test('invoices by store, status, order and time', async () => {
      const store = await openWithShop(open)
      await store.commit({
        stores: [sampleStore({ id: 'st_2' })],
        invoices: [
          sampleInvoice(1, { orderId: 'A' }),
          sampleInvoice(2, { orderId: 'A', status: 'settled' }),
          sampleInvoice(3, { orderId: 'B' }),
          sampleInvoice(4, { orderId: 'A', storeId: 'st_2' }),
        ],
      })
      const idsBy = async (filter: Partial<InvoiceFilter>) =>
        (await store.listInvoices({ ...MINE, ...filter }, ALL)).items.map((i) => i.invoice.id)
      expect(await idsBy({})).toEqual(['inv_3', 'inv_2', 'inv_1'])
      expect(await idsBy({ storeId: 'st_2' })).toEqual(['inv_4'])
      expect(await idsBy({ status: 'open' })).toEqual(['inv_3', 'inv_1'])
      expect(await idsBy({ orderId: 'A' })).toEqual(['inv_2', 'inv_1'])
      expect(await idsBy({ orderId: 'A', status: 'settled' })).toEqual(['inv_2'])
      expect(await idsBy({ orderId: 'a' })).toEqual([])
      expect(await idsBy({ createdAfterMs: SAMPLE_TIME_MS + 1 })).toEqual(['inv_3', 'inv_2'])
      expect(await idsBy({ createdBeforeMs: SAMPLE_TIME_MS + 3 })).toEqual(['inv_2', 'inv_1'])
      const between = {
        createdAfterMs: SAMPLE_TIME_MS + 1,
        createdBeforeMs: SAMPLE_TIME_MS + 3,
        status: 'settled',
      } as const
      expect(await idsBy(between)).toEqual(['inv_2'])
    })

    test('invoices come with their own payments, oldest first', async () => {
      const store = await openWithShop(open)
      const payments = [3, 1, 2].map((n) =>
        samplePayment(sampleObservation(n), { invoiceId: 'inv_1' }),
      )
      await store.commit({
        invoices: [sampleInvoice(1), sampleInvoice(2)],
        payments: [...payments, samplePayment(sampleObservation(4))],
      })
      const expected = [
        { invoice: sampleInvoice(1), payments },
        { invoice: sampleInvoice(2), payments: [] },
      ]
      expect(await store.loadInvoices(['inv_2', 'inv_1', 'inv_2', 'inv_9'])).toEqual(expected)
      expect(await store.findInvoiceByToken('token1')).toEqual(expected[0])
      expect((await store.listInvoices(MINE, ALL)).items).toEqual(expected.toReversed())
    })

    test('payments by store, invoice, asset, and those of nobody', async () => {
      const store = await openWithShop(open)
      const coin = { asset: SAMPLE_COIN, kind: 'native', logIndex: null, from: null } as const
      const payments = [
        samplePayment(sampleObservation(1), { invoiceId: 'inv_1' }),
        samplePayment(sampleObservation(2, sampleBlock(10), coin), { invoiceId: 'inv_1' }),
        samplePayment(sampleObservation(3), { accepted: false, inTime: false }),
        samplePayment(sampleObservation(4, sampleBlock(10), coin)),
        samplePayment(sampleObservation(5), { storeId: 'st_2' }),
      ]
      await store.commit({ invoices: [sampleInvoice(1)], payments })
      const by = async (filter: Partial<PaymentFilter>) =>
        (await store.listPayments({ ...MINE, ...filter }, ALL)).items
      const pick = (...numbers: number[]) => numbers.map((n) => payments[n - 1])
      expect(await by({})).toEqual(pick(4, 3, 2, 1))
      expect(await by({ storeId: 'st_2' })).toEqual(pick(5))
      expect(await by({ invoiceId: 'inv_1' })).toEqual(pick(2, 1))
      expect(await by({ unassigned: true })).toEqual(pick(4, 3))
      expect(await by({ unassigned: false })).toEqual(pick(4, 3, 2, 1))
      expect(await by({ assetId: SAMPLE_COIN.id })).toEqual(pick(4, 2))
      expect(await by({ assetId: SAMPLE_COIN.id, unassigned: true })).toEqual(pick(4))
      const paged = await readAll((page) => store.listPayments(MINE, page), 3)
      expect(paged).toEqual({ items: pick(4, 3, 2, 1), pages: 2 })
    })

    test('events are listed newest first and followed oldest first', async () => {
      const store = await openWithShop(open)
      await store.commit({ invoices: [sampleInvoice(1), sampleInvoice(2)] })
      const events = [
        sampleEvent(1, { invoiceId: 'inv_1', sequence: 1 }),
        // Committed later with an earlier time: the order of the commits is the order.
        sampleEvent(2, { atMs: 5, type: 'payment.unassigned' }),
        sampleEvent(3, { invoiceId: 'inv_1', sequence: 2, type: 'invoice.settled' }),
        sampleEvent(4, { storeId: 'st_2' }),
        sampleEvent(5, { invoiceId: 'inv_2', sequence: 1 }),
      ]
      const pick = (...numbers: number[]) => numbers.map((n) => events[n - 1])
      for (const event of events) await store.commit({ events: [event] })
      const listed = await readAll((page) => store.listEvents(MINE, page), 2)
      expect(listed).toEqual({ items: pick(5, 3, 2, 1), pages: 2 })
      const created = { ...MINE, type: 'invoice.created' }
      expect((await store.listEvents(created, ALL)).items).toEqual(pick(5, 1))
      const ofInvoice = { ...MINE, invoiceId: 'inv_1' }
      expect((await store.listEvents(ofInvoice, ALL)).items).toEqual(pick(3, 1))

      expect(await store.readEventsAfter(MINE, null, 10)).toEqual(pick(1, 2, 3, 5))
      expect(await store.readEventsAfter(MINE, null, 2)).toEqual(pick(1, 2))
      expect(await store.readEventsAfter(MINE, 'evt_2', 10)).toEqual(pick(3, 5))
      expect(await store.readEventsAfter(ofInvoice, 'evt_2', 10)).toEqual(pick(3))
      expect(await store.readEventsAfter(created, 'evt_1', 10)).toEqual(pick(5))
      expect(await store.readEventsAfter(MINE, 'evt_5', 10)).toEqual([])
      expect(await store.readEventsAfter(MINE, 'evt_unknown', 10)).toEqual([])
    })

    test('an invoice of each status is in a list without a filter, in its place', async () => {
      const store = await openWithShop(open)
      // Twice each, in two orders: the page is put together from statuses that stand mixed.
      const statuses = [...INVOICE_STATUSES, ...INVOICE_STATUSES.toReversed()]
      const invoices = statuses.map((status, i) => sampleInvoice(i + 1, { status }))
      const others = statuses.map((status, i) =>
        sampleInvoice(i + 101, { status, storeId: 'st_2' }),
      )
      await store.commit({ stores: [sampleStore({ id: 'st_2' })] })
      const mixed = invoices.flatMap((invoice, i) => [invoice, others[i] ?? invoice])
      await store.commit({ invoices: mixed })
      const listed = await readAll((page) => store.listInvoices(MINE, page), 5)
      expect(listed.pages).toBe(3)
      expect(listed.items.map(({ invoice }) => invoice)).toEqual(invoices.toReversed())
    })

    test('an event of each type is in lists without a filter, in its place', async () => {
      const store = await openWithShop(open)
      const types = [...EVENT_TYPES, ...EVENT_TYPES.toReversed()]
      const events = types.map((type, i) => sampleEvent(i + 1, { type }))
      const others = types.map((type, i) => sampleEvent(i + 101, { type, storeId: 'st_2' }))
      await store.commit({ events: events.flatMap((event, i) => [event, others[i] ?? event]) })
      const listed = await readAll((page) => store.listEvents(MINE, page), 10)
      expect(listed).toEqual({ items: events.toReversed(), pages: Math.ceil(types.length / 10) })
      expect(await store.readEventsAfter(MINE, null, 100)).toEqual(events)
      expect(await store.readEventsAfter(MINE, 'evt_9', 20)).toEqual(events.slice(9, 29))
      // An event of somebody else has a place too.
      expect(await store.readEventsAfter(MINE, 'evt_109', 20)).toEqual(events.slice(9, 29))
    })

    test('endpoints of several stores, oldest first', async () => {
      const store = await openWithShop(open)
      const endpoints = [
        sampleEndpoint(2),
        sampleEndpoint(1, { storeId: 'st_2' }),
        sampleEndpoint(3, { status: 'disabled' }),
      ]
      await store.commit({ stores: [sampleStore({ id: 'st_2' })], endpoints })
      expect(await store.listEndpoints(['st_sample'])).toEqual([endpoints[0], endpoints[2]])
      expect(await store.listEndpoints(['st_sample', 'st_2'])).toEqual(endpoints)
      expect(await store.listEndpoints([])).toEqual([])
    })
  })
}
