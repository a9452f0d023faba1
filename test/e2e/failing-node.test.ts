/** A gateway with one node that fails in every way there is: it asks less, and goes on afterwards. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, expect, test } from 'vitest'
import { connectLocalChain } from '../../hardhat-local/src/local-chain.ts'
import { startAnvil } from '../../hardhat-local/src/start-anvil.ts'
import { accountXpub } from '../support/account-keys.ts'
import { type Failure, type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts'
import { waitFor } from '../support/gateway-process.ts'
import { expectCreditedAsOnChain } from '../support/oracle.ts'
import { payInvoice, storyOf } from '../support/pay-invoice.ts'
import { inParallel } from '../support/pay-many.ts'
import { K, usePaymentWorld } from '../support/payment-world.ts'

const HEAD_METHOD = 'eth_getBlockByNumber'
const RECEIPTS_METHOD = 'eth_getBlockReceipts'
const POLL_MS = 250
const FAILURE_MS = 5_000
const MAX_REQUESTS_PER_S = 20
/** What was asked before a hang ended waits for its deadline of 15 s. */
const RECOVERY_MS = 25_000

const FAILURES: Failure[] = [
  'http_429',
  'rpc_429',
  'rpc_limit',
  'bare_error',
  'http_500',
  'html',
  'truncated',
  'wrong_id',
  'reset',
  'hang',
]

let proxy: FaultProxy
const world = usePaymentWorld({
  // No account that pays is one of ours: a sweep would look for what left it.
  env: { QUITTANCE_XPUB: accountXpub(7) },
  chain: { poll_interval_ms: POLL_MS },
  config: { limits: { requests_per_second_per_key: 10_000 } },
  async rpcOf(node) {
    proxy = await startFaultProxy({ target: node.url })
    return proxy.url
  },
})
afterEach(() => proxy.reset())
afterAll(() => proxy.stop())

const readChain = async () => (await world.gateway.request('GET', '/readyz')).body.chains[0]

test('CR-22 every failure for 5 s: no crash, few requests, all payments credited after', async () => {
  const invoices = await inParallel(FAILURES, () => world.createInvoice())
  for (const [i, failure] of FAILURES.entries()) {
    proxy.rules.failure = failure
    await payInvoice(world, invoices[i], i % 2 === 0 ? {} : { asset: world.native })
    await world.chain.mine(2)
    const before = proxy.countRequests()
    await sleep(FAILURE_MS)
    const perSecond = (proxy.countRequests() - before) / (FAILURE_MS / 1_000)
    expect({ failure, tooMany: perSecond >= MAX_REQUESTS_PER_S }).toEqual({
      failure,
      tooMany: false,
    })
    expect((await fetch(`${world.gateway.url}/healthz`)).status).toBe(200)
  }
  await world.chain.mine(K)
  proxy.reset()
  const settled = async () => {
    const found = await inParallel(invoices, ({ id }) => world.getInvoice(id))
    return found.every(({ status }) => status === 'settled')
  }
  await waitFor('all payments', settled, RECOVERY_MS)
  for (const invoice of invoices) {
    expect(await storyOf(world, invoice)).toEqual([
      'invoice.created',
      'payment.detected',
      'invoice.processing',
      'payment.confirmed',
      'invoice.settled',
    ])
  }
  expect((await readChain()).state).toBe('ok')
  await expectCreditedAsOnChain(world, invoices)
  await world.expectCleanState()
}, 120_000)

test('CR-20 another chain answers mid-run: nothing is credited, and it recovers alone', async () => {
  const invoice = await world.createInvoice()
  const cursor = (await readChain()).cursor
  const pretend = [
    () => {
      proxy.rules.chainId = 1
    },
    () =>
      proxy.intercept((method, [tag], result) =>
        method === HEAD_METHOD && tag === '0x0'
          ? { ...(result as object), hash: `0x${'ab'.repeat(32)}` }
          : result,
      ),
  ]
  for (const begin of pretend) {
    begin()
    const asked = proxy.countCalls('eth_chainId')
    await payInvoice(world, invoice, { units: 1_000n })
    await world.chain.mine(1)
    await waitFor('two polls', () => proxy.countCalls('eth_chainId') >= asked + 2)
    await waitFor('red health', async () => (await readChain()).reason === 'wrong_chain', 2_000)
    await sleep(1_000)
    expect((await readChain()).cursor).toBe(cursor)
    expect(await storyOf(world, invoice)).toEqual(['invoice.created'])
  }
  // At the start as well: refused as long as it is another chain.
  await world.gateway.kill()
  await world.gateway.start({ expectReady: false })
  await waitFor(
    'refusal',
    async () => (await readChain().catch(() => null))?.reason === 'wrong_chain',
  )
  await sleep(500)
  expect(await storyOf(world, invoice)).toEqual(['invoice.created'])
  proxy.reset()
  await world.synced()
  await waitFor('recovery', async () => (await readChain()).state === 'ok')
  await expectCreditedAsOnChain(world, [invoice])
  await world.expectCleanState()
}, 60_000)

test('CR-20 a restart on a chain that was begun anew is refused; the old one goes on', async () => {
  const invoice = await world.createInvoice()
  await payInvoice(world, invoice)
  await world.mine(K)
  await world.waitForStatus(invoice.id, 'settled')
  const { cursor } = await readChain()
  await world.gateway.kill()
  const anew = await startAnvil({ mining: 'manual' })
  try {
    await connectLocalChain(anew.url).mine(cursor + 10)
    proxy.setTarget(anew.url)
    await world.gateway.start({ expectReady: false })
    await waitFor(
      'refusal',
      async () => (await readChain().catch(() => null))?.reason === 'wrong_chain',
    )
    const { state, detail } = await readChain()
    expect(state).toBe('unreachable')
    expect(detail).toContain('needs a new database')
    expect(await world.getInvoice(invoice.id)).toMatchObject({ status: 'settled' })
  } finally {
    proxy.setTarget(world.node.url)
    await anew.stop()
  }
  await waitFor('recovery', async () => (await readChain()).state === 'ok')
  await expectCreditedAsOnChain(world, [invoice])
  await world.expectCleanState()
}, 60_000)

test('CR-29 a log that is removed is never a payment, and old heads stop nothing', async () => {
  const [removed, paid] = await inParallel([1, 2], () => world.createInvoice())
  let isRemoved = true
  let heads = 0
  proxy.intercept(async (method, [tag], result) => {
    if (method === RECEIPTS_METHOD && isRemoved) {
      const mark = (log: object) => ({ ...log, removed: true })
      return (result as { logs: object[] }[]).map((r) => ({ ...r, logs: r.logs.map(mark) }))
    }
    if (method !== HEAD_METHOD || tag !== 'latest') return result
    heads += 1
    // Nine of ten heads are those of long ago.
    const head = (await world.chain.blockNumber()) - (heads % 10 === 0 ? 0 : 50 + heads)
    return world.chain.rpc(HEAD_METHOD, [`0x${Math.max(1, head).toString(16)}`, false])
  })
  await payInvoice(world, removed)
  await world.chain.mine(K)
  await waitFor('the removed log', () => world.gateway.output().includes('was removed by a reorg'))
  await sleep(1_000)
  expect(await storyOf(world, removed)).toEqual(['invoice.created'])
  isRemoved = false
  await payInvoice(world, paid)
  await world.chain.mine(K)
  for (const { id } of [removed, paid]) await world.waitForStatus(id, 'settled')
  await expectCreditedAsOnChain(world, [removed, paid])
  await world.expectCleanState()
}, 60_000)

test('CR-34 500 open invoices cost as many calls per block as 5', async () => {
  const methods = [RECEIPTS_METHOD, 'eth_getBlockByHash', 'eth_call', 'eth_getBalance']
  const countPerBlock = async () => {
    await world.mine(1)
    await sleep(2 * POLL_MS)
    const before = methods.map((method) => proxy.countCalls(method))
    const blocks = 20
    for (let block = 0; block < blocks; block++) {
      await world.chain.sendNative({ to: `0x${'51'.repeat(20)}`, units: 1n })
      await world.mine(1)
    }
    return methods.map((method, i) => (proxy.countCalls(method) - before[i]!) / blocks)
  }
  await inParallel(Array.from({ length: 5 }), () => world.createInvoice())
  const [receipts, ...withFew] = await countPerBlock()
  await inParallel(Array.from({ length: 495 }), () => world.createInvoice())
  const [same, ...withMany] = await countPerBlock()
  expect([receipts, same]).toEqual([1, 1])
  // Sweeps of balances ask by turns and not by blocks: a turn more or less, and never an address each.
  for (const [i, calls] of withMany.entries()) expect(calls - withFew[i]!).toBeLessThan(2)
}, 60_000)
