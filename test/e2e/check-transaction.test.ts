/** A shopper who says to have paid, and an operator who looks for the money. */
import { readFileSync, writeFileSync } from 'node:fs'
import { beforeAll, expect, test, vi } from 'vitest'
import { payInvoice, storyOf } from '../support/pay-invoice.ts'
import { skipDevAccounts } from '../support/pay-many.ts'
import { K, usePaymentWorld } from '../support/payment-world.ts'

vi.setConfig({ testTimeout: 60_000 })
type Hex = `0x${string}`

const chainSettings: Record<string, unknown> = {}
const world = usePaymentWorld({
  chain: chainSettings,
  async extraTokens(chain) {
    chainSettings.own_senders = [(chain.accounts[3] as { address: string }).address]
    return []
  },
})
beforeAll(() => skipDevAccounts(world))

const UNKNOWN: Hex = `0x${'ab'.repeat(32)}`

async function submit(invoice: any, body: unknown, type = 'application/json') {
  const answer = await fetch(`${invoice.checkout_url}/transactions`, {
    method: 'POST',
    headers: { 'content-type': type },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    redirect: 'manual',
  })
  const text = await answer.text()
  const isJson = answer.headers.get('content-type')?.includes('json') ?? false
  return { status: answer.status, headers: answer.headers, body: isJson ? JSON.parse(text) : text }
}
const resultOf = async (invoice: any, tx_hash: Hex) =>
  (await submit(invoice, { tx_hash })).body.result

test('PA-35 a payment is told from its first block on, and pending before', async () => {
  const invoice = await world.createInvoice()
  const hash = await payInvoice(world, invoice)
  expect(await resultOf(invoice, hash)).toBe('pending')
  await world.mine(2)
  const { status, body, headers } = await submit(invoice, {
    tx_hash: hash.toUpperCase().replace('X', 'x'),
  })
  expect(status).toBe(200)
  expect(headers.get('access-control-allow-origin')).toBeNull()
  expect(body).toMatchObject({
    object: 'transaction_check',
    result: 'found',
    tx_hash: hash,
    chain_id: 31_337,
    confirmations: 2,
    invoice_status: 'processing',
    payments: [{ amount: '25', position: 'included', tx_hash: hash }],
  })
  await world.mine(K)
  expect((await world.getInvoice(invoice.id)).status).toBe('settled')
})

test('PA-35 unknown, foreign and failed ones change nothing', async () => {
  const [invoice, other] = [await world.createInvoice(), await world.createInvoice()]
  const foreign = await payInvoice(world, other)
  const failed = await world.chain.sendNative({
    to: world.usdc.address,
    units: 1n,
    gasLimit: 100_000n,
  } as never)
  await world.mine(K)
  const before = [await world.getInvoice(invoice.id), await world.getInvoice(other.id)]
  expect(await resultOf(invoice, UNKNOWN)).toBe('unknown')
  expect(await resultOf(invoice, foreign)).toBe('elsewhere')
  expect(await resultOf(invoice, failed)).toBe('failed')
  expect([await world.getInvoice(invoice.id), await world.getInvoice(other.id)]).toEqual(before)
  expect(await storyOf(world, invoice)).toEqual(['invoice.created'])
  await world.expectCleanState()
})

test('PA-35 what is no hash, no known link or too often is refused', async () => {
  const invoice = await world.createInvoice()
  const refused = async (body: unknown, type?: string) => (await submit(invoice, body, type)).status
  expect(await refused({ tx_hash: '0x12' })).toBe(400)
  expect(await refused({ tx_hash: UNKNOWN, more: 1 })).toBe(400)
  expect(await refused({ tx_hash: UNKNOWN, chain_id: '1' })).toBe(400)
  expect(await refused(`{"tx_hash":"${UNKNOWN}","tx_hash":"${UNKNOWN}"}`)).toBe(400)
  expect(await refused('x', 'text/plain')).toBe(415)
  const nowhere = { checkout_url: invoice.checkout_url.replace(/[^/]+$/, '0'.repeat(36)) }
  expect((await submit(nowhere, { tx_hash: UNKNOWN })).status).toBe(404)
  const get = await fetch(`${invoice.checkout_url}/transactions`)
  expect([get.status, get.headers.get('allow')]).toEqual([405, 'POST, OPTIONS'])
  const statuses: number[] = []
  for (let i = 0; i < 12; i++) statuses.push(await refused({ tx_hash: UNKNOWN }))
  expect(statuses).toContain(200)
  expect(statuses.at(-1)).toBe(429)
  // Another order of the same shop is not held up by it.
  const next = await world.createInvoice()
  expect(await resultOf(next, UNKNOWN)).toBe('unknown')
})

test('PA-35 the page has a form that needs no script', async () => {
  const invoice = await world.createInvoice()
  const page = await (await fetch(invoice.checkout_url)).text()
  const action = /<form method="post" action="([^"]+)"/.exec(page)?.[1]
  expect(action).toBe(`${new URL(invoice.checkout_url).pathname}/transactions`)
  const form = 'application/x-www-form-urlencoded'
  const sent = await submit(invoice, `tx_hash=${UNKNOWN}`, form)
  expect([sent.status, sent.headers.get('location')]).toEqual([
    303,
    `${new URL(invoice.checkout_url).pathname}?checked=unknown`,
  ])
  const answered = await fetch(
    new URL(sent.headers.get('location') as string, invoice.checkout_url),
  )
  expect(await answered.text()).toContain('No node knows this transaction')
  const odd = await fetch(`${invoice.checkout_url}?checked=<script>`)
  expect(await odd.text()).not.toContain('<script>"')
  const wrong = await submit(invoice, 'tx_hash=hello', form)
  expect(wrong.headers.get('location')).toContain('?checked=malformed')
})

test('PA-35 one that was missed is found by the normal path, and settles', async () => {
  const [first, second] = [await world.createInvoice(), await world.createInvoice()]
  const from = world.chain.accounts[3]!
  const payment = { asset: world.native, from }
  const hashes = [await payInvoice(world, first, payment), await payInvoice(world, second, payment)]
  await world.mine(K)
  expect((await world.getInvoice(first.id)).payments_total).toBe(0)
  expect(await resultOf(first, hashes[0] as Hex)).toBe('elsewhere')
  await world.gateway.stop()
  const config = JSON.parse(readFileSync(world.gateway.configPath, 'utf8'))
  delete config.chains['31337'].own_senders
  writeFileSync(world.gateway.configPath, JSON.stringify(config))
  await world.gateway.start()
  const { body } = await submit(first, { tx_hash: hashes[0] })
  expect(body).toMatchObject({ result: 'found', invoice_status: 'settled' })
  expect((await world.getInvoice(first.id)).status).toBe('settled')
  // The block is settled as a whole: what else was missed in it is there too.
  expect((await world.getInvoice(second.id)).status).toBe('settled')
  expect(await storyOf(world, first)).toEqual([
    'invoice.created',
    'payment.detected',
    'invoice.processing',
    'payment.confirmed',
    'invoice.settled',
  ])
  const told = await world.gateway.run('check-transaction', hashes[1] as Hex)
  expect(told.code).toBe(0)
  expect(told.stdout).toContain(`for ${second.id}, confirmed`)
  const unknown = await world.gateway.run('check-transaction', UNKNOWN)
  expect([unknown.code, unknown.stdout]).toEqual([1, 'unknown: the node does not know it\n'])
  await world.expectCleanState()
})
