/**
 * How the public APIs of well-known providers are asked, and what of their answers is the price.
 * Where a market shows both sides, it is the bid: what a merchant who sells the coin would get.
 * Where an answer names its market, the name is compared: the wrong one is an inverted rate.
 */
import type { RateRefusal } from '../../core/money/judge-rate.ts'
import type { ProviderPair, RateProvider } from '../../core/money/rate-settings.ts'
import { SECOND_MS } from '../../core/time.ts'
import { readMember, readNumber } from './parse-exact-json.ts'

/** A price as it was written, with the provider's own time where it tells one (ms since 1970). */
export type ReadPrice =
  | { readonly kind: 'price'; readonly text: string; readonly atMs: number | null }
  | { readonly kind: 'refused'; readonly reason: RateRefusal }

export type Provider = {
  readonly url: string
  /** Paths to ask, each for some of the pairs. */
  plan(pairs: readonly ProviderPair[]): readonly ProviderQuestion[]
  /** The price of one pair in an answer to a path that was asked for it. */
  read(answer: unknown, pair: ProviderPair): ReadPrice
}

export type ProviderQuestion = { readonly path: string; readonly pairs: readonly ProviderPair[] }

/** Seconds since 1970, of this century: digits alone, so that a float or a word is no time. */
const SECONDS = /^[0-9]{10}$/
const MALFORMED = { kind: 'refused', reason: 'malformed' } as const
const OTHER_PAIR = { kind: 'refused', reason: 'other_pair' } as const

export const PROVIDERS: Readonly<Record<RateProvider, Provider>> = {
  binance: {
    url: 'https://api.binance.com',
    plan: planEach(({ coin, currency }) => `/api/v3/ticker/bookTicker?symbol=${coin}${currency}`),
    read(answer, { coin, currency }) {
      if (readMember(answer, 'symbol') !== `${coin}${currency}`) return OTHER_PAIR
      return priceOf(readMember(answer, 'bidPrice'))
    },
  },
  bitstamp: {
    url: 'https://www.bitstamp.net',
    plan: planEach(({ coin, currency }) => `/api/v2/ticker/${`${coin}${currency}`.toLowerCase()}/`),
    read(answer) {
      const seconds = readMember(answer, 'timestamp')
      if (typeof seconds !== 'string' || !SECONDS.test(seconds)) return MALFORMED
      return priceOf(readMember(answer, 'bid'), toMs(seconds))
    },
  },
  coinbase: {
    url: 'https://api.coinbase.com',
    plan: planEach(({ coin, currency }) => `/v2/prices/${coin}-${currency}/spot`),
    read(answer, { coin, currency }) {
      const data = readMember(answer, 'data')
      const isOther = readMember(data, 'base') !== coin || readMember(data, 'currency') !== currency
      return isOther ? OTHER_PAIR : priceOf(readMember(data, 'amount'))
    },
  },
  coingecko: {
    url: 'https://api.coingecko.com',
    plan(pairs) {
      const list = (names: readonly string[]) => [...new Set(names)].sort().join(',')
      const query = new URLSearchParams({
        ids: list(pairs.map(({ coin }) => coin)),
        vs_currencies: list(pairs.map(({ currency }) => currency.toLowerCase())),
        include_last_updated_at: 'true',
        precision: 'full',
      })
      return [{ path: `/api/v3/simple/price?${query}`, pairs }]
    },
    read(answer, { coin, currency }) {
      const entry = readMember(answer, coin)
      const seconds = readNumber(readMember(entry, 'last_updated_at'))
      if (seconds === null || !SECONDS.test(seconds)) return MALFORMED
      return priceOf(readNumber(readMember(entry, currency.toLowerCase())), toMs(seconds))
    },
  },
  kraken: {
    url: 'https://api.kraken.com',
    plan: planEach(({ coin, currency }) => `/0/public/Ticker?pair=${coin}${currency}`),
    read(answer, { coin, currency }) {
      const faults = readMember(answer, 'error')
      const result = readMember(answer, 'result')
      if (!Array.isArray(faults) || faults.length > 0) return MALFORMED
      if (typeof result !== 'object' || result === null) return MALFORMED
      // Old markets carry a letter before each name: XETHZUSD, but USDCUSD.
      const names = ['', 'X', 'Z'].flatMap((a) =>
        ['', 'X', 'Z'].map((b) => `${a}${coin}${b}${currency}`),
      )
      const [name, ...others] = Object.keys(result)
      if (name === undefined || others.length > 0 || !names.includes(name)) return OTHER_PAIR
      const bid = readMember(readMember(result, name), 'b')
      return priceOf(Array.isArray(bid) ? bid[0] : null)
    },
  },
}

function planEach(pathOf: (pair: ProviderPair) => string): Provider['plan'] {
  return (pairs) => pairs.map((pair) => ({ path: pathOf(pair), pairs: [pair] }))
}

/** All of them write prices as text, or the reader has taken the digits out. */
function priceOf(text: unknown, atMs: number | null = null): ReadPrice {
  return typeof text === 'string' ? { kind: 'price', text, atMs } : MALFORMED
}

function toMs(seconds: string): number {
  return Number.parseInt(seconds, 10) * SECOND_MS
}
