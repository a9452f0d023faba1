/** Logs find, receipts prove: a gateway that asks for ranges of logs, of nodes that cut or refuse them. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { accountXpub } from '../support/account-keys.ts'
import { refusal } from '../support/fault-proxy.ts'
import { waitFor } from '../support/gateway-process.ts'
import { allow, tell } from '../support/load-figures.ts'
import { expectCreditedAsOnChain } from '../support/oracle.ts'
import { payInvoice, unitsDue } from '../support/pay-invoice.ts'
import { deployBatchPayer, inParallel } from '../support/pay-many.ts'
import { K, startPaymentWorld } from '../support/payment-world.ts'
import { useProxiedWorld } from '../support/proxied-world.ts'
import { readMetric } from '../support/read-metric.ts'
import { signAsOwner, tokenCall } from '../support/sign-as-owner.ts'

const LOGS = 'eth_getLogs'
const RECEIPTS = 'eth_getBlockReceipts'
const STRANGER = '0x5757575757575757575757575757575757575757'
/** The scenario's own; smaller where a machine is slow. */
const { CR25_BLOCKS = '1000', CR25_INVOICES = '500' } = process.env
const CREDITED_MS = 10_000
const CATCH_UP_MS = 60_000
const MAX_BLOCKS = 10
/** Orders paid by one transaction of the long catch-up. */
const PAID_AT_ONCE = 50
/** A hundred in the scenario: this world watches two tokens and the coin's emitter. */
const MAX_ADDRESSES = 1

const { world, proxy } = await useProxiedWorld({
  // No account that pays is one of ours: its address as the sender of a log would look like a payee.
  env: { QUITTANCE_XPUB: accountXpub(7) },
  chain: { detection: 'logs' },
  config: { limits: { requests_per_second_per_key: 10_000 } },
})

const readProvider = async () =>
  (await world.gateway.request('GET', '/readyz')).body.chains[0].providers[0]

const count = (name: string, labels = {}) => readMetric(world.gateway, name, labels)

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
  expect(await count('logs_inconsistent_total')).toBe(0)
  await expectCreditedAsOnChain(world, invoices)
}, 30_000)

test('what leaves an address is found by logs too, and its block is read whole', async () => {
  const invoice = await world.createInvoice({ accept: [world.usdc.asset] })
  await payInvoice(world, invoice)
  await world.mine(K)
  await world.waitForStatus(invoice.id, 'settled')
  const read = await count('logs_blocks_read_total', { reason: 'match' })
  await world.chain.sendRaw(
    await signAsOwner(world, invoice, tokenCall('transfer', [STRANGER, 7_000_000n])),
  )
  await world.mine(1)
  const [outflow] = (await world.gateway.request('GET', '/v1/outflows')).body.data
  expect(outflow).toMatchObject({ from: invoice.address, amount: '7', position: 'included' })
  expect(await count('logs_blocks_read_total', { reason: 'match' })).toBe(read + 1)
})

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
    const before = await count('logs_inconsistent_total')
    proxy.intercept((method, _params, result) =>
      method === LOGS && Array.isArray(result) ? result.slice(0, kept) : result,
    )
    await world.chain.sendToken({ token: world.usdc.address, to: STRANGER, units: 1n })
    for (const invoice of invoices) await payInvoice(world, invoice)
    const startedMs = performance.now()
    await world.mine(1)
    for (const { id } of invoices) await world.waitForStatus(id, 'processing')
    expect(performance.now() - startedMs).toBeLessThan(allow(CREDITED_MS))
    expect(await count('logs_inconsistent_total')).toBeGreaterThan(before)
    await world.mine(K)
    for (const { id } of invoices) await world.waitForStatus(id, 'settled')
    await expectCreditedAsOnChain(world, invoices)
  },
  30_000,
)

test('CR-15 lists come twice, backwards, late and overlapping: each payment counts once', async () => {
  const invoices = await inParallel(Array.from({ length: 8 }), () => world.createInvoice())
  let lists = 0
  let [late, overlapping] = [0, 0]
  proxy.intercept(async (method, params, result) => {
    if (method !== LOGS || !Array.isArray(result)) return result
    lists += 1
    if (lists % 2 === 0) {
      late += 1
      await sleep(400)
    }
    if (lists % 3 !== 0) return [...result, ...result].reverse()
    // With what the range before this one had: not asked for, so all of it is asked for again.
    overlapping += 1
    const [filter] = params as [{ fromBlock: string }]
    const fromBlock = `0x${Math.max(0, Number(filter.fromBlock) - 4).toString(16)}`
    const wider = await world.chain.rpc<unknown[]>(LOGS, [{ ...filter, fromBlock }])
    return [...wider, ...result]
  })
  for (const [i, invoice] of invoices.entries()) {
    await payInvoice(world, invoice, i % 2 === 0 ? {} : { asset: world.native })
    await world.mine(3)
  }
  await world.mine(K)
  expect(Math.min(late, overlapping)).toBeGreaterThan(1)
  for (const { id } of invoices) {
    expect(await world.waitForStatus(id, 'settled')).toMatchObject({ payments_total: 1 })
  }
  await expectCreditedAsOnChain(world, invoices)
  await world.expectCleanState()
}, 60_000)

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

/** Ranges and addresses beyond what the node takes are refused in these words; counts refusals. */
function refuseWidely(nextWords: () => string): { readonly refused: () => number } {
  let refused = 0
  proxy.intercept((method, params, result) => {
    if (method !== LOGS) return result
    const { address, fromBlock, toBlock } = params[0] as any
    const words = judgeQuery(nextWords, address.length, Number(fromBlock), Number(toBlock))
    if (words === null) return result
    refused += 1
    return refusal(-32_005, words)
  })
  return { refused: () => refused }
}

function judgeQuery(
  nextWords: () => string,
  addresses: number,
  from: number,
  to: number,
): string | null {
  if (addresses <= MAX_ADDRESSES && to - from < MAX_BLOCKS) return null
  const words = nextWords()
  if (!ADDRESS_STRINGS.includes(words)) return refuseRange(words, from, to)
  // What is too wide alone is not refused for its addresses.
  return addresses > MAX_ADDRESSES ? words : refuseRange(RANGE_STRINGS[3] as string, from, to)
}

/**
 * Blocks that come while the connection is lost, so that what was learned of the node before is
 * forgotten. Resolves with the milliseconds until they were followed.
 */
async function catchUp(extend: () => Promise<void>): Promise<number> {
  // Else a fault of the test before would pass for the lost connection.
  await waitFor('a node that is well', async () => (await readProvider()).state === 'ok')
  proxy.rules.headFrozenAt = await world.chain.blockNumber()
  proxy.rules.failure = 'reset'
  await waitFor('a lost connection', async () => (await readProvider()).state !== 'ok')
  await extend()
  const startedMs = performance.now()
  proxy.rules.failure = null
  proxy.rules.headFrozenAt = null
  await world.synced()
  return performance.now() - startedMs
}

const ALL_STRINGS = [...RANGE_STRINGS, ...ADDRESS_STRINGS]

test.each([...ALL_STRINGS.entries()])(
  'CR-25 a node that refuses by %i: %s',
  async (place, text) => {
    await world.gateway.waitReady()
    const invoice = await world.createInvoice()
    const { refused } = refuseWidely(() => text)
    await catchUp(async () => {
      await payInvoice(world, invoice)
      await world.chain.mine(2 * MAX_BLOCKS)
    })
    // Nothing was learned of the width of ranges that this one did not refuse.
    expect({ place, isRefused: refused() > 0 }).toEqual({ place, isRefused: true })
    await world.waitForStatus(invoice.id, 'settled')
  },
)

test(`CR-25 one catch-up of ${CR25_BLOCKS} blocks x ${CR25_INVOICES} invoices, refused in turn, in 60 s`, async () => {
  const payer = await deployBatchPayer(world, [world.usdc.address])
  const wanted = Array.from({ length: Number(CR25_INVOICES) })
  const invoices = await inParallel(wanted, () => world.createInvoice())
  let asked = 0
  const { refused } = refuseWidely(() => ALL_STRINGS[asked++ % ALL_STRINGS.length] as string)
  const groups = Math.ceil(invoices.length / PAID_AT_ONCE)
  const elapsedMs = await catchUp(async () => {
    for (let group = 0; group < groups; group++) {
      const due = invoices.slice(group * PAID_AT_ONCE, (group + 1) * PAID_AT_ONCE)
      const transfers = due.map((invoice) => {
        return { to: invoice.address, units: unitsDue(invoice, world.usdc.asset) }
      })
      await payer.payToken(world.usdc.address, transfers)
      await world.chain.mine(Math.ceil(Number(CR25_BLOCKS) / groups))
    }
  })
  expect(refused()).toBeGreaterThan(0)
  tell(`CR-25: caught up in ${(elapsedMs / 1_000).toFixed(1)} s, refused ${refused()} times`)
  expect(elapsedMs).toBeLessThan(allow(CATCH_UP_MS))
  proxy.reset()
  await world.mine(K)
  await inParallel(invoices, ({ id }) => world.waitForStatus(id, 'settled'))
  expect(await count('logs_blocks_read_total', { reason: 'match' })).toBeGreaterThan(0)
  await expectCreditedAsOnChain(world, invoices)
}, 300_000)
