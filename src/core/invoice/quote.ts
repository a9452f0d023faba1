import { assert } from '../assert.ts'
import { ceilFraction, type Fraction } from '../money/fraction.ts'

export type QuoteInput = {
  /** Price in the smallest unit of the currency, e.g. cents. */
  readonly amountMinor: bigint
  readonly currencyDecimals: number
  /** Whole units of the currency per whole coin, above zero. */
  readonly rate: Fraction
  readonly assetDecimals: number
}

/**
 * Units due for a price: `amount / rate`, in the asset's smallest unit, rounded up. The one place
 * where money is rounded: once, and never below the price.
 */
export function quotePrice(input: QuoteInput): bigint {
  const { numerator, denominator } = input.rate
  assert(numerator > 0n, 'a rate is above zero')
  const units = input.amountMinor * 10n ** BigInt(input.assetDecimals) * denominator
  // Not reduced first: the result is the same, and there are many quotes.
  return ceilFraction({
    numerator: units,
    denominator: 10n ** BigInt(input.currencyDecimals) * numerator,
  })
}
