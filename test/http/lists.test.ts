import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Address } from '../../src/core/money/asset.ts'
import {
  SAMPLE_CHAIN_ID,
  sampleBlock,
  sampleDepositAddress,
  sampleObservation,
  samplePayment,
} from '../support/fixtures.ts'
import {
  type Answer,
  countInvoices,
  createInvoice,
  type HttpHarness,
  startHttpHarness,
} from '../support/http-harness.ts'

let gateway: HttpHarness
beforeAll(async () => {
  gateway = await startHttpHarness()
})
afterAll(() => gateway.server.close())

async function readAll(path: string, onPage: () => Promise<unknown> = async () => {}) {
  const items: Answer['json'][] = []
  let cursor: string | null = null
  do {
    const next: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`
    const { status, json } = await gateway.ask({ path: `${path}${next}` })
    expect(status).toBe(200)
    items.push(...json.data)
    cursor = json.next_cursor
    await onPage()
  } while (cursor !== null)
  return items
}

describe('lists', () => {
  test('IN-13: 1,000 are paged through, each once, while 500 are added', async () => {
    const before = await countInvoices(gateway)
    const count = 1_000
    const made = new Set<string>()
    for (let n = 0; n < count; n += 50) {
      const some = await Promise.all(Array.from({ length: 50 }, () => createInvoice(gateway)))
      for (const { id } of some) made.add(id)
    }
    let added = 0
    const add = async () => {
      await Promise.all(Array.from({ length: 18 }, () => createInvoice(gateway)))
      added += 18
    }
    const ids = (await readAll('/v1/invoices?limit=37', add)).map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids.filter((id) => made.has(id)).length).toBe(count)
    expect(ids.length).toBe(before + count)
    expect(added).toBeGreaterThanOrEqual(500)
  })

  test.each(['0', '-1', '101', 'abc', '', '1.5', '1e1', ' 5', '٣'])(
    'limit=%s is 400',
    async (limit) => {
      const path = `/v1/invoices?limit=${encodeURIComponent(limit)}`
      const answer = await gateway.ask({ path })
      expect([answer.status, answer.json.errors?.[0]]).toMatchObject([
        400,
        { pointer: '/limit', parameter: 'limit' },
      ])
    },
  )

  test('a forged cursor, or one of another list, is 400', async () => {
    const { json } = await gateway.ask({ path: '/v1/invoices?limit=1' })
    const cursor = json.next_cursor
    const swapped = cursor.slice(0, -1) + (cursor.endsWith('A') ? 'B' : 'A')
    for (const query of [
      '/v1/invoices?cursor=x',
      '/v1/invoices?cursor=',
      `/v1/invoices?cursor=${swapped}`,
      `/v1/invoices?cursor=${cursor}AA`,
      `/v1/invoices?status=open&cursor=${cursor}`,
      `/v1/payments?cursor=${cursor}`,
    ]) {
      const answer = await gateway.ask({ path: query })
      expect([query, answer.status, answer.json.errors?.[0].parameter]).toEqual([
        query,
        400,
        'cursor',
      ])
    }
    const foreign = await gateway.ask({
      path: `/v1/invoices?limit=1&cursor=${cursor}`,
      key: gateway.otherKey,
    })
    expect(foreign.status).toBe(400)
  })

  test.each([
    '/v1/invoices?statuses=open',
    '/v1/invoices?status=paid',
    '/v1/invoices?limit=1&limit=2',
    '/v1/invoices?created_after=yesterday',
    '/v1/invoices?created_before=2026-13-01T00:00:00Z',
    '/v1/invoices?order_id=a%00b',
    '/v1/invoices?order_id=%ff',
    '/v1/payments?asset=USDC',
    '/v1/payments?unassigned=1',
    '/v1/events?type=invoice.paid',
    '/v1/events?after=evt_unknown',
    '/v1/assets?limit=1',
  ])('%s is 400', async (path) => {
    const answer = await gateway.ask({ path })
    expect([answer.status, answer.json.code]).toEqual([400, 'invalid_request'])
    expect(answer.json.errors[0].code).toMatch(/./)
  })

  test('invoices are found by the time they were made', async () => {
    const { created_at } = await createInvoice(gateway, { order_id: 'by-time' })
    const at = Date.parse(created_at)
    const find = async (filter: string) =>
      (await gateway.ask({ path: `/v1/invoices?order_id=by-time&${filter}` })).json.data.length
    const time = (ms: number) => encodeURIComponent(new Date(at + ms).toISOString())
    expect(await find(`created_after=${time(-1)}&created_before=${time(1)}`)).toBe(1)
    expect(await find(`created_after=${time(1)}`)).toBe(0)
    expect(await find(`created_before=${time(-1)}`)).toBe(0)
  })
})

describe('payments', () => {
  test('are listed by invoice, unassigned and asset, with checksum addresses', async () => {
    const { id, address } = await createInvoice(gateway)
    const to = address.toLowerCase() as Address
    const observation = sampleObservation(1, sampleBlock(10), { to })
    const { store, deps } = gateway
    const base = { storeId: store.id }
    const stray = sampleObservation(2, sampleBlock(10), { to })
    await deps.store.commit({
      payments: [
        samplePayment(observation, { ...base, invoiceId: id }),
        samplePayment(stray, { ...base, invoiceId: null, accepted: false }),
      ],
    })
    const list = async (query: string) =>
      (await gateway.ask({ path: `/v1/payments?${query}` })).json.data
    const [payment] = await list(`invoice=${id}`)
    expect(payment).toMatchObject({
      object: 'payment',
      invoice: id,
      to: address,
      amount: '25',
      position: 'included',
      confirmations: 1,
    })
    const unassigned = await list('unassigned=true')
    expect(unassigned.map((one: { invoice: null }) => one.invoice)).toEqual([null])
    expect((await list(`asset=${observation.asset.id}`)).length).toBe(2)
    expect(await list(`asset=eip155:${SAMPLE_CHAIN_ID}/slip44:60`)).toEqual([])
    const invoice = (await gateway.ask({ path: `/v1/invoices/${id}` })).json
    expect(invoice.payments).toEqual([payment])
  })

  test('to an address that does not derive are an alarm, not an answer', async () => {
    const evil = sampleDepositAddress(7, {
      storeId: gateway.otherStore.id,
      fingerprint: gateway.otherStore.fingerprint,
    })
    const observation = sampleObservation(3, sampleBlock(10), { to: evil.address })
    await gateway.deps.store.commit({
      addresses: [evil],
      payments: [samplePayment(observation, { storeId: gateway.otherStore.id })],
    })
    const answer = await gateway.ask({ path: '/v1/payments', key: gateway.otherKey })
    expect([answer.status, answer.json.code]).toEqual([500, 'address_mismatch'])
  })
})

describe('events', () => {
  test('are listed newest first, and read forward from one', async () => {
    const invoice = await createInvoice(gateway)
    await gateway.ask({ method: 'POST', path: `/v1/invoices/${invoice.id}/cancel` })
    const list = await gateway.ask({ path: `/v1/events?invoice=${invoice.id}` })
    const [canceled, created] = list.json.data
    expect([canceled.type, created.type]).toEqual(['invoice.canceled', 'invoice.created'])
    expect([created.sequence, canceled.sequence]).toEqual([1, 2])
    expect(created.data).toEqual(invoice)
    expect((await gateway.ask({ path: `/v1/events/${created.id}` })).json).toEqual(created)
    const after = await gateway.ask({ path: `/v1/events?after=${created.id}` })
    expect(after.json).toEqual({ data: [canceled], next_cursor: null })
    const some = await Promise.all(Array.from({ length: 5 }, () => createInvoice(gateway)))
    const forward = await readAll(`/v1/events?limit=2&after=${created.id}`)
    expect(forward.map(({ id }) => id).slice(0, 1)).toEqual([canceled.id])
    expect(forward.length).toBe(1 + some.length)
    const foreign = await gateway.ask({ path: `/v1/events/${created.id}`, key: gateway.otherKey })
    expect(foreign.status).toBe(404)
  })

  test('with a changed address are an alarm, not an answer', async () => {
    const harness = await startHttpHarness()
    const { id } = await createInvoice(harness)
    const [event] = (await harness.ask({ path: '/v1/events' })).json.data
    const stored = await harness.deps.store.getEvent(event.id)
    if (stored === null) throw new Error('the event is stored')
    const evil = `0x${'de'.repeat(20)}`
    const payload = stored.payload.replaceAll(event.data.address, evil)
    const forged = { ...stored, id: `evt_${'1'.repeat(26)}`, sequence: 2, payload }
    expect(await harness.deps.store.commit({ events: [forged] })).toBe('committed')
    const answer = await harness.ask({ path: `/v1/events?invoice=${id}` })
    expect([answer.status, answer.json.code]).toEqual([500, 'address_mismatch'])
    await harness.server.close()
  })
})

test('assets are those enabled, with their readiness', async () => {
  const { json } = await gateway.ask({ path: '/v1/assets' })
  expect(json.data.map((one: { symbol: string }) => one.symbol)).toEqual(['USDC', 'ETH', 'USDC'])
  expect(json.data[0]).toMatchObject({ object: 'asset', chain_id: SAMPLE_CHAIN_ID, ready: true })
})
