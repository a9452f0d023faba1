/** Webhooks over HTTP, as a receiver sees them. Restarts: webhook-restarts.test.ts. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Webhook } from 'standardwebhooks'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { accountXpub } from '../support/account-keys.ts'
import { type ReceivedRequest, startReceiver } from '../support/hostile-receiver.ts'
import { allow } from '../support/load-figures.ts'
import { K, usePaymentWorld } from '../support/payment-world.ts'
import {
  type Endpoint,
  idOf,
  listEvents,
  readDelivery,
  registerEndpoint,
  waitForDelivery,
} from '../support/webhook-endpoints.ts'

/** Nine steps: ten attempts. Of different lengths, so that a wrong step shows. */
const STEPS_MS = [200, 300, 400, 200, 300, 400, 200, 300, 500]
const JITTER_SHARE = 0.2
/** Claiming, sending and recording beside everything else on two cores. */
const SLACK_MS = 500

// Limits of scenarios are asserted where they are; this one is for a machine that is busy.
vi.setConfig({ testTimeout: 60_000 })

const world = usePaymentWorld({
  env: {
    QUITTANCE_WEBHOOK_SCHEDULE: STEPS_MS.map((step) => `${step}ms`).join(','),
    QUITTANCE_XPUB: accountXpub(1),
  },
})

/** What receivers answer, by path; 200 where nothing is said. A list is one answer per request. */
const answers = new Map<string, number[]>()
let main: Endpoint

beforeAll(async () => {
  world.receiver.respondWith((request, response) => {
    const script = answers.get(request.path) ?? []
    const status = (script.length > 1 ? script.shift() : script[0]) ?? 200
    const headers = status < 400 && status >= 300 ? { location: `${world.receiver.url}/moved` } : {}
    response.writeHead(status, headers).end()
  })
  main = await registerEndpoint(world.gateway, world.receiver, '/main', ['*'])
})

const receivedAt = (path: string) =>
  world.receiver.requests.filter((request) => request.path === path)

async function settleInvoice(): Promise<any> {
  const invoice = await world.createInvoice()
  const units = BigInt(optionOf(invoice).amount_due_units)
  await world.chain.sendToken({ token: world.usdc.address, to: invoice.address, units })
  await world.mine(K)
  return world.waitForStatus(invoice.id, 'settled')
}

const optionOf = (invoice: any) =>
  invoice.payment_options.find((option: any) => option.asset === world.usdc.asset)

const attemptTimes = (requests: readonly ReceivedRequest[]) => requests.map(({ at }) => at)

/** Asserts that attempts came at the steps of the schedule. */
function expectSpacing(timesMs: readonly number[], stepsMs: readonly number[]): void {
  expect(timesMs).toHaveLength(stepsMs.length + 1)
  for (const [i, step] of stepsMs.entries()) {
    const waited = (timesMs[i + 1] as number) - (timesMs[i] as number)
    expect(waited, `step ${i + 1}`).toBeGreaterThanOrEqual(step * (1 - JITTER_SHARE) - 5)
    expect(waited, `step ${i + 1}`).toBeLessThanOrEqual(step * (1 + JITTER_SHARE) + allow(SLACK_MS))
  }
}

test('WH-01 a delivery verifies with the reference library on raw bytes; flipped bytes do not', async () => {
  const invoice = await settleInvoice()
  const ofInvoice = () =>
    receivedAt('/main').filter(({ rawBody }) => JSON.parse(`${rawBody}`).invoice === invoice.id)
  await world.receiver.waitFor(() => ofInvoice().length === 5, 5_000)
  const types = ofInvoice().map(({ rawBody }) => JSON.parse(`${rawBody}`).type)
  expect(types).toContain('invoice.settled')
  for (const request of ofInvoice()) {
    const verify = (body: Buffer, changed: Record<string, string> = {}) =>
      new Webhook(main.secret).verify(body, { ...signedHeaders(request), ...changed })
    expect(verify(request.rawBody)).toMatchObject({ invoice: invoice.id })
    expect(request.headers['content-type']).toBe('application/json')

    const { rawBody } = request
    for (const position of [0, Math.floor(rawBody.length / 2), rawBody.length - 1]) {
      const flipped = Buffer.from(rawBody)
      flipped.writeUInt8(flipped.readUInt8(position) ^ 1, position)
      expect(() => verify(flipped)).toThrow('No matching signature')
    }
    const id = idOf(request)
    const otherId = `${id.slice(0, -1)}${id.endsWith('0') ? '1' : '0'}`
    expect(() => verify(rawBody, { 'webhook-id': otherId })).toThrow('No matching signature')
    const timestampS = Number(request.headers['webhook-timestamp'])
    const atTime = (seconds: number) =>
      verify(rawBody, { 'webhook-timestamp': String(timestampS + seconds) })
    expect(() => atTime(1)).toThrow('No matching signature')
    expect(() => atTime(-301)).toThrow('too old')
    expect(() => atTime(330)).toThrow('too new')
    expect(() =>
      new Webhook('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw').verify(rawBody, {
        ...signedHeaders(request),
      }),
    ).toThrow('No matching signature')
  }
})

function signedHeaders({ headers }: ReceivedRequest): Record<string, string> {
  const names = ['webhook-id', 'webhook-timestamp', 'webhook-signature']
  return Object.fromEntries(names.map((name) => [name, String(headers[name])]))
}

describe('WH-02 what counts as success', () => {
  test.each([200, 201, 202, 204, 299])('WH-02 %i is success, told once', async (status) => {
    const path = `/answers/${status}`
    answers.set(path, [status])
    const endpoint = await registerEndpoint(world.gateway, world.receiver, path, ['endpoint.test'])
    const event = await sendTest(endpoint)
    await waitForDelivery(world.gateway, event, endpoint, 'delivered')
    const delivery = await readDelivery(world.gateway, event, endpoint)
    expect(delivery.attempts).toMatchObject([{ outcome: 'delivered', response_status: status }])
    await sleep(2 * (STEPS_MS[0] as number))
    expect(receivedAt(path)).toHaveLength(1)
  })

  test.each([301, 302, 304, 307, 308, 400, 401, 404, 409, 500, 503])(
    'WH-02 %i is retried, and followed nowhere',
    async (status) => {
      const path = `/answers/${status}`
      answers.set(path, [status, 200])
      const endpoint = await registerEndpoint(world.gateway, world.receiver, path, [
        'endpoint.test',
      ])
      const event = await sendTest(endpoint)
      await waitForDelivery(world.gateway, event, endpoint, 'delivered')
      const delivery = await readDelivery(world.gateway, event, endpoint)
      expect(delivery.attempts).toMatchObject([
        { outcome: 'failed', response_status: status },
        { outcome: 'delivered', response_status: 200 },
      ])
      expect(receivedAt(path).map(idOf)).toEqual([event, event])
      expect(receivedAt('/hook/moved')).toHaveLength(0)
    },
  )

  test('WH-02 410 disables the endpoint, and nothing is sent to it any more', async () => {
    answers.set('/answers/410', [410])
    const endpoint = await registerEndpoint(world.gateway, world.receiver, '/answers/410', ['*'])
    const event = await sendTest(endpoint)
    await waitForDelivery(world.gateway, event, endpoint, 'exhausted')
    const { body } = await world.gateway.request('GET', `/v1/webhook-endpoints/${endpoint.id}`)
    expect(body).toMatchObject({
      status: 'disabled',
      disabled_reason: expect.stringMatching('410'),
    })
    const { id } = await world.createInvoice()
    await world.receiver.waitFor(
      () => receivedAt('/main').some(({ rawBody }) => rawBody.includes(id)),
      5_000,
    )
    await sleep(500)
    expect(receivedAt('/answers/410')).toHaveLength(1)
  })
})

async function sendTest(endpoint: Endpoint): Promise<string> {
  const path = `/v1/webhook-endpoints/${endpoint.id}/test`
  const { status, body } = await world.gateway.request('POST', path)
  expect(status).toBe(202)
  await world.receiver.waitFor(() => receivedAt(endpoint.path).length > 0, 5_000)
  expect(JSON.stringify(body)).toContain(idOf(receivedAt(endpoint.path)[0] as ReceivedRequest))
  return idOf(receivedAt(endpoint.path)[0] as ReceivedRequest)
}

test('WH-03 nine failures, then success: ten attempts on schedule under one id, then no more', async () => {
  answers.set('/nine', [...Array<number>(9).fill(500), 200])
  const endpoint = await registerEndpoint(world.gateway, world.receiver, '/nine', ['endpoint.test'])
  const event = await sendTest(endpoint)
  await world.receiver.waitFor(() => receivedAt('/nine').length === 10, 10_000)
  await waitForDelivery(world.gateway, event, endpoint, 'delivered')
  await sleep(1_000)
  const requests = receivedAt('/nine')
  expect(new Set(requests.map(idOf))).toEqual(new Set([event]))
  expect(new Set(requests.map(({ rawBody }) => `${rawBody}`)).size).toBe(1)
  expectSpacing(attemptTimes(requests), STEPS_MS)
  for (const { headers, at, rawBody } of requests) {
    expect(Math.abs(Number(headers['webhook-timestamp']) - at / 1_000)).toBeLessThanOrEqual(
      allow(2),
    )
    const signed = Object.fromEntries(Object.entries(headers).map(([k, v]) => [k, String(v)]))
    expect(() => new Webhook(endpoint.secret).verify(rawBody, signed)).not.toThrow()
  }
  // Attempts in one second are signed alike; over the whole run the timestamps move on.
  const stamps = requests.map(({ headers }) => Number(headers['webhook-timestamp']))
  expect(stamps).toEqual(stamps.toSorted((a, b) => a - b))
  const signatures = new Set(requests.map(({ headers }) => headers['webhook-signature']))
  expect(signatures.size).toBe(new Set(stamps).size)
  expect(signatures.size).toBeGreaterThanOrEqual(3)
  const delivery = await readDelivery(world.gateway, event, endpoint)
  expect(delivery.attempts_made).toBe(10)
  expect(delivery.attempts.map((attempt: any) => attempt.response_status)).toEqual([
    ...Array(9).fill(500),
    200,
  ])
})

test('WH-07 subscriptions are kept; deleting an endpoint stops what waits for it', async () => {
  answers.set('/dying', [500])
  const dying = await registerEndpoint(world.gateway, world.receiver, '/dying', ['*'])
  await registerEndpoint(world.gateway, world.receiver, '/created', ['invoice.created'])
  await registerEndpoint(world.gateway, world.receiver, '/paid', ['payment.detected'])
  const first = await settleInvoice()
  await world.receiver.waitFor(() => receivedAt('/dying').length > 0, 5_000)
  const deletion = `/v1/webhook-endpoints/${dying.id}`
  expect((await world.gateway.request('DELETE', deletion)).status).toBe(204)
  expect((await world.gateway.request('GET', deletion)).status).toBe(404)
  await sleep(100) // an attempt under way at the deletion may still arrive
  const seen = receivedAt('/dying').length
  const second = await settleInvoice()
  await sleep(1_200)
  expect(receivedAt('/dying')).toHaveLength(seen)
  const { body } = await world.gateway.request('GET', `/v1/deliveries?endpoint=${dying.id}`)
  const statuses = new Set(body.data.map((delivery: any) => delivery.status))
  expect(body.data.length).toBeGreaterThanOrEqual(5)
  expect(statuses).toEqual(new Set(['canceled']))

  const told = (path: string) =>
    receivedAt(path).map(({ rawBody }) => {
      const { type, invoice } = JSON.parse(`${rawBody}`)
      return `${type} ${invoice}`
    })
  const both = [first.id, second.id]
  expect(told('/created').toSorted()).toEqual(both.map((id) => `invoice.created ${id}`).toSorted())
  expect(told('/paid').toSorted()).toEqual(both.map((id) => `payment.detected ${id}`).toSorted())
})

test('WH-22 a manual redelivery has the same id and is a new attempt, not a new event', async () => {
  const invoice = await settleInvoice()
  const event = (await world.eventsOf(invoice.id)).at(-1)
  expect(event.type).toBe('invoice.settled')
  const seen = () => receivedAt('/main').filter((request) => idOf(request) === event.id)
  await waitForDelivery(world.gateway, event.id, main, 'delivered')
  const before = (await listEvents(world.gateway)).length
  const path = `/v1/events/${event.id}/redeliver`
  expect((await world.gateway.request('POST', path)).status).toBe(202)
  await world.receiver.waitFor(() => seen().length === 2, 5_000)
  const [one, two] = seen() as [ReceivedRequest, ReceivedRequest]
  expect(two.rawBody.equals(one.rawBody)).toBe(true)
  await waitForDelivery(world.gateway, event.id, main, 'delivered')
  const delivery = await readDelivery(world.gateway, event.id, main)
  expect(delivery.attempts.map((attempt: any) => attempt.outcome)).toEqual([
    'delivered',
    'delivered',
  ])
  expect(await listEvents(world.gateway)).toHaveLength(before)
  const unknown = `/v1/events/evt_${'0'.repeat(26)}/redeliver`
  expect((await world.gateway.request('POST', unknown)).status).toBe(404)
})

test('WH-13 a private destination that is not allowed is refused and never contacted', async () => {
  const inside = await startReceiver()
  try {
    const urls = [
      inside.url,
      inside.url.replace('http:', 'https:'),
      inside.url.replace('127.0.0.1', 'localhost'),
      'https://10.0.0.1/hook',
      'https://169.254.169.254/latest/meta-data',
      'https://[::1]/hook',
      'https://2130706433/hook',
    ]
    for (const url of urls) {
      const { status, body } = await world.gateway.request('POST', '/v1/webhook-endpoints', { url })
      expect(status, url).toBe(400)
      expect(body.errors, url).toMatchObject([{ pointer: '/url' }])
    }
    const change = { url: inside.url }
    const patched = await world.gateway.request('PATCH', `/v1/webhook-endpoints/${main.id}`, change)
    expect(patched.status).toBe(400)
    expect(inside.countConnections()).toBe(0)
  } finally {
    await inside.stop()
  }
})

const BATCH = 100

test('WH-16 a hundred invoices settled in one block: all told within 10 s, in causal order', async () => {
  const invoices = await Promise.all(Array.from({ length: BATCH }, () => world.createInvoice()))
  await payTogether(invoices)
  await world.mine(K - 1)
  const ids = new Set<string>(invoices.map(({ id }) => id))
  const told = () =>
    receivedAt('/main')
      .map(readWebhook)
      .filter(({ invoice }) => ids.has(invoice))
  await world.receiver.waitFor(() => told().length === 3 * BATCH, 15_000)
  expect(told().filter(({ type }) => type === 'invoice.settled')).toEqual([])

  await world.chain.mine(1)
  const isSettled = () => told().filter(({ type }) => type === 'invoice.settled')
  await world.receiver.waitFor(() => isSettled().length >= BATCH, 10_000)
  expect(new Set(isSettled().map(({ id }) => id)).size).toBe(BATCH)
  expect(new Set(isSettled().map(({ invoice }) => invoice)).size).toBe(BATCH)
  await world.receiver.waitFor(() => told().length === 5 * BATCH, 5_000)
  for (const ofOne of Map.groupBy(told(), ({ invoice }) => invoice).values()) {
    expect(ofOne.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5])
    expect(ofOne.map(({ type }) => type)).toEqual([
      'invoice.created',
      'payment.detected',
      'invoice.processing',
      'payment.confirmed',
      'invoice.settled',
    ])
  }
})

type Told = { type: string; sequence: number; invoice: string; id: string }
const parsed = new WeakMap<ReceivedRequest, Told>()

/** Parsed once: hundreds of requests are looked at again for each one that arrives. */
function readWebhook(request: ReceivedRequest): Told {
  const known = parsed.get(request)
  if (known !== undefined) return known
  const { type, sequence, invoice } = JSON.parse(`${request.rawBody}`)
  const told = { type, sequence, invoice, id: idOf(request) }
  parsed.set(request, told)
  return told
}

/** One transaction pays all of them in full. */
async function payTogether(invoices: readonly any[]): Promise<void> {
  const { address: batchPayer } = await world.chain.deploy('BatchPayer')
  const approval = { contract: 'TestToken', address: world.usdc.address } as const
  const args = [batchPayer, 10n ** 30n]
  await world.chain.sendCall({ ...approval, functionName: 'approve', args })
  await world.mine(1)
  const to = invoices.map(({ address }) => address)
  const units = invoices.map((invoice) => BigInt(optionOf(invoice).amount_due_units))
  await world.chain.sendCall({
    contract: 'BatchPayer',
    address: batchPayer,
    functionName: 'payToken',
    args: [world.usdc.address, to, units],
    gasLimit: 10_000_000n,
  })
}

test('WH-18 the list of events is stable, pages both ways, and equals what receivers got', async () => {
  const newestFirst = await listEvents(world.gateway)
  const ids = newestFirst.map(({ id }) => id)
  expect(new Set(ids).size).toBe(ids.length)
  expect(ids.length).toBeGreaterThan(5 * BATCH)
  expect((await listEvents(world.gateway)).map(({ id }) => id)).toEqual(ids)
  await world.receiver.waitFor(
    (requests) => ids.every((id) => requests.some((request) => idOf(request) === id)),
    5_000,
  )
  expect(new Set(world.receiver.requests.map(idOf))).toEqual(new Set(ids))

  const oldestFirst = ids.toReversed()
  const [first] = oldestFirst as [string]
  const forward = await listEvents(world.gateway, { after: first, limit: '37' })
  expect(forward.map(({ id }) => id)).toEqual(oldestFirst.slice(1))
  // What happens meanwhile is appended behind, and read on from the last one seen.
  const { id } = await world.createInvoice()
  const last = oldestFirst.at(-1) as string
  expect(await listEvents(world.gateway, { after: last })).toMatchObject([
    { type: 'invoice.created', invoice: id },
  ])
  const unknown = await world.gateway.request('GET', `/v1/events?after=evt_${'0'.repeat(26)}`)
  expect(unknown.status).toBe(400)
  // The resource is the webhook's body with the id.
  const sent = JSON.parse(`${world.receiver.requests.find((r) => idOf(r) === first)?.rawBody}`)
  expect(newestFirst.at(-1)).toEqual({ ...sent, id: first, object: 'event' })
  await world.expectCleanState()
})
