/** What is believed of a price that somebody names. Pure: the same for every source. */
import { fiatDecimals } from './currency.ts'
import { compareFractions, type Fraction, multiplyFractions } from './fraction.ts'
import type { Rate } from './rate.ts'
import type { RateBand, RateRules } from './rate-settings.ts'

/** Why a price of one source is not used. */
export type RateRefusal =
  | 'malformed'
  | 'not_positive'
  | 'other_pair'
  | 'stale'
  | 'from_the_future'
  | 'out_of_band'

/** Clocks differ a little; a price from further ahead has a wrong time, and so an unknown age. */
const AHEAD_MAX_MS = 10 * 60_000
const ALL_BPS = 10_000n

/** Why this price is not used at `nowMs`, or null when it may be. */
export function judgeRate(
  rate: Rate,
  limits: { readonly maxAgeMs: number; readonly band: RateBand | null },
  nowMs: number,
): RateRefusal | null {
  if (rate.atMs > nowMs + AHEAD_MAX_MS) return 'from_the_future'
  if (nowMs - rate.atMs > limits.maxAgeMs) return 'stale'
  const { band } = limits
  if (band === null) return null
  const isInside =
    compareFractions(rate.value, band.min) >= 0 && compareFractions(rate.value, band.max) <= 0
  return isInside ? null : 'out_of_band'
}

export type Agreement =
  | { readonly kind: 'agreed'; readonly rate: Rate }
  | { readonly kind: 'refused'; readonly reason: 'no_source' | 'too_few' | 'disagreement' }

/**
 * One rate from what the sources say of a pair, each price judged before. The middle one, so that no
 * single source decides among three, and always one that a source really gave: never an average. Of
 * two in the middle, the one that asks the shopper for more: the lower price of a coin, the higher
 * one of a currency, which rates are divided by. It counts when at least `minSources` of them, and
 * more than half of all, are within the deviation of it.
 *
 *   2500           -> 2500 (where one source carries the pair)
 *   2500 2510      -> 2500
 *   2500 2600      -> refused, 4 % apart
 *   2500 2510 9999 -> 2510
 *   2500 9999 9999 -> 9999: two of three agree, which is why a band and a jump limit stand beside
 */
export function agreeOnRate(
  pair: string,
  prices: readonly Rate[],
  carriers: number,
  rules: Pick<RateRules, 'maxDeviationBps' | 'minSources'>,
): Agreement {
  if (prices.length === 0) return { kind: 'refused', reason: 'no_source' }
  const sorted = prices.toSorted((a, b) => compareFractions(a.value, b.value))
  const isCurrency = fiatDecimals(pair.split('/')[0] as string) !== null
  const middle = isCurrency ? sorted.length >> 1 : (sorted.length - 1) >> 1
  const rate = sorted[middle] as Rate
  const near = sorted.filter(({ value }) => isWithin(value, rate.value, rules.maxDeviationBps))
  if (near.length * 2 <= sorted.length) return { kind: 'refused', reason: 'disagreement' }
  const needed = rules.minSources ?? Math.min(2, carriers)
  if (near.length < needed) {
    return { kind: 'refused', reason: prices.length < needed ? 'too_few' : 'disagreement' }
  }
  return { kind: 'agreed', rate }
}

/** Whether the higher of the two is at most so many basis points above the lower one. Exact. */
export function isWithin(a: Fraction, b: Fraction, bps: number): boolean {
  if (a === b) return true
  const [low, high] = compareFractions(a, b) <= 0 ? [a, b] : [b, a]
  const allowed = multiplyFractions(low, {
    numerator: ALL_BPS + BigInt(bps),
    denominator: ALL_BPS,
  })
  return compareFractions(high, allowed) <= 0
}
