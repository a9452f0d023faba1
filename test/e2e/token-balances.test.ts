/** Tokens that say more than they move, gas from the merchant's own account, floods of dust. */
import { beforeAll, expect, test } from 'vitest'
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts'
import {
  type BatchPayer,
  countType,
  deployBatchPayer,
  expectMined,
  expectUntouched,
  optionOf,
  skipDevAccounts,
  typesOf,
} from '../support/pay-many.ts'
import { K, usePaymentWorld } from '../support/payment-world.ts'

type Hex = `0x${string}`

const listed: Record<string, Hex> = {}
const RICH = 10n ** 30n
const FEE_BPS = 1_000n
/** One cent of a coin with 6 decimals. */
const DUST = 10_000n
/** The third account of the node: the merchant's own, which sends gas. */
let ownSender: Hex
let proxy: FaultProxy
let batchPayer: BatchPayer

const chainSettings: Record<string, unknown> = {}
const world = usePaymentWorld({
  chain: chainSettings,
  rpcOf: async (node) => {
    proxy = await startFaultProxy({ target: node.url })
    return proxy.url
  },
  async extraTokens(chain) {
    ownSender = (chain.accounts[2] as { address: Hex }).address
    chainSettings.own_senders = [ownSender]
    const payer = (chain.accounts[1] as { address: Hex }).address
    const fee = await chain.deploy('FeeToken', ['Fee', 'FEE', 6, FEE_BPS])
    const phantom = await chain.deploy('PhantomToken', ['Phantom', 'PHANTOM', 6])
    const { address: dusty } = await chain.deployToken({ name: 'D', symbol: 'DUSTY', decimals: 6 })
    await chain.mine()
    for (const address of [fee.address, dusty]) await chain.mint(address, payer, RICH)
    Object.assign(listed, { FEE: fee.address, PHANTOM: phantom.address, DUSTY: dusty })
    return [
      { address: fee.address, symbol: 'FEE', decimals: 6 },
      { address: phantom.address, symbol: 'PHANTOM', decimals: 6 },
      { address: dusty, symbol: 'DUSTY', decimals: 6, dust_units: DUST.toString() },
    ]
  },
})

beforeAll(async () => {
  await skipDevAccounts(world)
  batchPayer = await deployBatchPayer(world, [tokenOf('DUSTY')])
  return () => proxy.stop()
})

const tokenOf = (symbol: string) => listed[symbol] as Hex
const inCoin = (amount: string, currency: string) =>
  world.createInvoice({ price: { amount, currency } })
const pay = (symbol: string, to: Hex, units: bigint) =>
  world.chain.sendToken({ token: tokenOf(symbol), to, units })

test('PA-11 a token that emits Transfer and moves nothing never settles, and is flagged', async () => {
  const invoice = await inCoin('25', 'PHANTOM')
  const hash = await pay('PHANTOM', invoice.address, 25_000_000n)
  await world.mine(1)
  expect((await world.getInvoice(invoice.id)).status).toBe('processing')
  await world.mine(2 * K)
  await expectMined(world, [hash])
  const open = await world.getInvoice(invoice.id)
  expect(open).toMatchObject({ status: 'open', paid: { underpaid: false } })
  expect(optionOf(open)).toMatchObject({ outstanding: '25' })
  expect(open.payments[0]).toMatchObject({
    position: 'confirmed',
    amount: '25',
    counted: '0',
    counted_units: '0',
    flag: 'shortfall',
  })
  const types = typesOf(await world.eventsOf(invoice.id))
  expect(types.slice(-2)).toEqual(['payment.confirmed', 'invoice.reopened'])
  expect(types).not.toContain('invoice.settled')
  const refused = await world.gateway.request('POST', `/v1/invoices/${invoice.id}/accept`)
  expect(refused.status).toBe(409)
  const page = await (await fetch(invoice.checkout_url)).text()
  expect(page).toContain('0 PHANTOM of it counted')
  // What does move is counted, though the first event claims it was there before.
  await world.chain.mint(tokenOf('PHANTOM'), invoice.address, 25_000_000n)
  await world.mine(K)
  expect((await world.getInvoice(invoice.id)).status).toBe('settled')
  await world.expectCleanState()
})

test('PA-12 of a token that takes a fee counts what arrived, and the rest is flagged', async () => {
  const invoice = await inCoin('90', 'FEE')
  await pay('FEE', invoice.address, 60_000_000n)
  await world.mine(K)
  const [first] = (await world.getInvoice(invoice.id)).payments
  expect(first).toMatchObject({ amount: '60', counted: '54', flag: 'shortfall' })
  await pay('FEE', invoice.address, 39_000_000n)
  await world.mine(K)
  const short = await world.getInvoice(invoice.id)
  expect(short.payments.map((payment: any) => payment.counted)).toEqual(['35.1', '54'])
  expect(short).toMatchObject({ status: 'open', paid: { underpaid: true } })
  expect(optionOf(short).outstanding_units).toBe('900000')
  await pay('FEE', invoice.address, 1_000_000n)
  await world.mine(K)
  const settled = await world.getInvoice(invoice.id)
  expect(settled.status).toBe('settled')
  const counted = settled.payments.reduce(
    (sum: bigint, one: any) => sum + BigInt(one.counted_units),
    0n,
  )
  expect(counted).toBe(await world.chain.tokenBalance(tokenOf('FEE'), invoice.address))
  await world.expectCleanState()
})

test('PA-11 while no node knows the balance payments of the token wait, and others go on', async () => {
  const [token, coin] = [await inCoin('25', 'USDC'), await inCoin('1', 'ETH')]
  proxy.rules.errors = { eth_call: { code: -32000, message: 'missing trie node' } }
  await world.chain.sendToken({
    token: world.usdc.address,
    to: token.address,
    units: 25_000_000n,
  })
  await world.chain.sendNative({ to: coin.address, units: 10n ** 18n })
  await world.mine(K + 2)
  expect((await world.getInvoice(coin.id)).status).toBe('settled')
  const waiting = await world.getInvoice(token.id)
  expect(waiting).toMatchObject({ status: 'processing', payments: [{ position: 'included' }] })
  proxy.rules.errors = {}
  // Without another block: what waits is asked for again by itself.
  await world.waitForStatus(token.id, 'settled')
  await world.expectCleanState()
})

test('PA-20 gas from the own account is no payment', async () => {
  const invoice = await inCoin('1', 'ETH')
  const from = world.chain.accounts[2]!
  const hash = await world.chain.sendNative({
    from,
    to: invoice.address,
    units: 10n ** 18n,
  } as never)
  await world.mine(2 * K)
  await expectMined(world, [hash])
  await expectUntouched(world, invoice.id)
  await world.chain.sendNative({ to: invoice.address, units: 10n ** 18n })
  await world.mine(K)
  expect(await world.getInvoice(invoice.id)).toMatchObject({ status: 'settled', payments_total: 1 })
})

test('PA-14 1,000 transfers of nothing and 1,000 of dust change no status and tell nothing', async () => {
  const invoice = await inCoin('25', 'DUSTY')
  const before = await world.eventsOf(invoice.id)
  const to = invoice.address as Hex
  for (const units of [0n, DUST - 1n]) {
    const hashes = await batchPayer.payToken(
      tokenOf('DUSTY'),
      Array.from({ length: 1_000 }, () => ({ to, units })),
    )
    await world.mine(K)
    await expectMined(world, hashes as Hex[])
  }
  const { body, status } = await world.gateway.request('GET', `/v1/invoices/${invoice.id}`)
  expect([status, body.status, body.payments_total]).toEqual([200, 'open', 1_000])
  expect(body.paid).toEqual({ underpaid: false, overpaid: false, late: false })
  expect(optionOf(body).outstanding).toBe('25')
  expect(body.payments[0]).toMatchObject({ flag: 'dust', counted: '0', position: 'confirmed' })
  expect(JSON.stringify(body).length).toBeLessThan(64_000)
  const events = await world.eventsOf(invoice.id)
  expect(events.length - before.length).toBeLessThanOrEqual(1)
  expect(countType(events, 'payment.detected')).toBe(0)
  // A payment among the dust is seen, and so is a last part below the limit.
  await pay('DUSTY', to, 25_000_000n - 5n)
  await pay('DUSTY', to, 5n)
  await world.mine(K)
  const settled = await world.waitForStatus(invoice.id, 'settled')
  expect(settled.payments.map((one: any) => one.flag).slice(0, 2)).toEqual([null, null])
  await world.expectCleanState()
})
