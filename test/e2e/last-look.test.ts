/**
 * The look at an address before its order expires: a node that left a payment out of its block, where
 * nothing proves blocks, cannot make an order expire that was paid.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, expect, test, vi } from 'vitest'
import { waitFor } from '../support/gateway-process.ts'
import { expectCreditedAsOnChain } from '../support/oracle.ts'
import { payInvoice } from '../support/pay-invoice.ts'
import { countType, skipDevAccounts } from '../support/pay-many.ts'
import { K } from '../support/payment-world.ts'
import { NOTHING_PROVEN, useProxiedWorld, withoutLogs } from '../support/proxied-world.ts'
import { readMetric } from '../support/read-metric.ts'

vi.setConfig({ testTimeout: 60_000 })
const EXPIRES_S = 6

const { world, proxy } = await useProxiedWorld({ chain: { proofs: NOTHING_PROVEN } })
beforeAll(() => skipDevAccounts(world))

const createShort = () =>
  world.createInvoice({ expires_in: EXPIRES_S, accept: [world.usdc.asset, world.dai.asset] })

const readLooks = (outcome: string) => readMetric(world.gateway, 'expiry_checks_total', { outcome })

async function passDeadline(invoice: any): Promise<void> {
  await sleep(Math.max(0, Date.parse(invoice.expires_at) - Date.now()) + 1_000)
  await world.mine(2 * K)
}

test('a payment its node left out is found before the order expires, and counts', async () => {
  const [paid, unpaid] = [await createShort(), await createShort()]
  proxy.intercept(withoutLogs)
  await payInvoice(world, paid)
  await world.mine(K)
  expect(await world.getInvoice(paid.id)).toMatchObject({ status: 'open', payments_total: 0 })
  proxy.reset()
  await passDeadline(unpaid)
  const settled = await world.waitForStatus(paid.id, 'settled')
  expect(settled.payments).toMatchObject([{ position: 'confirmed', in_time: true }])
  expect(settled.paid).toEqual({ underpaid: false, overpaid: false, late: false })
  await world.mine(1)
  await world.waitForStatus(unpaid.id, 'expired')
  expect(countType(await world.eventsOf(paid.id), 'invoice.expired')).toBe(0)
  expect(countType(await world.eventsOf(paid.id), 'payment.detected')).toBe(1)
  expect(await readLooks('found')).toBe(1)
  expect(world.gateway.output()).toContain('ALARM: a payment was missed in its block')
  await expectCreditedAsOnChain(world, [paid, unpaid])
  await world.expectCleanState()
})

test('what no block shows is told and not credited; the order expires', async () => {
  const invoice = await createShort()
  proxy.intercept((method, params, result) => {
    // The node says that the address has something, and cannot say why.
    if (
      method !== 'eth_call' ||
      !JSON.stringify(params).includes(invoice.address.slice(2).toLowerCase())
    ) {
      return result
    }
    return `0x${'1'.padStart(64, '0')}`
  })
  await passDeadline(invoice)
  await world.waitForStatus(invoice.id, 'expired')
  expect(await world.getInvoice(invoice.id)).toMatchObject({ payments_total: 0 })
  expect(await readLooks('unexplained')).toBe(2)
  await world.expectCleanState()
})

test('while the addresses cannot be asked no order expires; afterwards it does', async () => {
  const invoice = await createShort()
  const before = await readLooks('clear')
  proxy.rules.failure = 'http_500'
  proxy.rules.failureMethods = ['eth_call']
  await passDeadline(invoice)
  await sleep(1_000)
  expect(await world.getInvoice(invoice.id)).toMatchObject({ status: 'open' })
  proxy.reset()
  await waitFor('the look', async () => (await readLooks('clear')) > before)
  await world.mine(1)
  await world.waitForStatus(invoice.id, 'expired')
})
