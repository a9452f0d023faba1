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

async function sleepPast(time: string) {
  await sleep(Math.max(0, Date.parse(time) - Date.now()) + BLOCK_SECOND_MS)
}
