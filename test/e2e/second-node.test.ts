/** The main job on Hardhat's node, which lacks what anvil has and answers in forms of its own. */
import { Webhook } from 'standardwebhooks'
import { beforeAll, expect, test } from 'vitest'
import { connectHardhatChain } from '../../hardhat-local/src/hardhat-chain.ts'
import { installHardhat } from '../../hardhat-local/src/install-hardhat.ts'
import { startHardhatNode } from '../../hardhat-local/src/start-hardhat-node.ts'
import { waitFor } from '../support/gateway-process.ts'
import type { ReceivedRequest } from '../support/hostile-receiver.ts'
import { expectCreditedAsOnChain } from '../support/oracle.ts'
import { payInvoice, storyOf } from '../support/pay-invoice.ts'
import { skipDevAccounts } from '../support/pay-many.ts'
import { K, usePaymentWorld } from '../support/payment-world.ts'
import { type Endpoint, idOf, registerEndpoint } from '../support/webhook-endpoints.ts'

beforeAll(installHardhat, 120_000)
const world = usePaymentWorld({
  startNode: async () => {
    const node = await startHardhatNode()
    return { node, chain: connectHardhatChain(node.url) }
  },
})
let endpoint: Endpoint
beforeAll(async () => {
  await skipDevAccounts(world)
  await world.mine(2 * K)
  endpoint = await registerEndpoint(world.gateway, world.receiver, '/hardhat')
})

const STORY_OF_A_PAYMENT = [
  'payment.detected',
  'invoice.processing',
  'payment.confirmed',
  'invoice.settled',
]

test.each([
  ['ERC-20', () => world.usdc.asset, 'erc20'],
  ['native', () => world.native, 'native'],
])('CR-01 on Hardhat: paid by %s, settled with block K and not before', async (_, asset, kind) => {
  const invoice = await world.createInvoice()
  await payInvoice(world, invoice, { asset: asset() })
  await world.mine(K - 1)
  const processing = await world.waitForStatus(invoice.id, 'processing')
  expect(processing.payments).toMatchObject([{ kind, position: 'included', confirmations: K - 1 }])
  // Two polls and one more: what was going to be credited would be.
  await new Promise((resolve) => setTimeout(resolve, 800))
  expect((await world.getInvoice(invoice.id)).status).toBe('processing')

  await world.mine(1)
  const settled = await world.waitForStatus(invoice.id, 'settled')
  expect(settled.payments).toMatchObject([{ kind, position: 'confirmed' }])
  expect(settled.payment_options[0].outstanding_units).toBe('0')
  expect(await storyOf(world, invoice)).toEqual(['invoice.created', ...STORY_OF_A_PAYMENT])
  await expectDelivered(invoice)
  await expectCreditedAsOnChain(world, [invoice])
})

test('CR-04 on Hardhat: both kinds are taken back by a reorg and count again once paid', async () => {
  const invoices = [await world.createInvoice(), await world.createInvoice()]
  const [byToken, byCoin] = invoices
  const hashes = [
    await payInvoice(world, byToken),
    await payInvoice(world, byCoin, { asset: world.native }),
  ]
  const raw = await Promise.all(hashes.map((hash) => world.chain.rawTransaction(hash)))
  await world.mine(K)
  for (const { id } of invoices) await world.waitForStatus(id, 'settled')

  await world.chain.reorg({ depth: K + 3 })
  await world.mine(1)
  for (const { id } of invoices) {
    const reversed = await world.waitForStatus(id, 'reversed')
    expect(reversed.payments).toMatchObject([{ position: 'orphaned', confirmations: 0 }])
  }
  await expectCreditedAsOnChain(world, invoices)

  // The very transactions of before: mined again, they are new payments.
  for (const transaction of raw) await world.chain.sendRaw(transaction)
  await world.mine(K)
  for (const { id } of invoices) {
    const settled = await world.waitForStatus(id, 'settled')
    expect(settled).toMatchObject({ payments_total: 2, paid: { overpaid: false } })
  }
  for (const invoice of invoices) {
    expect(await storyOf(world, invoice)).toEqual([
      'invoice.created',
      ...STORY_OF_A_PAYMENT,
      'payment.orphaned',
      'invoice.reversed',
      'payment.detected',
      'payment.confirmed',
      'invoice.settled',
    ])
    await expectDelivered(invoice)
  }
  await expectCreditedAsOnChain(world, invoices)
  await world.expectCleanState()
})

test('IN-29 on Hardhat: a shop pays, mines many blocks and cannot reorganise', async () => {
  const { gateway } = world
  const invoice = await world.createInvoice({ accept: [world.native] })
  const paid = await gateway.request('POST', `/v1/test/invoices/${invoice.id}/pay`, {})
  expect(paid.status).toBe(202)
  // Enough that the node would make up blocks, were it asked for all of them at once.
  const mined = await gateway.request('POST', '/v1/test/chains/31337/mine', { blocks: 150 })
  expect(mined.status).toBe(202)
  expect(mined.body.height).toBe(await world.chain.blockNumber())
  await world.synced()
  await world.waitForStatus(invoice.id, 'settled')
  expect((await gateway.request('GET', '/readyz')).status).toBe(200)

  const refused = await gateway.request('POST', '/v1/test/chains/31337/reorg', { depth: 2 })
  expect(refused.status).toBe(409)
  expect(refused.body.detail).toContain('cannot reorganise')
  expect((await world.getInvoice(invoice.id)).status).toBe('settled')
  await world.expectCleanState()
})

/** Every event of the invoice arrived, signed, in order and none twice. */
async function expectDelivered(invoice: any) {
  const { body } = await world.gateway.request('GET', `/v1/events?invoice=${invoice.id}&limit=100`)
  const expected: string[] = body.data.map(({ id }: any) => id).toReversed()
  const ofInvoice = (): ReceivedRequest[] =>
    world.receiver.requests.filter(({ rawBody }) => JSON.parse(`${rawBody}`).invoice === invoice.id)
  await waitFor('every event to arrive', () => ofInvoice().length >= expected.length)
  expect(ofInvoice().map(idOf)).toEqual(expected)
  const webhook = new Webhook(endpoint.secret)
  for (const { rawBody, headers } of ofInvoice()) {
    webhook.verify(`${rawBody}`, headers as Record<string, string>)
  }
}
