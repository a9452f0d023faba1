/** Blocks are replaced under payments: what leaves is taken back, what comes counts once. */
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { hashTransaction } from '../../hardhat-local/src/sign-transaction.ts'
import { expectCreditedAsOnChain } from '../support/oracle.ts'
import { payInvoice, signPayment, storyOf, unitsDue } from '../support/pay-invoice.ts'
import { countType, skipDevAccounts } from '../support/pay-many.ts'
import { K, usePaymentWorld } from '../support/payment-world.ts'

const world = usePaymentWorld()
beforeAll(() => skipDevAccounts(world))
// Out of reach of the reorgs of the next test.
beforeEach(() => world.mine(2 * K))

test('CR-03 payment reorganised away before block K: open again, paid again, settled', async () => {
  const invoice = await world.createInvoice()
  await payInvoice(world, invoice)
  await world.mine(K - 2)
  await world.waitForStatus(invoice.id, 'processing')
  // As long as what it replaces: believed when it has stayed for two polls.
  await world.chain.reorg({ depth: 3 })
  const open = await world.waitForStatus(invoice.id, 'open')
  expect(open.payments).toMatchObject([{ position: 'orphaned', confirmations: 0 }])
  expect(open.payment_options[0].outstanding_units).toBe(open.payment_options[0].amount_due_units)
  await expectCreditedAsOnChain(world, [invoice])

  await payInvoice(world, invoice)
  await world.mine(K)
  const settled = await world.waitForStatus(invoice.id, 'settled')
  expect(settled).toMatchObject({ payments_total: 2, paid: { overpaid: false } })
  expect(settled.payments.map(({ position }: any) => position)).toEqual(['confirmed', 'orphaned'])
  expect(await storyOf(world, invoice)).toEqual([
    'invoice.created',
    'payment.detected',
    'invoice.processing',
    'payment.orphaned',
    'invoice.reopened',
    'payment.detected',
    'invoice.processing',
    'payment.confirmed',
    'invoice.settled',
  ])
  await expectCreditedAsOnChain(world, [invoice])
  await world.expectCleanState()
})

test('CR-04 settled payment reorganised away: reversed once, paid again: settled again', async () => {
  const invoice = await world.createInvoice()
  await world.mine(3)
  await payInvoice(world, invoice)
  await world.mine(K)
  const first = await world.waitForStatus(invoice.id, 'settled')
  const [event] = (await world.eventsOf(invoice.id)).filter((e) => e.type === 'invoice.settled')

  await world.chain.reorg({ depth: K + 3 })
  await world.mine(1)
  const reversed = await world.waitForStatus(invoice.id, 'reversed')
  expect(reversed.settled_at).toBeNull()
  expect(reversed.payments).toMatchObject([{ position: 'orphaned' }])
  await world.mine(K)
  const events = await world.eventsOf(invoice.id)
  expect(countType(events, 'invoice.reversed')).toBe(1)
  expect(events.filter(({ type }) => type === 'invoice.settled')).toEqual([event])
  await expectCreditedAsOnChain(world, [invoice])

  await payInvoice(world, invoice)
  await world.mine(K)
  const again = await world.waitForStatus(invoice.id, 'settled')
  expect(again.paid.overpaid).toBe(false)
  expect(Date.parse(again.settled_at)).toBeGreaterThan(Date.parse(first.settled_at))
  expect((await storyOf(world, invoice)).slice(5)).toEqual([
    'payment.orphaned',
    'invoice.reversed',
    'payment.detected',
    'payment.confirmed',
    'invoice.settled',
  ])
  await expectCreditedAsOnChain(world, [invoice])
  await world.expectCleanState()
})

test('CR-04 settled payment that is mined again in the new branch: never reversed', async () => {
  const invoice = await world.createInvoice()
  const hash = await payInvoice(world, invoice)
  const raw = await world.chain.rawTransaction(hash)
  await world.mine(K)
  await world.waitForStatus(invoice.id, 'settled')
  await world.chain.reorg({ depth: K, transactions: [[raw, K - 1]] })
  await world.mine(1)
  const moved = await world.waitForInvoice(invoice.id, 'moved', (i) => i.payments_total === 2)
  expect(moved).toMatchObject({ status: 'settled', paid: { overpaid: false } })
  await world.mine(K)
  const events = await world.eventsOf(invoice.id)
  expect(countType(events, 'invoice.reversed')).toBe(0)
  expect(countType(events, 'invoice.settled')).toBe(1)
  await expectCreditedAsOnChain(world, [invoice])
  await world.expectCleanState()
})

test('CR-05 one of two partial payments is orphaned: the other stays counted', async () => {
  const invoice = await world.createInvoice()
  const due = unitsDue(invoice, world.usdc.asset)
  await payInvoice(world, invoice, { units: (due * 2n) / 5n })
  await world.mine(1)
  await payInvoice(world, invoice, { units: (due * 3n) / 5n })
  await world.mine(1)
  await world.waitForStatus(invoice.id, 'processing')
  await world.chain.reorg({ depth: 1 })
  await world.mine(1)
  const open = await world.waitForStatus(invoice.id, 'open')
  expect(open.paid).toEqual({ underpaid: true, overpaid: false, late: false })
  const option = open.payment_options.find(({ asset }: any) => asset === world.usdc.asset)
  expect(option.outstanding_units).toBe(((due * 3n) / 5n).toString())
  await world.mine(K)
  const partly = await world.getInvoice(invoice.id)
  expect(partly).toMatchObject({ status: 'open', paid: { underpaid: true } })
  expect(partly.payments.map(({ position }: any) => position)).toEqual(['orphaned', 'confirmed'])
  expect(countType(await world.eventsOf(invoice.id), 'invoice.underpaid')).toBe(1)
  await expectCreditedAsOnChain(world, [invoice])

  await payInvoice(world, invoice, { units: (due * 3n) / 5n })
  await world.mine(K)
  await world.waitForStatus(invoice.id, 'settled')
  await expectCreditedAsOnChain(world, [invoice])
  await world.expectCleanState()
})

describe('CR-06 a payment is replaced by a transaction of the same nonce', () => {
  test('CR-06 to another address, by a reorg: orphaned, and only invoices paid are', async () => {
    const [victim, other] = [await world.createInvoice(), await world.createInvoice()]
    const stranger = world.chain.accounts[5]!.address
    const nonce = await readNonce(await payInvoice(world, victim))
    await world.mine(2)
    await world.waitForStatus(victim.id, 'processing')
    const raw = await signPayment(world, { ...victim, address: stranger }, { nonce })
    await world.chain.reorg({ depth: 2, transactions: [[raw, 1]] })
    await world.mine(K)
    expect(await world.waitForStatus(victim.id, 'open')).toMatchObject({
      payments_total: 1,
      payments: [{ position: 'orphaned' }],
    })
    expect(await world.getInvoice(other.id)).toMatchObject({ status: 'open', payments_total: 0 })
    await expectCreditedAsOnChain(world, [victim, other])
    await world.expectCleanState()
  })

  test('CR-06 to another invoice, by a reorg: that one is paid instead', async () => {
    const [victim, thief] = [await world.createInvoice(), await world.createInvoice()]
    const nonce = await readNonce(await payInvoice(world, victim))
    await world.mine(2)
    await world.waitForStatus(victim.id, 'processing')
    const raw = await signPayment(world, thief, { nonce })
    await world.chain.reorg({ depth: 2, transactions: [[raw, 0]] })
    await world.mine(K)
    await world.waitForStatus(thief.id, 'settled')
    await world.waitForStatus(victim.id, 'open')
    await expectCreditedAsOnChain(world, [victim, thief])
    await world.expectCleanState()
  })

  test.each([
    ['in the mempool', false],
    ['by a reorg', true],
  ])(
    'CR-06 at a higher fee to the same address, %s: only the mined one counts',
    async (_name, isMined) => {
      const invoice = await world.createInvoice()
      const first = await payInvoice(world, invoice)
      const nonce = await readNonce(first)
      const gwei = 10n ** 9n
      const fees = { maxPriorityFeePerGasWei: 50n * gwei, maxFeePerGasWei: 200n * gwei }
      const raw = await signPayment(world, invoice, { nonce, ...fees })
      if (isMined) {
        await world.mine(2)
        await world.waitForStatus(invoice.id, 'processing')
        await world.chain.reorg({ depth: 2, transactions: [[raw, 0]] })
      } else {
        await world.chain.sendRaw(raw)
      }
      await world.mine(K)
      const settled = await world.waitForStatus(invoice.id, 'settled')
      expect(settled).toMatchObject({ payments_total: isMined ? 2 : 1, paid: { overpaid: false } })
      expect(settled.payments[0]).toMatchObject({ tx_hash: hashTransaction(raw) })
      await expectCreditedAsOnChain(world, [invoice])
      await world.expectCleanState()
    },
  )
})

test('PA-26 a payment in a shorter branch than the one of the issue belongs to the invoice', async () => {
  const invoice = await world.createInvoice()
  await world.chain.rollback(3)
  const hash = await payInvoice(world, invoice)
  await world.chain.mine(1)
  const paid = await world.waitForStatus(invoice.id, 'processing')
  expect(paid.payments).toMatchObject([{ tx_hash: hash, position: 'included' }])
  await world.mine(K)
  await world.waitForStatus(invoice.id, 'settled')
  await expectCreditedAsOnChain(world, [invoice])
  await world.expectCleanState()
})

async function readNonce(hash: string): Promise<number> {
  const { nonce } = await world.chain.rpc<{ nonce: string }>('eth_getTransactionByHash', [hash])
  return Number(nonce)
}
