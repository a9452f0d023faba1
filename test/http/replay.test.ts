/** Replay of a range of time: what an endpoint missed is queued again, what it got is not. */
import { expect, onTestFinished, test } from 'vitest'
import type { Event } from '../../src/core/webhook/event.ts'
import { REPLAY_EVENTS_MAX } from '../../src/operations/replay-events.ts'
import { createInvoice, type HttpHarness, startHttpHarness } from '../support/http-harness.ts'

const ALL = { from: '1970-01-01T00:00:00Z' }

async function startShop(events: readonly string[] = ['*']) {
  const harness = await startHttpHarness()
  onTestFinished(() => void harness.server.close())
  const endpoint = await register(harness, events)
  const replay = (body: unknown, id = endpoint.id, extra: object = {}) =>
    harness.ask({
      method: 'POST',
      path: `/v1/webhook-endpoints/${id}/replay`,
      body,
      ...extra,
    })
  const setStatus = (status: string) =>
    harness.ask({
      method: 'PATCH',
      path: `/v1/webhook-endpoints/${endpoint.id}`,
      body: { status },
    })
  return { harness, endpoint, replay, setStatus }
}

async function register(harness: HttpHarness, events: readonly string[]) {
  const body = { url: 'https://shop.example/hook', events }
  return (await harness.ask({ method: 'POST', path: '/v1/webhook-endpoints', body })).json
}

const deliveriesOf = async ({ ask }: HttpHarness, endpoint: { id: string }) =>
  (await ask({ path: `/v1/deliveries?endpoint=${endpoint.id}` })).json.data

test('WH-17 what happened while the endpoint was disabled is queued once, under its ids', async () => {
  const { harness, endpoint, replay, setStatus } = await startShop()
  const before = await createInvoice(harness)
  await setStatus('disabled')
  const missed = [await createInvoice(harness), await createInvoice(harness)]
  const refused = await replay(ALL)
  expect([refused.status, refused.json.code]).toEqual([409, 'not_acceptable_state'])
  await setStatus('enabled')
  const events = (await harness.ask({ path: '/v1/events' })).json.data

  const answer = await replay(ALL)
  expect(answer.status).toBe(202)
  expect(answer.json).toEqual({
    object: 'replay',
    endpoint: endpoint.id,
    events: 2,
    next_from: null,
  })
  const deliveries = await deliveriesOf(harness, endpoint)
  expect(deliveries.map((delivery: any) => delivery.invoice)).toEqual([
    ...missed.map(({ id }) => id).reverse(),
    before.id,
  ])
  expect(deliveries.every((delivery: any) => delivery.status === 'pending')).toBe(true)
  expect((await harness.ask({ path: '/v1/events' })).json.data).toEqual(events)
  // What is queued is missed no longer.
  expect((await replay(ALL)).json.events).toBe(0)
  expect(await deliveriesOf(harness, endpoint)).toEqual(deliveries)

  const audit = await harness.deps.store.listAudit(0, 1_000)
  const entries = audit.filter(({ action }) => action === 'endpoint.replay')
  expect(entries.map(({ after }) => JSON.parse(after ?? '').events)).toEqual([2, 0])
  expect(entries[0]).toMatchObject({ target: endpoint.id, actor: expect.stringMatching(/./) })
})

test('an exhausted event is tried anew, a delivered one is not, a waiting one now', async () => {
  const { harness, endpoint, replay } = await startShop()
  const { store, clock } = harness.deps
  for (let n = 0; n < 3; n++) await createInvoice(harness)
  const events = await store.readEventsAfter({ storeId: harness.store.id }, null, 10)
  const planned = await Promise.all(
    events.map(async ({ id }) => {
      const delivery = await store.getDelivery(id, endpoint.id)
      if (delivery === null) throw new Error('every event was planned')
      return delivery
    }),
  )
  const laterMs = clock.nowMs() + 3_600_000
  const [first, second, third] = planned as [any, any, any]
  await store.commit({
    deliveries: [
      { ...first, status: 'exhausted', attemptsMade: 10 },
      { ...second, status: 'delivered', attemptsMade: 1 },
      { ...third, attemptsMade: 4, nextAttemptAtMs: laterMs },
    ],
  })
  expect((await replay(ALL)).json.events).toBe(2)
  const nowMs = clock.nowMs()
  for (const { id, eventId } of [first, third]) {
    const delivery = await store.getDelivery(eventId, endpoint.id)
    expect(delivery).toMatchObject({ id, status: 'pending', attemptsMade: 0 })
    expect(delivery?.nextAttemptAtMs).toBeLessThanOrEqual(nowMs)
  }
  expect(await store.getDelivery(second.eventId, endpoint.id)).toMatchObject({
    status: 'delivered',
    attemptsMade: 1,
  })
})

test('only types of the subscription, only this store, no test of another endpoint', async () => {
  const { harness, replay } = await startShop()
  await createInvoice(harness)
  const all = await register(harness, ['*', 'endpoint.test'])
  await harness.ask({ method: 'POST', path: `/v1/webhook-endpoints/${all.id}/test` })
  const paid = await register(harness, ['payment.detected'])
  const late = await register(harness, ['*', 'endpoint.test'])
  expect((await replay(ALL, paid.id)).json.events).toBe(0)
  expect((await replay(ALL, late.id)).json.events).toBe(1)
  const foreign = await replay(ALL, late.id, { key: harness.otherKey })
  expect(foreign.status).toBe(404)
})

test('the range holds its first moment, not its last', async () => {
  const { harness, replay } = await startShop(['invoice.settled'])
  const { id } = await register(harness, ['*'])
  await harness.ask({
    method: 'PATCH',
    path: `/v1/webhook-endpoints/${id}`,
    body: { status: 'disabled' },
  })
  await createInvoice(harness)
  await harness.ask({
    method: 'PATCH',
    path: `/v1/webhook-endpoints/${id}`,
    body: { status: 'enabled' },
  })
  const [{ timestamp }] = (await harness.ask({ path: '/v1/events' })).json.data
  const next = new Date(Date.parse(timestamp) + 1).toISOString()
  expect((await replay({ from: next }, id)).json.events).toBe(0)
  expect((await replay({ ...ALL, to: timestamp }, id)).json.events).toBe(0)
  expect((await replay({ from: timestamp, to: next }, id)).json.events).toBe(1)
})

test('a request is bounded: next_from leads through the whole range, nothing twice', async () => {
  const { harness, endpoint, replay } = await startShop()
  const { store } = harness.deps
  const events = Array.from({ length: 2 * REPLAY_EVENTS_MAX + 50 }, (_, n): Event => {
    const id = `evt_${String(n).padStart(26, '0')}`
    const place = { storeId: harness.store.id, invoiceId: null, sequence: null }
    // Three of them in each millisecond.
    return { id, ...place, type: 'invoice.settled', atMs: 1e12 + Math.floor(n / 3), payload: '{}' }
  })
  await store.commit({ events })
  let from: string | null = ALL.from
  const counts: number[] = []
  while (from !== null) {
    const { json } = await replay({ from })
    counts.push(json.events)
    from = json.next_from
  }
  expect(counts).toHaveLength(3)
  expect(Math.max(...counts)).toBeLessThanOrEqual(REPLAY_EVENTS_MAX)
  expect(counts.reduce((sum, count) => sum + count)).toBe(events.length)
  for (const { id } of [events[0], events[999], events[1_000], events.at(-1)] as Event[]) {
    expect(await store.getDelivery(id, endpoint.id)).toMatchObject({ status: 'pending' })
  }
})

test('the same key answers the same, and queues nothing again', async () => {
  const { harness, endpoint, replay, setStatus } = await startShop()
  await setStatus('disabled')
  await createInvoice(harness)
  await setStatus('enabled')
  const extra = { headers: { 'idempotency-key': 'replay-1' } }
  const first = await replay(ALL, endpoint.id, extra)
  expect(first.json.events).toBe(1)
  expect((await replay(ALL, endpoint.id, extra)).text).toBe(first.text)
  expect((await replay({ from: '2001-01-01T00:00:00Z' }, endpoint.id, extra)).status).toBe(422)
})

// biome-ignore format: a table reads better in rows
test.each<[string, unknown]>([
  ['/from', {}],
  ['/from', { from: null }],
  ['/from', { from: 1_700_000_000 }],
  ['/from', { from: 'yesterday' }],
  ['/from', { from: '2026-11-22' }],
  ['/from', { from: `2026-11-22T10:00:00.${'0'.repeat(50)}Z` }],
  ['/to', { ...ALL, to: 'now' }],
  ['/to', { ...ALL, to: ALL.from }],
  ['/until', { ...ALL, until: '2026-11-22T10:00:00Z' }],
])('%s is refused in %j', async (pointer, body) => {
  const { replay } = await startShop()
  const answer = await replay(body)
  expect([answer.status, answer.json.errors?.[0].pointer]).toEqual([400, pointer])
})
