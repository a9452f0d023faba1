/** A chain behind two nodes, of which the one that is asked tells lies about blocks. */

import { type Hex, numberToHex, pad } from 'viem'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { FaultProxy, Intercept } from '../support/fault-proxy.ts'
import { waitFor } from '../support/gateway-process.ts'
import { expectCreditedAsOnChain, listAll } from '../support/oracle.ts'
import { payInvoice } from '../support/pay-invoice.ts'
import { expectMined, expectUntouched, skipDevAccounts } from '../support/pay-many.ts'
import { K } from '../support/payment-world.ts'
import { useSeveralNodes } from '../support/proxied-world.ts'
import {
  computeBloom,
  computeReceiptsRoot,
  type Json,
} from '../support/sealed-blocks/encode-block.ts'
import { transferLog } from '../support/sealed-blocks/seal-block.ts'

const STRANGER = '0x5757575757575757575757575757575757575757'
/** 10,000 tokens of 6 decimals. */
const FORTUNE = 10_000_000_000n

const RECEIPTS = 'eth_getBlockReceipts'

const { world, proxies, first, second } = await useSeveralNodes(['first', 'second'])
beforeAll(() => skipDevAccounts(world))

const readProviders = async (): Promise<any[]> => {
  const { body } = await world.gateway.request('GET', '/readyz')
  return body.chains[0].providers
}

/** Every block with a transaction gets one more log in its last receipt, with all numbers fitting. */
function inventTransfer(to: Hex): Intercept {
  return (method, _params, result) => {
    if (method !== RECEIPTS || !Array.isArray(result)) return result
    const logs = result.flatMap((receipt) => receipt.logs)
    const last = result.at(-1) as Json
    const place = ['transactionHash', 'transactionIndex', 'blockHash', 'blockNumber']
    last.logs.push({
      ...transferLog(world.usdc.address, STRANGER, to, FORTUNE),
      ...Object.fromEntries(place.map((name) => [name, last[name]])),
      logIndex: numberToHex(logs.length),
      removed: false,
    })
    last.logsBloom = computeBloom(last.logs)
    return result
  }
}

/** The receipts as they are, without the Transfer logs to this address; numbers are made to fit. */
function hideTransfers(to: Hex): Intercept {
  return (method, _params, result) => {
    if (method !== RECEIPTS || !Array.isArray(result)) return result
    let logCount = 0
    for (const receipt of result as Json[]) {
      receipt.logs = receipt.logs.filter(({ topics }: Json) => topics[2] !== pad(lower(to)))
      receipt.logsBloom = computeBloom(receipt.logs)
      for (const log of receipt.logs) log.logIndex = numberToHex(logCount++)
    }
    return result
  }
}

/** Another value, or another payee, in a transaction of a block; the receipts stay as they are. */
function changeTransaction(hash: () => Hex, fields: Json): Intercept {
  return (_method, _params, result) => {
    const { transactions } = (result ?? {}) as Json
    if (!Array.isArray(transactions)) return result
    for (const item of transactions) if (item.hash === hash()) Object.assign(item, fields)
    return result
  }
}

describe('CR-17 the one of two nodes that is asked lies', () => {
  let liar: FaultProxy
  let honest: FaultProxy
  let lies = 0

  /** Nodes are kept while they serve well: the liar is the one that served the latest block. */
  beforeEach(async () => {
    await waitFor('both nodes to be trusted', async () =>
      (await readProviders()).every(({ state }) => state === 'ok'),
    )
    for (const proxy of proxies) proxy.reset()
    await world.chain.sendNative({ to: STRANGER, units: 1n })
    await world.mine()
    liar = first.countCalls(RECEIPTS) > 0 ? first : second
    honest = liar === first ? second : first
    expect(liar.countCalls(RECEIPTS)).toBeGreaterThan(0)
    lies = 0
  })

  /** A test in which nobody was lied to would prove nothing. */
  afterEach(() => expect(lies).toBeGreaterThan(0))

  const lie = (tell: Intercept): void => {
    liar.intercept(async (method, params, result) => {
      const before = JSON.stringify(result)
      const told = await tell(method, params, result)
      if (JSON.stringify(told) !== before) lies += 1
      return told
    })
  }

  test('CR-17 it invents a Transfer of 10,000 tokens: never credited, and health shows it', async () => {
    const invoice = await world.createInvoice()
    const beside = await world.createInvoice()
    lie(inventTransfer(invoice.address))
    await payInvoice(world, beside)
    await world.mine(K)
    await world.waitForStatus(beside.id, 'settled')
    await expectUntouched(world, invoice.id)
    const providerOf = async ({ url }: FaultProxy) =>
      (await readProviders()).find(({ name }) => name === new URL(url).host)
    expect(await providerOf(liar)).toMatchObject({ last_fault: 'disproven', state: 'quarantined' })
    expect(await providerOf(honest)).toMatchObject({ ok: true, state: 'ok' })
    // And not later either, when the liar is asked again.
    await world.mine(2 * K)
    await expectUntouched(world, invoice.id)
    expect(await listAll(world, '/v1/payments?unassigned=true')).toEqual([])
    await expectCreditedAsOnChain(world, [invoice, beside])
    await world.expectCleanState()
  })

  test('CR-17 it hides a Transfer: credited all the same', async () => {
    const invoice = await world.createInvoice()
    lie(hideTransfers(invoice.address))
    await payInvoice(world, invoice)
    await world.mine(K)
    await world.waitForStatus(invoice.id, 'settled')
    await expectCreditedAsOnChain(world, [invoice])
    await world.expectCleanState()
  })

  test('CR-17 it changes value and payee of coins that were sent: what was sent is credited', async () => {
    const [invoice, other] = [await world.createInvoice(), await world.createInvoice()]
    let hash: Hex = '0x'
    const fields = { value: numberToHex(10n ** 21n), to: lower(other.address) }
    lie(changeTransaction(() => hash, fields))
    hash = await payInvoice(world, invoice, { asset: world.native })
    await world.mine(K)
    await expectMined(world, [hash])
    const settled = await world.waitForStatus(invoice.id, 'settled')
    expect(settled).toMatchObject({ payments_total: 1, paid: { overpaid: false } })
    await expectUntouched(world, other.id)
    await expectCreditedAsOnChain(world, [invoice, other])
    await world.expectCleanState()
  })

  test('CR-17 it says that coins came from their payee, as if nothing had moved', async () => {
    const invoice = await world.createInvoice()
    let hash: Hex = '0x'
    lie(changeTransaction(() => hash, { from: lower(invoice.address) }))
    hash = await payInvoice(world, invoice, { asset: world.native })
    await world.mine(K)
    await world.waitForStatus(invoice.id, 'settled')
    await expectCreditedAsOnChain(world, [invoice])
    await world.expectCleanState()
  })

  test('CR-17 it names a stranger as payer of coins: the one who signed is shown', async () => {
    const invoice = await world.createInvoice()
    let hash: Hex = '0x'
    lie(changeTransaction(() => hash, { from: STRANGER }))
    hash = await payInvoice(world, invoice, { asset: world.native })
    await world.mine(K)
    const { payments } = await world.waitForStatus(invoice.id, 'settled')
    const [payment] = payments
    const payer = world.chain.accounts[1] as { address: Hex }
    expect([payments.length, lower(payment.from)]).toEqual([1, lower(payer.address)])
    expect(world.gateway.output()).toContain('names another sender of coins')
    await expectCreditedAsOnChain(world, [invoice])
    await world.expectCleanState()
  })

  test('CR-17 it invents, and nothing of it can be proven: the other one is believed', async () => {
    const [invoice, beside] = [await world.createInvoice(), await world.createInvoice()]
    const invent = inventTransfer(invoice.address)
    // Roots and bloom are made to fit, and the header lacks what its hash would need.
    lie(async (method, params, result) => {
      const block = result as Json | null
      if (!Array.isArray(block?.transactions) || block.transactions.length === 0) {
        return invent(method, params, result)
      }
      const receipts = await world.chain.rpc<Json[]>('eth_getBlockReceipts', [block.hash])
      invent('eth_getBlockReceipts', [], receipts)
      block.receiptsRoot = computeReceiptsRoot(receipts)
      block.logsBloom = computeBloom(receipts.flatMap(({ logs }) => logs))
      delete block.stateRoot
      return block
    })
    await payInvoice(world, beside)
    await world.mine(2 * K)
    await world.waitForStatus(beside.id, 'settled')
    await expectUntouched(world, invoice.id)
    await expectCreditedAsOnChain(world, [invoice, beside])
    await world.expectCleanState()
  })

  test('the liar is alone: nothing of what it says counts, and what it hid counts when it stops', async () => {
    const [invoice, victim] = [await world.createInvoice(), await world.createInvoice()]
    honest.setTarget('http://127.0.0.1:1')
    lie(inventTransfer(victim.address))
    await payInvoice(world, invoice)
    await world.chain.mine(2 * K)
    await waitFor('the lie to be told often', async () => lies > 3)
    expect((await world.gateway.request('GET', '/readyz')).status).toBe(503)
    expect(await world.getInvoice(invoice.id)).toMatchObject({ settled_at: null })
    await expectUntouched(world, victim.id)
    liar.reset()
    honest.setTarget(world.node.url)
    await world.waitForStatus(invoice.id, 'settled')
    await expectUntouched(world, victim.id)
    await expectCreditedAsOnChain(world, [invoice, victim])
    await world.expectCleanState()
  })
})

function lower(address: string): Hex {
  return address.toLowerCase() as Hex
}
