import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createApiKey } from '../../src/operations/create-api-key.ts'
import { recordKeyUses } from '../../src/operations/record-key-uses.ts'
import type { Answer, HttpHarness } from '../support/http-harness.ts'
import { createInvoice, INVOICE, PUBLIC_URL, startHttpHarness } from '../support/http-harness.ts'

let gateway: HttpHarness
beforeAll(async () => {
  gateway = await startHttpHarness()
})
afterAll(() => gateway.server.close())

/** What every error looks like (IN-15). */
function expectProblem(answer: Answer, status: number, code: string): void {
  expect([answer.status, answer.json?.code]).toEqual([status, code])
  expect(answer.headers.get('content-type')).toBe('application/problem+json')
  expect(answer.headers.get('x-request-id')).toBe(answer.json.request_id)
  expect(answer.json).toMatchObject({
    type: `${PUBLIC_URL}/docs/errors#${code}`,
    status,
    title: expect.stringMatching(/./),
    detail: expect.stringMatching(/./),
    request_id: expect.stringMatching(/^req_[0-9a-z]{26}$/),
  })
  expect(answer.text).not.toMatch(/node_modules|\/srv\/|at .*\.ts|SELECT|express|zod/)
}

describe('authentication (AU-01)', () => {
  test.each([
    ['no key', {}],
    ['a malformed key', { authorization: 'Bearer x' }],
    ['an unknown key', { authorization: `Bearer qk_${'a'.repeat(43)}` }],
    ['another scheme', { authorization: 'Basic cWs6cWs=' }],
    ['an empty header', { authorization: '' }],
  ])('%s is 401', async (_name, headers) => {
    for (const path of ['/v1/invoices', '/v1/nothing', '/v1/invoices/%']) {
      const answer = await gateway.ask({ path, key: null, headers })
      if (path !== '/v1/invoices/%') expectProblem(answer, 401, 'unauthorized')
      expect(answer.status).toBe(401)
      expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer /)
    }
  })

  test('a key in the query string is none', async () => {
    for (const name of ['key', 'api_key', 'access_token', 'authorization']) {
      const path = `/v1/invoices?${name}=${gateway.adminKey}`
      expectProblem(await gateway.ask({ path, key: null }), 401, 'unauthorized')
    }
  })

  test('an expired and a revoked key are 401, at once', async () => {
    const { deps, store } = gateway
    const request = { storeId: store.id, name: 'old', scopes: ['admin'] as const, actor: 'test' }
    const expired = await createApiKey(deps, { ...request, expiresAtMs: 1, idempotency: null })
    expectProblem(
      await gateway.ask({ path: '/v1/invoices', key: expired.key }),
      401,
      'unauthorized',
    )

    const made = await gateway.ask({
      method: 'POST',
      path: '/v1/api-keys',
      body: { name: 'till', scopes: ['invoices:read'], expires_in: 60 },
    })
    expect([made.status, made.json.scopes]).toEqual([201, ['invoices:read']])
    const { id, key } = made.json
    expect(key).toMatch(/^qk_[0-9A-Za-z]{43}$/)
    expect((await gateway.ask({ path: '/v1/invoices', key })).status).toBe(200)
    const path = `/v1/api-keys/${id}`
    expect((await gateway.ask({ method: 'DELETE', path })).status).toBe(204)
    expectProblem(await gateway.ask({ path: '/v1/invoices', key }), 401, 'unauthorized')
    expectProblem(await gateway.ask({ method: 'DELETE', path }), 404, 'not_found')
    const list = await gateway.ask({ path: '/v1/api-keys' })
    expect(list.text).not.toContain(key)
    expect(list.json.data.find((one: { id: string }) => one.id === id).revoked_at).not.toBeNull()
  })

  test('each request notes the use of its key, refused ones do not (AU-03)', async () => {
    const used = await gateway.makeKey(['invoices:read'])
    const unused = await gateway.makeKey(['invoices:read'])
    gateway.deps.keyUses.clear()
    const before = Date.now()
    await gateway.ask({ path: '/v1/invoices', key: used })
    await gateway.ask({ path: '/v1/invoices', key: `${unused}x` })
    await gateway.ask({ path: '/v1/invoices', key: used })
    expect(gateway.deps.keyUses.size).toBe(1)
    await recordKeyUses(gateway.deps, gateway.deps.keyUses)
    const { data } = (await gateway.ask({ path: '/v1/api-keys?limit=100' })).json
    const lastUsedAt = (key: string) =>
      data.find((one: { prefix: string }) => key.startsWith(one.prefix)).last_used_at
    expect(Date.parse(lastUsedAt(used))).toBeGreaterThanOrEqual(before)
    expect(lastUsedAt(unused)).toBeNull()
  })

  test('the wrong scope is 403, admin is all of them', async () => {
    const key = await gateway.makeKey(['invoices:read'])
    const refused = await gateway.ask({ method: 'POST', path: '/v1/invoices', body: INVOICE, key })
    expectProblem(refused, 403, 'forbidden')
    for (const path of ['/v1/payments', '/v1/events', '/v1/webhook-endpoints', '/v1/api-keys']) {
      expectProblem(await gateway.ask({ path, key }), 403, 'forbidden')
      expect((await gateway.ask({ path })).status).toBe(200)
    }
    expect((await gateway.ask({ path: '/v1/invoices', key })).status).toBe(200)
    expect((await gateway.ask({ path: '/v1/store', key })).json.id).toBe(gateway.store.id)
  })

  test('the account key is never shown', async () => {
    for (const path of ['/v1/store', '/v1/api-keys', '/v1/invoices']) {
      expect((await gateway.ask({ path })).text).not.toContain('xpub6')
    }
  })
})

describe('paths and methods (IN-14, IN-16)', () => {
  test.each([
    '/',
    '/nothing',
    '/v1',
    '/v1/nothing',
    '/v1/invoices/',
    '/V1/invoices',
    '//v1/invoices',
  ])('%s is 404', async (path) => expectProblem(await gateway.ask({ path }), 404, 'not_found'))

  test('odd ids are 404 or 400, never 500', async () => {
    const ids = [
      'x'.repeat(10_000),
      '..%2f..%2fetc',
      '%00',
      '%ff',
      '%',
      '%zz',
      'inv_',
      'ünï',
      "'--",
    ]
    for (const id of ids) {
      for (const prefix of ['/v1/invoices/', '/v1/events/', '/v1/test/invoices/', '/i/']) {
        const answer = await gateway.ask({ path: prefix + id })
        expect([400, 404, 405]).toContain(answer.status)
        expect(answer.headers.get('content-type')).toBe('application/problem+json')
      }
    }
  })

  test('a wrong method is 405 with Allow', async () => {
    for (const [path, allow] of [
      ['/v1/invoices', 'POST, GET, HEAD, OPTIONS'],
      ['/v1/invoices/inv_1/cancel', 'POST, OPTIONS'],
      ['/healthz', 'GET, HEAD, OPTIONS'],
      ['/i/x', 'GET, HEAD, OPTIONS'],
    ] as const) {
      const answer = await gateway.ask({ method: 'DELETE', path })
      expectProblem(answer, 405, 'method_not_allowed')
      expect(answer.headers.get('allow')).toBe(allow)
      expect((await gateway.ask({ method: 'PUT', path })).status).toBe(405)
    }
  })

  test('HEAD is GET without body; OPTIONS tells the methods', async () => {
    const { id } = await createInvoice(gateway)
    for (const path of [`/v1/invoices/${id}`, '/healthz', '/v1/invoices']) {
      const head = await gateway.ask({ method: 'HEAD', path })
      expect([head.status, head.text]).toEqual([200, ''])
    }
    const options = await gateway.ask({ method: 'OPTIONS', path: '/v1/invoices', key: null })
    expect([options.status, options.headers.get('allow')]).toEqual([
      204,
      'POST, GET, HEAD, OPTIONS',
    ])
  })

  test('TRACE is refused, and what is no HTTP is a problem too', async () => {
    const trace = await sendRaw('TRACE /v1/invoices HTTP/1.1\r\nHost: x\r\n\r\n')
    expect(trace).toMatch(/^HTTP\/1\.1 405 /)
    expect(trace).toMatch(/\r\nAllow: GET/)
    const broken = await sendRaw('NOT HTTP\r\n\r\n')
    expect(broken).toMatch(/^HTTP\/1\.1 400 /)
    expect(broken).toContain('application/problem+json')
    const wide = await sendRaw(`GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`)
    expect(wide).toMatch(/^HTTP\/1\.1 431 /)
  })
})

describe('headers (AU-13, AU-19)', () => {
  test('the merchant API has no CORS, and a preflight is refused', async () => {
    const origin = { origin: 'https://evil.example' }
    const simple = await gateway.ask({ path: '/v1/invoices', headers: origin })
    const preflight = await gateway.ask({
      method: 'OPTIONS',
      path: '/v1/invoices',
      key: null,
      headers: { ...origin, 'access-control-request-method': 'POST' },
    })
    expectProblem(preflight, 403, 'forbidden')
    for (const { headers } of [simple, preflight]) {
      expect([...headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([])
      expect(headers.get('cache-control')).toBe('no-store')
    }
  })

  test('every answer has the security headers, and none says what runs here', async () => {
    const { checkout_url } = await createInvoice(gateway)
    for (const path of ['/v1/invoices', '/healthz', new URL(checkout_url).pathname, '/nothing']) {
      const { headers } = await gateway.ask({ path })
      expect(headers.get('content-security-policy')).toBe(
        "default-src 'none';script-src 'self';style-src 'self';img-src 'self' data:;" +
          "connect-src 'self';base-uri 'none';form-action 'self';frame-ancestors 'none'",
      )
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('referrer-policy')).toBe('no-referrer')
      expect(headers.get('cross-origin-opener-policy')).toBe('same-origin')
      expect(headers.get('strict-transport-security')).toMatch(/^max-age=/)
      expect(headers.get('permissions-policy')).toMatch(/camera=\(\)/)
      expect(headers.get('x-powered-by')).toBeNull()
    }
  })

  test('no request header shapes a link', async () => {
    const headers = {
      host: 'evil.example',
      'x-forwarded-host': 'evil.example',
      forwarded: 'host=e',
    }
    const answer = await gateway.ask({
      method: 'POST',
      path: '/v1/invoices',
      body: INVOICE,
      headers,
    })
    expect(answer.text).not.toContain('evil')
  })
})

test('requests above the limit are 429, key by key (IN-20)', async () => {
  const limited = await startHttpHarness({ rateLimitPerSecond: 5 })
  const ask = (key: string, n: number) =>
    limited.ask({ path: '/v1/store', key, headers: { 'x-forwarded-for': `1.2.3.${n}` } })
  const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => ask(limited.adminKey, n)))
  const refused = answers.filter(({ status }) => status === 429)
  expect(refused.length).toBeGreaterThanOrEqual(10)
  for (const answer of refused) {
    expectProblem(answer, 429, 'rate_limited')
    expect(answer.headers.get('retry-after')).toBe('1')
    expect(answer.headers.get('ratelimit')).toMatch(/limit=5/)
  }
  expect((await ask(limited.otherKey, 1)).status).toBe(200)
  await limited.server.close()
})

test('failed authentications are limited by address, without locking keys out', async () => {
  const limited = await startHttpHarness()
  const statuses = new Set<number>()
  for (let n = 0; n < 320; n++) {
    statuses.add((await limited.ask({ path: '/v1/store', key: null })).status)
  }
  expect(statuses).toEqual(new Set([401, 429]))
  expect((await limited.ask({ path: '/v1/store' })).status).toBe(200)
  await limited.server.close()
})

test('an unknown failure is 500 without a word of it, and logged', async () => {
  const logged: unknown[] = []
  const broken = await startHttpHarness({
    logger: { debug() {}, info() {}, warn() {}, error: (fields) => void logged.push(fields) },
    renderMetrics: () => Promise.reject(new TypeError('secret at /srv/quittance/src/x.ts')),
  })
  const answer = await broken.ask({ path: '/metrics' })
  expectProblem(answer, 500, 'internal_error')
  expect(answer.text).not.toContain('secret')
  expect(logged).toMatchObject([{ request_id: answer.json.request_id }])
  await broken.server.close()
})

function sendRaw(text: string): Promise<string> {
  const { hostname, port } = new URL(gateway.url)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(text))
    let answer = ''
    socket.on('data', (chunk) => {
      answer += chunk
      if (answer.includes('}')) socket.end()
    })
    socket.on('close', () => resolve(answer))
    socket.on('error', reject)
  })
}
