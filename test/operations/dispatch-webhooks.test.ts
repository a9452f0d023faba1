/** Deliveries over days, under a clock of the test. */
import { expect, test } from 'vitest'
import { createMemoryStore } from '../../src/adapters/memory/memory-store.ts'
import { createAddressBook } from '../../src/adapters/system/address-book.ts'
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../src/core/time.ts'
import type { Delivery } from '../../src/core/webhook/delivery.ts'
import { STANDARD_SCHEDULE_MS } from '../../src/core/webhook/retry-schedule.ts'
import { createSecret, verifyWebhook } from '../../src/core/webhook/signature.ts'
import {
  attemptDelivery,
  claimDeliveries,
  type DispatchDeps,
} from '../../src/operations/dispatch-webhooks.ts'
import type { WebhookRequest } from '../../src/ports/webhook-sender.ts'
import {
  SAMPLE_TIME_MS,
  sampleDelivery,
  sampleEndpoint,
  sampleEvent,
  sampleStore,
} from '../support/fixtures.ts'

const SECRET = createSecret(new Uint8Array(32).fill(7))
const JITTER_SHARE = 0.2
const DURATION_MS = 40

type Sent = WebhookRequest & { readonly atMs: number }

/** One event, one endpoint; the receiver answers with these statuses, the last one for ever. */
async function prepare(statuses: readonly number[], schedule: readonly number[]) {
  const store = createMemoryStore()
  const payload = JSON.stringify({ type: 'invoice.created', data: { object: 'invoice' } })
  const event = sampleEvent(1, { payload })
  const endpoint = sampleEndpoint(1, { url: 'https://shop.example/hook' })
  await store.commit({
    stores: [sampleStore()],
    endpoints: [endpoint],
    events: [event],
    deliveries: [sampleDelivery(event, 1)],
  })
  const sent: Sent[] = []
  const timed: [string, number][] = []
  let nowMs = SAMPLE_TIME_MS + SECOND_MS
  const random = createRandom()
  const deps: DispatchDeps = {
    store,
    schedule,
    clock: { nowMs: () => nowMs, monotonicMs: () => nowMs },
    ids: { randomBytes: (count) => Uint8Array.from({ length: count }, random) },
    addressBook: createAddressBook(),
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    metrics: { count() {} },
    timings: { time: (name, seconds) => void timed.push([name, seconds]) },
    vault: { seal: (text) => text, open: () => SECRET },
    sender: {
      async send(request) {
        sent.push({ ...request, atMs: nowMs })
        nowMs += DURATION_MS
        const status = statuses[sent.length - 1] ?? (statuses.at(-1) as number)
        const answer = { kind: 'answered', status, retryAfter: null, excerpt: '' } as const
        return { ...answer, durationMs: DURATION_MS }
      },
    },
  }
  /** Sleeps until something is due and sends it; false when nothing will ever be. */
  async function turn(): Promise<boolean> {
    const dueMs = await store.nextDeliveryAtMs()
    if (dueMs === null) return false
    expect(await claimDeliveries({ ...deps, clock: at(dueMs - 1) }, 10)).toEqual([])
    nowMs = Math.max(nowMs, dueMs)
    for (const claimed of await claimDeliveries(deps, 10)) await attemptDelivery(deps, claimed)
    return true
  }
  return { deps, store, event, endpoint, sent, timed, turn }
}

/** Bytes that differ, and are the same at every run. */
function createRandom(): () => number {
  let state = 0
  return () => {
    state += 97
    return state % 256
  }
}

const at = (ms: number) => ({ nowMs: () => ms, monotonicMs: () => ms })

function expectSpacing(sent: readonly Sent[], schedule: readonly number[]): void {
  for (let i = 1; i < sent.length; i++) {
    const waited = (sent[i] as Sent).atMs - (sent[i - 1] as Sent).atMs - DURATION_MS
    const step = schedule[i] as number
    expect(waited, `step ${i}`).toBeGreaterThanOrEqual(step * (1 - JITTER_SHARE))
    expect(waited, `step ${i}`).toBeLessThanOrEqual(step * (1 + JITTER_SHARE))
  }
}

const idOf = ({ headers }: Sent) => headers['webhook-id']
const stampOf = ({ headers }: Sent) => Number(headers['webhook-timestamp'])

test('WH-03 the standard schedule: nine failures, a tenth attempt three days later, then no more', async () => {
  const statuses = [...Array<number>(9).fill(500), 200]
  const { store, sent, turn, event, endpoint } = await prepare(statuses, STANDARD_SCHEDULE_MS)
  while (await turn());
  expect(sent).toHaveLength(10)
  expectSpacing(sent, STANDARD_SCHEDULE_MS)
  expect(new Set(sent.map(idOf))).toEqual(new Set([event.id]))
  expect(new Set(sent.map(stampOf)).size).toBe(10)
  expect(new Set(sent.map(({ headers }) => headers['webhook-signature'])).size).toBe(10)
  expect(new Set(sent.map(({ body }) => body))).toEqual(new Set([event.payload]))
  const delivery = await store.getDelivery(event.id, endpoint.id)
  expect(delivery).toMatchObject({ status: 'delivered', attemptsMade: 10 })
  expect(await store.getEndpoint(endpoint.id)).toMatchObject({ status: 'enabled' })
})

test('how long a receiver waited for the first attempt is noted, and of no later one', async () => {
  const { store, sent, timed, turn, event, endpoint } = await prepare([500, 200], [0, SECOND_MS])
  const { createdAtMs } = (await store.getDelivery(event.id, endpoint.id)) as Delivery
  while (await turn());
  expect(sent).toHaveLength(2)
  const waitedS = ((sent[0] as Sent).atMs - createdAtMs) / SECOND_MS
  expect(timed).toEqual([['webhook_first_attempt_seconds', waitedS]])
})

test('WH-03 a tenth failure is the last: exhausted, and the endpoint is disabled', async () => {
  const { store, sent, turn, event, endpoint } = await prepare([500], STANDARD_SCHEDULE_MS)
  while (await turn());
  expect(sent).toHaveLength(10)
  const delivery = await store.getDelivery(event.id, endpoint.id)
  expect(delivery).toMatchObject({ status: 'exhausted', attemptsMade: 10 })
  const disabled = await store.getEndpoint(endpoint.id)
  expect(disabled?.status).toBe('disabled')
  expect(disabled?.disabledReason).toMatch(/every attempt/)
})

test.each([
  ['410', [410, 410, 200], [0, 0]],
  ['a whole schedule of failures', [500, 500, 500, 500, 200], [0, 0]],
])(
  'WH-17 an endpoint given up for %s is told of once, to the other endpoints and in the list',
  async (_name, statuses, schedule) => {
    const { store, deps, sent, turn, event, endpoint } = await prepare(statuses, schedule)
    const more = sampleEvent(2, { payload: event.payload })
    const other = sampleEndpoint(2, { url: 'https://other.example/hook' })
    const narrow = sampleEndpoint(3, {
      url: 'https://narrow.example/',
      events: ['invoice.settled'],
    })
    const second = { ...sampleDelivery(more, 2), endpointId: endpoint.id }
    await store.commit({ endpoints: [other, narrow], events: [more], deliveries: [second] })
    // Both under way at once, and both say that the endpoint is gone.
    const claimed = await claimDeliveries(deps, 2)
    expect(claimed).toHaveLength(2)
    await Promise.all(claimed.map((one) => attemptDelivery(deps, one)))
    while (await turn());
    const page = await store.listEvents({ storeId: event.storeId }, { limit: 10, before: null })
    const alerts = page.items.filter(({ type }) => type === 'alert.endpoint_disabled')
    expect(alerts).toHaveLength(1)
    const { data, invoice, sequence } = JSON.parse(alerts[0]?.payload ?? '')
    expect([invoice, sequence]).toEqual([null, null])
    expect(data).toMatchObject({ id: endpoint.id, status: 'disabled' })
    expect(data.disabled_reason).toBe((await store.getEndpoint(endpoint.id))?.disabledReason)
    expect(JSON.stringify(data)).not.toContain('secret')
    const told = sent.filter(({ body }) => body === alerts[0]?.payload)
    expect(new Set(told.map(({ url }) => url))).toEqual(new Set([other.url]))
  },
)

test('WH-05 an attempt after an hour of back-off carries the time of the attempt', async () => {
  const { sent, turn } = await prepare([500, 200], [0, HOUR_MS])
  while (await turn());
  const [first, second] = sent as [Sent, Sent]
  expect(second.atMs - first.atMs).toBeGreaterThan(45 * MINUTE_MS)
  for (const { atMs, headers, body } of sent) {
    const age = atMs / SECOND_MS - Number(headers['webhook-timestamp'])
    expect(age).toBeGreaterThanOrEqual(0)
    expect(age).toBeLessThanOrEqual(5)
    const { 'webhook-id': id, 'webhook-timestamp': timestamp } = headers
    const signature = headers['webhook-signature']
    const given = { secrets: [SECRET], headers: { id, timestamp, signature }, body }
    const receivedAtS = Math.floor(atMs / SECOND_MS)
    expect(verifyWebhook({ ...given, receivedAtS })).toEqual({ ok: true })
    // The first one's signature would be refused by now.
    const late = receivedAtS + HOUR_MS / SECOND_MS
    expect(verifyWebhook({ ...given, receivedAtS: late })).toEqual({ ok: false, reason: 'too_old' })
  }
})
