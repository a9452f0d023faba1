/** Where rates come from and what is believed of them, as the configuration says. */
import type { Address } from './asset.ts'
import type { Fraction } from './fraction.ts'

export const RATE_PROVIDERS = ['binance', 'bitstamp', 'coinbase', 'coingecko', 'kraken'] as const

/** A public API of market prices. */
export type RateProvider = (typeof RATE_PROVIDERS)[number]

/** A market at a provider: what we call it and what the provider does. */
export type ProviderPair = {
  /** As everywhere here, `ETH/USD`. */
  readonly pair: string
  /** The provider's name of the coin: `XBT`, `ethereum`. */
  readonly coin: string
  /** Fiat code in upper case. */
  readonly currency: string
}

export type RateSourceSettings =
  | { readonly kind: 'fixed'; readonly prices: Readonly<Record<string, string>> }
  | {
      /** A contract with the read interface of Chainlink's aggregators. */
      readonly kind: 'chainlink'
      readonly chainId: number
      readonly address: Address
      readonly pair: string
      readonly maxAgeMs: number
      /** How long a reading serves before the contract is read again. */
      readonly refreshMs: number
    }
  | {
      readonly kind: RateProvider
      /** Another place that speaks the same API; null for the provider's own. */
      readonly url: string | null
      readonly pairs: readonly ProviderPair[]
      readonly maxAgeMs: number
      readonly refreshMs: number
    }

/** Both ends still belong to it. */
export type RateBand = { readonly min: Fraction; readonly max: Fraction }

/** What must hold before a rate is used. */
export type RateRules = {
  /** How far sources may be apart, in hundredths of a percent of the lower one. */
  readonly maxDeviationBps: number
  /** Sources that must agree; null: two, or one where only one carries the pair. */
  readonly minSources: number | null
  /** How far a rate may move from the last one used within an hour, in hundredths of a percent. */
  readonly maxJumpBps: number
  /** By pair: outside of it no live price is believed. */
  readonly bands: ReadonlyMap<string, RateBand>
}

export type RateSettings = {
  readonly sources: readonly RateSourceSettings[]
  readonly rules: RateRules
}
