/** The chain goes on, or is rewritten, while the gateway is away or far behind. */
import { keccak256, toHex } from 'viem'
import { privateKeyToAddress } from 'viem/accounts'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import type { DevAccount } from '../../hardhat-local/src/dev-accounts.ts'
import { copyGateway } from '../support/copy-gateway.ts'
import { type GatewayProcess, waitFor } from '../support/gateway-process.ts'
import { expectCreditedAsOnChain } from '../support/oracle.ts'
import { payInvoice, signPayment, storyOf, unitsDue } from '../support/pay-invoice.ts'
import { inParallel, seededRandom, skipDevAccounts } from '../support/pay-many.ts'
import { K, usePaymentWorld } from '../support/payment-world.ts'

type Hex = `0x${string}`

const CATCH_UP_TARGET_MS = 60_000
/** Of the histories below; change it to see another one. */
const SEED = 20_261_122

const world = usePaymentWorld()
beforeAll(() => skipDevAccounts(world))

test('CR-09 reorg while the gateway is stopped: the ancestor is found, statuses are right', async () => {
  const [stays, leaves, moves, comes] = await inParallel([1, 2, 3, 4], () => world.createInvoice())
  await payInvoice(world, stays)
  await world.mine(2)
  const other = createSender('CR-09')
  await fund([other])
  const moved = await payInvoice(world, moves, { from: other })
  await payInvoice(world, leaves)
  const raw = await world.chain.rawTransaction(moved)
  await world.mine(K)
  for (const { id } of [stays, leaves, moves]) await world.waitForStatus(id, 'settled')

  expect(await world.gateway.stop()).toBe(0)
  await world.chain.reorg({ depth: K, transactions: [[raw, K - 1]] })
  await payInvoice(world, comes)
  await world.chain.mine(2)
  await world.gateway.start()
  await world.synced()

  expect((await world.getInvoice(stays.id)).status).toBe('settled')
  expect((await world.getInvoice(leaves.id)).status).toBe('reversed')
  expect((await world.getInvoice(moves.id)).status).toBe('settled')
  expect((await world.getInvoice(comes.id)).status).toBe('processing')
  await expectCreditedAsOnChain(world, [stays, leaves, moves, comes])
  await world.mine(K)
  await world.waitForStatus(comes.id, 'settled')
  expect(await storyOf(world, stays)).toHaveLength(5)
  expect((await storyOf(world, leaves)).slice(5)).toEqual(['payment.orphaned', 'invoice.reversed'])
  expect(await storyOf(world, moves)).not.toContain('invoice.reversed')
  await expectCreditedAsOnChain(world, [stays, leaves, moves, comes])
  await world.expectCleanState()
}, 30_000)

test(`CR-10 reorg of depth 200, 30 payments kept, moved or dropped (seed ${SEED})`, async () => {
  const depth = 200
  const random = seededRandom(SEED)
  const pick = (below: number) => Math.floor(random() * below)
  // A sender each, so that any may be left out without holding up the nonces of others.
  const senders = Array.from({ length: 30 }, (_, i) => createSender(`CR-10 ${SEED} ${i}`))
  await fund(senders)
  const invoices = await inParallel(Array.from({ length: 12 }), () => world.createInvoice())
  // It sleeps through all that follows, and will see the new branch alone.
  const fresh = await copyGateway(world.gateway)
  onTestFinished(() => fresh.dispose())

  const forkedAt = await world.chain.blockNumber()
  const payments: { from: DevAccount; invoice: any; raw: Hex }[] = []
  for (const from of senders) {
    const invoice = invoices[pick(invoices.length)]
    const asset = pick(2) === 0 ? world.native : world.usdc.asset
    const units = (unitsDue(invoice, asset) * BigInt(1 + pick(4))) / 2n
    const hash = await payInvoice(world, invoice, { from, asset, units })
    payments.push({ from, invoice, raw: await world.chain.rawTransaction(hash) })
    await world.chain.mine(1 + pick(6))
  }
  await world.mine(forkedAt + depth - (await world.chain.blockNumber()))
  await expectCreditedAsOnChain(world, invoices)

  const branch: [Hex, number][] = []
  for (const { from, raw } of payments) {
    const fate = pick(4)
    if (fate === 0) continue
    const other = invoices[pick(invoices.length)]
    branch.push([
      fate === 1 ? await signPayment(world, other, { from, nonce: 0 }) : raw,
      pick(depth),
    ])
  }
  await world.chain.reorg({ depth, transactions: branch })
  await world.mine(1)
  await expectCreditedAsOnChain(world, invoices)
  await world.mine(K)
  await expectCreditedAsOnChain(world, invoices)
  await fresh.start()
  await waitFor('the fresh gateway to follow the head', async () => {
    const { body } = await fresh.request('GET', '/readyz')
    return body.chains[0].cursor === (await world.chain.blockNumber())
  })
  for (const { id } of invoices) {
    expect(await readCredit(world.gateway, id)).toEqual(await readCredit(fresh, id))
  }
  await world.expectCleanState()
}, 90_000)

test('CR-07 2,000 blocks and 20 payments while stopped: all credited in 60 s, none twice', async () => {
  const invoices = await inParallel(Array.from({ length: 20 }), () => world.createInvoice())
  expect(await world.gateway.stop()).toBe(0)
  for (const [i, invoice] of invoices.entries()) {
    await payInvoice(world, invoice, i % 3 === 0 ? { asset: world.native } : {})
    await world.chain.mine(100)
  }
  const startedMs = performance.now()
  await world.gateway.start({ expectReady: false })
  await world.gateway.waitReady()
  await world.synced()
  expect(performance.now() - startedMs).toBeLessThan(CATCH_UP_TARGET_MS)
  for (const invoice of invoices) {
    expect(await storyOf(world, invoice)).toEqual([
      'invoice.created',
      'payment.detected',
      'invoice.processing',
      'payment.confirmed',
      'invoice.settled',
    ])
  }
  await expectCreditedAsOnChain(world, invoices)
  await world.expectCleanState()
}, 120_000)

/** All that the chain alone decides: the status may be history, and so may orphaned payments. */
async function readCredit(gateway: GatewayProcess, id: string) {
  const { body, status } = await gateway.request('GET', `/v1/invoices/${id}`)
  expect(status).toBe(200)
  const counted = body.payments.filter(({ position }: any) => position !== 'orphaned')
  const payments = counted.map(({ detected_at: _, ...payment }: any) => payment)
  return { paid: body.paid, options: body.payment_options, payments }
}

/** An account nobody else uses, the same for the same name. */
function createSender(name: string): DevAccount {
  const privateKey = keccak256(toHex(name))
  return { privateKey, address: privateKeyToAddress(privateKey) }
}

async function fund(accounts: readonly DevAccount[]) {
  for (const { address } of accounts) {
    await world.chain.setBalance(address, 10n ** 21n)
    await world.chain.mint(world.usdc.address, address, 10n ** 12n)
  }
  await world.mine(1)
}
