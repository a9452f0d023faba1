/** Live prices against the real process: a feed contract on the chain, providers on this machine. */
import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { waitFor } from '../support/gateway-process.ts'
import { type PaymentWorld, startPaymentWorld } from '../support/payment-world.ts'
import { type PriceServer, startPriceServer } from '../support/price-server.ts'

type Hex = `0x${string}`

let world: PaymentWorld & { stop(): Promise<void> }
let coinbase: PriceServer
let kraken: PriceServer
let feed: Hex

const nowS = () => Math.floor(Date.now() / 1_000)

/** What the feed says, with eight decimals as most feeds in USD have. */
async function setFeed(units: bigint, updatedAtS = nowS()) {
  const args = [units, BigInt(updatedAtS)]
  await world.chain.sendCall({
    contract: 'PriceFeed',
    address: feed,
    functionName: 'setRound',
    args,
  })
  await world.mine()
}
const setCoinbase = (amount: string) => {
  const data = { amount, base: 'DAI', currency: 'USD' }
  coinbase.answer = () => JSON.stringify({ data })
}
const setKraken = (bid: string) => {
  kraken.answer = () => JSON.stringify({ error: [], result: { DAIUSD: { b: [bid, '1', '1.0'] } } })
}

beforeAll(async () => {
  coinbase = await startPriceServer()
  kraken = await startPriceServer()
  setCoinbase('1.0000')
  setKraken('1.0000')
  world = await startPaymentWorld({ start: false })
  const args = ['ETH / USD', 8]
  feed = (await world.chain.deploy('PriceFeed', args)).address
  await world.chain.mine()
  const file = JSON.parse(readFileSync(world.gateway.configPath, 'utf8'))
  const pairs = ['DAI/USD']
  file.rates.sources = [
    { kind: 'chainlink', chain: 31337, address: feed, pair: 'ETH/USD', max_age_s: 600 },
    { kind: 'coinbase', pairs, url: coinbase.url, refresh_s: 1 },
    { kind: 'kraken', pairs, url: kraken.url, refresh_s: 1 },
  ]
  writeFileSync(world.gateway.configPath, JSON.stringify(file))
  await world.gateway.start()
  await setFeed(2_500n * 10n ** 8n)
})
afterAll(async () => {
  await world?.stop()
  await coinbase?.stop()
  await kraken?.stop()
})

const post = (asset: string) =>
  world.gateway.request('POST', '/v1/invoices', {
    price: { amount: '25.00', currency: 'USD' },
    accept: [asset],
  })
const newestInvoice = async () => {
  const { body } = await world.gateway.request('GET', '/v1/invoices?limit=1')
  return body.data[0].id
}
const becomes = (asset: string, status: number) =>
  waitFor(`an invoice to answer ${status}`, async () => (await post(asset)).status === status)

/** 503 with its code, again and again, and nothing is written. */
async function expectRefused(asset: string) {
  await becomes(asset, 503)
  const before = await newestInvoice()
  const answer = await post(asset)
  expect([answer.status, answer.body.code]).toEqual([503, 'rate_unavailable'])
  expect(answer.headers.get('retry-after')).toBe('5')
  expect(await newestInvoice()).toBe(before)
}

describe('PA-30 a price feed on the chain', () => {
  test('its price is locked in the invoice, exactly', async () => {
    const { status, body } = await post(world.native)
    expect(status).toBe(201)
    const [option] = body.payment_options
    expect(option.amount_due).toBe('0.01')
    expect([option.rate.value, option.rate.source]).toEqual(['2500', 'chainlink'])
    await setFeed(260_012_345_678n)
    await waitFor('the new price', async () => {
      const next = await post(world.native)
      return next.body.payment_options[0].rate.value === '2600.12345678'
    })
    const kept = await world.getInvoice(body.id)
    expect(kept.payment_options[0]).toMatchObject({ amount_due: '0.01', rate: option.rate })
  })

  const two = 2n * 10n ** 11n
  // biome-ignore format: a table reads better in rows
  test.each<[string, bigint, number]>([
    ['zero', 0n, 0],
    ['negative', -two, 0],
    ['inverted', 40_000n, 0],
    ['ten times as high', 26_000n * 10n ** 8n, 0],
    ['older than its age limit', 2_600n * 10n ** 8n, 601],
    ['of another century', 2_600n * 10n ** 8n, -4_000_000_000],
  ])('%s: 503, no invoice, open ones keep their price', async (_what, units, ageS) => {
    await setFeed(2_600n * 10n ** 8n)
    await becomes(world.native, 201)
    const open = (await post(world.native)).body
    await setFeed(units, nowS() - ageS)
    await expectRefused(world.native)
    expect((await world.getInvoice(open.id)).payment_options).toEqual(open.payment_options)
    const rates = await world.gateway.request('GET', '/v1/rates')
    expect(rates.body.data.find((one: any) => one.asset === world.native).rate).toBeNull()
  })

  test('a right price is taken again', async () => {
    await setFeed(2_600n * 10n ** 8n)
    await becomes(world.native, 201)
  })
})

describe('PA-31 two providers', () => {
  test('that agree: the lower price counts, so the merchant is not short', async () => {
    setCoinbase('1.0100')
    setKraken('1.0000')
    await waitFor('both prices', async () => {
      const { body } = await post(world.dai.asset)
      return body.payment_options?.[0].rate.source === 'kraken'
    })
    const [option] = (await post(world.dai.asset)).body.payment_options
    expect([option.rate.value, option.amount_due]).toEqual(['1.0000', '25'])
  })

  test('that differ by more than 2 %: refused, no average', async () => {
    setCoinbase('1.0300')
    await expectRefused(world.dai.asset)
    setCoinbase('1.0000')
    await becomes(world.dai.asset, 201)
  })

  // biome-ignore format: a table reads better in rows
  test.each<[string, string]>([
    ['zero', '0'], ['negative', '-1'], ['NaN', 'NaN'], ['Infinity', 'Infinity'], ['a word', 'one'],
  ])('PA-30 of which one says %s: refused', async (_what, amount) => {
    setCoinbase('1.0000')
    await becomes(world.dai.asset, 201)
    setCoinbase(amount)
    await expectRefused(world.dai.asset)
  })

  test('the counters tell which source and why', async () => {
    const text = await (await fetch(`${world.gateway.url}/metrics`)).text()
    expect(text).toContain('quittance_rate_faults_total{source="coinbase",reason="malformed"}')
    expect(text).toContain('quittance_rate_faults_total{source="chainlink",reason="stale"}')
    expect(text).toContain('quittance_rate_refusals_total{pair="DAI/USD",reason="disagreement"}')
    expect(text).toContain('quittance_rate_refusals_total{pair="ETH/USD",reason="jump"}')
  })
})

test('a feed that calls itself another pair is never believed', async () => {
  const other = (await world.chain.deploy('PriceFeed', ['BTC / USD', 8])).address
  const nobody = world.usdc.address
  await world.chain.mine()
  const args = [2_600n * 10n ** 8n, BigInt(nowS())]
  await world.chain.sendCall({
    contract: 'PriceFeed',
    address: other,
    functionName: 'setRound',
    args,
  })
  await world.mine()
  const file = JSON.parse(readFileSync(world.gateway.configPath, 'utf8'))
  for (const address of [other, nobody]) {
    await world.gateway.stop()
    file.rates.sources[0].address = address
    writeFileSync(world.gateway.configPath, JSON.stringify(file))
    await world.gateway.start()
    expect((await post(world.native)).body.code).toBe('rate_unavailable')
  }
})
