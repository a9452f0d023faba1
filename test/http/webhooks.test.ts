import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createInvoice, type HttpHarness, startHttpHarness } from '../support/http-harness.ts'

let gateway: HttpHarness
beforeAll(async () => {
  gateway = await startHttpHarness()
})
afterAll(() => gateway.server.close())

const PATH = '/v1/webhook-endpoints'
const URL_OF = (n: number | string) => `https://shop.example/hooks/${n}`

const create = (body: unknown, harness = gateway) =>
  harness.ask({ method: 'POST', path: PATH, body })
const patch = (id: string, body: unknown) =>
  gateway.ask({ method: 'PATCH', path: `${PATH}/${id}`, body })
const act = (id: string, action: string) =>
  gateway.ask({ method: 'POST', path: `${PATH}/${id}/${action}` })

describe('webhook endpoints', () => {
  test('are made, shown, changed and deleted; the secret is shown once', async () => {
    const made = await create({ url: URL_OF(1), events: ['invoice.settled', '*', '*'] })
    expect(made.status).toBe(201)
    const { id, secret, ...rest } = made.json
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
    expect(rest).toMatchObject({
      url: URL_OF(1),
      events: ['invoice.settled', '*'],
      status: 'enabled',
    })
    const read = await gateway.ask({ path: `${PATH}/${id}` })
    expect(read.json).toEqual({ id, ...rest })
    expect((await gateway.ask({ path: PATH })).text).not.toContain('whsec_')

    const off = await patch(id, { status: 'disabled' })
    expect(off.json).toMatchObject({ status: 'disabled', disabled_reason: expect.any(String) })
    const on = await patch(id, { status: 'enabled', url: URL_OF(2), events: ['payment.detected'] })
    expect(on.json).toMatchObject({
      status: 'enabled',
      disabled_reason: null,
      url: URL_OF(2),
      events: ['payment.detected'],
    })
    const foreign = await gateway.ask({ path: `${PATH}/${id}`, key: gateway.otherKey })
    expect(foreign.status).toBe(404)
    const path = `${PATH}/${id}`
    expect((await gateway.ask({ method: 'DELETE', path, key: gateway.otherKey })).status).toBe(404)
    expect((await gateway.ask({ method: 'DELETE', path })).status).toBe(204)
    for (const method of ['GET', 'DELETE']) {
      expect((await gateway.ask({ method, path })).status).toBe(404)
    }
  })

  // biome-ignore format: a table reads better in rows
  test.each<[string, unknown]>([
    ['/url', {}],
    ['/url', { url: 5 }],
    ['/url', { url: 'ftp://shop.example/' }],
    ['/url', { url: 'http://shop.example/' }],
    ['/url', { url: 'https://localhost/' }],
    ['/url', { url: 'https://127.0.0.1/' }],
    ['/url', { url: 'https://a:b@shop.example/' }],
    ['/url', { url: 'https://shop.example:22/' }],
    ['/events', { url: URL_OF(1), events: [] }],
    ['/events/0', { url: URL_OF(1), events: ['invoice.paid'] }],
    ['/secret', { url: URL_OF(1), secret: 'whsec_x' }],
  ])('%s is refused in %j', async (pointer, body) => {
    const answer = await create(body)
    expect([answer.status, answer.json.errors?.[0].pointer]).toEqual([400, pointer])
  })

  test('an allowed host may be private and http', async () => {
    expect((await create({ url: 'http://127.0.0.1:9999/hook' })).status).toBe(201)
  })

  test('a hundred per store, newest first, page by page', async () => {
    const harness = await startHttpHarness()
    for (let n = 0; n < 100; n++)
      expect((await create({ url: URL_OF(n) }, harness)).status).toBe(201)
    const more = await create({ url: URL_OF('more') }, harness)
    expect([more.status, more.json.code]).toEqual([409, 'not_acceptable_state'])
    const first = (await harness.ask({ path: `${PATH}?limit=60` })).json
    const rest = (await harness.ask({ path: `${PATH}?limit=60&cursor=${first.next_cursor}` })).json
    expect([first.data.length, rest.data.length, rest.next_cursor]).toEqual([60, 40, null])
    expect(new Set([...first.data, ...rest.data].map(({ id }) => id)).size).toBe(100)
    await harness.server.close()
  })

  test('a rotated secret leaves the old one valid for 24 hours', async () => {
    const { id, secret } = (await create({ url: URL_OF('rotate') })).json
    const rotated = await act(id, 'rotate-secret')
    expect(rotated.status).toBe(200)
    expect(rotated.json.secret).not.toBe(secret)
    const { deps } = gateway
    const endpoint = await deps.store.getEndpoint(id)
    const opened = endpoint?.secrets.map(({ sealed }) => deps.vault.open(sealed, id))
    expect(opened).toEqual([rotated.json.secret, secret])
    const [current, former] = endpoint?.secrets ?? []
    expect(current?.validUntilMs).toBeNull()
    expect((former?.validUntilMs ?? 0) - deps.clock.nowMs()).toBeGreaterThan(86_390_000)
  })

  test('a signing key shows its public half, and never the other', async () => {
    const plain = (await create({ url: URL_OF('plain') })).json
    expect(plain.public_key).toBeNull()
    const made = (await create({ url: URL_OF('key'), ed25519: true })).json
    expect(made.public_key).toMatch(/^whpk_[A-Za-z0-9+/]{43}=$/)
    const rotated = await act(made.id, 'rotate-secret')
    expect(rotated.json.public_key).not.toBe(made.public_key)
    const shown = await gateway.ask({ path: `${PATH}/${made.id}` })
    expect(shown.json.public_key).toBe(rotated.json.public_key)
    const { deps } = gateway
    const stored = (await deps.store.getEndpoint(made.id))?.secrets ?? []
    const opened = stored.map(({ sealed }) => deps.vault.open(sealed, made.id))
    expect(opened.filter((text) => text.startsWith('whsk_'))).toHaveLength(2)
    const told = [JSON.stringify(stored), shown.text, rotated.text].join()
    expect(told).not.toContain('whsk_')
    const wrong = await create({ url: URL_OF('wrong'), ed25519: 'yes' })
    expect([wrong.status, wrong.json.errors?.[0].pointer]).toEqual([400, '/ed25519'])
  })

  test('a test event goes to its endpoint alone', async () => {
    const one = (await create({ url: URL_OF('one'), events: ['invoice.settled'] })).json
    await create({ url: URL_OF('two') })
    const sent = await act(one.id, 'test')
    expect([sent.status, sent.json.type, sent.json.invoice]).toEqual([202, 'endpoint.test', null])
    const deliveries = await gateway.ask({ path: `/v1/deliveries?event=${sent.json.id}` })
    expect(deliveries.json.data).toMatchObject([
      { endpoint: one.id, status: 'pending', attempts_made: 0, attempts: [] },
    ])
    await patch(one.id, { status: 'disabled' })
    expect((await act(one.id, 'test')).status).toBe(409)
    const again = await gateway.ask({
      method: 'POST',
      path: `/v1/events/${sent.json.id}/redeliver`,
    })
    expect(again.status).toBe(409)
  })
})

describe('redelivery (WH-22)', () => {
  test('puts the deliveries of an event back to work, without a new event', async () => {
    const harness = await startHttpHarness()
    const { deps, ask } = harness
    const early = (await create({ url: URL_OF('early') }, harness)).json
    const invoice = await createInvoice(harness)
    const late = (await create({ url: URL_OF('late') }, harness)).json
    const [event] = (await ask({ path: `/v1/events?invoice=${invoice.id}` })).json.data
    const made = await deps.store.getDelivery(event.id, early.id)
    if (made === null) throw new Error('the event is planned for the endpoint')
    await deps.store.commit({ deliveries: [{ ...made, status: 'delivered', attemptsMade: 1 }] })

    const path = `/v1/events/${event.id}/redeliver`
    const answer = await ask({ method: 'POST', path })
    expect([answer.status, answer.json.endpoints]).toEqual([202, [early.id, late.id]])
    const deliveries = (await ask({ path: `/v1/deliveries?event=${event.id}` })).json.data
    expect(deliveries.length).toBe(2)
    for (const delivery of deliveries) {
      expect(delivery).toMatchObject({ event: event.id, status: 'pending', attempts_made: 0 })
    }
    expect((await deps.store.getDelivery(event.id, early.id))?.id).toBe(made.id)
    expect((await ask({ path: '/v1/events' })).json.data).toEqual([event])
    const foreign = await ask({ method: 'POST', path, key: harness.otherKey })
    expect(foreign.status).toBe(404)
    await harness.server.close()
  })

  test('with nobody to tell is 409', async () => {
    const harness = await startHttpHarness()
    await createInvoice(harness)
    const [event] = (await harness.ask({ path: '/v1/events' })).json.data
    const path = `/v1/events/${event.id}/redeliver`
    expect((await harness.ask({ method: 'POST', path })).status).toBe(409)
    await harness.server.close()
  })
})

test('what keys and people did is in the audit log', async () => {
  const audit = await gateway.deps.store.listAudit(0, 1_000)
  const actions = new Set(audit.map(({ action }) => action))
  for (const action of [
    'endpoint.create',
    'endpoint.update',
    'endpoint.delete',
    'api-key.create',
  ]) {
    expect(actions).toContain(action)
  }
  expect(JSON.stringify(audit)).not.toMatch(/whsec_|qk_/)
})
