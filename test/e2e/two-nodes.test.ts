/** A chain behind two nodes, of which one is not what it should be. */
import { beforeAll, expect, test } from 'vitest'
import { waitFor } from '../support/gateway-process.ts'
import { expectCreditedAsOnChain } from '../support/oracle.ts'
import { payInvoice } from '../support/pay-invoice.ts'
import { skipDevAccounts } from '../support/pay-many.ts'
import { K } from '../support/payment-world.ts'
import { useSeveralNodes } from '../support/proxied-world.ts'

const { world, proxies, first, second } = await useSeveralNodes(['first', 'second'])
beforeAll(() => skipDevAccounts(world))

const readChain = async () => {
  const { status, body } = await world.gateway.request('GET', '/readyz')
  return { status, ...body.chains[0] }
}

async function expectPaid(): Promise<void> {
  const invoice = await world.createInvoice()
  await payInvoice(world, invoice)
  await world.mine(K)
  await world.waitForStatus(invoice.id, 'settled')
  await expectCreditedAsOnChain(world, [invoice])
}

test('CR-28 the first node stands still: the other one is used, and health names both', async () => {
  const frozenAt = await world.chain.blockNumber()
  first.rules.headFrozenAt = frozenAt
  await expectPaid()
  await waitFor('health', async () => (await readChain()).providers[0].state === 'stale')
  const { status, providers } = await readChain()
  const head = await world.chain.blockNumber()
  expect(head).toBeGreaterThan(frozenAt)
  expect({ status, providers }).toMatchObject({
    status: 200,
    providers: [
      { name: new URL(first.url).host, head: frozenAt, ok: true, last_fault: null },
      { name: new URL(second.url).host, head, ok: true, state: 'ok', last_fault: null },
    ],
  })
  first.reset()
  await waitFor('its return', async () => (await readChain()).providers[0].state === 'ok')
  await world.expectCleanState()
})

test('CR-28 a fallback that lags is left when the first node is back', async () => {
  second.rules.headFrozenAt = await world.chain.blockNumber()
  first.rules.failure = 'reset'
  const invoice = await world.createInvoice()
  await payInvoice(world, invoice)
  await world.chain.mine(K)
  await waitFor('the first node to be missed', async () => {
    const { providers } = await readChain()
    return providers[0].last_fault === 'unreachable' && !providers[0].ok
  })
  expect(await world.getInvoice(invoice.id)).toMatchObject({ status: 'open' })
  first.rules.failure = null
  await world.waitForStatus(invoice.id, 'settled')
  expect((await readChain()).providers[0]).toMatchObject({ ok: true, last_fault: 'unreachable' })
  await expectCreditedAsOnChain(world, [invoice])
  await world.expectCleanState()
})

test('CR-24 a node with heads and without blocks is left, and none is skipped', async () => {
  first.rules.nulls = ['eth_getBlockByHash']
  await expectPaid()
  await expectPaid()
  first.reset()
  second.rules.nulls = ['eth_getBlockReceipts']
  await expectPaid()
  await world.expectCleanState()
})

test('CR-23 nodes that take small batches, or none: nothing is lost', async () => {
  for (const { rules } of proxies) rules.batch = 'one_error'
  await world.gateway.kill()
  // More than one batch of headers to catch up with.
  await world.chain.mine(150)
  await world.gateway.start()
  await expectPaid()
  expect((await readChain()).status).toBe(200)
  await world.expectCleanState()
})
