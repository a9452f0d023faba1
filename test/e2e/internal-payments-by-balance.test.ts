/** Coins that contracts send, found by the balances of orders: on nodes with traces, and without. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type DevAccount, deriveDevAccounts } from '../../hardhat-local/src/dev-accounts.ts'
import { describeInternalPayments } from '../support/describe-internal-payments.ts'
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts'
import { waitFor } from '../support/gateway-process.ts'
import { deployInternalPayers, type InternalPayers } from '../support/internal-payers.ts'
import { expectUntouched, inParallel, skipDevAccounts } from '../support/pay-many.ts'
import { K, usePaymentWorld } from '../support/payment-world.ts'
import { readMetric } from '../support/read-metric.ts'

type Hex = `0x${string}`

const DUE_WEI = 10n ** 16n
const TRACE_METHODS = ['debug_traceBlockByHash', 'debug_traceTransaction']

let proxy: FaultProxy
const world = usePaymentWorld({
  config: { limits: { requests_per_second_per_key: 100_000 } },
  async rpcOf(node) {
    proxy = await startFaultProxy({ target: node.url })
    return proxy.url
  },
})
let payers: InternalPayers
beforeAll(async () => {
  await skipDevAccounts(world)
  payers = await deployInternalPayers(world)
})
afterAll(() => proxy.stop())

const inEther = () => world.createInvoice({ price: { amount: '0.01', currency: 'ETH' } })

const metric = (name: string) => readMetric(world.gateway, name)

/** The shop is told of the coins, and of the block in which they came. */
async function expectAlert(invoice: any, blockNumber: Hex, blockHash: Hex): Promise<void> {
  const told = await world.gateway.request('GET', '/v1/events?type=alert.unexplained_balance')
  expect(told.body.data[0].data).toMatchObject({
    object: 'alert',
    kind: 'unexplained_balance',
    invoice: invoice.id,
    amount_units: DUE_WEI.toString(),
    block_number: Number(blockNumber),
    block_hash: blockHash,
  })
}

describe('by balances, on a node that has traces', () => {
  describeInternalPayments(world, () => payers, { attributed: true })
})

describe('PA-19 coins that no transaction explains', () => {
  afterEach(() => proxy.reset())

  test('PA-19 a balance that is set is reported with its block', async () => {
    const invoice = await inEther()
    await world.mine(2)
    const before = await metric('unexplained_balance_total')
    await world.chain.setBalance(invoice.address, DUE_WEI)
    await world.mine()
    const head = await world.chain.rpc<{ number: Hex; hash: Hex }>('eth_getBlockByNumber', [
      'latest',
      false,
    ])
    const seen = await world.waitForInvoice(invoice.id, 'a payment', (i) => i.payments_total > 0)
    expect(seen.payments[0]).toMatchObject({
      kind: 'internal',
      amount_units: DUE_WEI.toString(),
      from: null,
      tx_hash: null,
      log_index: null,
      block_number: Number(head.number),
      block_hash: head.hash,
    })
    expect(await metric('unexplained_balance_total')).toBe(before + 1)
    await expectAlert(invoice, head.number, head.hash)
    await world.mine(K)
    await world.waitForStatus(invoice.id, 'settled')
  })

  test('PA-19 SELFDESTRUCT is reported with its block, on a node without traces', async () => {
    proxy.rules.unsupported = TRACE_METHODS
    const invoice = await inEther()
    await world.mine(2)
    const before = await metric('unexplained_balance_total')
    const hash = await payers.spawnDying(invoice.address, DUE_WEI)
    await world.mine()
    const receipt = (await world.chain.receipt(hash)) as { blockNumber: Hex; blockHash: Hex }
    await world.waitForInvoice(invoice.id, 'a payment', (i) => i.payments_total > 0)
    expect(await metric('unexplained_balance_total')).toBe(before + 1)
    await expectAlert(invoice, receipt.blockNumber, receipt.blockHash)
    await world.mine(K)
    await world.waitForStatus(invoice.id, 'settled')
  })

  test('what the owner of an address spends is no shortfall, and what comes is found', async () => {
    const before = await metric('balance_shortfalls_total')
    const invoice = await inEther()
    await world.chain.sendNative({ to: invoice.address, units: 2n * DUE_WEI })
    await world.mine(2)
    await world.waitForInvoice(invoice.id, 'the payment', (i) => i.payments_total === 1)
    const index = Number(invoice.derivation_path.split('/').at(-1))
    const owner = deriveDevAccounts(index + 1)[index] as DevAccount
    await world.chain.sendNative({ from: owner, to: payers.wallet, units: 16n })
    await payers.fromWallet(invoice.address, 77n)
    await world.mine(2)
    await payers.fromWallet(invoice.address, 78n)
    await world.mine(2)
    const { payments } = await world.waitForInvoice(
      invoice.id,
      'three payments',
      (i) => i.payments_total === 3,
    )
    const units = payments.map(({ amount_units }: any) => amount_units)
    expect(units.sort()).toEqual(['77', '78', `${2n * DUE_WEI}`].sort())
    expect(await metric('balance_shortfalls_total')).toBe(before)
  })

  test('CR-31 a pinned call answered for the latest block is refused', async () => {
    const invoice = await inEther()
    await world.mine(2)
    let lies = 0
    proxy.intercept(async (method, params, result) => {
      const [call, block] = params as [unknown, { blockHash?: string }]
      if (method !== 'eth_call' || block?.blockHash === undefined) return result
      lies += 1
      // What a node answers that knows no pin: its latest block, which is one further on.
      await world.chain.mine(1)
      return world.chain.rpc('eth_call', [call, 'latest'])
    })
    await payers.fromWallet(invoice.address, DUE_WEI)
    await world.chain.mine(1)
    const refused = await metric('balance_sweeps_total')
    await waitFor('some sweeps', async () => lies > 3)
    proxy.intercept(null)
    expect(await metric('balance_sweeps_total')).toBeGreaterThan(refused)
    const { body } = await world.gateway.request<string>('GET', '/metrics')
    expect(body).toMatch(/balance_sweeps_total\{chain="31337",outcome="inconsistent"\} [1-9]/)
    await world.mine(K)
    const { payments } = await world.waitForStatus(invoice.id, 'settled')
    expect(payments).toHaveLength(1)
    expect(payments[0].amount_units).toBe(DUE_WEI.toString())
  })
})

describe('CR-34 cost', () => {
  afterEach(() => proxy.reset())

  /** Calls of the node while so many blocks come, one at a time. */
  async function countCalls(blocks: number): Promise<{ all: number; sweeps: number }> {
    await world.mine(2)
    proxy.reset()
    for (let mined = 0; mined < blocks; mined += 1) await world.mine()
    const all = ['eth_getBlockByHash', 'eth_getBlockReceipts', 'eth_call', 'eth_getBalance']
      .map((method) => proxy.countCalls(method))
      .reduce((sum, count) => sum + count, 0)
    return { all, sweeps: proxy.countCalls('eth_call') }
  }

  test('CR-34 500 open orders cost as many calls as a few', async () => {
    const few = await countCalls(10)
    await inParallel(Array.from({ length: 500 }), inEther)
    const many = await countCalls(10)
    // A call for each 500 open orders (a few are open beside the 500) and one for those finished
    // lately, once per block; a sweep may have been under way when a count began, and when it ended.
    expect(few.sweeps).toBeLessThanOrEqual(2 * (10 + 2))
    expect(many.sweeps).toBeLessThanOrEqual(3 * (10 + 2))
    expect(many.all - many.sweeps).toBeLessThanOrEqual(few.all - few.sweeps + 2)
  }, 60_000)

  test('the stored state is clean', () => world.expectCleanState())
})

describe('by balances, on a node without traces', () => {
  beforeAll(() => {
    proxy.rules.unsupported = TRACE_METHODS
  })
  describeInternalPayments(world, () => payers, { attributed: false })

  test('PA-17 nothing is invented for the orders of all tests', async () => {
    const untouched = await inEther()
    await world.mine(K)
    await expectUntouched(world, untouched.id)
  })
})
