/** Webhooks under load: receivers that fail and hang do not slow down the others. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import { accountXpub } from '../support/account-keys.ts'
import { allow } from '../support/load-figures.ts'
import { usePaymentWorld } from '../support/payment-world.ts'
import { type Endpoint, idOf, listAll, registerEndpoint } from '../support/webhook-endpoints.ts'

const DELIVERIES_PER_MINUTE = 1_000
const ENDPOINTS = 10
/** One answers an error, one hangs up, one says nothing until the deadline: three of ten. */
const FAILING = ['/failing/error', '/failing/reset', '/failing/mute']
const DURATION_MS = 20_000
const INVOICES = Math.ceil((DELIVERIES_PER_MINUTE * DURATION_MS) / 60_000 / ENDPOINTS)
const P99_MAX_MS = allow(2_000)

vi.setConfig({ testTimeout: 90_000 })

const world = usePaymentWorld({
  env: { QUITTANCE_WEBHOOK_SCHEDULE: '1s,2s,4s,8s,16s,30s', QUITTANCE_XPUB: accountXpub(1) },
})

test('LO-06 1,000 deliveries a minute, 30 % of the endpoints failing: the healthy ones wait < 2 s', async () => {
  const { gateway, receiver } = world
  receiver.respondWith((request, response) => {
    if (request.path === '/failing/mute') return
    if (request.path === '/failing/reset') response.socket?.destroy()
    else response.writeHead(request.path === '/failing/error' ? 500 : 200).end()
  })
  const healthy: Endpoint[] = []
  for (let n = FAILING.length; n < ENDPOINTS; n++) {
    healthy.push(await registerEndpoint(gateway, receiver, `/healthy/${n}`, ['invoice.created']))
  }
  const failing: Endpoint[] = []
  for (const path of FAILING) {
    failing.push(await registerEndpoint(gateway, receiver, path, ['invoice.created']))
  }
  const paths = new Set(healthy.map(({ path }) => path))
  const arrived = () => receiver.requests.filter(({ path }) => paths.has(path))

  const startedMs = performance.now()
  for (let n = 0; n < INVOICES; n++) {
    await sleep(Math.max(0, startedMs + (n * DURATION_MS) / INVOICES - performance.now()))
    await world.createInvoice()
  }
  await receiver.waitFor(() => arrived().length >= INVOICES * healthy.length, 30_000)

  const waits = arrived()
    .map((request) => request.at - Date.parse(JSON.parse(`${request.rawBody}`).timestamp))
    .toSorted((a, b) => a - b)
  expect(waits).toHaveLength(INVOICES * healthy.length)
  for (const { path } of healthy) {
    const ids = receiver.requests.filter((request) => request.path === path).map(idOf)
    expect(new Set(ids).size).toBe(INVOICES)
  }
  const p99 = waits[Math.ceil(waits.length * 0.99) - 1]
  expect(p99).toBeLessThan(P99_MAX_MS)
  // The load was there: the failing ones were tried again and again, and nothing got through.
  for (const endpoint of failing) {
    const path = '/v1/deliveries'
    const deliveries = await listAll(gateway, path, { endpoint: endpoint.id })
    expect(deliveries).toHaveLength(INVOICES)
    expect(deliveries.filter(({ status }) => status === 'delivered')).toEqual([])
    expect(deliveries.some(({ attempts_made: made }) => made > 0)).toBe(true)
  }
})
