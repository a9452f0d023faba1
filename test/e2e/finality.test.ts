/** Small amounts count by depth, larger ones by what the node calls safe and final. */
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, expect, test } from 'vitest'
import { connectLocalChain } from '../../hardhat-local/src/local-chain.ts'
import { startAnvil } from '../../hardhat-local/src/start-anvil.ts'
import { refusal } from '../support/fault-proxy.ts'
import { waitFor } from '../support/gateway-process.ts'
import { expectCreditedAsOnChain } from '../support/oracle.ts'
import { payInvoice, storyOf } from '../support/pay-invoice.ts'
import { skipDevAccounts } from '../support/pay-many.ts'
import { useProxiedWorld } from '../support/proxied-world.ts'

/** Anvil calls safe what is an epoch below its head, and final what is two. */
const EPOCH = 4
const SMALL = 2
/** Blocks after the one of a payment until its tier is reached. */
const TO_SAFE = EPOCH
const TO_FINALIZED = 2 * EPOCH
/** Several polls: what was going to happen would have. */
const SETTLED_DOWN_MS = 1_500

const { world, proxy } = await useProxiedWorld({
  chain: {
    finalized_tag: 'on',
    finality: [
      { up_to: '100 USD', confirmations: SMALL },
      { up_to: '1000 USD', confirmations: 'safe' },
      { up_to: '5000 USD', confirmations: 'finalized' },
      { confirmations: 'finalized', plus_blocks: 2 },
    ],
  },
  async startNode() {
    const node = await startAnvil({ mining: 'manual', args: ['--slots-in-an-epoch', `${EPOCH}`] })
    return { node, chain: connectLocalChain(node.url) }
  },
})
beforeAll(() => skipDevAccounts(world))

const invoiceOver = (dollars: string) =>
  world.createInvoice({
    price: { amount: dollars, currency: 'USD' },
    accept: [world.usdc.asset],
  })

const readFinality = async () => {
  const { body } = await world.gateway.request('GET', '/readyz')
  return { state: body.chains[0].state, ...body.chains[0].finality }
}

const readHealthUntil = async (fault: string | null) => {
  await waitFor(`the fault ${fault}`, async () => (await readFinality()).fault === fault)
  return readFinality()
}

/** What the node is made to say of a tag. */
function tamper(tag: string, change: (block: any) => unknown): void {
  proxy.intercept((method, params, result) =>
    method === 'eth_getBlockByNumber' && params[0] === tag ? change(result) : result,
  )
}

test('every tier is settled with its block and not before', async () => {
  const tiers = [
    ['25.00', SMALL - 1, { confirmations: SMALL }],
    ['500.00', TO_SAFE, { confirmations: 'safe' }],
    ['2000.00', TO_FINALIZED, { confirmations: 'finalized' }],
    ['9000.00', TO_FINALIZED + 2, { confirmations: 'finalized', plus_blocks: 2 }],
  ] as const
  const invoices = []
  for (const [dollars, , finality] of tiers) {
    const invoice = await invoiceOver(dollars)
    expect(invoice.payment_options[0].finality).toEqual(finality)
    await payInvoice(world, invoice)
    invoices.push(invoice)
  }
  await world.mine(1)
  for (let above = 0; above <= TO_FINALIZED + 2; above += 1) {
    if (above > 0) await world.mine(1)
    for (const [i, [, needed]] of tiers.entries()) {
      const invoice = invoices[i]
      if (above === needed) await world.waitForStatus(invoice.id, 'settled')
      const { status } = await world.getInvoice(invoice.id)
      expect([i, above, status]).toEqual([i, above, above < needed ? 'processing' : 'settled'])
    }
  }
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
  const head = await world.chain.blockNumber()
  expect(await readFinality()).toEqual({
    state: 'ok',
    finalized: head - TO_FINALIZED,
    safe: head - TO_SAFE,
    fault: null,
  })
  await world.expectCleanState()
})

test('an unpaid invoice of a large amount expires once its time is final', async () => {
  const invoice = await world.createInvoice({
    price: { amount: '2000.00', currency: 'USD' },
    accept: [world.usdc.asset],
    expires_in: 1,
  })
  await sleep(1_100)
  await world.chain.increaseTime(60)
  await world.mine(TO_FINALIZED)
  await sleep(SETTLED_DOWN_MS)
  expect((await world.getInvoice(invoice.id)).status).toBe('open')
  await world.mine(1)
  await world.waitForStatus(invoice.id, 'expired')
})

test.each<[string, string, () => void]>([
  ['is not known to the node', 'missing', () => tamper('finalized', () => null)],
  [
    'falls back to an older block',
    'regressed',
    () => {
      const old = world.chain.rpc('eth_getBlockByNumber', ['0x10', false])
      tamper('finalized', () => old)
    },
  ],
])('CR-13 finalized %s: large amounts wait, small ones go on, alarm', async (_, fault, spoil) => {
  const before = (await readFinality()).finalized
  const large = await invoiceOver('2000.00')
  const small = await invoiceOver('25.00')
  await payInvoice(world, large)
  await payInvoice(world, small)
  spoil()
  await world.mine(TO_FINALIZED + 5)
  await world.waitForStatus(small.id, 'settled')
  const { state, finalized } = await readHealthUntil(fault)
  expect({ state, isFallen: finalized < before }).toEqual({ state: 'ok', isFallen: false })
  await sleep(SETTLED_DOWN_MS)
  expect((await world.getInvoice(large.id)).status).toBe('processing')
  const metrics = await (await fetch(`${world.gateway.url}/metrics`)).text()
  expect(metrics).toContain(`quittance_finality_faults_total{chain="31337",kind="${fault}"} 1`)
  expect(world.gateway.output()).toContain('ALARM: finalized tag')

  // A restart forgets nothing of it.
  await world.gateway.kill()
  await world.gateway.start()
  expect((await readHealthUntil(fault)).finalized).toBe(finalized)
  expect((await world.getInvoice(large.id)).status).toBe('processing')

  proxy.reset()
  await world.mine(1)
  await world.waitForStatus(large.id, 'settled')
  expect((await readFinality()).fault).toBeNull()
  await world.expectCleanState()
})

test('CR-13 finalized stands still while the head goes on: told after ten seconds', async () => {
  const stuck = await world.chain.rpc('eth_getBlockByNumber', ['finalized', false])
  tamper('finalized', () => stuck)
  const large = await invoiceOver('2000.00')
  await payInvoice(world, large)
  await world.mine(TO_FINALIZED + 5)
  await sleep(10_500)
  await world.mine(1)
  const told = await readHealthUntil('stuck')
  // The same blocks on, as far below the head as before: what is used stands with the tag.
  expect(told).toMatchObject({
    state: 'ok',
    finalized: Number((stuck as { number: string }).number),
  })
  expect(world.gateway.output()).toContain('ALARM: finalized tag')
  const metrics = await (await fetch(`${world.gateway.url}/metrics`)).text()
  expect(metrics).toContain('quittance_finality_faults_total{chain="31337",kind="stuck"} 1')
  expect((await world.getInvoice(large.id)).status).toBe('processing')
  proxy.reset()
  await world.mine(1)
  await world.waitForStatus(large.id, 'settled')
})

test('CR-13 the node refuses the tag: large amounts wait, small ones go on', async () => {
  const before = (await readFinality()).finalized
  const [large, small] = [await invoiceOver('2000.00'), await invoiceOver('25.00')]
  for (const invoice of [large, small]) await payInvoice(world, invoice)
  tamper('finalized', () => refusal(-32_602, 'invalid block tag: finalized'))
  await world.mine(TO_FINALIZED + 5)
  await world.waitForStatus(small.id, 'settled')
  const { state, finalized } = await readHealthUntil('missing')
  expect({ state, isFallen: finalized < before }).toEqual({ state: 'ok', isFallen: false })
  await sleep(SETTLED_DOWN_MS)
  expect((await world.getInvoice(large.id)).status).toBe('processing')
  proxy.reset()
  await world.mine(1)
  await world.waitForStatus(large.id, 'settled')
  await world.expectCleanState()
})

test('the tag costs one request for each new head', async () => {
  await world.synced()
  await sleep(SETTLED_DOWN_MS)
  proxy.reset()
  const seen: string[] = []
  proxy.intercept((method, params, result) => {
    if (method === 'eth_getBlockByNumber') seen.push(String(params[0]))
    return result
  })
  for (let heads = 0; heads < 3; heads += 1) {
    await world.mine(1)
    await sleep(600)
  }
  expect(seen.filter((tag) => tag === 'finalized')).toHaveLength(3)
})
