/**
 * Prices in USD outside of which a live source is broken or inverted, whatever the market does.
 * Wide on purpose: they catch 0.0004 for 2500, not a bad day. The configuration may name others.
 */
import { parseRate } from './rate.ts'
import type { RateBand } from './rate-settings.ts'

// biome-ignore format: a table reads better in rows
const BANDS_IN_USD: Readonly<Record<string, readonly [string, string]>> = {
  ETH: ['50', '200000'], WETH: ['50', '200000'], BTC: ['1000', '10000000'],
  BNB: ['10', '20000'], AVAX: ['0.5', '5000'], POL: ['0.005', '100'],
  USDC: ['0.5', '1.5'], USDT: ['0.5', '1.5'], DAI: ['0.5', '1.5'], XDAI: ['0.5', '1.5'],
  EURC: ['0.5', '2.5'], EUR: ['0.5', '2.5'], GBP: ['0.5', '3'], CHF: ['0.5', '3'],
  JPY: ['0.001', '0.05'], CNY: ['0.03', '0.6'],
}

/** The bands that hold where the configuration names no other, by pair. */
export function standardBands(): Map<string, RateBand> {
  return new Map(
    Object.entries(BANDS_IN_USD).map(([coin, [min, max]]) => [
      `${coin}/USD`,
      createBand(min, max) as RateBand,
    ]),
  )
}

/** Null for a text that is no price, and for a lower end above the upper one. */
export function createBand(minText: string, maxText: string): RateBand | null {
  const [min, max] = [parseRate(minText), parseRate(maxText)]
  if (min === null || max === null) return null
  return min.numerator * max.denominator > max.numerator * min.denominator ? null : { min, max }
}
