/** What a merchant sets for a store, and that it acts. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  countInvoices,
  createInvoice,
  type HttpHarness,
  INVOICE,
  startHttpHarness,
} from '../support/http-harness.ts'

let gateway: HttpHarness
beforeAll(async () => {
  gateway = await startHttpHarness()
})
afterAll(() => gateway.server.close())

const patch = (body: unknown, key = gateway.adminKey) =>
  gateway.ask({ method: 'PATCH', path: '/v1/store', body, key })

describe('PATCH /v1/store', () => {
  test('changes what it names, leaves the rest, and null is the default again', async () => {
    const before = (await gateway.ask({ path: '/v1/store' })).json
    expect(before).toMatchObject({ tolerance_bps: null, grace_s: null, redirect_origins: null })
    const { json } = await patch({ name: 'Caf\u00e9', tolerance_bps: 50, grace_s: 30 })
    expect(json).toEqual({ ...before, name: 'Caf\u00e9', tolerance_bps: 50, grace_s: 30 })
    expect((await gateway.ask({ path: '/v1/store' })).json).toEqual(json)
    const other = (await gateway.ask({ path: '/v1/store', key: gateway.otherKey })).json
    expect(other.tolerance_bps).toBeNull()
    expect((await patch({ tolerance_bps: null })).json).toEqual({ ...json, tolerance_bps: null })
    expect((await patch({ grace_s: null, name: before.name })).json).toEqual(before)
    const rows = await gateway.deps.store.listAudit(0, 100)
    const lines = rows.filter(({ action }) => action === 'store.update')
    expect(lines).toHaveLength(3)
    expect(lines[0]?.actor).toMatch(/^key_/)
    expect(JSON.parse(lines[0]?.after ?? '')).toMatchObject({ toleranceBps: 50, graceS: 30 })
    expect(JSON.parse(lines[0]?.before ?? '')).toMatchObject({ toleranceBps: null, graceS: null })
  })

  test('invoices take its tolerance and grace, and those that are there keep theirs', async () => {
    const older = await createInvoice(gateway)
    await patch({ tolerance_bps: 125, grace_s: 60 })
    const invoice = await createInvoice(gateway)
    expect(invoice.tolerance_bps).toBe(125)
    const named = await createInvoice(gateway, { tolerance_bps: 7 })
    expect(named.tolerance_bps).toBe(7)
    const stored = await gateway.deps.store.loadInvoices([older.id, invoice.id])
    const terms = stored.map((one) => [one.invoice.terms.toleranceBps, one.invoice.terms.graceMs])
    expect(terms).toEqual([
      [0, 0],
      [125, 60_000],
    ])
    await patch({ tolerance_bps: null, grace_s: null })
  })

  test.each([
    [{ name: '' }],
    [{ tolerance_bps: 10_000 }],
    [{ tolerance_bps: -1 }],
    [{ grace_s: 86_401 }],
    [{ grace_s: 1.5 }],
    [{ redirect_origins: ['https://shop.example/'] }],
    [{ redirect_origins: ['https://shop.example/thanks'] }],
    [{ redirect_origins: ['https://SHOP.example'] }],
    [{ redirect_origins: ['https://a:b@shop.example'] }],
    [{ redirect_origins: ['https://shop.example:443'] }],
    [{ redirect_origins: ['javascript:alert(1)'] }],
    [{ redirect_origins: ['*'] }],
    [{ redirect_origins: 'https://shop.example' }],
    [{ xpub: 'x' }],
    [{ id: 'st_1' }],
  ])('%j is 400, and nothing changes', async (body) => {
    const before = (await gateway.ask({ path: '/v1/store' })).json
    const answer = await patch(body)
    expect([answer.status, answer.json.code]).toEqual([400, 'invalid_request'])
    expect((await gateway.ask({ path: '/v1/store' })).json).toEqual(before)
  })

  test('needs the scope admin', async () => {
    const key = await gateway.makeKey(['invoices:write', 'payments:write'])
    expect((await patch({ name: 'x' }, key)).status).toBe(403)
  })
})

describe('redirect origins', () => {
  const shop = { redirect_url: 'https://shop.example/thanks?order=1' }

  test.each([
    'https://evil.example/thanks',
    'http://shop.example/thanks',
    'https://shop.example:444/',
    'https://shop.example.evil.example/',
    'https://sub.shop.example/',
  ])('IN-18 %s is off the allow-list: 400', async (redirect_url) => {
    await patch({ redirect_origins: ['https://shop.example'] })
    const before = await countInvoices(gateway)
    const body = { ...INVOICE, redirect_url }
    const answer = await gateway.ask({ method: 'POST', path: '/v1/invoices', body })
    expect([answer.status, answer.json.errors?.[0]]).toMatchObject([
      400,
      { pointer: '/redirect_url', code: 'not_allowed' },
    ])
    expect(await countInvoices(gateway)).toBe(before)
    expect((await createInvoice(gateway, shop)).redirect_url).toBe(shop.redirect_url)
    expect((await createInvoice(gateway)).redirect_url).toBeNull()
  })

  test('AU-17 a shopper is sent back only to where the list allows it now', async () => {
    await patch({ redirect_origins: null })
    const { checkout_url } = await createInvoice(gateway, shop)
    const path = new URL(checkout_url).pathname
    const readPage = async () => {
      const page = await gateway.ask({ path, key: null })
      const status = await gateway.ask({ path: `${path}/status`, key: null })
      return [page.text.includes('shop.example'), status.json.redirect_url]
    }
    expect(await readPage()).toEqual([true, shop.redirect_url])
    await patch({ redirect_origins: [] })
    expect(await readPage()).toEqual([false, null])
    await patch({ redirect_origins: ['https://shop.example'] })
    expect(await readPage()).toEqual([true, shop.redirect_url])
  })
})
