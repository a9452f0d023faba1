/** A chain whose blocks nothing proves, behind two nodes: what one says counts when the other says so. */
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { type Hex, numberToHex } from 'viem'
import { beforeAll, expect, test, vi } from 'vitest'
import type { Intercept } from '../support/fault-proxy.ts'
import { waitFor } from '../support/gateway-process.ts'
import { payInvoice } from '../support/pay-invoice.ts'
import { skipDevAccounts } from '../support/pay-many.ts'
import { K } from '../support/payment-world.ts'
import { NOTHING_PROVEN, useSeveralNodes } from '../support/proxied-world.ts'
import { transferLog } from '../support/sealed-blocks/seal-block.ts'

vi.setConfig({ testTimeout: 60_000 })
const STRANGER: Hex = '0x5757575757575757575757575757575757575757'
const RECEIPTS = 'eth_getBlockReceipts'

const { world, first, second } = await useSeveralNodes(['first', 'second'], {
  chain: { proofs: NOTHING_PROVEN },
})
beforeAll(() => skipDevAccounts(world))

/** Logs to this address are left out of the receipts, and the others numbered anew. */
const omit =
  (to: Hex): Intercept =>
  (method, _params, result) => {
    if (method !== RECEIPTS || !Array.isArray(result)) return result
    let index = 0
    return result.map((receipt: any) => {
      const logs = receipt.logs.filter(
        ({ topics }: any) => !topics[2]?.endsWith(to.slice(2).toLowerCase()),
      )
      return {
        ...receipt,
        logs: logs.map((log: any) => ({ ...log, logIndex: numberToHex(index++) })),
      }
    })
  }

/** The last receipt of every block has one more log, which pays this address. */
const invent =
  (to: Hex): Intercept =>
  (method, _params, result) => {
    if (method !== RECEIPTS || !Array.isArray(result)) return result
    const receipts = structuredClone(result) as any[]
    const last = receipts.at(-1)
    if (last === undefined) return receipts
    const { transactionHash, transactionIndex, blockHash, blockNumber } = last
    const place = { transactionHash, transactionIndex, blockHash, blockNumber, removed: false }
    const logIndex = numberToHex(receipts.flatMap(({ logs }) => logs).length)
    const log = transferLog(world.usdc.address, STRANGER, to, 25_000_000n)
    last.logs.push({ ...log, ...place, logIndex })
    return receipts
  }

function levelOf(blockHash: string): number | undefined {
  const db = new Database(join(world.gateway.folder, 'data', 'quittance.db'), { readonly: true })
  try {
    const read = db.prepare('SELECT proof_level FROM blocks WHERE hash = ?').pluck()
    return read.get(blockHash) as number | undefined
  } finally {
    db.close()
  }
}

/** The other node has no receipts for now, so that the first one is read. */
function readByFirst(): void {
  second.rules.failureMethods = [RECEIPTS]
  second.rules.failure = 'http_500'
}

const isSeen = (invoice: any) => invoice.payments_total > 0

const ALARM = 'ALARM: nodes have different transfers in one block'
const alarms = () => world.gateway.output().split(ALARM).length - 1

test('two nodes that say the same: it counts, and the block is corroborated', async () => {
  const invoice = await world.createInvoice()
  await payInvoice(world, invoice)
  await world.mine(2)
  const seen = await world.waitForInvoice(invoice.id, 'a payment', isSeen)
  expect(levelOf(seen.payments[0].block_hash)).toBe(0)
  await world.mine(K)
  await world.waitForStatus(invoice.id, 'settled')
  expect(levelOf(seen.payments[0].block_hash)).toBe(1)
  expect(alarms()).toBe(0)
  await world.expectCleanState()
})

test('one omits it: the money waits until both have it', async () => {
  const invoice = await world.createInvoice()
  const before = alarms()
  readByFirst()
  await payInvoice(world, invoice)
  await world.mine(1)
  await world.waitForInvoice(invoice.id, 'a payment', isSeen)
  second.reset()
  second.intercept(omit(invoice.address))
  await world.mine(3 * K)
  await waitFor('the alarm', () => alarms() > before)
  const waiting = await world.getInvoice(invoice.id)
  expect(waiting).toMatchObject({ status: 'processing', payments: [{ position: 'included' }] })
  expect(waiting.payments[0].confirmations).toBeGreaterThan(2 * K)
  await world.expectCleanState()
  second.reset()
  await world.waitForStatus(invoice.id, 'settled')
  expect(levelOf(waiting.payments[0].block_hash)).toBe(1)
})

test('one invents it: nothing counts, then or later', async () => {
  const victim = await world.createInvoice()
  const beside = await world.createInvoice()
  const before = alarms()
  readByFirst()
  first.intercept(invent(victim.address))
  await payInvoice(world, beside)
  await world.mine(1)
  await world.waitForInvoice(victim.id, 'the invented payment', isSeen)
  second.reset()
  await world.mine(3 * K)
  await waitFor('the alarm', () => alarms() > before)
  const isWaiting = { status: 'processing', payments: [{ position: 'included' }] }
  expect(await world.getInvoice(victim.id)).toMatchObject(isWaiting)
  first.reset()
  await world.mine(K)
  const marker = await world.createInvoice()
  await payInvoice(world, marker)
  await world.mine(K)
  await world.waitForStatus(marker.id, 'settled')
  expect(await world.getInvoice(victim.id)).toMatchObject(isWaiting)
  await world.expectCleanState()
})

test('the other one is away: the money waits, and goes on when it is known to be gone', async () => {
  second.rules.failure = 'http_500'
  const invoice = await world.createInvoice()
  await payInvoice(world, invoice)
  await world.mine(1)
  await world.waitForInvoice(invoice.id, 'a payment', isSeen)
  await world.mine(K)
  const settled = await world.waitForInvoice(
    invoice.id,
    'the order to settle by one node',
    ({ status }) => status === 'settled',
  )
  expect(levelOf(settled.payments[0].block_hash)).toBe(0)
  await world.expectCleanState()
})
