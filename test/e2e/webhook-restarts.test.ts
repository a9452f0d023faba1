/** Webhooks over restarts: nothing that waits is lost, and nothing gets another id. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import { accountXpub } from '../support/account-keys.ts'
import { neverAnswer } from '../support/hostile-receiver.ts'
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

const STEP_MS = 5_000
const JITTER_SHARE = 0.2
const DUE_TOLERANCE_MS = allow(2_000)

vi.setConfig({ testTimeout: 60_000 })

const world = usePaymentWorld({
  env: {
    QUITTANCE_WEBHOOK_SCHEDULE: `${STEP_MS}ms,${STEP_MS}ms`,
    QUITTANCE_XPUB: accountXpub(2),
  },
})

const typesOf = () =>
  world.receiver.requests.map(({ rawBody }) => JSON.parse(`${rawBody}`).type as string)

test('WH-06 killed after the receiver got the body: delivered again under the same id', async () => {
  const { receiver, gateway } = world
  receiver.respondWith([neverAnswer, 200])
  await registerEndpoint(gateway, receiver, '/hook')
  const invoice = await world.createInvoice({ accept: [world.usdc.asset] })
  await receiver.waitFor((requests) => requests.length === 1, 5_000)
  await gateway.kill()
  await gateway.start()
  await receiver.waitFor((requests) => requests.length === 2, 10_000)
  const [first, second] = receiver.requests as [any, any]
  expect(idOf(second)).toBe(idOf(first))
  expect(second.rawBody.equals(first.rawBody)).toBe(true)

  const units = BigInt(invoice.payment_options[0].amount_due_units)
  await world.chain.sendToken({ token: world.usdc.address, to: invoice.address, units })
  await world.mine(K)
  await world.waitForStatus(invoice.id, 'settled')
  await receiver.waitFor((requests) => requests.length === 6, 5_000)
  expect(typesOf().slice(1)).toEqual((await world.eventsOf(invoice.id)).map(({ type }) => type))
})

test.each(['SIGKILL', 'SIGTERM'])(
  'WH-20 a restart (%s) during back-off: due on time, the counter goes on, nothing lost',
  async (signal) => {
    const { receiver, gateway } = world
    const seen = receiver.requests.length
    const path = `/back-off/${signal}`
    receiver.respondWith((request, response) => {
      const isEarly = request.path === path && mine().length <= 2
      response.writeHead(isEarly ? 500 : 200).end()
    })
    const endpoint = await registerEndpoint(gateway, receiver, path, ['invoice.created'])
    const { id } = await world.createInvoice()
    const mine = () => receiver.requests.slice(seen).filter((request) => request.path === path)
    await receiver.waitFor(() => mine().length === 1, 5_000)
    const dueMs = await waitForPlan(endpoint, idOf(mine()[0] as any), 1)
    const [{ at: firstMs }] = mine() as [any]
    expect(dueMs - firstMs).toBeGreaterThanOrEqual(STEP_MS * (1 - JITTER_SHARE) - 5)
    expect(dueMs - firstMs).toBeLessThanOrEqual(STEP_MS * (1 + JITTER_SHARE) + allow(500))

    if (signal === 'SIGKILL') await gateway.kill()
    else expect(await gateway.stop()).toBe(0)
    await gateway.start()
    await receiver.waitFor(() => mine().length === 2, 20_000)
    const [first, second] = mine() as [any, any]
    expect(Math.abs(second.at - dueMs)).toBeLessThanOrEqual(DUE_TOLERANCE_MS)
    expect(idOf(second)).toBe(idOf(first))
    expect(JSON.parse(`${second.rawBody}`).invoice).toBe(id)
    await waitForPlan(endpoint, idOf(first), 2)
  },
)

/** The planned time of the next attempt, once so many were made and recorded. */
async function waitForPlan(endpoint: Endpoint, event: string, attempts: number): Promise<number> {
  await waitForDelivery(world.gateway, event, endpoint, 'pending')
  for (let tries = 0; tries < 40; tries++) {
    const delivery = await readDelivery(world.gateway, event, endpoint)
    if (delivery.attempts_made === attempts) {
      expect(delivery.attempts).toHaveLength(attempts)
      return Date.parse(delivery.next_attempt_at)
    }
    await sleep(50)
  }
  throw new Error(`no attempt ${attempts} of ${event} was recorded`)
}

test('WH-20 after all restarts the receiver has every event, and the state is sound', async () => {
  const ids = new Set((await listEvents(world.gateway)).map(({ id }) => id))
  await world.receiver.waitFor((requests) => new Set(requests.map(idOf)).size === ids.size, 10_000)
  expect(new Set(world.receiver.requests.map(idOf))).toEqual(ids)
  await world.expectCleanState()
})
