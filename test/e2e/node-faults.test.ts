/** A node that lags, mixes branches or forgets: the gateway waits, and believes nothing twice. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts'
import { waitFor } from '../support/gateway-process.ts'
import { expectCreditedAsOnChain, listAll } from '../support/oracle.ts'
import { payInvoice, storyOf } from '../support/pay-invoice.ts'
import { inParallel, skipDevAccounts } from '../support/pay-many.ts'
import { K, usePaymentWorld } from '../support/payment-world.ts'

const BLOCK_METHOD = 'eth_getBlockByHash'
const RECEIPTS_METHOD = 'eth_getBlockReceipts'
const HEAD_METHOD = 'eth_getBlockByNumber'
/** Blocks the gateway holds at these settings: ten minutes of block time, at least 300. */
const RING_BLOCKS = 301
const BLOCK_TIME_MS = 2_000

let proxy: FaultProxy
const world = usePaymentWorld({
  chain: { block_time_ms: BLOCK_TIME_MS, poll_interval_ms: 50 },
  async rpcOf(node) {
    proxy = await startFaultProxy({ target: node.url })
    return proxy.url
  },
})
beforeAll(() => skipDevAccounts(world))
afterEach(() => proxy.reset())
afterAll(() => proxy.stop())

test('CR-14 reorg between header and receipts: the mixture is refused, the block read again', async () => {
  const [leaves, comes] = await inParallel([1, 2], () => world.createInvoice())
  await payInvoice(world, leaves)
  let mixtures = 0
  proxy.intercept(async (method, _params, result) => {
    if (method !== RECEIPTS_METHOD || mixtures > 0) return result
    mixtures += 1
    await world.chain.reorg({ depth: 1 })
    await payInvoice(world, comes)
    await world.chain.mine(1)
    const head = await world.chain.rpc<{ hash: string }>(HEAD_METHOD, ['latest', false])
    // What a load balancer answers whose next backend has reorganised: receipts, of another block.
    return world.chain.rpc(RECEIPTS_METHOD, [head.hash])
  })
  await world.chain.mine(1)
  await waitFor('the mixture', () => mixtures > 0)
  await world.waitForStatus(comes.id, 'processing')
  await world.mine(K)
  await world.waitForStatus(comes.id, 'settled')
  expect(await world.getInvoice(leaves.id)).toMatchObject({ status: 'open', payments_total: 0 })
  expect(world.gateway.output()).toMatch(/receipt 0 is of another|receipts for 1 transactions/)
  await expectCreditedAsOnChain(world, [leaves, comes])
  await world.expectCleanState()
})

test('CR-15 ranges served twice, out of order and late: each payment credited exactly once', async () => {
  const invoices = await inParallel(Array.from({ length: 8 }), () => world.createInvoice())
  let heads = 0
  const blocks = new Map<string, number>()
  const receipts = new Set<string>()
  proxy.intercept(async (method, params, result) => {
    const asked = JSON.stringify(params)
    if (method === BLOCK_METHOD && params[1] === true) {
      const { hash } = result as { hash: string }
      blocks.set(hash, (blocks.get(hash) ?? 0) + 1)
      if (blocks.get(hash) !== 1) await sleep(60)
    }
    if (method === RECEIPTS_METHOD && !receipts.has(asked)) {
      // The range is worth nothing without them, and is asked for and served again.
      receipts.add(asked)
      return null
    }
    if (method !== HEAD_METHOD || params[0] !== 'latest') return result
    heads += 1
    if (heads % 3 !== 0) return result
    // An answer from before, and late: what comes next overlaps with it.
    await sleep(60)
    const head = await world.chain.blockNumber()
    return world.chain.rpc(HEAD_METHOD, [`0x${(head - 3).toString(16)}`, false])
  })
  for (const [i, invoice] of invoices.entries()) {
    proxy.rules.batch = ([null, 'reverse', 'duplicate_first', 'drop_last'] as const)[i % 4] ?? null
    await payInvoice(world, invoice, i % 2 === 0 ? {} : { asset: world.native })
    await world.chain.mine(4)
    const seen = heads
    await waitFor('three polls', () => heads >= seen + 3)
    // What was under way is served again after the restart.
    if (i === 3) {
      await world.gateway.kill()
      await world.gateway.start({ expectReady: false })
    }
  }
  await world.chain.mine(K)
  proxy.rules.batch = null
  await world.synced()
  for (const { id } of invoices) {
    const { payments, payments_total } = await world.waitForStatus(id, 'settled')
    expect(payments_total).toBe(1)
    expect(blocks.get(payments[0].block_hash), 'times its block was served').toBeGreaterThan(1)
  }
  proxy.reset()
  await expectCreditedAsOnChain(world, invoices)
  await world.expectCleanState()
}, 60_000)

test('CR-21 the head drops by 4 and returns, 50 times: no reversal, no event, no rewind', async () => {
  const [settled, waiting] = await inParallel([1, 2], () => world.createInvoice())
  await payInvoice(world, settled)
  await world.mine(K - 2)
  await payInvoice(world, waiting)
  await world.mine(2)
  await world.waitForStatus(settled.id, 'settled')
  await world.waitForStatus(waiting.id, 'processing')
  const head = await world.chain.blockNumber()
  const before = await listAll(world, '/v1/events?')
  for (let drop = 0; drop < 50; drop++) {
    for (const frozenAt of [head - 4, null]) {
      proxy.rules.headFrozenAt = frozenAt
      const asked = proxy.countRequests()
      // The second request began after the rule was set.
      await waitFor('a poll', () => proxy.countRequests() >= asked + 2)
      const { body, status } = await world.gateway.request('GET', '/readyz')
      expect({ status, cursor: body.chains[0].cursor }).toEqual({ status: 200, cursor: head })
    }
  }
  expect(await listAll(world, '/v1/events?')).toEqual(before)
  expect(await world.getInvoice(settled.id)).toMatchObject({ status: 'settled' })
  await world.mine(K)
  await world.waitForStatus(waiting.id, 'settled')
  await expectCreditedAsOnChain(world, [settled, waiting])
  await world.expectCleanState()
}, 40_000)

test('CR-21 a node that is far behind all blocks we hold lags: no halt, no rewind', async () => {
  const invoice = await world.createInvoice()
  const head = await world.chain.blockNumber()
  expect(head).toBeGreaterThan(RING_BLOCKS + 10)
  proxy.rules.headFrozenAt = head - RING_BLOCKS - 10
  await sleep(2 * BLOCK_TIME_MS)
  const { body } = await world.gateway.request('GET', '/readyz')
  expect(body.chains[0]).toMatchObject({ cursor: head })
  expect(body.chains[0].state).not.toBe('halted')
  proxy.reset()
  await payInvoice(world, invoice)
  await world.mine(K)
  await world.waitForStatus(invoice.id, 'settled')
  await expectCreditedAsOnChain(world, [invoice])
  await world.expectCleanState()
})

describe('CR-24 null near the head', () => {
  test.each([[BLOCK_METHOD], [RECEIPTS_METHOD]])(
    'CR-24 %s: waits, does not skip',
    async (method) => {
      const invoice = await world.createInvoice()
      const cursor = await world.chain.blockNumber()
      proxy.rules.nulls = [method]
      await payInvoice(world, invoice)
      await world.chain.mine(1)
      const asked = proxy.countCalls(method)
      await waitFor('several tries', () => proxy.countCalls(method) >= asked + 3)
      // One poll may try several times; health is told at its end.
      await waitFor('health to say why', async () => {
        const { body } = await world.gateway.request('GET', '/readyz')
        expect(body.chains[0].cursor).toBe(cursor)
        return body.chains[0].reason === 'not_there'
      })
      expect(await storyOf(world, invoice)).toEqual(['invoice.created'])
      proxy.reset()
      await world.waitForStatus(invoice.id, 'processing')
      await world.mine(K)
      await world.waitForStatus(invoice.id, 'settled')
      await expectCreditedAsOnChain(world, [invoice])
      await world.expectCleanState()
    },
  )
})
