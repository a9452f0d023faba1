/** Logs find, receipts prove: a gateway that asks for ranges of logs, of nodes that cut or refuse them. */
import { afterAll, afterEach, expect, test } from 'vitest'
import { accountXpub } from '../support/account-keys.ts'
import { type FaultProxy, refusal, startFaultProxy } from '../support/fault-proxy.ts'
import { waitFor } from '../support/gateway-process.ts'
import { expectCreditedAsOnChain } from '../support/oracle.ts'
import { payInvoice, unitsDue } from '../support/pay-invoice.ts'
import { deployBatchPayer, inParallel } from '../support/pay-many.ts'
import { K, startPaymentWorld, usePaymentWorld } from '../support/payment-world.ts'

const LOGS = 'eth_getLogs'
const RECEIPTS = 'eth_getBlockReceipts'
const STRANGER = '0x5757575757575757575757575757575757575757'
/** The scenario's own; smaller where a machine is slow. */
const { CR25_BLOCKS = '1000', CR25_INVOICES = '500' } = process.env
const CREDITED_MS = 10_000
const CATCH_UP_MS = 60_000
const MAX_BLOCKS = 10
/** A hundred in the scenario: this world watches two tokens and the coin's emitter. */
const MAX_ADDRESSES = 1

const proxy: FaultProxy = await startFaultProxy({ target: 'http://127.0.0.1:1' })
const world = usePaymentWorld({
  // No account that pays is one of ours: its address as the sender of a log would look like a payee.
  env: { QUITTANCE_XPUB: accountXpub(7) },
  chain: { detection: 'logs' },
  config: { limits: { requests_per_second_per_key: 10_000 } },
  async rpcOf(node) {
    proxy.setTarget(node.url)
    return proxy.url
  },
})
afterEach(() => proxy.reset())
afterAll(() => proxy.stop())

const readProvider = async () =>
  (await world.gateway.request('GET', '/readyz')).body.chains[0].providers[0]

const readMetric = async (name: string, labels = ''): Promise<number> => {
  const text = await (await fetch(`${world.gateway.url}/metrics`)).text()
  const line = text
    .split('\n')
    .find((one) => one.startsWith(`quittance_${name}{chain="31337"${labels}`))
  return Number(line?.split(' ').at(-1) ?? 0)
}

test('coins and tokens are credited; blocks without anything for us cost no receipts', async () => {
  const invoices = await inParallel([1, 2], () => world.createInvoice())
  await world.chain.sendNative({ to: STRANGER, units: 1n })
  await world.chain.sendToken({ token: world.usdc.address, to: STRANGER, units: 1n })
  await world.mine(3)
  expect(proxy.countCalls(LOGS)).toBeGreaterThan(0)
  expect(proxy.countCalls(RECEIPTS)).toBe(0)
  await payInvoice(world, invoices[0], { asset: world.native })
  await world.mine()
  await payInvoice(world, invoices[1])
  await world.mine(K)
  for (const { id } of invoices) await world.waitForStatus(id, 'settled')
  expect(proxy.countCalls(RECEIPTS)).toBe(2)
  expect(await readMetric('logs_inconsistent_total')).toBe(0)
  await expectCreditedAsOnChain(world, invoices)
}, 30_000)

test('a reorg moves what was found by logs', async () => {
  const invoice = await world.createInvoice()
  const hash = await payInvoice(world, invoice)
  await world.mine(2)
  await world.waitForStatus(invoice.id, 'processing')
  const raw = await world.chain.rawTransaction(hash)
  await world.chain.reorg({ depth: 3, transactions: [[raw, 2]] })
  await world.mine(K + 1)
  await world.waitForStatus(invoice.id, 'settled')
  await expectCreditedAsOnChain(world, [invoice])
  await world.expectCleanState()
}, 30_000)

test.each([0, 1])(
  'CR-16 answers cut to their first %i logs: credited, and told',
  async (kept) => {
    const invoices = await inParallel([1, 2, 3], () => world.createInvoice())
    const before = await readMetric('logs_inconsistent_total')
    proxy.intercept((method, _params, result) =>
      method === LOGS && Array.isArray(result) ? result.slice(0, kept) : result,
    )
    await world.chain.sendToken({ token: world.usdc.address, to: STRANGER, units: 1n })
    for (const invoice of invoices) await payInvoice(world, invoice)
    const startedMs = performance.now()
    await world.mine(1)
    for (const { id } of invoices) await world.waitForStatus(id, 'processing')
    expect(performance.now() - startedMs).toBeLessThan(CREDITED_MS)
    expect(await readMetric('logs_inconsistent_total')).toBeGreaterThan(before)
    await world.mine(K)
    for (const { id } of invoices) await world.waitForStatus(id, 'settled')
    await expectCreditedAsOnChain(world, invoices)
  },
  30_000,
)

test('CR-16 a chain of tokens alone, by headers: the same, and no block is read for nothing', async () => {
  const alone = await startPaymentWorld({
    env: { QUITTANCE_XPUB: accountXpub(7) },
    chain: { detection: 'logs', native: false },
    async rpcOf(node) {
      proxy.setTarget(node.url)
      return proxy.url
    },
  })
  try {
    const invoices = await inParallel([1, 2], () => alone.createInvoice())
    await alone.chain.sendToken({ token: alone.dai.address, to: STRANGER, units: 1n })
    await alone.mine(20)
    expect(proxy.countCalls(RECEIPTS)).toBe(0)
    await payInvoice(alone, invoices[0])
    await alone.mine()
    proxy.intercept((method, _params, result) => (method === LOGS ? [] : result))
    await payInvoice(alone, invoices[1])
    await alone.mine()
    proxy.intercept(null)
    await alone.mine(K)
    for (const { id } of invoices) await alone.waitForStatus(id, 'settled')
    expect(proxy.countCalls(RECEIPTS)).toBe(2)
    const { body } = await alone.gateway.request<string>('GET', '/metrics')
    expect(body).toContain('quittance_logs_inconsistent_total{chain="31337"} 1')
    await expectCreditedAsOnChain(alone, invoices)
  } finally {
    proxy.setTarget(world.node.url)
    await alone.stop()
  }
}, 60_000)

/** As seen in the wild; `RANGE` stands for a range that the node would serve. */
const RANGE_STRINGS = [
  'Try with this block range [RANGE]',
  'this block range should work: [RANGE]',
  'retry with the range RANGE',
  'exceed maximum block range',
  'block range is too wide',
  'eth_getLogs is limited to a 10,000 range',
  'eth_getLogs is limited to 1024 block range',
  'Block range limit exceeded',
  'at most 1000 blocks',
  'requested too many blocks, maximum is set to 2048',
  'Max range: 800',
  'ranges over 10000 blocks are not supported',
  'exceed max block range: 5000',
  'query returned more than 10000 results',
  'logs matched by query exceeds limit of 10000',
  'backend response too large',
  'Log response size should not greater than 150000000 bytes',
  'response is too big',
  'try paginating',
]
const ADDRESS_STRINGS = [
  'exceed max addresses or topics per search position',
  'specify less number of address',
  'This query contains 3 filters',
]

/** Null where the range is short enough. */
function refuseRange(text: string, from: number, to: number): string | null {
  if (to - from < MAX_BLOCKS) return null
  const last = `0x${(from + MAX_BLOCKS - 1).toString(16)}`
  const isSpan = text.includes('retry with')
  const range = isSpan ? `${from}-${from + MAX_BLOCKS - 1}` : `0x${from.toString(16)}, ${last}`
  return text.replace('RANGE', range)
}

test(`CR-25 every refusal in turn, ${CR25_BLOCKS} blocks x ${CR25_INVOICES} invoices in 60 s`, async () => {
  const strings = [...RANGE_STRINGS, ...ADDRESS_STRINGS]
  const blocks = Math.ceil(Number(CR25_BLOCKS) / strings.length)
  const payer = await deployBatchPayer(world, [world.usdc.address])
  const invoices = await inParallel(Array.from({ length: Number(CR25_INVOICES) }), () =>
    world.createInvoice(),
  )
  const share = Math.ceil(invoices.length / strings.length)
  let elapsedMs = 0
  for (const [place, text] of strings.entries()) {
    proxy.rules.headFrozenAt = await world.chain.blockNumber()
    let refused = 0
    proxy.intercept((method, params, result) => {
      if (method !== LOGS) return result
      const { address, fromBlock, toBlock } = params[0] as any
      const isAboutAddresses = place >= RANGE_STRINGS.length
      const words = isAboutAddresses
        ? address.length > MAX_ADDRESSES
          ? text
          : refuseRange(RANGE_STRINGS[3] as string, Number(fromBlock), Number(toBlock))
        : refuseRange(text, Number(fromBlock), Number(toBlock))
      if (words === null) return result
      refused += 1
      return refusal(-32_005, words)
    })
    // A lost connection: what was learned of the node before is forgotten.
    proxy.rules.failure = 'reset'
    await waitFor('a lost connection', async () => (await readProvider()).state !== 'ok')
    const due = invoices.slice(place * share, (place + 1) * share)
    const units = (invoice: any) => unitsDue(invoice, world.usdc.asset)
    const transfers = due.map((invoice) => ({ to: invoice.address, units: units(invoice) }))
    if (transfers.length > 0) await payer.payToken(world.usdc.address, transfers)
    await world.chain.mine(blocks)
    const startedMs = performance.now()
    proxy.rules.failure = null
    proxy.rules.headFrozenAt = null
    await world.synced()
    elapsedMs += performance.now() - startedMs
    expect({ text, isRefused: refused > 0 }).toEqual({ text, isRefused: true })
  }
  expect(elapsedMs).toBeLessThan(CATCH_UP_MS)
  proxy.reset()
  await world.mine(K)
  await inParallel(invoices, ({ id }) => world.waitForStatus(id, 'settled'))
  expect(await readMetric('logs_blocks_read_total', ',reason="match"')).toBeGreaterThan(0)
  await expectCreditedAsOnChain(world, invoices.slice(0, share))
}, 300_000)
