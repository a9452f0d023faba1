/**
 * Several stores in one installation: every route of the API document, asked with the key of another
 * store, without a key, and with a key that lacks the scope. A new route is asked as soon as it is there.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Address } from '../../src/core/money/asset.ts'
import { API_KEY_SCOPES } from '../../src/core/store-account/store-account.ts'
import {
  sampleAddress,
  sampleBlock,
  sampleDepositAddress,
  sampleHash,
  sampleObservation,
  sampleOutflow,
  samplePayment,
} from '../support/fixtures.ts'
import {
  type Answer,
  createInvoice,
  type HttpHarness,
  INVOICE,
  startHttpHarness,
} from '../support/http-harness.ts'

/** Something that only the first store has, and that shows wherever it leaks. */
const MARK = 'of-the-first-store'

type Route = {
  readonly name: string
  readonly method: string
  readonly path: string
  readonly scope: string | null
  readonly query: readonly string[]
}

const REFUND = { part: 'full', destination: sampleAddress(0xbeef) }

let gateway: HttpHarness
let routes: Route[]
/** Of the first store: an id for each collection that has routes by id. */
let ids: Readonly<Record<string, string>>
let otherInvoice: string

beforeAll(async () => {
  gateway = await startHttpHarness()
  const document = (await gateway.ask({ path: '/openapi.json', key: null })).json
  routes = listRoutes(document)
  otherInvoice = (await createInvoice({ ask: (request) => askOther(request) })).id
  ids = await fillFirstStore()
})
afterAll(() => gateway.server.close())

function listRoutes(document: any): Route[] {
  return Object.entries<any>(document.paths)
    .filter(([path]) => path.startsWith('/v1/'))
    .flatMap(([path, item]) =>
      Object.entries<any>(item).map(([method, operation]) => ({
        name: `${method.toUpperCase()} ${path}`,
        method: method.toUpperCase(),
        path,
        scope: /Scope `([^`]+)`/.exec(operation.description ?? '')?.[1] ?? null,
        query: (operation.parameters ?? [])
          .filter((one: any) => one.in === 'query')
          .map((one: any) => one.name),
      })),
    )
}

const askOther = (request: Parameters<HttpHarness['ask']>[0]) =>
  gateway.ask({ ...request, key: gateway.otherKey })

/** One of everything that a store may have. */
async function fillFirstStore(): Promise<Record<string, string>> {
  const post = async (path: string, body: unknown) => {
    const answer = await gateway.ask({ method: 'POST', path, body })
    expect(answer.status, `${path} ${answer.text}`).toBeLessThan(300)
    return answer.json
  }
  const endpoint = await post('/v1/webhook-endpoints', { url: `https://shop.example/${MARK}` })
  const invoice = await createInvoice(gateway, { order_id: MARK, description: MARK })
  const test = await post(`/v1/webhook-endpoints/${endpoint.id}/test`, undefined)
  const key = await post('/v1/api-keys', { name: MARK, scopes: ['invoices:read'] })
  await gateway.ask({ method: 'PATCH', path: '/v1/store', body: { name: MARK } })
  const payments = [await receive(invoice.id, invoice.address.toLowerCase(), 1)]
  const index = 1_001
  const derived = gateway.deps.addressBook.derive(gateway.store.fingerprint, index) as Address
  const owner = { storeId: gateway.store.id, fingerprint: gateway.store.fingerprint }
  await gateway.deps.store.commit({
    addresses: [sampleDepositAddress(index, { ...owner, address: derived })],
  })
  payments.push(await receive(null, derived, 2))
  const outflow = sampleOutflow(3, sampleBlock(10), {
    from: derived,
    storeId: gateway.store.id,
  })
  await gateway.deps.store.commit({ outflows: [outflow] })
  const refund = await post(`/v1/invoices/${invoice.id}/refunds`, REFUND)
  return {
    refunds: refund.id,
    outflows: outflow.id,
    invoices: invoice.id,
    payments: payments[1] as string,
    'webhook-endpoints': endpoint.id,
    events: test.id,
    'api-keys': key.id,
    'test/invoices': invoice.id,
  }
}

async function receive(invoiceId: string | null, to: Address, n: number): Promise<string> {
  const observation = sampleObservation(n, sampleBlock(10), { to })
  const payment = samplePayment(observation, {
    storeId: gateway.store.id,
    invoiceId,
    accepted: invoiceId !== null,
    position: 'confirmed',
  })
  await gateway.deps.store.commit({ payments: [payment] })
  return observation.id
}

/** `/v1/test/invoices/{id}/pay` is about `test/invoices`; null without an id. */
const collectionOf = ({ path }: Route) => /^\/v1\/(.+?)\/\{id\}/.exec(path)?.[1] ?? null

/** Chains belong to nobody. */
const isOfStore = (route: Route) => collectionOf(route) !== 'test/chains'

/** A body that the route would take from its own store. */
function bodyFor({ name }: Route): unknown {
  const bodies: Record<string, unknown> = {
    'POST /v1/payments/{id}/assign': { invoice: otherInvoice },
    'POST /v1/webhook-endpoints/{id}/replay': { from: '2026-01-01T00:00:00Z' },
    'POST /v1/invoices/{id}/refunds': REFUND,
    'POST /v1/refunds/{id}/report': { tx_hash: sampleHash(1) },
    'PATCH /v1/webhook-endpoints/{id}': { events: ['*'] },
    'PATCH /v1/store': {},
    'POST /v1/invoices': INVOICE,
    'POST /v1/webhook-endpoints': { url: 'https://other.example/' },
    'POST /v1/api-keys': { scopes: ['invoices:read'] },
  }
  return bodies[name]
}

const askFor = (route: Route, path: string, key: string | null): Promise<Answer> => {
  const body = route.method === 'GET' || route.method === 'DELETE' ? undefined : bodyFor(route)
  return gateway.ask({ method: route.method, path, body, key })
}

/** A problem without what differs from request to request. */
const problemOf = ({ status, json }: Answer) => {
  const { request_id, ...problem } = json ?? {}
  return { status, problem }
}

describe('AU-04 another store', () => {
  test('gets for every id what it gets for an id that nobody has: 404', async () => {
    const walked = routes.filter((route) => collectionOf(route) !== null && isOfStore(route))
    expect(walked.length).toBeGreaterThan(12)
    for (const route of walked) {
      const id = ids[collectionOf(route) as string]
      expect(id, `${route.name} has no sample here: add one to fillFirstStore`).toBeDefined()
      const random = `${id?.split('_')[0]}_${'7'.repeat(26)}`
      const path = (of: string | undefined) => route.path.replace('{id}', of as string)
      const foreign = await askFor(route, path(id), gateway.otherKey)
      const unknown = await askFor(route, path(random), gateway.otherKey)
      expect([route.name, foreign.status, foreign.json.code]).toEqual([
        route.name,
        404,
        'not_found',
      ])
      expect(problemOf(foreign), route.name).toEqual(problemOf(unknown))
    }
  })

  test('sees nothing of it in any list, report or export', async () => {
    const hidden = [MARK, gateway.store.id, gateway.store.xpub, ...Object.values(ids)]
    const lists = routes.filter((route) => route.method === 'GET' && collectionOf(route) === null)
    expect(lists.length).toBeGreaterThan(10)
    let shown = ''
    for (const route of lists) {
      const answer = await askFor(route, route.path, gateway.otherKey)
      expect([route.name, answer.status]).toEqual([route.name, 200])
      for (const text of hidden) expect(answer.text, route.name).not.toContain(text)
      shown += (await askFor(route, route.path, gateway.adminKey)).text
    }
    // Its owner does see all of it: the walk looked where things are.
    for (const text of hidden.filter((one) => one !== gateway.store.xpub))
      expect(shown).toContain(text)
  })

  test('finds nothing by filters that name what is not its own', async () => {
    for (const route of routes.filter(({ method }) => method === 'GET')) {
      for (const name of route.query) {
        const collection = {
          invoice: 'invoices',
          endpoint: 'webhook-endpoints',
          event: 'events',
          after: 'events',
        }[name]
        if (collection === undefined) continue
        const path = `${route.path}?${name}=${ids[collection]}`
        const own = await askFor(route, path, gateway.adminKey)
        const foreign = await askFor(route, path, gateway.otherKey)
        const found = foreign.status === 200 ? foreign.json.data : []
        expect([path, own.status, found]).toEqual([path, 200, []])
      }
    }
  })

  test('cannot give its money to, or take money for, what is not its own', async () => {
    const foreignInvoice = { invoice: ids.invoices }
    const path = `/v1/payments/${ids.payments}/assign`
    const answer = await gateway.ask({
      method: 'POST',
      path,
      body: foreignInvoice,
      key: gateway.otherKey,
    })
    expect(answer.status).toBe(404)
    const given = await gateway.ask({ method: 'POST', path, body: { invoice: otherInvoice } })
    expect(given.status).toBeGreaterThanOrEqual(400)
    expect(given.text).not.toContain(gateway.otherStore.id)
  })

  test('changed nothing by all its asking', async () => {
    const path = `/v1/webhook-endpoints/${ids['webhook-endpoints']}`
    const endpoint = await gateway.ask({ path })
    expect(endpoint.json).toMatchObject({ status: 'enabled', url: `https://shop.example/${MARK}` })
    const invoice = await gateway.ask({ path: `/v1/invoices/${ids.invoices}` })
    expect(invoice.json).toMatchObject({ status: 'open', order_id: MARK })
    const { data } = (await gateway.ask({ path: '/v1/api-keys' })).json
    const key = data.find(({ id }: { id: string }) => id === ids['api-keys'])
    expect(key.revoked_at).toBeNull()
  })

  test('has addresses of its own account key', async () => {
    const { json } = await askOther({ path: `/v1/invoices/${otherInvoice}` })
    expect(json.derivation_path).toMatch(/^m\/44'\/60'\/1'\/0\//)
    expect(json.store).toBe(gateway.otherStore.id)
  })
})

describe('AU-01 every route', () => {
  const pathOf = (route: Route) => {
    const collection = collectionOf(route)
    const id = collection === 'test/chains' ? '31337' : ids[collection ?? '']
    return route.path.replace('{id}', id ?? '')
  }

  test('is 401 without a key, and says how to come with one', async () => {
    for (const route of routes) {
      const answer = await askFor(route, pathOf(route), null)
      expect([route.name, answer.status, answer.json.code]).toEqual([
        route.name,
        401,
        'unauthorized',
      ])
      expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer /)
    }
  })

  test('is 403 for a key with every scope but its own', async () => {
    const scoped = routes.filter(({ scope }) => scope !== null)
    expect(scoped.length).toBeGreaterThan(20)
    for (const scope of new Set(scoped.map((route) => route.scope as string))) {
      const others = API_KEY_SCOPES.filter((one) => one !== scope && one !== 'admin')
      const key = await gateway.makeKey(others)
      for (const route of scoped.filter((one) => one.scope === scope)) {
        const answer = await askFor(route, pathOf(route), key)
        expect([route.name, answer.status, answer.json.code]).toEqual([
          route.name,
          403,
          'forbidden',
        ])
        expect(answer.json.detail).toContain(scope)
      }
    }
  })
})

describe('stores', () => {
  test('have settings, endpoints and keys each of their own', async () => {
    const change = { name: 'Second', tolerance_bps: 50 }
    const changed = await askOther({ method: 'PATCH', path: '/v1/store', body: change })
    expect(changed.json).toMatchObject({ id: gateway.otherStore.id, ...change })
    expect((await gateway.ask({ path: '/v1/store' })).json).toMatchObject({
      id: gateway.store.id,
      name: MARK,
      tolerance_bps: null,
    })
    const made = await createInvoice({ ask: (request) => askOther(request) })
    expect(made).toMatchObject({ store: gateway.otherStore.id, tolerance_bps: 50 })
    expect((await createInvoice(gateway)).tolerance_bps).toBe(0)
    expect((await askOther({ path: '/v1/webhook-endpoints' })).json.data).toEqual([])
  })

  test('are asked by keys that name them: one idempotency key of two stores is two invoices', async () => {
    const request = {
      method: 'POST',
      path: '/v1/invoices',
      body: INVOICE,
      headers: { 'idempotency-key': 'same' },
    }
    const [own, other] = [await gateway.ask(request), await askOther(request)]
    expect(own.json.store).toBe(gateway.store.id)
    expect(other.json.store).toBe(gateway.otherStore.id)
    expect(other.headers.get('idempotency-replayed')).toBeNull()
  })
})
