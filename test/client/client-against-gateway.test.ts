/** The client against the real app: what shops do with it, and how failures read. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  createQuittanceClient,
  eachItem,
  type QuittanceClient,
  QuittanceError,
} from '../../src/client/quittance-client.ts'
import { SAMPLE_CHAIN_ID } from '../support/fixtures.ts'
import {
  countInvoices,
  type HttpHarness,
  INVOICE,
  startHttpHarness,
} from '../support/http-harness.ts'

let gateway: HttpHarness
let quittance: QuittanceClient
beforeAll(async () => {
  gateway = await startHttpHarness()
  quittance = createQuittanceClient({ url: gateway.url, apiKey: gateway.adminKey })
})
afterAll(() => gateway.server.close())

/** The failure of a call that must fail. */
async function failureOf(call: Promise<unknown>): Promise<QuittanceError> {
  const error = await call.then(
    () => null,
    (reason: unknown) => reason,
  )
  if (error instanceof QuittanceError) return error
  throw new Error(`not a QuittanceError: ${String(error)}`)
}

describe('what shops do', () => {
  test('create, read, list and cancel an invoice', async () => {
    const made = await quittance.createInvoice({ ...INVOICE, order_id: 'client-1' })
    expect(made).toMatchObject({ status: 'open', order_id: 'client-1', price: INVOICE.price })
    expect(await quittance.getInvoice(made.id)).toEqual(made)
    const list = await quittance.listInvoices({ order_id: 'client-1', status: 'open', limit: 5 })
    expect(list.data.map(({ id }) => id)).toEqual([made.id])
    expect(await quittance.cancelInvoice(made.id)).toMatchObject({
      id: made.id,
      status: 'canceled',
    })
  })

  test('one idempotency key is one invoice, from another process too', async () => {
    const other = createQuittanceClient({ url: `${gateway.url}/`, apiKey: gateway.adminKey })
    const options = { idempotencyKey: 'order-77' }
    const first = await quittance.createInvoice(INVOICE, options)
    expect(await other.createInvoice(INVOICE, options)).toEqual(first)
    const dearer = { price: { amount: '26.00', currency: 'USD' } }
    const failure = await failureOf(quittance.createInvoice(dearer, options))
    expect([failure.status, failure.code]).toEqual([422, 'idempotency_key_reused'])
  })

  test('without a key, each call is an invoice of its own', async () => {
    const [a, b] = [await quittance.createInvoice(INVOICE), await quittance.createInvoice(INVOICE)]
    expect(a.id).not.toBe(b.id)
  })

  test('walk a list over its pages, each item once', async () => {
    for (let n = 0; n < 5; n++) await quittance.createInvoice({ ...INVOICE, order_id: 'walked' })
    const seen: string[] = []
    const query = { order_id: 'walked', limit: 2 }
    for await (const { id } of eachItem(quittance.listInvoices, query)) seen.push(id)
    expect([seen.length, new Set(seen).size]).toEqual([5, 5])
  })

  test('register, change, rotate, test and delete a webhook endpoint', async () => {
    const { id, secret } = await quittance.createWebhookEndpoint({ url: 'https://shop.example/w' })
    expect(secret).toMatch(/^whsec_/)
    const changed = await quittance.updateWebhookEndpoint(id, { events: ['invoice.settled'] })
    expect(changed.events).toEqual(['invoice.settled'])
    expect((await quittance.rotateWebhookEndpointSecret(id)).secret).not.toBe(secret)
    const event = await quittance.testWebhookEndpoint(id)
    expect(event.type).toBe('endpoint.test')
    expect(await quittance.redeliverEvent(event.id)).toMatchObject({ event: event.id })
    const range = { from: '2026-01-01T00:00:00Z' }
    expect(await quittance.replayWebhookEndpoint(id, range)).toMatchObject({ endpoint: id })
    expect((await quittance.listDeliveries({ endpoint: id })).data.length).toBeGreaterThan(0)
    expect(await quittance.deleteWebhookEndpoint(id)).toBeUndefined()
    expect((await failureOf(quittance.getWebhookEndpoint(id))).code).toBe('not_found')
  })

  test('read reports, as text where they are a file', async () => {
    expect(await quittance.getReportPaymentsCsv()).toMatch(/^\W*[a-z_]+,/)
    expect(Array.isArray((await quittance.getReportSummary()).data)).toBe(true)
    expect((await quittance.listRates({ currency: 'EUR' })).data[0]?.currency).toBe('EUR')
  })

  test('rehearse on a test chain', async () => {
    const { id } = await quittance.createInvoice(INVOICE)
    expect(await quittance.payTestInvoice(id)).toMatchObject({ invoice: id, amount: '25' })
    const chain = String(SAMPLE_CHAIN_ID)
    expect((await quittance.mineTestChain(chain, { blocks: 2 })).height).toBe(12)
    expect((await quittance.reorgTestChain(chain)).depth).toBe(1)
  })

  test('ask for health without a key; not ready is an answer', async () => {
    expect(await quittance.getLiveness()).toMatchObject({ status: 'ok' })
    const { chains } = gateway.deps
    const health = { state: 'behind', reason: null, head: 10, cursor: 1, lagS: 90 } as const
    chains.setHealth(SAMPLE_CHAIN_ID, health)
    try {
      expect((await quittance.getReadiness()).status).toBe('not_ready')
    } finally {
      chains.setHealth(SAMPLE_CHAIN_ID, { ...health, state: 'ok', cursor: 10 })
    }
  })

  test('show a shopper how the invoice stands', async () => {
    const { checkout_url, address } = await quittance.createInvoice(INVOICE)
    const token = checkout_url.split('/').at(-1) as string
    expect(await quittance.getCheckoutStatus(token)).toMatchObject({ status: 'open', address })
  })
})

describe('failures', () => {
  test('name the field, the code and the request', async () => {
    const before = await countInvoices(gateway)
    const bad = { price: { amount: '10.999', currency: 'USD' } }
    const failure = await failureOf(quittance.createInvoice(bad))
    expect(failure).toMatchObject({ status: 400, code: 'invalid_request', field: '/price/amount' })
    expect(failure.errors[0]?.detail).toMatch(/./)
    expect(failure.requestId).toMatch(/^req_/)
    expect(failure.message).toMatch(/^POST \/v1\/invoices: 400 /)
    expect(await countInvoices(gateway)).toBe(before)
  })

  test('name a query parameter', async () => {
    const failure = await failureOf(quittance.listInvoices({ limit: 101 }))
    expect([failure.field, failure.errors[0]?.parameter]).toEqual(['/limit', 'limit'])
  })

  test('a wrong key, a missing scope and a foreign id each have their code', async () => {
    const as = (apiKey: string) => createQuittanceClient({ url: gateway.url, apiKey })
    const { id } = await quittance.createInvoice(INVOICE)
    const reader = as(await gateway.makeKey(['invoices:read']))
    const codes = await Promise.all(
      [
        as(`qk_${'a'.repeat(43)}`).getInvoice(id),
        reader.cancelInvoice(id),
        as(gateway.otherKey).getInvoice(id),
      ].map(async (call) => (await failureOf(call)).code),
    )
    expect(codes).toEqual(['unauthorized', 'forbidden', 'not_found'])
  })

  test.each(['', '../store', 'inv_1/cancel', 'a?b', 'ä'])('the id %j is not sent', async (id) => {
    const failure = await failureOf(quittance.getInvoice(id))
    expect([failure.code, failure.field, failure.status]).toEqual(['invalid_call', '/id', null])
  })

  test.each([
    ['/url', { url: 'ftp://pay.example' }],
    ['/url', { url: 'https://user:word@pay.example' }],
    ['/url', { url: 'https://pay.example?x=1' }],
    ['/apiKey', { apiKey: 'sk_live_0123456789012345678901234567890123' }],
  ])('a setting is refused at %s, without being shown', (field, change) => {
    const options = { url: 'https://pay.example', apiKey: gateway.adminKey, ...change }
    const create = () => createQuittanceClient(options)
    expect(create).toThrow(QuittanceError)
    try {
      create()
    } catch (error) {
      expect((error as QuittanceError).field).toBe(field)
      expect((error as QuittanceError).message).not.toMatch(/word|live/)
    }
  })
})
