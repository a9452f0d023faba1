/** What a chain has credited and does not call final is bounded: further orders wait, and say so. */
import { beforeAll, expect, test } from 'vitest'
import { connectLocalChain } from '../../hardhat-local/src/local-chain.ts'
import { startAnvil } from '../../hardhat-local/src/start-anvil.ts'
import { waitFor } from '../support/gateway-process.ts'
import { expectCreditedAsOnChain } from '../support/oracle.ts'
import { payInvoice, signPayment, storyOf } from '../support/pay-invoice.ts'
import { skipDevAccounts } from '../support/pay-many.ts'
import { usePaymentWorld } from '../support/payment-world.ts'

/** Anvil calls final what is two epochs below its head. */
const EPOCH = 4
const TO_FINALIZED = 2 * EPOCH
const SMALL = 2

const world = usePaymentWorld({
  chain: {
    finalized_tag: 'on',
    finality: [{ up_to: '1000 USD', confirmations: SMALL }, { confirmations: 'finalized' }],
    finality_cap: '60 USD',
  },
  async startNode() {
    const node = await startAnvil({ mining: 'manual', args: ['--slots-in-an-epoch', `${EPOCH}`] })
    return { node, chain: connectLocalChain(node.url) }
  },
})
beforeAll(() => skipDevAccounts(world))

const invoiceOver = (amount: string, currency = 'USD') =>
  world.createInvoice({ price: { amount, currency }, accept: [world.usdc.asset] })

/** Every transfer in a block of its own, so that it is known who asks first. */
async function payEach(...invoices: readonly any[]): Promise<void> {
  for (const invoice of invoices) {
    await payInvoice(world, invoice)
    await world.mine(1)
  }
}

async function standingOf(invoices: readonly any[]): Promise<string[]> {
  const read = await Promise.all(invoices.map(({ id }) => world.getInvoice(id)))
  return read.map(({ status, payments: [payment] }) => `${status}, ${payment?.waits_for}`)
}

const SETTLED = 'settled, null'
const HELD = 'processing, finality_cap'

async function waitUntilStanding(invoices: readonly any[], wanted: readonly string[]) {
  await waitFor(`orders that are ${wanted.join('; ')}`, async () => {
    return (await standingOf(invoices)).join('; ') === wanted.join('; ')
  }).catch(async (error) => {
    expect(await standingOf(invoices)).toEqual(wanted)
    throw error
  })
}

const readCap = async () => (await world.gateway.request('GET', '/readyz')).body.chains[0]

/** Whatever earlier tests credited is final. */
const forgetEarlier = () => world.mine(TO_FINALIZED + 1)

test('who does not fit waits until earlier ones are final, is told so, and survives a kill', async () => {
  const [first, second, third, little] = [
    await invoiceOver('25.00'),
    await invoiceOver('30.00'),
    await invoiceOver('25.00', 'USDC'),
    await invoiceOver('5.00'),
  ]
  const orders = [first, second, third, little]
  await payEach(...orders)
  await world.mine(SMALL - 1)
  await waitUntilStanding(orders, [SETTLED, SETTLED, HELD, SETTLED])
  expect(await readCap()).toMatchObject({
    state: 'ok',
    finality_cap: { cap: '60 USD', waiting: 1 },
  })
  const metrics = await (await fetch(`${world.gateway.url}/metrics`)).text()
  expect(metrics).toContain('quittance_payments_held{chain="31337"} 1')
  expect(metrics).toContain('quittance_payments_held_total{chain="31337"} 1')
  expect(world.gateway.output()).toContain('has reached finality_cap')
  const page = await (await fetch(third.checkout_url)).text()
  expect(page).toContain('Waiting until the network calls it final')

  await world.gateway.kill()
  await world.gateway.start()
  await world.mine(1)
  await waitUntilStanding(orders, [SETTLED, SETTLED, HELD, SETTLED])
  expect(world.gateway.output().match(/has reached finality_cap/g)).toHaveLength(1)

  // The first one is final now, which is all the room the third one needs; it is not final itself.
  const { block_number } = (await world.getInvoice(first.id)).payments[0]
  await world.mine(block_number + TO_FINALIZED - (await world.chain.blockNumber()))
  await waitUntilStanding(orders, [SETTLED, SETTLED, SETTLED, SETTLED])
  expect((await readCap()).finality.finalized).toBe(block_number)
  await waitFor('nobody to wait', async () => (await readCap()).finality_cap.waiting === 0)
  expect(await storyOf(world, third)).toEqual([
    'invoice.created',
    'payment.detected',
    'invoice.processing',
    'payment.confirmed',
    'invoice.settled',
  ])
  await expectCreditedAsOnChain(world, orders)
  await world.expectCleanState()
})

test('a payment above the whole cap waits until it is final, and holds up nobody', async () => {
  await forgetEarlier()
  const orders = [await invoiceOver('61.00'), await invoiceOver('60.00')]
  await payEach(...orders)
  await world.mine(SMALL - 1)
  await waitUntilStanding(orders, [HELD, SETTLED])
  const { block_number } = (await world.getInvoice(orders[0].id)).payments[0]
  await world.mine(block_number + TO_FINALIZED - 1 - (await world.chain.blockNumber()))
  expect(await standingOf(orders)).toEqual([HELD, SETTLED])
  await world.mine(1)
  await waitUntilStanding(orders, [SETTLED, SETTLED])
  await world.expectCleanState()
})

test('a reorg that takes a credited order back leaves its room to who waits', async () => {
  await forgetEarlier()
  const orders = [await invoiceOver('40.00'), await invoiceOver('40.00')]
  const waiting = await signPayment(world, orders[1])
  await payInvoice(world, orders[0])
  await world.mine(1)
  await payInvoice(world, orders[1])
  await world.mine(SMALL)
  await waitUntilStanding(orders, [SETTLED, HELD])
  // The block of the first one is lost; the second one's transaction is mined again, in its place.
  await world.chain.reorg({ depth: SMALL + 1, transactions: [[waiting, 0]] })
  await world.mine(SMALL)
  await world.waitForStatus(orders[0].id, 'reversed')
  await world.waitForStatus(orders[1].id, 'settled')
  expect((await readCap()).finality_cap.waiting).toBe(0)
  await world.expectCleanState()
})

test('an order in coins counts what it was worth when it was made', async () => {
  await forgetEarlier()
  const orders = []
  for (const amount of ['0.01', '0.015']) {
    const price = { amount, currency: 'ETH' }
    orders.push(await world.createInvoice({ price, accept: [world.native] }))
  }
  for (const order of orders) {
    await payInvoice(world, order, { asset: world.native })
    await world.mine(1)
  }
  await world.mine(SMALL - 1)
  await waitUntilStanding(orders, [SETTLED, HELD])
  await world.mine(TO_FINALIZED)
  await waitUntilStanding(orders, [SETTLED, SETTLED])
})
