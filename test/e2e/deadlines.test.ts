/** Expiry is judged by what the chain shows at depth, and by the wall clock. */
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, expect, test } from 'vitest'
import { expectCreditedAsOnChain } from '../support/oracle.ts'
import { payInvoice, storyOf, unitsDue } from '../support/pay-invoice.ts'
import { skipDevAccounts } from '../support/pay-many.ts'
import { K, usePaymentWorld } from '../support/payment-world.ts'

/** Block times are whole seconds: a block mined this long after a deadline is dated after it. */
const BLOCK_SECOND_MS = 1_100

const world = usePaymentWorld()
beforeAll(() => skipDevAccounts(world))

test('PA-05 a partly paid invoice expires with the underpaid fact, when the chain is past it', async () => {
  const invoice = await world.createInvoice({ expires_in: 2 })
  const due = unitsDue(invoice, world.usdc.asset)
  await payInvoice(world, invoice, { units: due - 1n })
  await world.mine(K)
  await sleepPast(invoice.expires_at)
  // The wall clock alone expires nothing, nor does a block that is not deep enough.
  await world.mine(K - 1)
  expect((await world.getInvoice(invoice.id)).status).toBe('open')

  await world.mine(1)
  const expired = await world.waitForStatus(invoice.id, 'expired')
  expect(expired.paid).toEqual({ underpaid: true, overpaid: false, late: false })
  const events = await world.eventsOf(invoice.id)
  expect(events.map(({ type }) => type)).toEqual([
    'invoice.created',
    'payment.detected',
    'invoice.underpaid',
    'payment.confirmed',
    'invoice.expired',
  ])
  expect(events.at(-1).data).toMatchObject({
    status: 'expired',
    paid: { underpaid: true },
    payments: [{ amount_units: (due - 1n).toString(), position: 'confirmed', in_time: true }],
  })
  await expectCreditedAsOnChain(world, [invoice])
  await world.expectCleanState()
})

test('PA-24 included before the deadline, deep enough after it: settled, never expired', async () => {
  const invoice = await world.createInvoice({ expires_in: 2 })
  const unpaid = await world.createInvoice({ expires_in: 2 })
  await payInvoice(world, invoice)
  await world.mine(1)
  await world.waitForStatus(invoice.id, 'processing')
  await sleepPast(unpaid.expires_at)
  await world.mine(K - 2)
  expect((await world.getInvoice(invoice.id)).status).toBe('processing')
  await world.mine(1)
  await world.waitForStatus(invoice.id, 'settled')
  await world.mine(K)
  // Past the deadline at depth by now: the one beside it has expired.
  await world.waitForStatus(unpaid.id, 'expired')
  expect(await storyOf(world, invoice)).toEqual([
    'invoice.created',
    'payment.detected',
    'invoice.processing',
    'payment.confirmed',
    'invoice.settled',
  ])
  await expectCreditedAsOnChain(world, [invoice, unpaid])
  await world.expectCleanState()
})

test('PA-22 paid late: expired until the merchant accepts, reversed when a reorg takes it', async () => {
  const invoice = await world.createInvoice({ expires_in: 1 })
  await sleepPast(invoice.expires_at)
  await world.mine(K)
  await world.waitForStatus(invoice.id, 'expired')
  await payInvoice(world, invoice)
  await world.mine(K - 1)
  expect(await storyOf(world, invoice)).not.toContain('invoice.paid_late')
  const accept = () => world.gateway.request('POST', `/v1/invoices/${invoice.id}/accept`)
  // Seen is not had: nothing is accepted before it is confirmed.
  expect(await accept()).toMatchObject({ status: 409, body: { code: 'not_acceptable_state' } })

  await world.mine(1)
  const late = await world.waitForInvoice(
    invoice.id,
    'confirmed',
    ({ payments }) => payments[0].position === 'confirmed',
  )
  expect(late).toMatchObject({ status: 'expired', paid: { late: true, underpaid: false } })
  expect(late.payments).toMatchObject([{ in_time: false, accepted: true }])
  expect((await storyOf(world, invoice)).slice(1)).toEqual([
    'invoice.expired',
    'payment.detected',
    'payment.confirmed',
    'invoice.paid_late',
  ])

  expect(await accept()).toMatchObject({ status: 200, body: { status: 'settled' } })
  await world.mine(1)
  expect((await world.getInvoice(invoice.id)).status).toBe('settled')
  const settled = (await world.eventsOf(invoice.id)).at(-1)
  expect(settled).toMatchObject({
    type: 'invoice.settled',
    data: { accepted_by_merchant: true, status: 'settled' },
  })
  expect(await accept()).toMatchObject({ status: 409 })
  await world.expectCleanState()

  await world.chain.reorg({ depth: K + 1 })
  await world.mine(1)
  const reversed = await world.waitForStatus(invoice.id, 'reversed')
  expect(reversed.payments).toMatchObject([{ position: 'orphaned' }])
  await world.expectCleanState()
})

test('PA-06 a part before the deadline, too much after it: amounts and facts are right everywhere', async () => {
  const invoice = await world.createInvoice({ expires_in: 2, accept: [world.usdc.asset] })
  const due = unitsDue(invoice, world.usdc.asset)
  await payInvoice(world, invoice, { units: 10_000_000n })
  await world.mine(K)
  await sleepPast(invoice.expires_at)
  await world.mine(K)
  await world.waitForStatus(invoice.id, 'expired')
  await payInvoice(world, invoice, { units: due + 5_000_000n })
  await world.mine(K)
  const isDone = ({ payments }: any) => payments[0].position === 'confirmed' && !!payments[1]
  const late = await world.waitForInvoice(invoice.id, 'both confirmed', isDone)
  const facts = {
    status: 'expired',
    paid: { underpaid: true, overpaid: true, late: true },
    payments_total: 2,
    payment_options: [{ outstanding: '0', excess: '15', excess_units: '15000000' }],
    payments: [
      { amount: '30', in_time: false, position: 'confirmed' },
      { amount: '10', in_time: true, position: 'confirmed' },
    ],
  }
  expect(late).toMatchObject(facts)
  const events = await world.eventsOf(invoice.id)
  expect(events.map(({ type }) => type)).toEqual([
    ...['invoice.created', 'payment.detected', 'invoice.underpaid', 'payment.confirmed'],
    ...['invoice.expired', 'payment.detected', 'payment.confirmed', 'invoice.paid_late'],
  ])
  expect(events.at(-1).data).toMatchObject(facts)
  expect(events[4].data).toMatchObject({
    paid: { underpaid: true, overpaid: false, late: false },
    payment_options: [{ outstanding: '15', excess: '0' }],
  })
  const status = await (await fetch(`${invoice.checkout_url}/status`)).json()
  expect(status).toMatchObject({ status: 'expired', paid: facts.paid })
  await world.expectCleanState()
})

test('PA-04 an amount that may be missing settles at its boundary, one unit less does not', async () => {
  const terms = { accept: [world.usdc.asset], tolerance_amount: '0.05', tolerance_bps: 10 }
  const [enough, short] = [await world.createInvoice(terms), await world.createInvoice(terms)]
  expect(enough.tolerance_amount).toBe('0.05')
  const due = unitsDue(enough, world.usdc.asset)
  await payInvoice(world, enough, { units: due - 50_000n })
  await payInvoice(world, short, { units: due - 50_001n })
  await world.mine(K)
  const settled = await world.waitForStatus(enough.id, 'settled')
  expect(settled.paid).toEqual({ underpaid: false, overpaid: false, late: false })
  const open = await world.getInvoice(short.id)
  expect(open).toMatchObject({ status: 'open', paid: { underpaid: true } })
})

async function sleepPast(time: string) {
  await sleep(Math.max(0, Date.parse(time) - Date.now()) + BLOCK_SECOND_MS)
}
