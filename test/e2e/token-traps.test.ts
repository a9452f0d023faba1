/** Tokens as they are: odd decimals, look-alikes, polite failures, malformed events. */
import { getAddress } from 'viem/utils'
import { beforeAll, expect, test } from 'vitest'
import {
  type BatchPayer,
  countType,
  deployBatchPayer,
  expectMined,
  expectUntouched,
  inParallel,
  optionOf,
  readAllInvoices,
  skipDevAccounts,
  typesOf,
  unitsInUri,
} from '../support/pay-many.ts'
import { K, usePaymentWorld } from '../support/payment-world.ts'
import { readCheckout } from '../support/read-checkout.ts'
import { readMetric } from '../support/read-metric.ts'
import { readQrCodes } from '../support/read-qr-codes.ts'

type Hex = `0x${string}`

/** Filled while the world starts: the tokens listed beside USDC (6) and DAI (18). */
const listed: Record<string, Hex> = {}
const DECIMALS = { WBTC: 8, GUSD: 2, POINT: 0 } as const
const RICH = 10n ** 30n

/** Malformed transfers of listed tokens, as operators see them. */
const MALFORMED = 'transfers_malformed_total'

const world = usePaymentWorld({
  config: { limits: { requests_per_second_per_key: 100_000 } },
  async extraTokens(chain) {
    const payer = (chain.accounts[1] as { address: Hex }).address
    const terms: { address: Hex; symbol: string; decimals: number }[] = []
    const list = async (symbol: string, decimals: number, address: Hex) => {
      await chain.mine()
      await chain.mint(address, payer, RICH)
      listed[symbol] = address
      terms.push({ address, symbol, decimals })
    }
    for (const [symbol, decimals] of Object.entries(DECIMALS)) {
      const { address } = await chain.deployToken({ name: symbol, symbol, decimals })
      await list(symbol, decimals, address)
    }
    const polite = await chain.deploy('FalseReturnToken', ['Polite', 'FALSE', 6])
    await list('FALSE', 6, polite.address)
    const odd = await chain.deploy('OddTransferToken', ['Odd', 'ODD', 6])
    // One token is configured in lower case, the others with a checksum.
    await list('ODD', 6, odd.address.toLowerCase() as Hex)
    return terms
  },
})
let batchPayer: BatchPayer

beforeAll(async () => {
  await skipDevAccounts(world)
  batchPayer = await deployBatchPayer(world, [world.usdc.address])
})

const tokenOf = (symbol: string) => listed[symbol] as Hex
const assetOf = (symbol: string) => `eip155:31337/erc20:${tokenOf(symbol).toLowerCase()}`
const inCoin = (amount: string, currency: string, rest: object = {}) =>
  world.createInvoice({ price: { amount, currency }, ...rest })

test.for([
  { symbol: 'DAI', decimals: 18, amount: '123456.000000000000000001' },
  { symbol: 'WBTC', decimals: 8, amount: '90071992.54740993' },
  { symbol: 'USDC', decimals: 6, amount: '9007199254.740993' },
  { symbol: 'GUSD', decimals: 2, amount: '90071992547409.93' },
  { symbol: 'POINT', decimals: 0, amount: '9007199254740993' },
])('PA-07 $symbol with $decimals decimals: exact to the unit', async (row) => {
  const { symbol, decimals, amount } = row
  const own = { DAI: world.dai, USDC: world.usdc } as Record<string, { address: Hex }>
  const token = own[symbol]?.address ?? tokenOf(symbol)
  const units = BigInt(amount.replace('.', ''))
  const invoice = await inCoin(amount, symbol)
  const option = optionOf(invoice)
  expect(option).toMatchObject({ symbol, decimals, amount_due: amount })
  expect(option.amount_due_units).toBe(units.toString())
  expect(unitsInUri(option.uri)).toBe(units.toString())
  await world.chain.sendToken({ token, to: invoice.address, units: units - 1n })
  await world.mine(K)
  const short = optionOf(await world.getInvoice(invoice.id))
  expect([short.outstanding_units, short.excess_units]).toEqual(['1', '0'])
  await world.chain.sendToken({ token, to: invoice.address, units: 1n })
  await world.mine(K)
  const settled = await world.getInvoice(invoice.id)
  expect(settled.status).toBe('settled')
  const credited = settled.payments.map((payment: any) => BigInt(payment.amount_units))
  expect(credited.reduce((a: bigint, b: bigint) => a + b)).toBe(units)
  expect(await world.chain.tokenBalance(token, invoice.address)).toBe(units)
  const tooFine = decimals === 0 ? `${amount}.5` : `${amount}1`
  const refused = await world.gateway.request('POST', '/v1/invoices', {
    price: { amount: tooFine, currency: symbol },
  })
  expect(refused.status).toBe(400)
  expect(refused.body.errors[0]).toMatchObject({ pointer: '/price/amount' })
})

test('PA-08 an unlisted contract that calls itself USD Coin pays nothing', async () => {
  const { chain, usdc } = world
  const fake = await chain.deployToken({ name: 'USD Coin', symbol: 'USDC', decimals: 6 })
  await world.mine()
  await chain.mint(fake.address, (chain.accounts[1] as { address: Hex }).address, RICH)
  await world.mine()
  const invoice = await inCoin('1000', 'USDC')
  const hash = await chain.sendToken({
    token: fake.address,
    to: invoice.address,
    units: 1_000_000_000n,
  })
  await world.mine(2 * K)
  await expectMined(world, [hash])
  expect(await chain.tokenBalance(fake.address, invoice.address)).toBe(1_000_000_000n)
  await expectUntouched(world, invoice.id)
  const page = await (await fetch(invoice.checkout_url)).text()
  expect(page).toContain('data-status="open"')
  expect(page).not.toContain('<h2>Payments</h2>')
  expect(page).not.toContain(fake.address)
  const refused = await world.gateway.request('POST', '/v1/invoices', {
    price: { amount: '1000', currency: 'USDC' },
    accept: [`eip155:31337/erc20:${fake.address}`],
  })
  expect(refused.status).toBe(400)
  await chain.sendToken({ token: usdc.address, to: invoice.address, units: 1_000_000_000n })
  await world.mine(K)
  expect(await world.getInvoice(invoice.id)).toMatchObject({
    status: 'settled',
    payments_total: 1,
  })
})

test('PA-10 a transfer that returns false and succeeds moves nothing', async () => {
  const token = tokenOf('FALSE')
  const invoice = await inCoin('50', 'FALSE')
  const hash = await world.chain.sendToken({ token, to: invoice.address, units: 50_000_000n })
  await world.mine(2 * K)
  await expectMined(world, [hash])
  expect(await world.chain.tokenBalance(token, invoice.address)).toBe(0n)
  await expectUntouched(world, invoice.id)
  // The one write of this token that works: its asset is listed and watched.
  await world.chain.mint(token, invoice.address, 50_000_000n)
  await world.mine(K)
  expect((await world.getInvoice(invoice.id)).status).toBe('settled')
})

test.for([
  { form: 'four topics', functionName: 'emitIndexedValue', rest: [7_000_000n] },
  { form: 'unindexed arguments', functionName: 'emitUnindexed', rest: [7_000_000n] },
  {
    form: '64 bytes of data',
    functionName: 'emitLongData',
    rest: [7_000_000n, `0x${'6d'.repeat(32)}`],
  },
  { form: 'no data', functionName: 'emitNoData', rest: [] },
  { form: 'rubbish beside the address', functionName: 'emitDirtyTopic', rest: [7_000_000n] },
])('PA-13 a Transfer with $form is no payment, and its block goes on', async (row) => {
  const { functionName, rest } = row
  const [odd, plain] = [await inCoin('7', 'ODD'), await inCoin('7', 'USDC')]
  const before = await readMetric(world.gateway, MALFORMED)
  const hashes = [
    await sendOdd(functionName, [odd.address, ...rest]),
    await world.chain.sendToken({
      token: world.usdc.address,
      to: plain.address,
      units: 7_000_000n,
    }),
  ]
  await world.mine(K)
  await expectMined(world, hashes)
  await expectSameBlock(hashes)
  await expectUntouched(world, odd.id)
  expect((await world.getInvoice(plain.id)).status).toBe('settled')
  expect(await readMetric(world.gateway, MALFORMED)).toBe(before + 1)
})

test('PA-13 zero value and transfers to oneself are no payments either', async () => {
  const payer = (world.chain.accounts[1] as { address: Hex }).address
  const [zero, self] = [await inCoin('7', 'ODD'), await inCoin('7', 'ODD')]
  const before = await readMetric(world.gateway, MALFORMED)
  const hashes = [
    await sendOdd('emitZeroValue', [payer, zero.address]),
    await sendOdd('emitSelfTransfer', [self.address, 7_000_000n]),
  ]
  await world.mine(K)
  await expectMined(world, hashes)
  await expectUntouched(world, zero.id)
  await expectUntouched(world, self.id)
  expect(await readMetric(world.gateway, MALFORMED)).toBe(before)
})

test('PA-13 of eight logs of one transaction the one real transfer counts', async () => {
  const invoice = await inCoin('7', 'ODD')
  const hash = await sendOdd('transferAmongOdd', [invoice.address, 7_000_000n])
  await world.mine(K)
  await expectMined(world, [hash])
  const receipt = await world.chain.receipt(hash)
  expect(receipt?.logs.length).toBe(8)
  const settled = await world.getInvoice(invoice.id)
  expect(settled).toMatchObject({ status: 'settled', payments_total: 1 })
  expect(settled.payments[0]).toMatchObject({ amount_units: '7000000', tx_hash: hash })
  expect(settled.payments[0].log_index).toBe(Number(receipt?.logs.at(-1)?.logIndex))
})

function sendOdd(functionName: string, args: readonly unknown[]): Promise<Hex> {
  const address = tokenOf('ODD')
  return world.chain.sendCall({ contract: 'OddTransferToken', address, functionName, args })
}

async function expectSameBlock(hashes: readonly Hex[]): Promise<void> {
  const receipts = await Promise.all(hashes.map((hash) => world.chain.receipt(hash)))
  expect(new Set(receipts.map((receipt) => receipt?.blockHash)).size).toBe(1)
}

test('PA-15 one transaction pays 50 invoices in a token, each with its own amount', async () => {
  const amounts = Array.from({ length: 50 }, (_, index) => 1_000_000n + BigInt(index))
  const invoices = await inParallel(amounts, (units) => {
    return inCoin(`1.${units.toString().slice(1)}`, 'USDC')
  })
  // The last one is paid twice by the same transaction.
  const transfers = invoices.map(({ address }, index) => ({
    to: address as Hex,
    units: amounts[index] as bigint,
  }))
  transfers.push({ to: invoices[49].address, units: 5n })
  const [hash, ...others] = await batchPayer.payToken(world.usdc.address, transfers)
  expect(others).toEqual([])
  await world.mine(K)
  await expectMined(world, [hash as Hex])
  const byId = await readAllInvoices(world.gateway)
  const places = new Set<number>()
  for (const [index, { id }] of invoices.entries()) {
    const { status, payments, payments_total } = byId.get(id)
    expect([status, payments_total]).toEqual(['settled', index === 49 ? 2 : 1])
    const first = payments.at(-1)
    expect(first).toMatchObject({
      tx_hash: hash,
      amount_units: (amounts[index] as bigint).toString(),
      position: 'confirmed',
    })
    for (const payment of payments) places.add(payment.log_index)
  }
  expect(places.size).toBe(51)
  expect(optionOf(byId.get(invoices[49].id)).excess_units).toBe('5')
})

test('PA-28 money in an enabled asset that the invoice does not accept', async () => {
  const { usdc, dai, native, chain } = world
  const invoice = await world.createInvoice({ accept: [usdc.asset] })
  await chain.sendToken({ token: dai.address, to: invoice.address, units: 25n * 10n ** 18n })
  await chain.sendNative({ to: invoice.address, units: 10n ** 18n })
  await world.mine(2 * K)
  const open = await world.getInvoice(invoice.id)
  expect(open).toMatchObject({ status: 'open', payments_total: 2 })
  expect(open.paid).toEqual({ underpaid: false, overpaid: false, late: false })
  expect(optionOf(open)).toMatchObject({ outstanding: '25', excess: '0' })
  const [coin, token] = open.payments.toSorted((a: any, b: any) => (a.kind < b.kind ? 1 : -1))
  expect(coin).toMatchObject({ asset: native, accepted: false, kind: 'native', amount: '1' })
  expect(token).toMatchObject({ asset: dai.asset, accepted: false, amount: '25', chain_id: 31337 })
  expect(token.tx_hash).toMatch(/^0x[0-9a-f]{64}$/)
  const events = await world.eventsOf(invoice.id)
  const unexpected = events.filter(({ type }) => type === 'payment.unexpected')
  expect(unexpected.map(({ data }) => data.id).sort()).toEqual([coin.id, token.id].sort())
  expect(countType(events, 'payment.detected')).toBe(0)
  expect(typesOf(events).filter((type) => type.startsWith('invoice.'))).toEqual(['invoice.created'])
  const foreign = `/v1/payments?invoice=${invoice.id}&asset=${dai.asset}`
  const { body } = await world.gateway.request('GET', foreign)
  expect(body.data.map((payment: any) => payment.id)).toEqual([token.id])
  const refused = await world.gateway.request('POST', `/v1/invoices/${invoice.id}/accept`)
  expect([refused.status, refused.body.code]).toEqual([409, 'not_acceptable_state'])
  await chain.sendToken({ token: usdc.address, to: invoice.address, units: 25_000_000n })
  await world.mine(K)
  const settled = await world.getInvoice(invoice.id)
  expect(settled).toMatchObject({ status: 'settled', paid: { overpaid: false } })
  expect(countType(await world.eventsOf(invoice.id), 'payment.unexpected')).toBe(2)
})

test('PA-34 every form of an address is one address; pages show the checksum', async () => {
  const { usdc, chain, gateway } = world
  const lower = usdc.address.toLowerCase()
  const forms = [getAddress(lower), lower, `0x${lower.slice(2).toUpperCase()}`]
  expect(new Set(forms).size).toBe(3)
  const made = await inParallel(forms, (form) =>
    world.createInvoice({ accept: [`eip155:31337/erc20:${form}`] }),
  )
  expect(new Set(made.map((invoice) => optionOf(invoice).asset))).toEqual(new Set([usdc.asset]))
  const twice = await gateway.request('POST', '/v1/invoices', {
    price: { amount: '1', currency: 'USD' },
    accept: forms.slice(0, 2).map((form) => `eip155:31337/erc20:${form}`),
  })
  expect([twice.status, twice.body.errors[0].code]).toEqual([400, 'duplicate_asset'])
  const [invoice] = made
  const to = invoice.address.toLowerCase() as Hex
  await chain.sendToken({ token: lower as Hex, to, units: 10_000_000n })
  await chain.sendToken({ token: usdc.address, to: getAddress(to), units: 15_000_000n })
  await world.mine(K)
  expect(await world.getInvoice(invoice.id)).toMatchObject({
    status: 'settled',
    payments_total: 2,
  })
  for (const form of forms) {
    const path = `/v1/payments?invoice=${invoice.id}&asset=eip155:31337/erc20:${form}`
    expect((await gateway.request('GET', path)).body.data).toHaveLength(2)
  }
})

test('PA-34 the page, its link and its code carry what the API says', async () => {
  const { usdc } = world
  // ODD is configured in lower case; people still read the checksum form.
  for (const asset of [usdc.asset, assetOf('ODD'), world.native]) {
    const currency = { [usdc.asset]: 'USDC', [assetOf('ODD')]: 'ODD' }[asset] ?? 'ETH'
    const invoice = await inCoin('2.5', currency, { accept: [asset] })
    const { uri } = optionOf(invoice)
    const address = getAddress(invoice.address.toLowerCase())
    expect(invoice.address).toBe(address)
    const token = asset.split('erc20:')[1]
    expect(uri).toBe(
      token === undefined
        ? `ethereum:${address}@31337?value=2500000000000000000`
        : `ethereum:${getAddress(token)}@31337/transfer?address=${address}&uint256=2500000`,
    )
    const page = await (await fetch(invoice.checkout_url)).text()
    const shown = readCheckout(page)
    expect(shown).toMatchObject({ address, amount: '2.5' })
    expect(page).not.toContain(address.toLowerCase())
    expect(new Set(shown.links)).toEqual(new Set([uri]))
    expect(readQrCodes(page)).toEqual([uri, address])
  }
})

test('the stored state is clean', () => world.expectCleanState())
