/**
 * One node alone, whose blocks neither prove nor are disproven: a field in the header that nobody
 * knows. Either the chain has a new fork, or the node lies.
 */
import { type Hex, numberToHex } from 'viem'
import { beforeAll, expect, test, vi } from 'vitest'
import { waitFor } from '../support/gateway-process.ts'
import { expectCreditedAsOnChain } from '../support/oracle.ts'
import { payInvoice } from '../support/pay-invoice.ts'
import { skipDevAccounts } from '../support/pay-many.ts'
import { K } from '../support/payment-world.ts'
import { useProxiedWorld } from '../support/proxied-world.ts'
import {
  computeBloom,
  computeReceiptsRoot,
  type Json,
} from '../support/sealed-blocks/encode-block.ts'
import { transferLog } from '../support/sealed-blocks/seal-block.ts'

vi.setConfig({ testTimeout: 60_000 })
const MAX_REORG_BLOCKS = 12
const STRANGER: Hex = '0x5757575757575757575757575757575757575757'
const FORTUNE = 10_000_000_000n
const JUNK = { junkRoot: `0x${'77'.repeat(32)}` }

const { world, proxy } = await useProxiedWorld({
  chain: { max_reorg_blocks: MAX_REORG_BLOCKS },
})
beforeAll(() => skipDevAccounts(world))

const isBlock = (result: unknown): result is Json =>
  typeof result === 'object' && result !== null && 'transactionsRoot' in result

const readMetrics = async () => (await fetch(`${world.gateway.url}/metrics`)).text()

test('CR-17 an invented payment under a header with an unknown field never counts', async () => {
  const [victim, beside] = [await world.createInvoice(), await world.createInvoice()]
  const addLog = (receipts: Json[]): Json[] => {
    const last = receipts.at(-1)
    if (last === undefined) return receipts
    const place = ['transactionHash', 'transactionIndex', 'blockHash', 'blockNumber']
    last.logs.push({
      ...transferLog(world.usdc.address, STRANGER, victim.address, FORTUNE),
      ...Object.fromEntries(place.map((name) => [name, last[name]])),
      logIndex: numberToHex(receipts.flatMap(({ logs }) => logs).length),
      removed: false,
    })
    last.logsBloom = computeBloom(last.logs)
    return receipts
  }
  proxy.intercept(async (method, _params, result) => {
    if (method === 'eth_getBlockReceipts') return addLog(result as Json[])
    if (!isBlock(result)) return result
    const receipts = addLog(await world.chain.rpc<Json[]>('eth_getBlockReceipts', [result.hash]))
    return {
      ...result,
      ...JUNK,
      receiptsRoot: computeReceiptsRoot(receipts),
      logsBloom: computeBloom(receipts.flatMap(({ logs }) => logs)),
    }
  })
  await payInvoice(world, beside)
  await world.mine(2 * K)
  const isSeen = (invoice: any) => invoice.payments.length > 0
  await world.waitForInvoice(victim.id, 'the invented payment to be seen', isSeen)
  for (const { id } of [victim, beside]) {
    expect(await world.getInvoice(id)).toMatchObject({
      status: 'processing',
      payments: [{ position: 'included' }],
    })
  }
  proxy.reset()
  await world.mine(MAX_REORG_BLOCKS)
  await world.waitForStatus(beside.id, 'settled')
  const isJudged = (invoice: any) => invoice.payments[0].position === 'confirmed'
  const judged = await world.waitForInvoice(victim.id, 'the second look', isJudged)
  expect(judged.payments[0]).toMatchObject({ counted_units: '0' })
  expect(judged).toMatchObject({ settled_at: null })
  expect(judged.status).not.toBe('settled')
  expect(world.gateway.output()).toContain('ALARM: a payment: its block is proven now')
  expect(await readMetrics()).toContain(
    'quittance_payments_refuted_total{chain="31337",verdict="refuted"} 1',
  )
  await world.expectCleanState()
})

test('CR-32 a fork adds a field, and one node is all there is: money waits, and counts', async () => {
  const invoice = await world.createInvoice()
  // Its hash covers more than is known here, as behind a fork.
  proxy.intercept((_method, _params, result) => {
    if (!isBlock(result)) return result
    const { stateRoot: _, ...known } = result
    return { ...known, ...JUNK }
  })
  await payInvoice(world, invoice)
  const paidIn = await world.chain.blockNumber()
  await world.mine(2 * K)
  await world.waitForStatus(invoice.id, 'processing')
  await world.mine(MAX_REORG_BLOCKS - 2 * K)
  expect(await world.getInvoice(invoice.id)).toMatchObject({ status: 'processing' })
  expect((await world.chain.blockNumber()) - paidIn).toBeLessThanOrEqual(MAX_REORG_BLOCKS)
  await world.mine(2)
  await world.waitForStatus(invoice.id, 'settled')
  await waitFor('the alarm', async () =>
    world.gateway.output().includes('a payment in a block that is not proven'),
  )
  await expectCreditedAsOnChain(world, [invoice])
  await world.expectCleanState()
})
