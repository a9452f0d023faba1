/** Webhooks over a hostile network: rotation, outages, leaks, and what receivers answer. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { accountXpub } from '../support/account-keys.ts'
import { waitFor } from '../support/gateway-process.ts'
import {
  answerWith,
  type ReceivedRequest,
  type Receiver,
  startReceiver,
} from '../support/hostile-receiver.ts'
import { K, usePaymentWorld } from '../support/payment-world.ts'
import {
  type Endpoint,
  idOf,
  listAll,
  listEvents,
  readDelivery,
  registerEndpoint,
} from '../support/webhook-endpoints.ts'

/** Three attempts within a second: a schedule that is soon over. */
const SCHEDULE = '200ms,300ms'
const ATTEMPTS = 3
const XPUB = accountXpub(1)
const OTHER_XPUB = accountXpub(2)
const BODY_BYTES_MAX = 20 * 1024

vi.setConfig({ testTimeout: 60_000 })

let receivers: Receiver[] = []
const world = usePaymentWorld({
  start: false,
  env: { QUITTANCE_WEBHOOK_SCHEDULE: SCHEDULE, QUITTANCE_XPUB: XPUB },
})

beforeAll(async () => {
  receivers = [await startReceiver(), await startReceiver()]
  const hosts = [world.receiver, ...receivers].map(({ port }) => `127.0.0.1:${port}`)
  await world.gateway.start({ env: { QUITTANCE_WEBHOOK_ALLOWED_HOSTS: hosts.join() } })
})
afterAll(() => Promise.all(receivers.map((receiver) => receiver.stop())))

const bodyOf = ({ rawBody }: ReceivedRequest) => JSON.parse(`${rawBody}`)

async function settleInvoice(body: object = {}): Promise<any> {
  const invoice = await world.createInvoice({ accept: [world.usdc.asset], ...body })
  const units = BigInt(invoice.payment_options[0].amount_due_units)
  await world.chain.sendToken({ token: world.usdc.address, to: invoice.address, units })
  await world.mine(K)
  return world.waitForStatus(invoice.id, 'settled')
}

function signedHeaders({ headers }: ReceivedRequest): Record<string, string> {
  const names = ['webhook-id', 'webhook-timestamp', 'webhook-signature']
  return Object.fromEntries(names.map((name) => [name, String(headers[name])]))
}

/** Which of these secrets verify a request with the reference library. */
function verifyingSecrets(request: ReceivedRequest, secrets: readonly string[]): string[] {
  return secrets.filter((secret) => {
    try {
      new Webhook(secret).verify(request.rawBody, signedHeaders(request))
      return true
    } catch {
      return false
    }
  })
}

const endpointPath = ({ id }: Endpoint) => `/v1/webhook-endpoints/${id}`

async function removeEndpoint(endpoint: Endpoint): Promise<void> {
  expect((await world.gateway.request('DELETE', endpointPath(endpoint))).status).toBe(204)
}

test('WH-04 while a secret rotates both verify, and deliveries never stop', async () => {
  const { receiver, gateway } = world
  const endpoint = await registerEndpoint(gateway, receiver, '/rotating')
  const ofPath = () => receiver.requests.filter(({ path }) => path === '/rotating')
  const first = await settleInvoice()
  await receiver.waitFor(() => ofPath().length === 5, 5_000)
  for (const request of ofPath()) {
    expect(String(request.headers['webhook-signature']).split(' ')).toHaveLength(1)
  }

  // Rotated in the middle of a payment: none of its events is lost or waits.
  const [second, rotated] = await Promise.all([
    settleInvoice(),
    gateway.request('POST', `${endpointPath(endpoint)}/rotate-secret`),
  ])
  expect(rotated.status).toBe(200)
  const { secret } = rotated.body
  expect(secret).not.toBe(endpoint.secret)
  const third = await settleInvoice()
  await receiver.waitFor(() => ofPath().length === 15, 5_000)
  const outsider = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
  for (const request of ofPath()) {
    const { invoice } = bodyOf(request)
    const verifying = verifyingSecrets(request, [endpoint.secret, secret, outsider])
    const signatures = String(request.headers['webhook-signature']).split(' ')
    expect(signatures.every((signature) => signature.startsWith('v1,'))).toBe(true)
    // A receiver with the old secret takes all of them; one with the new all since the rotation.
    expect(verifying[0]).toBe(endpoint.secret)
    expect(verifying).toHaveLength(signatures.length)
    if (invoice === third.id) expect(verifying).toEqual([endpoint.secret, secret])
  }
  for (const { id } of [first, second, third]) {
    const sequences = ofPath()
      .map(bodyOf)
      .filter(({ invoice }) => invoice === id)
    expect(sequences.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5])
  }
  await removeEndpoint(endpoint)
})

test('WH-08 a captured request holds nothing but its event', async () => {
  const { receiver, gateway } = world
  const made = await gateway.run('store', 'create', '--name', 'Next door', '--xpub', OTHER_XPUB)
  const otherStore = made.stdout.trim()
  const otherKey = (await gateway.run('api-key', 'create', '--store', otherStore)).stdout.trim()
  const asOther = { authorization: `Bearer ${otherKey}` }
  const price = { amount: '77.77', currency: 'USD' }
  const order = { price, order_id: 'next-door-order', metadata: { who: 'next-door-customer' } }
  const others = await gateway.request('POST', '/v1/invoices', order, asOther)
  expect(others.status).toBe(201)

  const endpoint = await registerEndpoint(gateway, receiver, '/captured')
  const seen = receiver.requests.length
  const invoice = await settleInvoice({ order_id: 'own-order' })
  const ofPath = () => receiver.requests.slice(seen).filter(({ path }) => path === '/captured')
  await receiver.waitFor(() => ofPath().length === 5, 5_000)
  const secrets = [
    ...[gateway.apiKey, otherKey, endpoint.secret, XPUB, OTHER_XPUB, 'xpub', 'qk_', 'whsec_'],
    ...[otherStore, others.body.id, others.body.address, 'next-door', '77.77'],
    ...[world.node.url, gateway.folder, process.cwd()],
  ]
  for (const request of ofPath()) {
    const { 'content-length': length, host, ...headers } = request.headers
    expect(headers).toEqual({
      ...signedHeaders(request),
      'content-type': 'application/json',
      'user-agent': expect.stringMatching(/^Quittance-Webhooks\/\d+$/),
      connection: 'close',
    })
    expect([Number(length), host]).toEqual([request.rawBody.length, `127.0.0.1:${receiver.port}`])
    expect(bodyOf(request).invoice).toBe(invoice.id)
    const captured = `${JSON.stringify(request.headers)}${request.rawBody}`.toLowerCase()
    for (const secret of secrets) expect(captured).not.toContain(secret.toLowerCase())
  }
  expect(`${ofPath()[0]?.rawBody}`).toContain('own-order')
  await removeEndpoint(endpoint)
})

test('WH-14 what is kept of an answer is at most 1 kB, printable, and only text', async () => {
  const [receiver] = receivers as [Receiver]
  const script = '<script>alert(document.cookie)</script>'
  const hostile = `${script}\u0000\u001b[2J\r\n\u202e\u200b"&'${'<img onerror=x>'.repeat(5_000)}`
  receiver.respondWith(answerWith(500, hostile, { 'content-type': 'text/html' }))
  const endpoint = await registerEndpoint(world.gateway, receiver, '/hook', ['endpoint.test'])
  const { body } = await world.gateway.request('POST', `${endpointPath(endpoint)}/test`)
  const isRecorded = async () =>
    (await readDelivery(world.gateway, body.id, endpoint)).attempts.length > 0
  await waitFor('an attempt to be recorded', isRecorded)
  const answer = await fetch(`${world.gateway.url}/v1/deliveries?event=${body.id}`, {
    headers: { authorization: `Bearer ${world.gateway.apiKey}`, accept: 'text/html' },
  })
  // Markup is a string of a JSON answer that no browser takes for a page.
  expect(answer.headers.get('content-type')).toMatch(/^application\/json/)
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
  const raw = await answer.text()
  const [{ response_excerpt: excerpt }] = JSON.parse(raw).data[0].attempts
  expect(excerpt.startsWith(`${script}\\u{0}\\u{1b}[2J\\u{d}\\u{a}\\u{202e}\\u{200b}"&'<img`)).toBe(
    true,
  )
  expect(Buffer.byteLength(excerpt)).toBeLessThanOrEqual(1_024)
  expect(Buffer.byteLength(excerpt)).toBeGreaterThan(1_000)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
  expect(raw).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e\u200b]/)
  await removeEndpoint(endpoint)
})

test('WH-17 down for the whole schedule: disabled and shown; a replay brings all that was missed', async () => {
  const { gateway } = world
  const [, receiver] = receivers as [Receiver, Receiver]
  const endpoint = await registerEndpoint(gateway, receiver, '/hook')
  const watch = await registerEndpoint(gateway, world.receiver, '/watch', [
    'alert.endpoint_disabled',
  ])
  const watched = () => world.receiver.requests.filter(({ path }) => path === '/watch')
  const readEndpoint = async () => (await gateway.request('GET', endpointPath(endpoint))).body
  const before = await settleInvoice()
  await receiver.waitFor((requests) => requests.length === 5, 5_000)
  const downAt = new Date().toISOString()

  receiver.respondWith(503)
  const during = await settleInvoice()
  await waitFor('the endpoint to be disabled', async () => {
    return (await readEndpoint()).status === 'disabled'
  })
  const given = await readEndpoint()
  expect(given.disabled_reason).toMatch(/every attempt of an event failed/)
  const [alert, ...further] = await listAll(gateway, '/v1/events', {
    type: 'alert.endpoint_disabled',
  })
  expect(further).toEqual([])
  expect(alert.data).toEqual(given)
  await world.receiver.waitFor(() => watched().length === 1, 5_000)
  const failed = receiver.requests.slice(5)
  expect(new Set(failed.map(idOf)).size).toBe(1)
  expect(failed).toHaveLength(ATTEMPTS)
  // Nothing is planned for it while it is disabled, and nothing is lost: the list has it.
  const after = await settleInvoice()
  await sleep(1_000)
  expect(receiver.requests).toHaveLength(5 + ATTEMPTS)
  const missed = (await listEvents(gateway, { after: idOf(receiver.requests[4] as any) })).filter(
    ({ invoice }) => invoice === during.id || invoice === after.id,
  )
  expect(missed).toHaveLength(10)

  const replay = { from: downAt }
  const tooEarly = await gateway.request('POST', `${endpointPath(endpoint)}/replay`, replay)
  expect([tooEarly.status, tooEarly.body.code]).toEqual([409, 'not_acceptable_state'])
  receiver.respondWith(200)
  await gateway.request('PATCH', endpointPath(endpoint), { status: 'enabled' })
  const queued = await gateway.request('POST', `${endpointPath(endpoint)}/replay`, replay)
  expect(queued.status).toBe(202)
  expect(queued.body).toMatchObject({ object: 'replay', endpoint: endpoint.id, next_from: null })
  const told = () => receiver.requests.slice(5 + ATTEMPTS)
  await receiver.waitFor(() => told().length >= 11, 5_000)
  const fresh = await settleInvoice()
  await receiver.waitFor(() => told().length >= 16, 5_000)
  await sleep(500)

  expect(told()).toHaveLength(16)
  expect(new Set(told().map(idOf))).toEqual(
    new Set([alert, ...missed, ...(await world.eventsOf(fresh.id))].map(({ id }) => id)),
  )
  for (const { id } of [during, after, fresh]) {
    const ofInvoice = told().filter((request) => bodyOf(request).invoice === id)
    expect(ofInvoice.map((request) => bodyOf(request).sequence)).toEqual([1, 2, 3, 4, 5])
    expect(ofInvoice.map(idOf)).toEqual((await world.eventsOf(id)).map((event) => event.id))
    for (const request of ofInvoice) {
      expect(verifyingSecrets(request, [endpoint.secret])).toHaveLength(1)
    }
  }
  // The byte-identical body under the same id as at the first attempt.
  const [attempt] = failed as [ReceivedRequest]
  const again = told().find((request) => idOf(request) === idOf(attempt))
  expect(again?.rawBody.equals(attempt.rawBody)).toBe(true)
  const deliveries = await listAll(gateway, '/v1/deliveries', { endpoint: endpoint.id })
  expect(deliveries.map(({ status }) => status)).toEqual(Array(21).fill('delivered'))
  const repeated = await gateway.request('POST', `${endpointPath(endpoint)}/replay`, replay)
  expect(repeated.body.events).toBe(0)
  expect(before.status).toBe('settled')
  expect(watched()).toHaveLength(1)
  await removeEndpoint(watch)
  await removeEndpoint(endpoint)
})

test.each([
  ['of one emoji', '🧾'.repeat(255)],
  ['of emoji in several parts', `${'👩🏽‍🚀'.repeat(63)}é¥"`],
])('WH-21 an order id of 255 characters, %s, arrives byte for byte', async (_, orderId) => {
  const { receiver, gateway } = world
  expect([...orderId]).toHaveLength(255)
  const endpoint = await registerEndpoint(gateway, receiver, '/emoji')
  const seen = receiver.requests.length
  const invoice = await settleInvoice({ order_id: orderId })
  const ofPath = () => receiver.requests.slice(seen).filter(({ path }) => path === '/emoji')
  await receiver.waitFor(() => ofPath().length === 5, 5_000)
  const events = await world.eventsOf(invoice.id)
  for (const [i, request] of ofPath().entries()) {
    expect(request.rawBody.length).toBeLessThan(BODY_BYTES_MAX)
    expect(Number(request.headers['content-length'])).toBe(request.rawBody.length)
    expect(verifyingSecrets(request, [endpoint.secret])).toHaveLength(1)
    const { data } = bodyOf(request)
    expect(data).toEqual(events[i].data)
    if (data.object !== 'invoice') continue
    expect(Buffer.from(data.order_id).equals(Buffer.from(orderId))).toBe(true)
    expect(request.rawBody.includes(Buffer.from(orderId.replace('"', '\\"')))).toBe(true)
  }
  expect(ofPath().map((request) => bodyOf(request).data.object)).toContain('invoice')
  await removeEndpoint(endpoint)
})

test('the state is sound after all of it', async () => {
  await world.expectCleanState()
})
