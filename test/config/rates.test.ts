/** Where rates come from, in the file. */
import { describe, expect, test } from 'vitest'
import { LOCAL_CHAIN, parse, places, refusal, USDC } from './parse.ts'

const withSources = (...sources: object[]) => ({
  chains: { '31337': LOCAL_CHAIN },
  rates: { sources },
})
const feed = { kind: 'chainlink', chain: 31337, address: USDC, pair: 'ETH/USD' }
const pairs = ['ETH/USD']

test('sources of every kind become settings, with their standard times', () => {
  const { rates } = parse(
    withSources(
      feed,
      { ...feed, max_age_s: 90 },
      { kind: 'coinbase', pairs: ['ETH/USD', 'EUR/USD'] },
      { kind: 'kraken', pairs: ['BTC/USD'], max_age_s: 60, refresh_s: 5 },
      { kind: 'coingecko', pairs: ['USDC.e/EUR'], names: { 'USDC.e': 'usd-coin' } },
      { kind: 'bitstamp', pairs, url: 'http://127.0.0.1:9/api' },
    ),
  )
  const address = USDC.toLowerCase()
  const standard = { url: null, maxAgeMs: 300_000, refreshMs: 15_000 }
  const eth = { pair: 'ETH/USD', coin: 'ETH', currency: 'USD' }
  expect(rates.sources).toEqual([
    {
      kind: 'chainlink',
      chainId: 31337,
      address,
      pair: 'ETH/USD',
      maxAgeMs: 3_600_000,
      refreshMs: 250,
    },
    {
      kind: 'chainlink',
      chainId: 31337,
      address,
      pair: 'ETH/USD',
      maxAgeMs: 90_000,
      refreshMs: 250,
    },
    {
      ...{ kind: 'coinbase', ...standard },
      pairs: [eth, { pair: 'EUR/USD', coin: 'EUR', currency: 'USD' }],
    },
    {
      ...{ kind: 'kraken', url: null, maxAgeMs: 60_000, refreshMs: 5_000 },
      pairs: [{ pair: 'BTC/USD', coin: 'XBT', currency: 'USD' }],
    },
    {
      ...{ kind: 'coingecko', ...standard },
      pairs: [{ pair: 'USDC.e/EUR', coin: 'usd-coin', currency: 'EUR' }],
    },
    { kind: 'bitstamp', ...standard, url: 'http://127.0.0.1:9/api', pairs: [eth] },
  ])
  expect(rates.rules).toEqual({
    ...{ maxDeviationBps: 200, minSources: null, maxJumpBps: 5_000 },
    bands: new Map(),
  })
})

test('the sample of the interface contract is accepted for a chain that is configured', () => {
  const sample = { kind: 'chainlink', chain: 1, address: USDC, pair: 'ETH/USD', max_age_s: 3600 }
  const chains = { '1': { rpc: ['http://127.0.0.1:8545'] } }
  expect(parse({ chains, rates: { sources: [sample] } }).rates.sources).toMatchObject([
    { kind: 'chainlink', chainId: 1, maxAgeMs: 3_600_000, refreshMs: 5_000 },
  ])
  expect(places({ rates: { sources: [sample] } })).toEqual(['/rates/sources/0/chain'])
})

describe('refused, by place', () => {
  // biome-ignore format: a table reads better in rows
  test.each<[string, object, string]>([
    ['an unknown kind', { kind: 'magic' }, 'kind'],
    ['a feed without a pair', { kind: 'chainlink', chain: 31337, address: USDC }, 'pair'],
    ['a feed at no address', { ...feed, address: '0x12' }, 'address'],
    ['a feed of another chain', { ...feed, chain: 5 }, 'chain'],
    ['a pair without a fiat code', { ...feed, pair: 'ETH/USDC' }, 'pair'],
    ['a price that never ages', { ...feed, max_age_s: 0 }, 'max_age_s'],
    ['a provider without pairs', { kind: 'kraken', pairs: [] }, 'pairs'],
    ['a pair twice', { kind: 'kraken', pairs: ['ETH/USD', 'ETH/USD'] }, 'pairs/1'],
    ['a pair the wrong way round', { kind: 'kraken', pairs: ['USD/ETH'] }, 'pairs/0'],
    ['USD at Binance', { kind: 'binance', pairs }, 'pairs/0'],
    ['a coin whose id nobody told', { kind: 'coingecko', pairs: ['XYZ/USD'] }, 'pairs/0'],
    ['a name that breaks out of a path', { kind: 'kraken', pairs: ['X&Y/USD'] }, 'pairs/0'],
    ['a given name that does', { kind: 'kraken', pairs, names: { ETH: '../x' } }, 'pairs/0'],
    ['plain http to another machine', { kind: 'kraken', pairs, url: 'http://prices.example' }, 'url'],
    ['a key in the URL', { kind: 'kraken', pairs, url: 'https://a:b@prices.example' }, 'url'],
    ['a query in the URL', { kind: 'kraken', pairs, url: 'https://prices.example/?k=1' }, 'url'],
    ['an unknown field', { kind: 'kraken', pairs, api_key: 'x' }, 'api_key'],
  ])('%s', (_what, source, place) => {
    expect(places(withSources(source))).toEqual([`/rates/sources/0/${place}`])
  })

  // biome-ignore format: a table reads better in rows
  test.each<[string, object, string]>([
    ['a deviation above a tenth', { max_deviation_bps: 1_001 }, '/rates/max_deviation_bps'],
    ['no source at all', { min_sources: 0 }, '/rates/min_sources'],
    ['no movement at all', { max_jump_bps: 0 }, '/rates/max_jump_bps'],
    ['a band upside down', { bands: { 'ETH/USD': { min: '2', max: '1' } } }, '/rates/bands/ETH~1USD/min'],
    ['a band of no number', { bands: { 'ETH/USD': { min: '1', max: 'Infinity' } } }, '/rates/bands/ETH~1USD/min'],
    ['a band of no pair', { bands: { ETH: { min: '1', max: '2' } } }, '/rates/bands/ETH'],
  ])('%s', (_what, rates, place) => {
    expect(places({ rates })).toEqual([place])
  })

  test('Binance is told why', () => {
    expect(refusal(withSources({ kind: 'binance', pairs })).message).toContain('not USD')
  })
})

test('rules and bands of the file', () => {
  const bands = { 'ETH/USD': { min: '100', max: '9000.5' } }
  const { rules } = parse({
    rates: { max_deviation_bps: 50, min_sources: 3, max_jump_bps: 900, bands },
  }).rates
  expect(rules).toMatchObject({ maxDeviationBps: 50, minSources: 3, maxJumpBps: 900 })
  expect(rules.bands.get('ETH/USD')).toEqual({
    min: { numerator: 100n, denominator: 1n },
    max: { numerator: 18_001n, denominator: 2n },
  })
})
