/**
 * Requests by chance against the whole HTTP side: 5,000 in every run, more by one command:
 * `REQUESTS=100000 SEED=7 npx vitest run test/http/fuzz.test.ts`.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createFuzzRequests } from '../support/fuzz-requests.ts'
import {
  type Ask,
  countInvoices,
  createInvoice,
  type HttpHarness,
  markReady,
  startHttpHarness,
} from '../support/http-harness.ts'

const REQUESTS = Number(process.env.REQUESTS ?? 5_000)
const SEED = Number(process.env.SEED ?? 1)
/** Requests at a time: as many as race each other for keys and rows. */
const IN_FLIGHT = 8
/** What each request may take at the outside, on a busy machine. */
const MS_PER_REQUEST = 40

let gateway: HttpHarness

beforeAll(async () => {
  gateway = await startHttpHarness()
})
afterAll(() => gateway.server.close())

/** Ids of what is there. */
async function listIds(): Promise<string[]> {
  const paths = ['invoices', 'webhook-endpoints', 'events', 'payments']
  const lists = await Promise.all(
    paths.map(async (path) => (await gateway.ask({ path: `/v1/${path}?limit=5` })).json.data),
  )
  return lists.flat().map(({ id }) => id as string)
}

test(`${REQUESTS} requests by chance (seed ${SEED}): no 5xx, every failure a problem, nothing half-written`, {
  timeout: 20_000 + REQUESTS * MS_PER_REQUEST,
}, async () => {
  const { checkout_url } = await createInvoice(gateway)
  const endpoint = { url: 'https://shop.example/hook' }
  await gateway.ask({ method: 'POST', path: '/v1/webhook-endpoints', body: endpoint })
  const document = (await gateway.ask({ path: '/openapi.json' })).json
  const ids = [...(await listIds()), '31337', checkout_url.split('/').at(-1) as string]
  const readOnly = await gateway.makeKey(['invoices:read'])
  const keys = [gateway.adminKey, gateway.otherKey, readOnly, null, 'qk_wrong']
  const requests = createFuzzRequests({ document, ids, keys }, SEED)
  const created = new Set<string>()
  const statuses = new Map<number, number>()
  const before = await countInvoices(gateway)
  const chainIds = gateway.deps.chains.list().map((chain) => chain.chainId)

  const send = async (request: Ask) => {
    // No watcher runs here, and one that is silent for long is not believed.
    for (const chainId of chainIds) markReady(gateway.deps, chainId)
    const answer = await gateway.ask(request)
    statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
    const told = JSON.stringify(request)
    expect(answer.status, told).toBeLessThan(500)
    if (answer.status >= 400 && request.method !== 'HEAD') {
      expect(answer.headers.get('content-type'), told).toBe('application/problem+json')
    }
    const isNew = answer.status === 201 && answer.json?.object === 'invoice'
    if (isNew && answer.json.store === gateway.store.id) created.add(answer.json.id)
  }
  let left = REQUESTS
  const work = async () => {
    while (left-- > 0) await send(requests.next().value as Ask)
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, work))

  expect(await countInvoices(gateway)).toBe(before + created.size)
  expect((await gateway.ask({ path: '/healthz', key: null })).status).toBe(200)
  // A run in which every request is refused at the door would show nothing.
  expect([...statuses.keys()]).toEqual(expect.arrayContaining([200, 201, 400, 401, 403, 404]))
})
