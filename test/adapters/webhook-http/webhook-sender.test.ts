import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterEach, describe, expect, test } from 'vitest'
import { createSystemClock } from '../../../src/adapters/system/clock.ts'
import { parseAllowedHosts } from '../../../src/adapters/webhook-http/address-guard.ts'
import { createWebhookSender } from '../../../src/adapters/webhook-http/webhook-sender.ts'
import * as hostile from '../../support/hostile-receiver.ts'
import { EXPIRED_CERTIFICATE, TEST_KEY, VALID_CERTIFICATE } from './test-certificates.ts'

const TLS = { key: TEST_KEY, cert: VALID_CERTIFICATE }
const HEADERS = { 'webhook-id': 'evt_1', 'webhook-timestamp': '1', 'webhook-signature': 'v1,x' }

const receivers: hostile.Receiver[] = []

afterEach(async () => {
  await Promise.all(receivers.splice(0).map((receiver) => receiver.stop()))
})

async function startReceiver(options: Parameters<typeof hostile.startReceiver>[0] = {}) {
  const receiver = await hostile.startReceiver(options)
  receivers.push(receiver)
  return receiver
}

type SenderOptions = Omit<Parameters<typeof createWebhookSender>[0], 'clock' | 'allowedHosts'>

function createSender(allowedHosts: readonly string[], options: SenderOptions = {}) {
  return createWebhookSender({
    clock: createSystemClock(),
    allowedHosts: parseAllowedHosts(allowedHosts),
    ...options,
  })
}

function post(url: string, allowedHosts: readonly string[], options: SenderOptions = {}) {
  const request = { url, headers: HEADERS, body: '{"größe":"🧾"}' }
  return createSender(allowedHosts, options).send(request)
}

/** To a receiver on 127.0.0.1, which the operator allowed. */
function postTo(receiver: hostile.Receiver, options: SenderOptions = {}) {
  return post(receiver.url, [`127.0.0.1:${receiver.port}`], options)
}

describe('an attempt', () => {
  test('arrives byte for byte, with the headers of a webhook and no others', async () => {
    const receiver = await startReceiver({ respond: hostile.answerWith(200, 'thanks') })
    const result = await post(`${receiver.url}?a=%20b`, [`127.0.0.1:${receiver.port}`])
    expect(result).toEqual({
      kind: 'answered',
      status: 200,
      retryAfter: null,
      excerpt: 'thanks',
      durationMs: expect.any(Number),
    })
    const [request] = receiver.requests
    expect(request?.method).toBe('POST')
    expect(request?.path).toBe('/hook?a=%20b')
    expect(request?.rawBody.toString('utf8')).toBe('{"größe":"🧾"}')
    expect(request?.headers).toEqual({
      ...HEADERS,
      host: `127.0.0.1:${receiver.port}`,
      'content-type': 'application/json',
      'content-length': String(request?.rawBody.length),
      'user-agent': 'Quittance-Webhooks/1',
      connection: 'close',
    })
  })

  test('uses a connection of its own and remembers no cookie', async () => {
    const respond = hostile.answerWith(200, '', { 'set-cookie': 'a=b', connection: 'keep-alive' })
    const receiver = await startReceiver({ respond })
    const sender = createSender([`127.0.0.1:${receiver.port}`])
    for (let i = 0; i < 3; i++) await sender.send({ url: receiver.url, headers: {}, body: '' })
    expect(receiver.countConnections()).toBe(3)
    expect(receiver.requests.some((request) => request.headers.cookie)).toBe(false)
  })

  test.each([204, 301, 400, 410, 500, 503])('reports status %i', async (status) => {
    const receiver = await startReceiver({ respond: status })
    expect(await postTo(receiver)).toMatchObject({ kind: 'answered', status, excerpt: '' })
  })

  test('reports Retry-After as it came, cut to a sane length', async () => {
    const answers = ['120', 'x'.repeat(1000)].map((value) =>
      hostile.answerWith(503, '', { 'retry-after': value }),
    )
    const receiver = await startReceiver({ respond: answers })
    expect(await postTo(receiver)).toMatchObject({ retryAfter: '120' })
    expect(await postTo(receiver)).toMatchObject({ retryAfter: 'x'.repeat(64) })
  })

  test.each([301, 302, 303, 307, 308] as const)('follows no redirect %i', async (status) => {
    const target = await startReceiver()
    const receiver = await startReceiver({ respond: hostile.redirectTo(target.url, status) })
    const allowed = [receiver, target].map(({ port }) => `127.0.0.1:${port}`)
    expect(await post(receiver.url, allowed)).toMatchObject({ kind: 'answered', status })
    expect(target.countConnections()).toBe(0)
    expect(receiver.requests).toHaveLength(1)
  })

  test('shows at most 1 kB of the answer, printable', async () => {
    const body = Buffer.from('<script>\r\n\x1b[31m\u202e ü 🧾\xff'.repeat(300), 'utf8')
    const receiver = await startReceiver({ respond: hostile.answerWith(500, body) })
    const result = await postTo(receiver)
    const excerpt = result.kind === 'answered' ? result.excerpt : ''
    expect(excerpt).toMatch(/^<script>\\u\{d\}\\u\{a\}\\u\{1b\}\[31m\\u\{202e\} ü 🧾ÿ<script>/)
    expect(Buffer.byteLength(excerpt)).toBeLessThanOrEqual(1024)
    expect(Buffer.byteLength(excerpt)).toBeGreaterThan(1000)
  })
})

describe('a hostile receiver', () => {
  const quick = { totalTimeoutMs: 200 }

  test.each([
    ['never answers', hostile.neverAnswer, 'timeout'],
    ['trickles without end', hostile.trickleBody, 'timeout'],
    ['sends 1 MB of headers', hostile.hugeHeaders, 'protocol'],
    ['speaks no HTTP', hostile.invalidHttp, 'protocol'],
    ['switches the protocol', hostile.switchProtocols, 'protocol'],
    ['closes mid-header', hostile.closeMidHeader, 'reset'],
    ['closes at once', hostile.closeAtOnce, 'reset'],
    ['breaks off its body', hostile.breakOffBody, 'reset'],
  ])('%s', async (_name, respond, reason) => {
    const receiver = await startReceiver({ respond })
    const result = await postTo(receiver, quick)
    expect(result).toMatchObject({ kind: 'failed', reason, detail: expect.any(String) })
    expect(result.durationMs).toBeLessThan(1000)
  })

  test('pours a body without end: 64 kB are read, then the status counts', async () => {
    const receiver = await startReceiver({ respond: hostile.endlessBody })
    const result = await postTo(receiver)
    expect(result).toMatchObject({ kind: 'answered', status: 200, excerpt: 'x'.repeat(1024) })
    // What the receiver got rid of beyond that lies in the buffers of the two sockets.
    expect(receiver.countBytesSent()).toBeLessThan(16 * 1024 * 1024)
  })

  test('200 that never answer leave no sockets behind', async () => {
    const receiver = await startReceiver({ respond: hostile.neverAnswer })
    const before = countTcpSockets()
    const attempts = Array.from({ length: 200 }, () => postTo(receiver, { totalTimeoutMs: 700 }))
    const results = await Promise.all(attempts)
    expect(results.every((result) => result.kind === 'failed')).toBe(true)
    await expect.poll(countTcpSockets).toBeLessThanOrEqual(before)
  })
})

test('nobody listens: a failure to connect', async () => {
  const receiver = await startReceiver()
  await receiver.stop()
  receivers.length = 0
  expect(await postTo(receiver)).toMatchObject({ kind: 'failed', reason: 'connect' })
})

test('a resolver that hangs is cut off by the time to connect', async () => {
  const resolve = () => new Promise<string[]>(() => {})
  const result = await post('https://shop.example/', [], { resolve, connectTimeoutMs: 50 })
  expect(result).toMatchObject({ kind: 'failed', reason: 'timeout' })
  expect(result.durationMs).toBeLessThan(1000)
})

test('a header that cannot be sent is a failure of the attempt, not of the program', async () => {
  const receiver = await startReceiver()
  const sender = createSender([`127.0.0.1:${receiver.port}`])
  const request = { url: receiver.url, headers: { 'webhook-id': 'a\r\nb: c' }, body: '' }
  expect(await sender.send(request)).toMatchObject({ kind: 'failed', reason: 'protocol' })
  expect(receiver.requests).toHaveLength(0)
})

describe('TLS', () => {
  const resolve = async () => ['127.0.0.1']

  test('a valid certificate of a trusted authority is accepted', async () => {
    const receiver = await startReceiver({ tls: TLS })
    const options = { resolve, trustedCertificates: [VALID_CERTIFICATE] }
    const url = `https://receiver.test:${receiver.port}/hook`
    const result = await post(url, [`receiver.test:${receiver.port}`], options)
    expect(result).toMatchObject({ kind: 'answered', status: 200 })
    expect(receiver.requests[0]?.headers.host).toBe(`receiver.test:${receiver.port}`)
  })

  test.each([
    ['self-signed', VALID_CERTIFICATE, [], 'receiver.test'],
    ['expired', EXPIRED_CERTIFICATE, [EXPIRED_CERTIFICATE], 'receiver.test'],
    ['of another host', VALID_CERTIFICATE, [VALID_CERTIFICATE], 'other.test'],
  ])('a certificate that is %s is not', async (_name, cert, trusted, host) => {
    const receiver = await startReceiver({ tls: { key: TEST_KEY, cert } })
    const trust = trusted.length === 0 ? {} : { trustedCertificates: trusted }
    const url = `https://${host}:${receiver.port}/hook`
    const result = await post(url, [`${host}:${receiver.port}`], { resolve, ...trust })
    expect(result).toMatchObject({ kind: 'failed', reason: 'tls' })
    expect(receiver.requests).toHaveLength(0)
  })

  test('a receiver without TLS is a TLS failure', async () => {
    const receiver = await startReceiver()
    const url = receiver.url.replace('http:', 'https:')
    const result = await post(url, [`127.0.0.1:${receiver.port}`], { totalTimeoutMs: 1000 })
    expect(result).toMatchObject({ kind: 'failed', reason: 'tls' })
  })
})

describe('the inner network', () => {
  test('WH-13 is not reached by a name that resolves there, alone or beside a public one', async () => {
    const inner = await startReceiver()
    const answers = [['127.0.0.1'], ['1.1.1.1', '127.0.0.1'], ['127.0.0.1', '2606:4700::1']]
    for (const addresses of answers) {
      const resolve = async () => addresses
      const result = await post(`https://rebind.test:${inner.port}`, [], { resolve })
      expect(result).toMatchObject({ kind: 'failed', reason: 'blocked' })
    }
    expect(inner.countConnections()).toBe(0)
  })

  test('WH-13 is not reached by a name that changes its mind: each attempt resolves once', async () => {
    const outer = await startReceiver({ tls: TLS })
    const inner = await startReceiver({ tls: TLS, host: '127.0.0.2', port: outer.port })
    const answers = [['127.0.0.1'], ['127.0.0.2'], ['127.0.0.1', '127.0.0.2'], ['127.0.0.1']]
    let asked = 0
    const sender = createSender([`127.0.0.1:${outer.port}`], {
      resolve: async () => answers[asked++] ?? [],
      trustedCertificates: [VALID_CERTIFICATE],
    })
    const kinds: string[] = []
    for (let attempt = 1; attempt <= answers.length; attempt++) {
      const url = `https://receiver.test:${outer.port}/`
      const result = await sender.send({ url, headers: HEADERS, body: '' })
      kinds.push(result.kind === 'failed' ? result.reason : result.kind)
      expect(asked).toBe(attempt)
    }
    expect(kinds).toEqual(['answered', 'blocked', 'blocked', 'answered'])
    expect(outer.countConnections()).toBe(2)
    expect(inner.countConnections()).toBe(0)
  })
})

test('the environment neither names a proxy nor turns off the check of certificates', async () => {
  const proxy = await startReceiver()
  const plain = await startReceiver()
  const secure = await startReceiver({ tls: TLS })
  const proxyUrl = `http://127.0.0.1:${proxy.port}`
  const variables = {
    NODE_USE_ENV_PROXY: '1',
    HTTP_PROXY: proxyUrl,
    HTTPS_PROXY: proxyUrl,
    NODE_TLS_REJECT_UNAUTHORIZED: '0',
  }
  const program = [import.meta.dirname, 'send-program.ts'].join('/')
  const env = { ...process.env, ...variables, NODE_NO_WARNINGS: '1' }
  const run = promisify(execFile)
  const { stdout } = await run(process.execPath, [program, plain.url, secure.url], { env })
  expect(JSON.parse(stdout)).toEqual(['answered', 'tls'])
  expect(proxy.countConnections()).toBe(0)
})

function countTcpSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length
}
