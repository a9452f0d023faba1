/**
 * The second look at blocks that have become final: a payment that was not seen in its block, whoever
 * is to blame, is found by the logs that name our addresses, also where the order had been paid before.
 */
import { beforeAll, expect, test, vi } from 'vitest'
import { waitFor } from '../support/gateway-process.ts'
import { expectCreditedAsOnChain } from '../support/oracle.ts'
import { payInvoice, unitsDue } from '../support/pay-invoice.ts'
import { countType, skipDevAccounts } from '../support/pay-many.ts'
import { K } from '../support/payment-world.ts'
import { NOTHING_PROVEN, useProxiedWorld, withoutLogs } from '../support/proxied-world.ts'
import { readMetric } from '../support/read-metric.ts'

vi.setConfig({ testTimeout: 60_000 })
const FINAL_DEPTH = 12

const { world, proxy } = await useProxiedWorld({
  chain: { proofs: NOTHING_PROVEN, max_reorg_blocks: FINAL_DEPTH },
})
beforeAll(() => skipDevAccounts(world))

const readLooks = (outcome: string) => readMetric(world.gateway, 'final_looks_total', { outcome })

/** A transfer that is in no block as the gateway reads it. */
async function payUnseen(invoice: any): Promise<void> {
  const { payments_total: before } = await world.getInvoice(invoice.id)
  proxy.intercept(withoutLogs)
  await payInvoice(world, invoice, { units: unitsDue(invoice, world.usdc.asset) })
  await world.mine(K)
  expect((await world.getInvoice(invoice.id)).payments_total).toBe(before)
  proxy.reset()
}

test('an open order is settled by what its block did not show, long before it would expire', async () => {
  const invoice = await world.createInvoice({ accept: [world.usdc.asset] })
  await payUnseen(invoice)
  await world.mine(FINAL_DEPTH)
  const settled = await world.waitForStatus(invoice.id, 'settled')
  expect(settled.payments).toMatchObject([{ position: 'confirmed', in_time: true }])
  await waitFor('the look to be told', async () => (await readLooks('found')) === 1)
  expect(world.gateway.output()).toContain('ALARM: a payment was missed in its block, and found')
  await expectCreditedAsOnChain(world, [invoice])
  await world.expectCleanState()
})

test('a second payment of a paid order is found, and once only', async () => {
  const invoice = await world.createInvoice({ accept: [world.usdc.asset] })
  await payInvoice(world, invoice)
  await world.mine(K)
  await world.waitForStatus(invoice.id, 'settled')
  await payUnseen(invoice)
  await world.mine(FINAL_DEPTH)
  await world.waitForInvoice(invoice.id, 'paid twice', ({ payments_total }) => payments_total === 2)
  const clear = await readLooks('clear')
  await world.mine(FINAL_DEPTH)
  await waitFor('more looks', async () => (await readLooks('clear')) > clear)
  const paid = await world.getInvoice(invoice.id)
  expect([paid.payments_total, paid.paid.overpaid]).toEqual([2, true])
  expect(countType(await world.eventsOf(invoice.id), 'payment.detected')).toBe(2)
  expect(await readLooks('found')).toBe(2)
  await expectCreditedAsOnChain(world, [invoice])
  await world.expectCleanState()
})

test('what a log names and no block holds is no payment', async () => {
  const invoice = await world.createInvoice({ accept: [world.usdc.asset] })
  const found = await readLooks('found')
  proxy.intercept((method, params, result) => {
    const [filter] = params as any[]
    const text = JSON.stringify(params).toLowerCase()
    if (method !== 'eth_getLogs' || !text.includes(invoice.address.slice(2).toLowerCase())) {
      return result
    }
    const [, , to] = filter.topics
    const word = `0x${'5'.padStart(64, '0')}`
    const topics = [filter.topics[0], word, Array.isArray(to) ? to.at(-1) : to]
    const invented = {
      address: world.usdc.address,
      topics,
      data: word,
      blockNumber: filter.toBlock,
      blockHash: word,
      logIndex: '0x0',
    }
    return [...(result as object[]), invented]
  })
  const clear = await readLooks('clear')
  await world.mine(2 * FINAL_DEPTH)
  await waitFor('the look', async () => (await readLooks('clear')) > clear)
  expect(await world.getInvoice(invoice.id)).toMatchObject({ status: 'open', payments_total: 0 })
  expect(await readLooks('found')).toBe(found)
})

test('where no node lists logs, blocks and payments go on as before', async () => {
  const invoice = await world.createInvoice({ accept: [world.usdc.asset] })
  proxy.rules.failure = 'http_500'
  proxy.rules.failureMethods = ['eth_getLogs']
  await payInvoice(world, invoice)
  await world.mine(K + FINAL_DEPTH)
  await world.waitForStatus(invoice.id, 'settled')
  proxy.reset()
  const clear = await readLooks('clear')
  await world.mine(1)
  await waitFor('the next look', async () => (await readLooks('clear')) > clear)
  await world.expectCleanState()
})
