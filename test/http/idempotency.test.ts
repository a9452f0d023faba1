import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  countInvoices,
  type HttpHarness,
  INVOICE,
  startHttpHarness,
} from '../support/http-harness.ts'

let gateway: HttpHarness
beforeAll(async () => {
  gateway = await startHttpHarness()
})
afterAll(() => gateway.server.close())

const post = (key: string, body: unknown = INVOICE, apiKey?: string) =>
  gateway.ask({
    method: 'POST',
    path: '/v1/invoices',
    body,
    headers: { 'idempotency-key': key },
    ...(apiKey === undefined ? {} : { key: apiKey }),
  })

describe('Idempotency-Key', () => {
  test('50 at once make one invoice, and later ones get its answer (IN-09)', async () => {
    const before = await countInvoices(gateway)
    const answers = await Promise.all(Array.from({ length: 50 }, () => post('race')))
    const created = answers.filter(({ status }) => status === 201)
    const waiting = answers.filter(({ status }) => status === 409)
    expect(created.length + waiting.length).toBe(50)
    expect(new Set(created.map(({ text }) => text)).size).toBe(1)
    for (const { headers, json } of waiting) {
      expect([json.code, headers.get('retry-after')]).toEqual(['idempotency_in_progress', '1'])
    }
    expect(await countInvoices(gateway)).toBe(before + 1)
    const again = await post('race')
    expect([again.status, again.text]).toEqual([201, created[0]?.text])
    expect(again.headers.get('idempotency-replayed')).toBe('true')
    expect(again.headers.get('content-type')).toMatch(/^application\/json/)
  })

  test('the order of keys and blanks make no other body; another body is 422 (IN-10)', async () => {
    const first = await post('body', { ...INVOICE, order_id: '1' })
    const turned = await post('body', { order_id: '1', price: INVOICE.price })
    expect(turned.text).toBe(first.text)
    const other = await post('body', { ...INVOICE, order_id: '2' })
    expect([other.status, other.json.code]).toEqual([422, 'idempotency_key_reused'])
  })

  test('another API key is another world (IN-10)', async () => {
    const ours = await post('shared')
    const theirs = await post('shared', INVOICE, gateway.otherKey)
    expect([ours.status, theirs.status]).toEqual([201, 201])
    expect(theirs.json.id).not.toBe(ours.json.id)
    expect(theirs.headers.get('idempotency-replayed')).toBeNull()
  })

  test('bare and quoted are one key (IN-10)', async () => {
    const bare = await post('quotes')
    expect((await post('"quotes"')).text).toBe(bare.text)
  })

  test('too long, empty, not ASCII or twice is 400 (IN-10)', async () => {
    expect((await post('x'.repeat(255))).status).toBe(201)
    for (const key of ['x'.repeat(256), '', '""', 'é']) {
      const answer = await post(key)
      expect([answer.status, answer.json.code]).toEqual([400, 'invalid_request'])
    }
    expect(await postTwoKeys()).toBe(400)
  })

  test('what was not valid is not kept', async () => {
    const bad = await post('later', { price: { amount: 'x', currency: 'USD' } })
    expect(bad.status).toBe(400)
    const good = await post('later')
    expect([good.status, good.headers.get('idempotency-replayed')]).toEqual([201, null])
  })

  test('one key for two invoices’ actions is two keys', async () => {
    const headers = { 'idempotency-key': 'cancel' }
    const [a, b] = [(await post('a')).json, (await post('b')).json]
    for (const { id } of [a, b, a]) {
      const path = `/v1/invoices/${id}/cancel`
      const answer = await gateway.ask({ method: 'POST', path, headers })
      expect([answer.status, answer.json.id]).toEqual([200, id])
    }
  })

  test('secrets are replayed, and kept only sealed', async () => {
    const body = { url: 'https://shop.example/hooks' }
    const create = () =>
      gateway.ask({
        method: 'POST',
        path: '/v1/webhook-endpoints',
        body,
        headers: { 'idempotency-key': 'endpoint' },
      })
    const first = await create()
    expect(first.json.secret).toMatch(/^whsec_/)
    expect((await create()).text).toBe(first.text)
    const [apiKey] = await gateway.deps.store.listApiKeys(gateway.store.id)
    const scope = `${apiKey?.id} POST /v1/webhook-endpoints`
    const kept = await gateway.deps.store.findIdempotencyRecord(scope, 'endpoint')
    expect(kept?.body.kind).toBe('sealed')
    expect(JSON.stringify(kept)).not.toContain(first.json.secret)
    expect(JSON.stringify(kept)).not.toContain('shop.example')
  })
})

/** fetch joins equal headers; this sends two lines. */
function postTwoKeys(): Promise<number | undefined> {
  const body = JSON.stringify(INVOICE)
  return new Promise((resolve, reject) => {
    const req = request(`${gateway.url}/v1/invoices`, {
      method: 'POST',
      headers: [
        ...['authorization', `Bearer ${gateway.adminKey}`],
        ...['content-type', 'application/json', 'content-length', String(body.length)],
        ...['idempotency-key', 'one', 'idempotency-key', 'two', 'host', 'localhost'],
      ],
    })
    req.on('response', (res) => {
      res.resume()
      resolve(res.statusCode)
    })
    req.on('error', reject)
    req.end(body)
  })
}
