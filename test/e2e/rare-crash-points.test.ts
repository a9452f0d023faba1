/**
 * Boundaries that the story of crash-points.test.ts does not come by: ranges of logs, a stop under
 * way, what is removed after a month, another account key. The process dies at each and is started again.
 */
import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, expect, test, vi } from 'vitest'
import { accountXpub } from '../support/account-keys.ts'
import { type GatewayProcess, waitFor } from '../support/gateway-process.ts'
import { neverAnswer } from '../support/hostile-receiver.ts'
import { expectCreditedAsOnChain } from '../support/oracle.ts'
import { payInvoice } from '../support/pay-invoice.ts'
import { K, type PaymentWorld, startPaymentWorld } from '../support/payment-world.ts'
import { idOf, listEvents, readDelivery, registerEndpoint } from '../support/webhook-endpoints.ts'

/** Housekeeping begins so long after a start. */
const MINUTE_MS = 60_000
const SOON_MS = 15_000
vi.setConfig({ testTimeout: 3 * MINUTE_MS })

// Not that of the node's own accounts: one of them pays.
const [XPUB, OTHER_XPUB] = [accountXpub(7), accountXpub(6)]
const NEVER = '999999999'
const STARTS_MAX = 30
const LONG_AGO_MS = 1

type World = PaymentWorld & { stop(): Promise<void> }
const worlds: World[] = []
afterAll(() => Promise.all(worlds.map((world) => world.stop())))

async function prepare(chain: object = {}): Promise<World> {
  const world = await startPaymentWorld({ chain, env: { QUITTANCE_XPUB: XPUB }, start: false })
  worlds.push(world)
  return world
}

const startMortal = (gateway: GatewayProcess) =>
  gateway.start({ env: { QUITTANCE_TEST_CRASH_AT: NEVER }, channel: true })

const placesOf = (gateway: GatewayProcess) =>
  [...gateway.output().matchAll(/^crash point: (.+)$/gm)].map(([, place]) => place)

async function expectDeath(gateway: GatewayProcess, place: string, timeoutMs = SOON_MS) {
  await waitFor(`the end ${place}`, () => gateway.hasEnded(), timeoutMs)
  expect(placesOf(gateway)).toEqual([place])
}

test('DU-02 after a range of logs was read: what it found is found again, once', async () => {
  const world = await prepare({ detection: 'logs' })
  await startMortal(world.gateway)
  const invoice = await world.createInvoice()
  await world.gateway.tell('after readSightings')
  await payInvoice(world, invoice)
  await world.chain.mine(1)
  await expectDeath(world.gateway, 'after readSightings')
  await world.gateway.start()
  await world.mine(K)
  await world.waitForStatus(invoice.id, 'settled')
  await expectCreditedAsOnChain(world, [invoice])
  await world.expectCleanState()
})

test.each(['before', 'after'])(
  'DU-02 %s a delivery is given back at a stop: it is sent, once',
  async (when) => {
    const world = await prepare()
    const { gateway, receiver } = world
    await startMortal(gateway)
    receiver.respondWith(neverAnswer)
    const endpoint = await registerEndpoint(gateway, receiver, '/hook', ['invoice.created'])
    await world.createInvoice()
    await receiver.waitFor((requests) => requests.length === 1, SOON_MS)
    await gateway.tell(`${when} releaseDelivery`)
    expect(await gateway.stop()).toBeNull()
    await expectDeath(gateway, `${when} releaseDelivery`)
    receiver.respondWith(200)
    await gateway.start()
    const [event] = await listEvents(gateway)
    const isDelivered = async () =>
      (await readDelivery(gateway, event.id, endpoint)).status === 'delivered'
    // Not given back, it is by the start: nobody else can hold it.
    await waitFor('the delivery', isDelivered, SOON_MS)
    expect(receiver.requests.map(idOf)).toEqual([event.id, event.id])
    expect((await readDelivery(gateway, event.id, endpoint)).attempts).toHaveLength(1)
    await world.expectCleanState()
  },
)

// Nearly all of the following is waiting.
test.concurrent.each([
  ['before', 1],
  ['after', 0],
])(
  'DU-02 %s what is outdated is removed: that alone, and all of it or nothing',
  async (when, left) => {
    const world = await prepare()
    const { gateway } = world
    await gateway.start()
    const order = (key: string) =>
      gateway.request('POST', '/v1/invoices', PRICE, { 'idempotency-key': key })
    const first = await order('today')
    expect(await gateway.stop()).toBe(0)
    const db = new Database(join(gateway.folder, 'data/quittance.db'))
    const scope = db.prepare('SELECT scope FROM idempotency').pluck().get()
    db.prepare(
      `INSERT INTO idempotency (scope, key, request_hash, status, body, sealed, created_at_ms)
     VALUES (?, 'long-ago', 'x', 201, '{}', 0, ${LONG_AGO_MS})`,
    ).run(scope)
    await startMortal(gateway)
    await gateway.tell(`${when} removeOutdated`)
    await expectDeath(gateway, `${when} removeOutdated`, MINUTE_MS + SOON_MS)
    const countOf = db.prepare('SELECT count(*) FROM idempotency WHERE key = ?').pluck()
    expect([countOf.get('long-ago'), countOf.get('today')]).toEqual([left, 1])
    db.close()
    await gateway.start()
    expect((await order('today')).body).toEqual(first.body)
    await world.expectCleanState()
  },
)

test.concurrent('DU-02 at every boundary of a start with another account key: the next start completes it', async () => {
  const world = await prepare()
  const { gateway } = world
  await gateway.start()
  const old = await world.createInvoice()
  expect(await gateway.stop()).toBe(0)
  const [data, kept] = [join(gateway.folder, 'data'), join(gateway.folder, 'kept')]
  cpSync(data, kept, { recursive: true })
  const accept = (crashAt: string, expectReady: boolean) =>
    gateway.start({
      args: ['--accept-new-xpub'],
      env: { QUITTANCE_XPUB: OTHER_XPUB, QUITTANCE_TEST_CRASH_AT: crashAt },
      expectReady,
    })
  // Each start is cut off one boundary later, until one is ready first.
  for (let n = 1; n <= STARTS_MAX && placesOf(gateway).length === n - 1; n++) {
    rmSync(data, { recursive: true })
    cpSync(kept, data, { recursive: true })
    await accept(String(n), false)
    const isOver = async () =>
      gateway.hasEnded() ||
      (await gateway.request('GET', '/readyz').catch(() => null))?.status === 200
    await waitFor('a death or a start', isOver, SOON_MS)
    if (!gateway.hasEnded()) break
    await accept(NEVER, true)
    const again = await gateway.request('GET', `/v1/invoices/${old.id}`)
    expect(again.body).toMatchObject({ id: old.id, address: old.address })
    const made = await world.createInvoice()
    await expectDerived(gateway, made.address, OTHER_XPUB)
    await expectDerived(gateway, old.address, XPUB)
    expect(await gateway.stop()).toBe(0)
  }
  const places = placesOf(gateway)
  for (const place of ['before replacePin', 'after replacePin']) {
    // The name of the default key, and that of the store.
    expect(places.filter((one) => one === place)).toHaveLength(2)
  }
})

const PRICE = { price: { amount: '25.00', currency: 'USD' } }

async function expectDerived(gateway: GatewayProcess, address: string, xpub: string) {
  const told = await gateway.run('keys', 'verify-address', '--xpub', xpub, address)
  expect([told.code, told.stdout]).toEqual([0, expect.stringContaining(address)])
}
