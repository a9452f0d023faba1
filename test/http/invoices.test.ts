import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { SAMPLE_CHAIN_ID, SAMPLE_COIN, SAMPLE_TOKEN } from '../support/fixtures.ts'
import {
  countInvoices,
  createInvoice,
  type HttpHarness,
  INVOICE,
  markReady,
  PUBLIC_URL,
  startHttpHarness,
} from '../support/http-harness.ts'

let gateway: HttpHarness
beforeAll(async () => {
  gateway = await startHttpHarness()
})
afterAll(() => gateway.server.close())

const post = (body: unknown, headers: Record<string, string> = {}) =>
  gateway.ask({ method: 'POST', path: '/v1/invoices', body, headers })

describe('an invoice', () => {
  test('is created, read and listed as the same resource', async () => {
    const body = {
      ...INVOICE,
      accept: [SAMPLE_TOKEN.id, SAMPLE_COIN.id],
      order_id: '1001',
      description: 'Two books',
      metadata: { any: 'text', count: 2, gift: true, note: null },
      expires_in: 600,
      tolerance_bps: 50,
      redirect_url: 'https://shop.example/thanks?a=1',
    }
    const created = await post(body)
    expect(created.status).toBe(201)
    expect(created.headers.get('content-type')).toMatch(/^application\/json/)
    expect(created.headers.get('cache-control')).toBe('no-store')
    expect(created.json).toMatchObject({
      object: 'invoice',
      status: 'open',
      price: body.price,
      order_id: '1001',
      metadata: body.metadata,
      tolerance_bps: 50,
      redirect_url: body.redirect_url,
      payments: [],
      payments_total: 0,
    })
    expect(created.json.checkout_url).toMatch(new RegExp(`^${PUBLIC_URL}/i/[0-9a-z]{36}$`))
    const [usdc, eth] = created.json.payment_options
    expect([usdc.amount_due_units, eth.amount_due]).toEqual(['25000000', '0.01'])
    expect(Date.parse(created.json.expires_at) - Date.parse(created.json.created_at)).toBe(600_000)

    const read = await gateway.ask({ path: `/v1/invoices/${created.json.id}` })
    expect(read.json).toEqual(created.json)
    const list = await gateway.ask({ path: '/v1/invoices?order_id=1001&status=open' })
    expect(list.json).toEqual({ data: [created.json], next_cursor: null })
    const none = await gateway.ask({ path: '/v1/invoices?order_id=1001&status=settled' })
    expect(none.json.data).toEqual([])
  })

  test('accepts any case of a token address, and shows one', async () => {
    const upper = `eip155:${SAMPLE_CHAIN_ID}/erc20:0x${SAMPLE_TOKEN.token?.slice(2).toUpperCase()}`
    const { payment_options } = await createInvoice(gateway, { accept: [upper] })
    expect(payment_options.map((option: { asset: string }) => option.asset)).toEqual([
      SAMPLE_TOKEN.id,
    ])
  })

  test('two POSTs without a key are two invoices with two addresses (IN-12)', async () => {
    const [a, b] = [await createInvoice(gateway), await createInvoice(gateway)]
    expect(a.id).not.toBe(b.id)
    expect(a.address).not.toBe(b.address)
  })

  test('is canceled without body or content type; a second time is 409', async () => {
    const { id } = await createInvoice(gateway)
    const path = `/v1/invoices/${id}/cancel`
    const canceled = await gateway.ask({ method: 'POST', path })
    expect([canceled.status, canceled.json.status]).toEqual([200, 'canceled'])
    const again = await gateway.ask({ method: 'POST', path, body: {} })
    expect([again.status, again.json.code]).toEqual([409, 'not_acceptable_state'])
    const accept = await gateway.ask({ method: 'POST', path: `/v1/invoices/${id}/accept` })
    expect([accept.status, accept.json.code]).toEqual([409, 'not_acceptable_state'])
    const odd = await gateway.ask({ method: 'POST', path, body: { reason: 'x' } })
    expect([odd.status, odd.json.errors[0].pointer]).toEqual([400, '/reason'])
  })

  test('of another store does not exist (AU-04)', async () => {
    const { id } = await createInvoice(gateway)
    const key = gateway.otherKey
    const random = `inv_${'0'.repeat(26)}`
    for (const suffix of ['', '/cancel', '/accept']) {
      const method = suffix === '' ? 'GET' : 'POST'
      const foreign = await gateway.ask({ method, path: `/v1/invoices/${id}${suffix}`, key })
      const unknown = await gateway.ask({ method, path: `/v1/invoices/${random}${suffix}`, key })
      expect([foreign.status, foreign.json.detail]).toEqual([404, unknown.json.detail])
    }
  })
})

describe('amounts (IN-01, IN-02)', () => {
  const MALFORMED: readonly unknown[] = [
    ...['', ' ', '-1', '+1', ' 1', '1 ', '01', '00.1', '.5', '5.', '.', '1,5', '1_000', '1 000'],
    ...['1e3', '0x10', 'ten', 'NaN', 'Infinity', '０', '٣', '1.2.3', '0', '0.00', '1\n', '10.999'],
    ...['9'.repeat(79), '9'.repeat(78), null, 25, 25.5, true, [], ['25'], {}, { amount: '25' }],
  ]
  test.each(MALFORMED)('%j is 400 at /price/amount, and nothing is stored', async (amount) => {
    const before = await countInvoices(gateway)
    const answer = await post({ price: { amount, currency: 'USD' } })
    expect([answer.status, answer.json.code]).toEqual([400, 'invalid_request'])
    expect(answer.json.errors.map((fault: { pointer: string }) => fault.pointer)).toEqual([
      '/price/amount',
    ])
    expect(await countInvoices(gateway)).toBe(before)
  })

  test('a coin price uses the decimals of the coin', async () => {
    const fine = await post({ price: { amount: '0.000001', currency: 'USDC' } })
    expect(fine.json.payment_options[0].amount_due_units).toBe('1')
    const tooFine = await post({ price: { amount: '0.0000001', currency: 'USDC' } })
    expect(tooFine.json.errors[0]).toMatchObject({
      pointer: '/price/amount',
      code: 'too_many_decimals',
    })
  })

  test('a missing amount is told from a wrong one', async () => {
    const answer = await post({ price: { currency: 'USD' } })
    expect(answer.json.errors).toEqual([
      { pointer: '/price/amount', code: 'required', detail: 'is required' },
    ])
  })
})

describe('fields', () => {
  const { price } = INVOICE
  // biome-ignore format: a table reads better in rows
  test.each<[string, unknown]>([
    ['/id', { price, id: 'inv_1' }],
    ['/status', { price, status: 'settled' }],
    ['/address', { price, address: '0x0' }],
    ['/store_id', { price, store_id: 'st_1' }],
    ['/constructor', { price, constructor: {} }],
    ['/price/rate', { price: { ...price, rate: '1' } }],
    ['/a~1b~0c', { price, 'a/b~c': 1 }],
    ['/price', {}],
    ['/price', { price: 'x' }],
    ['/price/currency', { price: { amount: '1', currency: 'XXX' } }],
    ['/price/currency', { price: { amount: '1', currency: '' } }],
    ['/accept', { price, accept: [] }],
    ['/accept', { price, accept: 'all' }],
    ['/accept', { price, accept: null }],
    ['/accept/0', { price, accept: ['USDC'] }],
    ['/accept/1', { price, accept: [SAMPLE_COIN.id, SAMPLE_COIN.id] }],
    ['/accept/0', { price, accept: ['eip155:1/slip44:60'] }],
    ['/order_id', { price, order_id: 'x'.repeat(257) }],
    ['/order_id', { price, order_id: 'a\nb' }],
    ['/order_id', { price, order_id: 1001 }],
    ['/description', { price, description: 'x'.repeat(1_001) }],
    ['/metadata', { price, metadata: [] }],
    ['/metadata/a', { price, metadata: { a: {} } }],
    ['/metadata/a', { price, metadata: { a: ['b'] } }],
    ['/metadata', { price, metadata: { a: 'x'.repeat(4_089) } }],
    ['/expires_in', { price, expires_in: 0 }],
    ['/expires_in', { price, expires_in: -1 }],
    ['/expires_in', { price, expires_in: 1.5 }],
    ['/expires_in', { price, expires_in: 7_776_001 }],
    ['/expires_in', { price, expires_in: '900' }],
    ['/tolerance_bps', { price, tolerance_bps: 10_000 }],
    ['/tolerance_bps', { price, tolerance_bps: -1 }],
    ['/tolerance_amount', { price, tolerance_amount: price.amount }],
    ['/tolerance_amount', { price, tolerance_amount: '1e-2' }],
    ['/tolerance_amount', { price, tolerance_amount: 1 }],
    ['/redirect_url', { price, redirect_url: 'javascript:alert(1)' }],
    ['/redirect_url', { price, redirect_url: 'data:text/html,x' }],
    ['/redirect_url', { price, redirect_url: '//evil.example' }],
    ['/redirect_url', { price, redirect_url: 'https://a:b@shop.example/' }],
    ['/redirect_url', { price, redirect_url: 'https://shop.example\\@evil.example/' }],
    ['/redirect_url', { price, redirect_url: ' https://shop.example/' }],
    ['/redirect_url', { price, redirect_url: 'https://' }],
    ['/redirect_url', { price, redirect_url: '/thanks' }],
  ])('%s is refused in %j (IN-04, IN-17, IN-18, IN-19)', async (pointer, body) => {
    const before = await countInvoices(gateway)
    const answer = await post(body)
    expect([answer.status, answer.json.errors?.[0]?.pointer]).toEqual([400, pointer])
    expect(await countInvoices(gateway)).toBe(before)
  })

  test('exact limits are accepted (IN-07, IN-17, IN-19)', async () => {
    const emoji = '😀'.repeat(256)
    const invoice = await createInvoice(gateway, {
      order_id: emoji,
      description: `${'x'.repeat(998)}\n.`,
      metadata: { a: 'x'.repeat(4_088) },
      expires_in: 7_776_000,
      tolerance_bps: 9_999,
    })
    expect(JSON.stringify(invoice.metadata).length).toBe(4_096)
    expect(invoice.order_id).toBe(emoji)
  })

  test('odd text is kept as it is, in NFC (IN-07)', async () => {
    const texts = [
      '<script>alert(1)</script>',
      '=cmd()',
      '\u202eabc',
      '👩‍👩‍👧',
      'e\u0301',
      'constructor',
    ]
    for (const text of texts) {
      const invoice = await createInvoice(gateway, { order_id: text, metadata: { [text]: text } })
      const nfc = text.normalize('NFC')
      expect([invoice.order_id, invoice.metadata]).toEqual([nfc, { [nfc]: nfc }])
    }
  })
})

describe('what cannot be promised', () => {
  test('on a chain that is not ready: 503 by name, left out by default', async () => {
    const { chains } = gateway.deps
    const health = { state: 'behind', reason: null, head: 9, cursor: 1, lagS: 99 } as const
    chains.setHealth(SAMPLE_CHAIN_ID, health)
    const named = await post({ ...INVOICE, accept: [SAMPLE_TOKEN.id] })
    const open = await post(INVOICE)
    markReady(gateway.deps, SAMPLE_CHAIN_ID)
    expect([named.status, named.json.code]).toEqual([503, 'chain_unavailable'])
    expect(named.headers.get('retry-after')).toMatch(/^\d+$/)
    expect(open.json.payment_options.map((one: { chain: string }) => one.chain)).toEqual(['Base'])
  })

  test('without a current rate: 503', async () => {
    const answer = await post({ price: { amount: '25.00', currency: 'CHF' } })
    expect([answer.status, answer.json.code]).toEqual([503, 'rate_unavailable'])
    expect(answer.headers.get('retry-after')).toMatch(/^\d+$/)
  })
})

test('an address that does not derive is an alarm and an error, never an answer', async () => {
  const { deps, store, ask } = gateway
  const created = await createInvoice(gateway)
  const loaded = (await deps.store.loadInvoices([created.id]))[0]
  if (loaded === undefined) throw new Error('the invoice is stored')
  const evil = '0x00000000000000000000000000000000deadbeef'
  const tampered = {
    ...loaded.invoice,
    address: evil,
    revision: loaded.invoice.revision + 1,
  } as const
  await deps.store.commit({ invoices: [tampered] })
  const token = created.checkout_url.split('/i/')[1]
  for (const path of [
    `/v1/invoices/${created.id}`,
    '/v1/invoices',
    `/i/${token}`,
    `/i/${token}/status`,
  ]) {
    const answer = await ask({ path })
    expect([path, answer.status, answer.json.code]).toEqual([path, 500, 'address_mismatch'])
    expect(answer.text.toLowerCase()).not.toContain('deadbeef')
  }
  const cancel = await ask({ method: 'POST', path: `/v1/invoices/${created.id}/cancel` })
  expect(cancel.json.code).toBe('address_mismatch')
  // Put right again for the tests of this file that list.
  await deps.store.commit({ invoices: [{ ...loaded.invoice, revision: tampered.revision + 1 }] })
  expect((await ask({ path: '/v1/invoices' })).status).toBe(200)
  expect(store.id).toBe(created.store)
})
