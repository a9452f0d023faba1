/** An operator's second look at a chain: the way out of a halt, and payments that were missed. */
import { readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts'
import { TEST_XPUB, waitFor } from '../support/gateway-process.ts'
import { expectCreditedAsOnChain } from '../support/oracle.ts'
import { payInvoice, signPayment, storyOf } from '../support/pay-invoice.ts'
import { expectUntouched, skipDevAccounts } from '../support/pay-many.ts'
import { K, type PaymentWorld, usePaymentWorld } from '../support/payment-world.ts'
import { readAudit } from '../support/read-audit.ts'

vi.setConfig({ testTimeout: 60_000 })
const MAX_REORG_BLOCKS = 10

describe('after a halt', () => {
  const world = usePaymentWorld({ chain: { max_reorg_blocks: MAX_REORG_BLOCKS } })
  beforeAll(() => skipDevAccounts(world))

  test('CR-11 rescan --unhalt follows the node, credits with it, and changes nothing twice', async () => {
    const [lost, moved, kept] = [
      await world.createInvoice(),
      await world.createInvoice(),
      await world.createInvoice(),
    ]
    await payInvoice(world, kept)
    await world.mine(K)
    await world.waitForStatus(kept.id, 'settled')
    const fork = await world.chain.blockNumber()
    const again = await signPayment(world, moved)
    await world.chain.sendRaw(again)
    await payInvoice(world, lost)
    await world.mine(MAX_REORG_BLOCKS + 2)
    for (const { id } of [lost, moved]) await world.waitForStatus(id, 'settled')
    const depth = (await world.chain.blockNumber()) - fork
    await world.chain.reorg({ depth, transactions: [[again, 3]] })
    await world.chain.mine(K)
    await waitForState(world, 'halted')

    const refused = await world.gateway.run('rescan', '--from', String(fork))
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain('already')
    await world.gateway.stop()
    const halted = await world.gateway.run('rescan', '--from', String(fork))
    expect([halted.code, halted.stdout]).toEqual([1, ''])
    expect(halted.stderr).toContain('--unhalt')
    const tooHigh = await world.gateway.run('rescan', '--from', String(fork + 4), '--unhalt')
    expect(tooHigh.code).toBe(1)
    expect(tooHigh.stderr).toContain('Begin below it')

    const done = await world.gateway.run('rescan', '--from', String(fork - 3), '--unhalt')
    expect(done).toMatchObject({ code: 0 })
    expect(done.stdout).toContain(`${depth} blocks of ours left`)
    expect(done.stdout).toContain(`invoice.reversed ${lost.id}`)
    expect(done.stdout).toContain('the halt is ended')
    const twice = await world.gateway.run('rescan', '--from', String(fork - 3), '--unhalt')
    expect(twice.code).toBe(0)
    expect(twice.stdout).toMatch(/^blocks \d+ to \d+ read, 0 events\n$/)

    await world.gateway.start()
    await world.synced()
    expect((await world.getInvoice(kept.id)).status).toBe('settled')
    expect(await world.getInvoice(lost.id)).toMatchObject({
      status: 'reversed',
      payments: [{ position: 'orphaned' }],
    })
    await world.mine(K)
    expect((await world.getInvoice(moved.id)).status).toBe('settled')
    await payInvoice(world, lost)
    await world.mine(K)
    await world.waitForStatus(lost.id, 'settled')
    await expectCreditedAsOnChain(world, [kept, lost, moved])
    await world.expectCleanState()
    const actions = (await readAudit(world.gateway)).map(({ action }) => action)
    expect(actions.filter((action) => action === 'chain.rescan')).toHaveLength(1)
  })
})

describe('what was missed', () => {
  const chainSettings: Record<string, unknown> = {}
  let proxy: FaultProxy
  const world = usePaymentWorld({
    chain: chainSettings,
    rpcOf: async (node) => {
      proxy = await startFaultProxy({ target: node.url })
      return proxy.url
    },
    async extraTokens(chain) {
      chainSettings.own_senders = [(chain.accounts[3] as { address: string }).address]
      return []
    },
  })
  beforeAll(async () => {
    await skipDevAccounts(world)
    return () => proxy.stop()
  })

  test('CR-35 a payment that was not looked for is found by rescan, once', async () => {
    const invoice = await world.createInvoice({ accept: [world.native] })
    const from = world.chain.accounts[3]!
    const first = await world.chain.blockNumber()
    await payInvoice(world, invoice, { asset: world.native, from })
    await world.mine(K)
    await expectUntouched(world, invoice.id)
    // It was a customer after all.
    await world.gateway.stop()
    const config = JSON.parse(readFileSync(world.gateway.configPath, 'utf8'))
    delete config.chains['31337'].own_senders
    writeFileSync(world.gateway.configPath, JSON.stringify(config))
    const found = await world.gateway.run('rescan', '--from', String(first))
    expect(found).toMatchObject({ code: 0 })
    expect(found.stdout.split('\n').slice(0, 4)).toEqual([
      expect.stringContaining(`payment.detected ${invoice.id} 0.01 ETH 0x`),
      `invoice.processing ${invoice.id}`,
      expect.stringContaining(`payment.confirmed ${invoice.id}`),
      `invoice.settled ${invoice.id}`,
    ])
    const twice = await world.gateway.run('rescan', '--from', String(first))
    expect(twice.stdout).toMatch(/, 0 events\n$/)
    await world.gateway.start()
    const settled = await world.getInvoice(invoice.id)
    expect(settled).toMatchObject({ status: 'settled', payments_total: 1 })
    expect(await storyOf(world, invoice)).toHaveLength(5)
    await world.expectCleanState()
  })

  test('CR-35 an invoice made while its paying block is being read is paid by it', async () => {
    const { asset } = world.usdc
    const probe = await world.createInvoice({ accept: [asset] })
    const index = Number(probe.derivation_path.split('/').at(-1))
    const keys = await world.gateway.run(
      ...['keys', 'address', '--xpub', TEST_XPUB],
      ...['--index', String(index + 1), '--count', '1'],
    )
    const to = /0x[0-9a-fA-F]{40}/.exec(keys.stdout)?.[0] as `0x${string}`
    let isReading = false
    let goOn = () => {}
    const made = new Promise<void>((resolve) => {
      goOn = resolve
    })
    proxy.intercept(async (method, _params, result) => {
      if (method !== 'eth_getBlockReceipts') return result
      isReading = true
      await made
      return result
    })
    await world.chain.sendToken({ token: world.usdc.address, to, units: 25_000_000n })
    await world.chain.mine(1)
    await waitFor('the block to be read', async () => isReading)
    const invoice = await world.createInvoice({ accept: [asset] })
    expect(invoice.address).toBe(to)
    await sleep(50)
    goOn()
    proxy.intercept(null)
    await world.mine(K)
    const settled = await world.waitForStatus(invoice.id, 'settled')
    expect(settled.payments_total).toBe(1)
    await world.expectCleanState()
  })

  test('a rescan that does not fit says why and changes nothing', async () => {
    const tip = await world.chain.blockNumber()
    expect((await world.gateway.run('rescan', '--from', '5')).stderr).toContain('already')
    await world.gateway.stop()
    const above = await world.gateway.run('rescan', '--from', String(tip + 10))
    expect(above).toMatchObject({ code: 1, stdout: '' })
    expect(above.stderr).toContain(`ends at block ${tip}`)
    for (const args of [[], ['--from', 'x'], ['--from', '1', '--chain', '5']]) {
      expect((await world.gateway.run('rescan', ...args)).code).toBe(1)
    }
    await world.gateway.start()
  })
})

async function waitForState(world: PaymentWorld, state: string): Promise<void> {
  await waitFor(`the chain to be ${state}`, async () => {
    const { body } = await world.gateway.request('GET', '/readyz')
    return body.chains?.[0]?.state === state
  })
}
