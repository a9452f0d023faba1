/** What the client repeats, how long it waits, and that every repetition is the same request. */
import { describe, expect, test } from 'vitest'
import { createQuittanceClient, QuittanceError } from '../../src/client/quittance-client.ts'

const KEY = `qk_${'k'.repeat(43)}`
const INVOICE = { price: { amount: '1', currency: 'USD' } }
const INVOICE_ID = `inv_${'0'.repeat(26)}`

type Sent = { url: string; method: string; headers: Record<string, string>; body: unknown }

/** One per attempt; an Error is a request without an answer. */
type Step = Error | Response | ((signal: AbortSignal) => Promise<Response>)

const ok = (body: unknown = { id: INVOICE_ID }, status = 201) => Response.json(body, { status })

function problem(status: number, code: string, headers: Record<string, string> = {}): Response {
  const body = JSON.stringify({ code, status, detail: 'no', request_id: 'req_1' })
  const type = { 'content-type': 'application/problem+json' }
  return new Response(body, { status, headers: { ...type, ...headers } })
}

const refused = () =>
  Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNREFUSED' } })

function script(steps: Step[], options: { attempts?: number; timeoutMs?: number } = {}) {
  const sent: Sent[] = []
  const pauses: number[] = []
  const quittance = createQuittanceClient({
    url: 'https://pay.example/base/',
    apiKey: KEY,
    ...options,
    sleep: async (ms) => void pauses.push(ms),
    fetch: async (url, init) => {
      const { method, headers, body, signal } = init as RequestInit
      sent.push({
        url: String(url),
        method: String(method),
        headers: headers as Sent['headers'],
        body,
      })
      const step = steps.shift()
      if (step === undefined) throw new Error('one attempt too many')
      if (step instanceof Error) throw step
      return typeof step === 'function' ? step(signal as AbortSignal) : step
    },
  })
  return { quittance, sent, pauses }
}

const failureOf = (call: Promise<unknown>) =>
  call.then(
    () => expect.unreachable('the call must fail'),
    (error: unknown) => error as QuittanceError,
  )

describe('is repeated', () => {
  // biome-ignore format: a table reads better in rows
  test.each<[string, () => Step]>([
    ['no answer', refused],
    ['502 of a proxy', () => new Response('<h1>Bad gateway</h1>', { status: 502 })],
    ['503 rate_unavailable', () => problem(503, 'rate_unavailable')],
    ['504 of a proxy', () => new Response('', { status: 504 })],
    ['429', () => problem(429, 'rate_limited')],
    ['409 of the first attempt still running', () => problem(409, 'idempotency_in_progress')],
  ])('%s: the same bytes under the same key, until it is answered', async (_name, step) => {
    const { quittance, sent, pauses } = script([step(), step(), ok()])
    expect((await quittance.createInvoice(INVOICE)).id).toBe(INVOICE_ID)
    expect(sent).toHaveLength(3)
    expect(new Set(sent.map((one) => JSON.stringify(one))).size).toBe(1)
    expect(sent[0]).toMatchObject({ url: 'https://pay.example/base/v1/invoices', method: 'POST' })
    expect(sent[0]?.headers['idempotency-key']).toMatch(/^[0-9a-f-]{36}$/)
    expect(pauses[0]).toBeGreaterThanOrEqual(100)
    expect(pauses[0]).toBeLessThanOrEqual(200)
    expect(pauses[1]).toBeGreaterThanOrEqual(200)
    expect(pauses[1]).toBeLessThanOrEqual(400)
  })

  test('each call without a key of its own has another one; a given key is sent as it is', async () => {
    const { quittance, sent } = script([ok(), ok(), ok()])
    for (const options of [undefined, {}, { idempotencyKey: 'order-1' }]) {
      await quittance.createInvoice(INVOICE, options)
    }
    const keys = sent.map(({ headers }) => headers['idempotency-key'])
    expect(new Set(keys).size).toBe(3)
    expect(keys[2]).toBe('order-1')
  })

  test('after as many seconds as Retry-After says', async () => {
    const { quittance, pauses } = script([
      problem(503, 'chain_unavailable', { 'retry-after': '5' }),
      ok(),
    ])
    await quittance.createInvoice(INVOICE)
    expect(pauses).toEqual([5_000])
  })

  test('a time that ran out', async () => {
    const never: Step = (signal) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    const { quittance, sent } = script([never, ok()], { timeoutMs: 20 })
    await quittance.createInvoice(INVOICE)
    expect(sent).toHaveLength(2)
    const slow = script([never], { attempts: 1, timeoutMs: 20 }).quittance
    const failure = await failureOf(slow.createInvoice(INVOICE))
    expect([failure.code, failure.status]).toEqual(['timeout', null])
  })

  test('a deletion whose answer was lost is done; the first one that finds nothing is a failure', async () => {
    const lost = script([refused(), problem(404, 'not_found')])
    expect(await lost.quittance.deleteApiKey('key_1')).toBeUndefined()
    const unknown = script([problem(404, 'not_found')])
    expect((await failureOf(unknown.quittance.deleteApiKey('key_1'))).code).toBe('not_found')
  })
})

describe('is not repeated', () => {
  // biome-ignore format: a table reads better in rows
  test.each<[string, () => Response]>([
    ['400', () => problem(400, 'invalid_request')],
    ['409 of the state', () => problem(409, 'not_acceptable_state')],
    ['422', () => problem(422, 'idempotency_key_reused')],
    ['500, which may be an address that is not to be trusted', () => problem(500, 'address_mismatch')],
    ['503 that only a person ends', () => problem(503, 'not_configured', { 'retry-after': '5' })],
    ['a wait of more than half a minute', () => problem(429, 'rate_limited', { 'retry-after': '31' })],
    ['a page of something else', () => new Response('<p>hello', { status: 200, headers: { 'content-type': 'text/html' } })],
    ['half an answer', () => new Response('{"id":', { status: 201, headers: { 'content-type': 'application/json' } })],
  ])('%s', async (_name, step) => {
    const answer = step()
    const { quittance, sent, pauses } = script([answer])
    const failure = await failureOf(quittance.createInvoice(INVOICE))
    expect(failure).toBeInstanceOf(QuittanceError)
    expect([failure.status, sent.length, pauses]).toEqual([answer.status, 1, []])
  })

  test('what was repeated often enough, and the last failure is told', async () => {
    const { quittance, sent } = script([refused(), refused(), problem(503, 'rate_unavailable')], {
      attempts: 3,
    })
    const failure = await failureOf(quittance.createInvoice(INVOICE))
    expect([failure.code, sent.length]).toEqual(['rate_unavailable', 3])
    const alone = script([refused()], { attempts: 1 })
    const silent = await failureOf(alone.quittance.getStore())
    expect([silent.code, silent.message]).toEqual([
      'unreachable',
      'GET /v1/store: no answer (ECONNREFUSED)',
    ])
  })

  test('what the caller gave up: its own reason, and no attempt after it', async () => {
    const controller = new AbortController()
    const reason = new Error('the shopper left')
    const { quittance, sent } = script([
      async () => {
        controller.abort(reason)
        throw reason
      },
    ])
    const call = quittance.createInvoice(INVOICE, { signal: controller.signal })
    await expect(call).rejects.toBe(reason)
    await expect(quittance.getStore({ signal: controller.signal })).rejects.toBe(reason)
    expect(sent).toHaveLength(1)
  })
})

describe('what is sent', () => {
  test('the key only where it is needed, and redirects are not followed with it', async () => {
    let redirect: string | undefined
    const inits: RequestInit[] = []
    const quittance = createQuittanceClient({
      url: 'https://pay.example',
      apiKey: KEY,
      fetch: async (_url, init) => {
        inits.push(init as RequestInit)
        redirect = init?.redirect
        return ok({}, 200)
      },
    })
    await quittance.getStore()
    await quittance.getLiveness()
    const sentKeys = inits.map(({ headers }) => (headers as Record<string, string>).authorization)
    expect(sentKeys).toEqual([`Bearer ${KEY}`, undefined])
    expect(redirect).toBe('error')
  })

  test('query parameters that are given, and nothing for those that are not', async () => {
    const { quittance, sent } = script([ok({ data: [], next_cursor: null }, 200)])
    await quittance.listInvoices({ order_id: 'a&b=c', status: undefined, limit: 3 })
    expect(sent[0]?.url).toBe('https://pay.example/base/v1/invoices?order_id=a%26b%3Dc&limit=3')
    expect(sent[0]?.headers).not.toHaveProperty('idempotency-key')
  })

  test.each([
    ['', 'POST'],
    ['ü', 'POST'],
    ['x'.repeat(256), 'POST'],
    ['fine', 'GET'],
  ])(
    'the idempotency key %j with %s is refused before anything leaves',
    async (idempotencyKey, method) => {
      const { quittance, sent } = script([])
      const call =
        method === 'GET'
          ? quittance.getStore({ idempotencyKey })
          : quittance.createInvoice(INVOICE, { idempotencyKey })
      const failure = await failureOf(call)
      expect([failure.code, failure.field]).toEqual(['invalid_call', '/idempotencyKey'])
      expect(sent).toEqual([])
    },
  )

  test('no failure shows the API key', async () => {
    const failures = [
      await failureOf(script([problem(401, 'unauthorized')]).quittance.getStore()),
      await failureOf(script([refused()], { attempts: 1 }).quittance.getStore()),
    ]
    for (const failure of failures) {
      expect(JSON.stringify([failure, failure.message, failure.stack])).not.toContain(KEY)
    }
  })
})
