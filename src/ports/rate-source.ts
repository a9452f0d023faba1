import type { Rate } from '../core/money/rate.ts'

/** Where the price of a coin in a currency comes from. */
export type RateSource = {
  /**
   * Rates of pairs such as `ETH/USD` (coin/currency), as known at `nowMs` (ms since 1970). A pair
   * that is missing from the answer has no trustworthy rate now: what needs it is refused, never
   * guessed. Pairs the source does not carry are missing too; crossing rates is the caller's
   * business.
   */
  getRates(pairs: readonly string[], nowMs: number): Promise<ReadonlyMap<string, Rate>>
}
