import { parseRate, type Rate } from '../../core/money/rate.ts'
import { GatewayError } from '../../errors.ts'
import type { RateSource } from '../../ports/rate-source.ts'

const SOURCE = 'fixed'

type FixedPrice = Pick<Rate, 'value' | 'text'>

/**
 * Rates that never change, by pair: for stablecoins counted as one, test chains and merchants who
 * set their own prices. Always as fresh as the question. Throws `invalid_configuration` for a price
 * that is not a positive decimal.
 */
export function createFixedRates(prices: Readonly<Record<string, string>>): RateSource {
  const entries = Object.entries(prices).map(
    ([pair, text]) => [pair, parsePrice(pair, text)] as const,
  )
  const known: ReadonlyMap<string, FixedPrice> = new Map(entries)
  return {
    async getRates(pairs, nowMs) {
      const rates = new Map<string, Rate>()
      for (const pair of pairs) {
        const price = known.get(pair)
        if (price !== undefined) rates.set(pair, { ...price, source: SOURCE, atMs: nowMs })
      }
      return rates
    },
  }
}

function parsePrice(pair: string, text: string): FixedPrice {
  const value = parseRate(text)
  if (value === null) {
    throw new GatewayError(
      'invalid_configuration',
      `the fixed price of ${pair} must be a decimal above zero such as "2500" or "0.9995"`,
    )
  }
  return { value, text }
}
