/** What providers answer, in the shapes of their public APIs, served on this machine. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createProviderReader } from '../../../src/adapters/rates/http-rates.ts'
import type { RateProvider } from '../../../src/core/money/rate-settings.ts'
import { type PriceAnswer, type PriceServer, startPriceServer } from '../../support/price-server.ts'

let server: PriceServer
beforeAll(async () => {
  server = await startPriceServer()
})
afterEach(() => {
  server.asked.length = 0
})
afterAll(() => server.stop())

const NOW_MS = 1_790_000_000_000
const NOW_S = NOW_MS / 1_000
const clock = { nowMs: () => NOW_MS, monotonicMs: () => 0 }

async function read(
  kind: RateProvider,
  [coin, currency]: readonly [string, string],
  answer: (path: string) => PriceAnswer,
  signal = AbortSignal.timeout(5_000),
) {
  server.answer = answer
  const pairs = [{ pair: 'ETH/USD', coin, currency }]
  const reader = createProviderReader({ clock }, { kind, url: server.url, pairs })
  const price = (await reader(NOW_MS, signal)).get('ETH/USD')
  if (price === undefined) return 'unreachable'
  if (price.kind === 'refused') return price.reason
  const { value, text, source, atMs } = price.rate
  return [`${value.numerator}/${value.denominator}`, text, source, atMs - NOW_MS]
}

const COINBASE = (amount: string, base = 'ETH', currency = 'USD') =>
  JSON.stringify({ data: { amount, base, currency } })
const KRAKEN = (bid: string, name = 'XETHZUSD') =>
  JSON.stringify({
    error: [],
    result: {
      [name]: {
        a: ['2500.99000', '1', '1.000'],
        b: [bid, '12', '12.000'],
        c: ['2500.50000', '0.11007700'],
        v: ['1378.29558699', '4120.69226171'],
        p: ['2498.72908', '2497.90051'],
        t: [1960, 5958],
        l: ['2476.90000', '2475.80000'],
        h: ['2517.60000', '2519.30000'],
        o: '2496.20000',
      },
    },
  })
const BITSTAMP = (bid: string, timestamp: string) =>
  JSON.stringify({
    ...{ timestamp, open: '2496', high: '2517', low: '2475', last: '2500.6', volume: '1567.15' },
    ...{ vwap: '2498', bid, ask: '2500.99', side: '0', open_24: '2490', market_type: 'SPOT' },
  })
const BINANCE = (bidPrice: string, symbol = 'ETHEUR') =>
  JSON.stringify({ symbol, bidPrice, bidQty: '31.2', askPrice: '2501.00', askQty: '4.4' })
const COINGECKO = (price: string, seconds: number | string = NOW_S) =>
  `{"ethereum":{"usd":${price},"eur":2300.1,"last_updated_at":${seconds}}}`

describe('each provider is asked and read in its own way, digit for digit', () => {
  // biome-ignore format: a table reads better in rows
  test.each<[RateProvider, readonly [string, string], string, string, unknown]>([
    ['coinbase', ['ETH', 'USD'], '/v2/prices/ETH-USD/spot', COINBASE('2500.115'),
      ['500023/200', '2500.115', 'coinbase', 0]],
    ['kraken', ['ETH', 'USD'], '/0/public/Ticker?pair=ETHUSD', KRAKEN('2500.10000'),
      ['25001/10', '2500.10000', 'kraken', 0]],
    ['kraken', ['USDC', 'USD'], '/0/public/Ticker?pair=USDCUSD', KRAKEN('0.99990000', 'USDCUSD'),
      ['9999/10000', '0.99990000', 'kraken', 0]],
    ['bitstamp', ['ETH', 'USD'], '/api/v2/ticker/ethusd/', BITSTAMP('2500.5', String(NOW_S - 7)),
      ['5001/2', '2500.5', 'bitstamp', -7_000]],
    ['binance', ['ETH', 'EUR'], '/api/v3/ticker/bookTicker?symbol=ETHEUR', BINANCE('2300.25000000'),
      ['9201/4', '2300.25000000', 'binance', 0]],
    ['coingecko', ['ethereum', 'USD'],
      '/api/v3/simple/price?ids=ethereum&vs_currencies=usd&include_last_updated_at=true&precision=full',
      COINGECKO('2500.12345678901234567', NOW_S - 30),
      ['250012345678901234567/100000000000000000', '2500.12345678901234567', 'coingecko', -30_000]],
  ])('%s %j', async (kind, names, path, body, expected) => {
    expect(await read(kind, names, () => body)).toEqual(expected)
    expect(server.asked).toEqual([path])
  })
})

describe('PA-30 what is no price of this pair is refused', () => {
  // biome-ignore format: a table reads better in rows
  test.each<[string, RateProvider, string, string]>([
    ['zero', 'coinbase', COINBASE('0'), 'not_positive'],
    ['zero with digits', 'kraken', KRAKEN('0.00000'), 'not_positive'],
    ['negative', 'coinbase', COINBASE('-2500'), 'malformed'],
    ['NaN', 'coinbase', COINBASE('NaN'), 'malformed'],
    ['Infinity', 'coinbase', COINBASE('Infinity'), 'malformed'],
    ['an exponent', 'coinbase', COINBASE('2.5e3'), 'malformed'],
    ['a word', 'coinbase', COINBASE('about 2500'), 'malformed'],
    ['a number where a text belongs', 'coinbase', '{"data":{"amount":2500,"base":"ETH","currency":"USD"}}', 'malformed'],
    ['a text where a number belongs', 'coingecko', COINGECKO('"2500"'), 'malformed'],
    ['null', 'coingecko', COINGECKO('null'), 'malformed'],
    ['zero as a number', 'coingecko', COINGECKO('0'), 'not_positive'],
    ['an exponent as a number', 'coingecko', COINGECKO('2.5e3'), 'malformed'],
    ['a time that is none', 'coingecko', COINGECKO('2500', '1.5'), 'malformed'],
    ['no time', 'bitstamp', BITSTAMP('2500', ''), 'malformed'],
    ['the inverted pair', 'coinbase', COINBASE('0.0004', 'USD', 'ETH'), 'other_pair'],
    ['another market', 'kraken', KRAKEN('2500', 'XXBTZUSD'), 'other_pair'],
    ['another symbol', 'binance', BINANCE('2500', 'ETHBTC'), 'other_pair'],
    ['a fault in the answer', 'kraken', '{"error":["EQuery:Unknown asset pair"]}', 'malformed'],
    ['an empty object', 'kraken', '{}', 'malformed'],
    ['an empty list', 'coingecko', '[]', 'malformed'],
    ['no JSON', 'coingecko', '<html>busy</html>', 'malformed'],
    ['nothing', 'coingecko', '', 'malformed'],
  ])('%s', async (_what, kind, body, expected) => {
    const coin = kind === 'coingecko' ? 'ethereum' : 'ETH'
    expect(await read(kind, [coin, 'USD'], () => body)).toBe(expected)
  })
})

describe('PA-30 a provider that is gone gives no price', () => {
  const fails = (answer: PriceAnswer, signal?: AbortSignal) =>
    read('coinbase', ['ETH', 'USD'], () => answer, signal)

  test.each([429, 500, 503])('status %d, even with a price in it', async (status) => {
    expect(await fails((response) => response.writeHead(status).end(COINBASE('2500')))).toBe(
      'unreachable',
    )
  })

  test('a redirect is not followed', async () => {
    const answer: PriceAnswer = (response) =>
      response.writeHead(302, { location: `${server.url}/elsewhere` }).end()
    expect(await fails(answer)).toBe('unreachable')
    expect(server.asked).toEqual(['/v2/prices/ETH-USD/spot'])
  })

  test('an answer without end is cut off', async () => {
    const padding = ' '.repeat(300_000)
    expect(await fails(`${padding}${COINBASE('2500')}`)).toBe('unreachable')
  })

  test('a connection that breaks in the middle', async () => {
    const answer: PriceAnswer = (response) => {
      response.writeHead(200, { 'content-length': '500' })
      response.write(COINBASE('2500'), () => response.destroy())
    }
    expect(await fails(answer)).toBe('unreachable')
  })

  test('silence until the deadline', async () => {
    expect(await fails(() => {}, AbortSignal.timeout(200))).toBe('unreachable')
  })
})

test('CoinGecko is asked once for all pairs, the others once for each', async () => {
  server.answer = (path) => (path.includes('simple') ? COINGECKO('2500') : COINBASE('2500'))
  const pairs = [
    { pair: 'ETH/USD', coin: 'ethereum', currency: 'USD' },
    { pair: 'ETH/EUR', coin: 'ethereum', currency: 'EUR' },
  ]
  const reader = createProviderReader({ clock }, { kind: 'coingecko', url: server.url, pairs })
  const prices = await reader(NOW_MS, AbortSignal.timeout(5_000))
  expect([...prices].map(([pair, price]) => [pair, price.kind])).toEqual([
    ['ETH/USD', 'price'],
    ['ETH/EUR', 'price'],
  ])
  expect(server.asked).toHaveLength(1)
})
