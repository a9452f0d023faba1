/** Two clocks, the chain's and ours: months between payments, and a chain that lives tomorrow. */
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, expect, test } from 'vitest'
import { expectCreditedAsOnChain } from '../support/oracle.ts'
import { payInvoice, storyOf } from '../support/pay-invoice.ts'
import { optionOf, skipDevAccounts } from '../support/pay-many.ts'
import { K, usePaymentWorld } from '../support/payment-world.ts'

const DAY_S = 86_400
const MONTHS_S = 120 * DAY_S
const MARGIN_MS = 1_100

const world = usePaymentWorld()
/** Paid while the chain still lived today. */
let settledEarly: any
let firstHash: string
beforeAll(async () => {
  await skipDevAccounts(world)
  settledEarly = await world.createInvoice()
  firstHash = await payInvoice(world, settledEarly)
  await world.mine(K)
  await world.waitForStatus(settledEarly.id, 'settled')
})

test('CR-33 block times stand still: the wall clock alone expires nothing', async () => {
  const timestampS = await readHeadTimestampS()
  const invoice = await world.createInvoice({ expires_in: 1 })
  await sleepPast(invoice.expires_at)
  await mineAt(timestampS, 2 * K)
  expect((await world.getInvoice(invoice.id)).status).toBe('open')
  // A timestamp that was set goes on from there: back to today.
  await world.chain.increaseTime(Math.ceil(Date.now() / 1_000) - timestampS)
  await world.mine(K)
  await world.waitForStatus(invoice.id, 'expired')
})

test('CR-33 block times jump a day ahead and stand still: nothing expires before both clocks', async () => {
  const before = await world.createInvoice({ expires_in: 4 })
  const paid = await world.createInvoice({ expires_in: 4 })
  await payInvoice(world, paid)
  await world.mine(1)
  await world.chain.increaseTime(DAY_S)
  await world.mine(1)
  const timestampS = await readHeadTimestampS()
  expect(timestampS).toBeGreaterThan(Date.now() / 1_000 + DAY_S / 2)
  const ahead = await world.createInvoice({ expires_in: 4 })
  // At depth the chain is a day past every deadline; ours is not past any.
  await mineAt(timestampS, 2 * K)
  expect(Date.now()).toBeLessThan(Date.parse(before.expires_at))
  for (const { id } of [before, ahead]) {
    expect(await world.getInvoice(id)).toMatchObject({ status: 'open', settled_at: null })
  }
  expect((await world.getInvoice(paid.id)).status).toBe('settled')
  await expectNoNegativeDurations([before, paid, ahead])

  await sleepPast(ahead.expires_at)
  await mineAt(timestampS, 1)
  for (const { id } of [before, ahead]) await world.waitForStatus(id, 'expired')
  expect((await world.getInvoice(paid.id)).status).toBe('settled')
  await expectNoNegativeDurations([before, paid, ahead])
  expect((await world.gateway.request('GET', '/readyz')).status).toBe(200)
  await expectCreditedAsOnChain(world, [before, paid, ahead])
  await world.expectCleanState()
})

test('PA-23 months after expiry: visible, attributed, still expired', async () => {
  const invoice = await world.createInvoice({ expires_in: 1 })
  await sleepPast(invoice.expires_at)
  await world.mine(K)
  await world.waitForStatus(invoice.id, 'expired')
  await world.chain.increaseTime(MONTHS_S)
  await world.mine(1)
  const hash = await payInvoice(world, invoice)
  await world.mine(K)
  const late = await world.waitForInvoice(
    invoice.id,
    'confirmed',
    ({ payments }) => payments[0]?.position === 'confirmed',
  )
  expect(late).toMatchObject({ status: 'expired', paid: { late: true, overpaid: false } })
  expect(late.payments).toMatchObject([{ tx_hash: hash, in_time: false, accepted: true }])
  expect(await storyOf(world, invoice)).toEqual([
    'invoice.created',
    'invoice.expired',
    'payment.detected',
    'payment.confirmed',
    'invoice.paid_late',
  ])
  const { body } = await world.gateway.request('GET', `/v1/payments?invoice=${invoice.id}`)
  expect(body.data).toMatchObject([{ tx_hash: hash, invoice: invoice.id }])
  await expectNoNegativeDurations([invoice])
  await world.expectCleanState()
})

test('PA-23 months after it was settled: visible, attributed, still settled, told once', async () => {
  const invoice = settledEarly
  await world.chain.increaseTime(MONTHS_S)
  await world.mine(1)
  const second = await payInvoice(world, invoice, { units: 7n })
  await world.mine(K)
  const settled = await world.waitForInvoice(
    invoice.id,
    'confirmed twice',
    ({ payments }) => payments.filter((p: any) => p.position === 'confirmed').length === 2,
  )
  expect(settled).toMatchObject({ status: 'settled', payments_total: 2 })
  expect(new Set(settled.payments.map((payment: any) => payment.tx_hash))).toEqual(
    new Set([firstHash, second]),
  )
  expect(optionOf(settled, world.usdc.asset).outstanding_units).toBe('0')
  const story = await storyOf(world, invoice)
  expect(story.filter((type) => type === 'invoice.settled')).toHaveLength(1)
  expect(story.filter((type) => type === 'payment.confirmed')).toHaveLength(2)
  expect(story).not.toContain('invoice.reversed')
  await world.expectCleanState()
})

async function readHeadTimestampS(): Promise<number> {
  const { timestamp } = await world.chain.rpc<any>('eth_getBlockByNumber', ['latest', false])
  return Number(timestamp)
}

/** Blocks that are all dated the same. */
async function mineAt(timestampS: number, count: number): Promise<void> {
  for (let left = count; left > 0; left -= 1) {
    await world.chain.setNextBlockTimestamp(timestampS)
    await world.chain.mine(1)
  }
  expect(await readHeadTimestampS()).toBe(timestampS)
  await world.synced()
}

/** In health, metrics and resources: no number that says how long is below zero. */
async function expectNoNegativeDurations(invoices: readonly any[]): Promise<void> {
  const paths = ['/readyz', '/metrics', ...invoices.map(({ id }) => `/v1/invoices/${id}`)]
  for (const path of paths) {
    const { body } = await world.gateway.request<unknown>('GET', path)
    const text = typeof body === 'string' ? body : JSON.stringify(body, null, 1)
    const negative = text.split('\n').filter((line) => /[ :]-\d/.test(line))
    expect(negative, path).toEqual([])
  }
  for (const { checkout_url } of invoices) {
    expect(await (await fetch(checkout_url)).text()).not.toMatch(/>[^<]*-\d+ ?(?:s|min|h|d)\b/)
  }
}

async function sleepPast(time: string) {
  await sleep(Math.max(0, Date.parse(time) - Date.now()) + MARGIN_MS)
}
