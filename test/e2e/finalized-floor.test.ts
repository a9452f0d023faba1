/** What a node once called final is the floor of reorgs; what it calls final must be ours. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { connectLocalChain } from '../../hardhat-local/src/local-chain.ts'
import { startAnvil } from '../../hardhat-local/src/start-anvil.ts'
import { startFaultProxy } from '../support/fault-proxy.ts'
import { waitFor } from '../support/gateway-process.ts'
import { payInvoice, storyOf } from '../support/pay-invoice.ts'
import { skipDevAccounts } from '../support/pay-many.ts'
import {
  type PaymentWorld,
  startPaymentWorld,
  type WorldOptions,
} from '../support/payment-world.ts'
import { NOTHING_PROVEN } from '../support/proxied-world.ts'

/** Final is two epochs below the head. */
const EPOCH = 4
const TO_FINALIZED = 2 * EPOCH
const SMALL = 2

async function withWorld(
  options: WorldOptions,
  scenario: (world: PaymentWorld) => Promise<void>,
): Promise<void> {
  const world = await startPaymentWorld({
    ...options,
    chain: { finalized_tag: 'on', finality: [{ confirmations: SMALL }], ...options.chain },
    async startNode() {
      const node = await startAnvil({ mining: 'manual', args: ['--slots-in-an-epoch', `${EPOCH}`] })
      return { node, chain: connectLocalChain(node.url) }
    },
  })
  try {
    await skipDevAccounts(world)
    await scenario(world)
  } finally {
    await world.stop()
  }
}

async function expectHalted(world: PaymentWorld, reason: string): Promise<void> {
  let answer: any
  await waitFor('the chain to halt', async () => {
    answer = await world.gateway.request('GET', '/readyz').catch(() => null)
    return answer?.body.chains?.[0]?.state === 'halted'
  })
  expect(answer.status).toBe(503)
  expect(answer.body.chains[0].reason).toContain(reason)
  expect(world.gateway.output()).toContain('ALARM: chain halted')
  const refused = await world.gateway.request('POST', '/v1/invoices', {
    price: { amount: '1', currency: 'USD' },
  })
  expect(refused.body.code).toBe('chain_unavailable')
}

/** Pays, and waits until the payment is settled and its block final. */
async function settleFinally(world: PaymentWorld) {
  const invoice = await world.createInvoice()
  await payInvoice(world, invoice)
  await world.mine(1 + TO_FINALIZED)
  return world.waitForStatus(invoice.id, 'settled')
}

test('CR-12 a reorg above finalized is followed, one block below it halts, credits unchanged', () =>
  withWorld({}, async (world) => {
    const shallow = await world.createInvoice()
    await payInvoice(world, shallow)
    await world.mine(TO_FINALIZED)
    await world.waitForStatus(shallow.id, 'settled')
    await world.chain.reorg({ depth: TO_FINALIZED })
    await world.mine(1)
    await world.waitForStatus(shallow.id, 'reversed')

    const before = await settleFinally(world)
    const story = await storyOf(world, before)
    const cursor = await world.chain.blockNumber()
    await world.chain.reorg({ depth: TO_FINALIZED + 1 })
    await world.chain.mine(3)
    await expectHalted(world, 'which the nodes had called final')
    expect(await world.getInvoice(before.id)).toEqual(before)
    expect(await storyOf(world, before)).toEqual(story)
    await world.expectCleanState()

    await world.gateway.stop()
    await world.gateway.start({ expectReady: false })
    await expectHalted(world, 'which the nodes had called final')
    const { body } = await world.gateway.request('GET', '/readyz')
    expect(body.chains[0].cursor).toBe(cursor)
    expect(await world.getInvoice(before.id)).toEqual(before)
  }))

test('CR-12 a rollback below finalized halts when the chain goes on from there', () =>
  withWorld({}, async (world) => {
    const before = await settleFinally(world)
    await world.chain.rollback(TO_FINALIZED + 2)
    await world.chain.mine(1)
    await expectHalted(world, 'which the nodes had called final')
    expect(await world.getInvoice(before.id)).toEqual(before)
    await world.expectCleanState()

    // A person decides that the node is right: what was final on the other branch is not any more.
    await world.gateway.stop()
    const fork = (await world.chain.blockNumber()) - 2
    const rescan = await world.gateway.run('rescan', '--from', String(fork), '--unhalt')
    expect(rescan).toMatchObject({ code: 0 })
    await world.gateway.start()
    await world.mine(2 * TO_FINALIZED)
    const { body } = await world.gateway.request('GET', '/readyz')
    const finalized = (await world.chain.blockNumber()) - TO_FINALIZED
    expect(body.chains[0]).toMatchObject({ state: 'ok', finality: { finalized, fault: null } })
    await world.expectCleanState()
  }))

test('money in a block that is not proven waits until the block is final', () =>
  withWorld({ chain: { proofs: NOTHING_PROVEN } }, async (world) => {
    const invoice = await world.createInvoice()
    await payInvoice(world, invoice)
    await world.mine(TO_FINALIZED)
    await sleep(1_000)
    const waiting = await world.getInvoice(invoice.id)
    expect(waiting).toMatchObject({ status: 'processing', payments: [{ position: 'included' }] })
    await world.mine(1)
    await world.waitForStatus(invoice.id, 'settled')
    const metrics = await (await fetch(`${world.gateway.url}/metrics`)).text()
    expect(metrics).toContain('quittance_payments_unproven_total{chain="31337"} 1')
    await world.expectCleanState()
  }))

test('CR-13 the finalized block is not the one we hold: the chain halts and rewrites nothing', async () => {
  const proxy = await startFaultProxy({ target: 'http://127.0.0.1:1' })
  const rpcOf: WorldOptions['rpcOf'] = async (node) => {
    proxy.setTarget(node.url)
    return proxy.url
  }
  await withWorld({ rpcOf }, async (world) => {
    const before = await settleFinally(world)
    const hash = `0x${'ab'.repeat(32)}`
    proxy.intercept((method, params, result) =>
      method === 'eth_getBlockByNumber' && params[0] === 'finalized'
        ? { ...(result as object), hash }
        : result,
    )
    await world.chain.mine(1)
    await expectHalted(world, hash)
    const { status, settled_at: settledAt } = before
    expect(await world.getInvoice(before.id)).toMatchObject({ status, settled_at: settledAt })
    await world.expectCleanState()
  }).finally(() => proxy.stop())
})
