/** From a transaction in the mempool to a settled invoice, and what must not get there. */
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, expect, test } from 'vitest'
import { deriveDepositAddress, parseAccountKey } from '../../src/core/keys/deposit-address.ts'
import { TEST_XPUB } from '../support/gateway-process.ts'
import { allow } from '../support/load-figures.ts'
import { expectCreditedAsOnChain, listAll } from '../support/oracle.ts'
import { payInvoice, storyOf, unitsDue } from '../support/pay-invoice.ts'
import { skipDevAccounts } from '../support/pay-many.ts'
import { K, usePaymentWorld } from '../support/payment-world.ts'
import { readMetric } from '../support/read-metric.ts'

const ODD = { symbol: 'ODD', decimals: 6 }
/** Odd logs of `transferAmongOdd` that look like a Transfer and are none. */
const MALFORMED_LOGS = 5
const MALFORMED = 'transfers_malformed_total'

let odd: `0x${string}`
const world = usePaymentWorld({
  async extraTokens(chain) {
    odd = (await chain.deploy('OddTransferToken', ['Odd', ODD.symbol, ODD.decimals])).address
    return [{ address: odd, ...ODD }]
  },
})
beforeAll(() => skipDevAccounts(world))

test('CR-01 exact payment: processing until block K, then settled once, events in order', async () => {
  const invoice = await world.createInvoice()
  await payInvoice(world, invoice)
  await world.mine(K - 1)
  const waiting = await world.waitForStatus(invoice.id, 'processing')
  expect(waiting.payments).toMatchObject([{ position: 'included', confirmations: K - 1 }])
  expect(waiting.settled_at).toBeNull()
  await sleep(3_000)
  expect(await storyOf(world, invoice)).not.toContain('invoice.settled')

  await world.chain.mine(1)
  const minedMs = performance.now()
  const settled = await world.waitForStatus(invoice.id, 'settled')
  expect(performance.now() - minedMs).toBeLessThan(allow(2_000))
  expect(settled.payments).toMatchObject([{ position: 'confirmed', confirmations: K }])
  expect(settled.paid).toEqual({ underpaid: false, overpaid: false, late: false })
  await world.mine(K)
  expect(await storyOf(world, invoice)).toEqual([
    'invoice.created',
    'payment.detected',
    'invoice.processing',
    'payment.confirmed',
    'invoice.settled',
  ])
  await expectCreditedAsOnChain(world, [invoice])
  await world.expectCleanState()
})

test('CR-02 a transaction that stays in the mempool and is dropped is never credited', async () => {
  const invoice = await world.createInvoice()
  const hash = await payInvoice(world, invoice)
  await sleep(5_000)
  expect(await world.getInvoice(invoice.id)).toMatchObject({ status: 'open', payments_total: 0 })
  await world.chain.dropTransaction(hash)
  await world.mine(K + 1)
  expect(await world.getInvoice(invoice.id)).toMatchObject({ status: 'open', payments_total: 0 })
  expect(await storyOf(world, invoice)).toEqual(['invoice.created'])

  await payInvoice(world, invoice)
  await world.mine(K)
  await world.waitForStatus(invoice.id, 'settled')
  await expectCreditedAsOnChain(world, [invoice])
  await world.expectCleanState()
})

test('CR-30 odd logs are skipped and counted, the transfers beside them credited', async () => {
  const price = { amount: '25', currency: ODD.symbol }
  const invoice = await world.createInvoice({ price })
  const [{ asset }] = invoice.payment_options
  const beside = await world.createInvoice()
  const [, payer] = world.chain.accounts
  await world.chain.mint(odd, payer!.address, 10n ** 12n)
  await world.mine()
  const before = await readMetric(world.gateway, MALFORMED)
  await world.chain.sendCall({
    contract: 'OddTransferToken',
    address: odd,
    functionName: 'transferAmongOdd',
    args: [invoice.address, unitsDue(invoice, asset)],
  })
  await payInvoice(world, beside)
  await world.mine(K)
  const settled = await world.waitForStatus(invoice.id, 'settled')
  expect(settled.payments).toMatchObject([{ asset, amount: '25', position: 'confirmed' }])
  expect(settled.payments_total).toBe(1)
  await world.waitForStatus(beside.id, 'settled')
  expect((await readMetric(world.gateway, MALFORMED)) - before).toBe(MALFORMED_LOGS)
  await expectCreditedAsOnChain(world, [invoice, beside], [odd, world.usdc.address])
  await world.expectCleanState()
})

test('PA-26 money mined before its address was issued is unassigned, later money counts', async () => {
  const before = await world.createInvoice()
  const nextIndex = Number(before.derivation_path.split('/').at(-1)) + 1
  const early = await world.chain.sendToken({
    token: world.usdc.address,
    to: deriveAddress(nextIndex),
    units: 25_000_000n,
  })
  await world.mine()
  const [unassigned] = await listAll(world, '/v1/payments?unassigned=true')
  expect(unassigned).toMatchObject({ tx_hash: early, invoice: null, accepted: false })

  const issuedAtBlock = await world.chain.blockNumber()
  const invoice = await world.createInvoice()
  expect(invoice.address.toLowerCase()).toBe(deriveAddress(nextIndex))
  await world.mine(K + 1)
  expect(await world.getInvoice(invoice.id)).toMatchObject({ status: 'open', payments_total: 0 })
  expect(await storyOf(world, invoice)).toEqual(['invoice.created'])
  const events = await listAll(world, '/v1/events?type=payment.unassigned')
  expect(events).toMatchObject([{ invoice: null, sequence: null, data: { tx_hash: early } }])

  await payInvoice(world, invoice)
  await world.mine(K)
  const settled = await world.waitForStatus(invoice.id, 'settled')
  expect(settled).toMatchObject({ payments_total: 1, paid: { overpaid: false } })
  await expectCreditedAsOnChain(world, [before, { id: invoice.id, issuedAtBlock }])
  // The oracle itself tells the difference.
  await expect(expectCreditedAsOnChain(world, [invoice])).rejects.toThrow()
  await world.expectCleanState()
})

test('PA-26 unassigned money that a reorg mines again after the issue belongs to the invoice', async () => {
  await world.mine(K)
  const before = await world.createInvoice()
  const nextIndex = Number(before.derivation_path.split('/').at(-1)) + 1
  const early = await world.chain.sendToken({
    token: world.usdc.address,
    to: deriveAddress(nextIndex),
    units: 25_000_000n,
  })
  const raw = await world.chain.rawTransaction(early)
  await world.mine()
  const invoice = await world.createInvoice()
  expect(invoice.address.toLowerCase()).toBe(deriveAddress(nextIndex))

  await world.chain.reorg({ depth: 2, transactions: [[raw, 1]] })
  await world.mine(K)
  const settled = await world.waitForStatus(invoice.id, 'settled')
  expect(settled.payments).toMatchObject([{ tx_hash: early, position: 'confirmed' }])
  await expectCreditedAsOnChain(world, [before, invoice])
  await world.expectCleanState()
})

function deriveAddress(index: number) {
  const account = parseAccountKey(TEST_XPUB)
  if (!account.ok) throw new Error(account.detail)
  return deriveDepositAddress(account.key, index)
}
