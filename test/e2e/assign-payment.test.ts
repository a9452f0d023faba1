/** Money that belongs to no invoice, given to one by the merchant: a replay must not undo it. */
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { beforeAll, expect, test, vi } from 'vitest'
import { deriveDepositAddress, parseAccountKey } from '../../src/core/keys/deposit-address.ts'
import { TEST_XPUB } from '../support/gateway-process.ts'
import { listAll } from '../support/oracle.ts'
import { storyOf } from '../support/pay-invoice.ts'
import { skipDevAccounts } from '../support/pay-many.ts'
import { K, usePaymentWorld } from '../support/payment-world.ts'

vi.setConfig({ testTimeout: 60_000 })
const DUE = 25_000_000n
/** Addresses of the look-ahead that no invoice of this file reaches. */
const AHEAD = 15

const world = usePaymentWorld()
beforeAll(() => skipDevAccounts(world))

const assign = (payment: string, invoice: string) =>
  world.gateway.request('POST', `/v1/payments/${payment}/assign`, { invoice })

const unassigned = () => listAll(world, '/v1/payments?unassigned=true')

/** An invoice, and its price sent to an address that no invoice has. */
async function receiveStray(ahead = AHEAD) {
  const invoice = await world.createInvoice()
  const index = Number(invoice.derivation_path.split('/').at(-1)) + ahead
  const to = deriveAddress(index)
  const txHash = await world.chain.sendToken({ token: world.usdc.address, to, units: DUE })
  const raw = await world.chain.rawTransaction(txHash)
  await world.mine()
  const stray = (await unassigned()).find((one) => one.tx_hash === txHash)
  expect(stray).toMatchObject({ invoice: null, position: 'included' })
  return { invoice, txHash, raw, id: stray.id as string }
}

function deriveAddress(index: number) {
  const account = parseAccountKey(TEST_XPUB)
  if (!account.ok) throw new Error(account.detail)
  return deriveDepositAddress(account.key, index)
}

test('PA-26 assigned money settles its invoice, survives a restart and a rescan', async () => {
  const { invoice, id } = await receiveStray()
  await world.mine(K)
  const { status, body } = await assign(id, invoice.id)
  expect([status, body.invoice, body.position]).toEqual([200, invoice.id, 'confirmed'])
  const settled = await world.waitForStatus(invoice.id, 'settled')
  expect(settled.payments).toMatchObject([{ id, in_time: true, accepted: true }])
  const story = await storyOf(world, invoice)
  expect(story.slice(1)).toEqual([
    'payment.detected',
    'payment.confirmed',
    'invoice.processing',
    'invoice.settled',
  ])
  expect((await assign(id, invoice.id)).status).toBe(409)
  await world.expectCleanState()

  await world.gateway.stop()
  const from = String(body.block_number - 1)
  const rescan = await world.gateway.run('rescan', '--from', from)
  expect([rescan.code, rescan.stdout]).toEqual([0, expect.stringMatching(/, 0 events\n$/)])
  await world.gateway.start()
  await world.mine(2)
  expect(await world.getInvoice(invoice.id)).toMatchObject({
    status: 'settled',
    payments: [{ id }],
    payments_total: 1,
  })
  expect(await storyOf(world, invoice)).toEqual(story)
  await world.expectCleanState()
})

test('PA-26 a transaction that a reorg moves takes its assignment along', async () => {
  const { invoice, txHash, raw, id } = await receiveStray()
  expect((await assign(id, invoice.id)).status).toBe(200)
  expect((await world.getInvoice(invoice.id)).status).toBe('processing')
  await world.mine(1)
  await world.chain.reorg({ depth: 3, transactions: [[raw, 2]] })
  await world.mine(K)
  const settled = await world.waitForStatus(invoice.id, 'settled')
  const standing = settled.payments.filter((one: any) => one.position !== 'orphaned')
  expect(standing).toMatchObject([{ tx_hash: txHash, position: 'confirmed', in_time: true }])
  expect(standing[0].id).not.toBe(id)
  expect(settled.paid).toMatchObject({ overpaid: false, underpaid: false })
  expect(await storyOf(world, invoice)).toContain('payment.orphaned')
  expect((await unassigned()).filter((one) => one.tx_hash === txHash)).toEqual([])
  await world.expectCleanState()
})

test('PA-26 a reorg that drops the transaction reverses the invoice, its return settles it', async () => {
  const { invoice, txHash, raw, id } = await receiveStray()
  await world.mine(K)
  expect((await assign(id, invoice.id)).status).toBe(200)
  await world.waitForStatus(invoice.id, 'settled')
  await world.chain.reorg({ depth: K + 2 })
  await world.mine(1)
  await world.waitForStatus(invoice.id, 'reversed')
  await world.chain.sendRaw(raw)
  await world.mine(K + 1)
  const settled = await world.waitForStatus(invoice.id, 'settled')
  const standing = settled.payments.filter((one: any) => one.position !== 'orphaned')
  expect(standing).toMatchObject([{ tx_hash: txHash, position: 'confirmed' }])
  await world.expectCleanState()
})

test('PA-26 quittance check misses money that a hand gave to an invoice, or took', async () => {
  const { invoice, id } = await receiveStray()
  const other = await world.createInvoice()
  await world.mine(K)
  expect((await assign(id, invoice.id)).status).toBe(200)
  await world.expectCleanState()
  await tamper(id, other.id)
  const moved = await world.gateway.run('check')
  expect(moved.code).toBe(1)
  expect(moved.stdout + moved.stderr).toMatch(/was assigned to inv_.*, and is not there/)
  expect(moved.stdout + moved.stderr).toMatch(/went to another address/)
  await tamper(id, invoice.id)
  await world.expectCleanState()
})

/** Writes the invoice of a payment past the gateway, which is down meanwhile. */
async function tamper(payment: string, invoice: string): Promise<void> {
  await world.gateway.stop()
  const db = new Database(join(world.gateway.folder, 'data', 'quittance.db'))
  try {
    db.prepare('UPDATE payments SET invoice_id = ? WHERE id = ?').run(invoice, payment)
  } finally {
    db.close()
    await world.gateway.start()
  }
}
