import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { quotePrice } from '../../../src/core/invoice/quote.ts'
import { createFraction, type Fraction } from '../../../src/core/money/fraction.ts'
import { parseRate } from '../../../src/core/money/rate.ts'
import { anyDecimals, assertProperty } from '../../support/assert-property.ts'

function rateOf(text: string): Fraction {
  const rate = parseRate(text)
  if (rate === null) throw new Error('the test gives a rate')
  return rate
}

describe('quotePrice', () => {
  // biome-ignore format: a table reads better in rows
  test.each([
    ['25.00 USD in USDC at 1', 2_500n, 2, '1', 6, 25_000_000n],
    ['25.00 USD in ETH at 2500', 2_500n, 2, '2500', 18, 10_000_000_000_000_000n],
    ['0.01 USD in a token without decimals', 1n, 2, '1', 0, 1n],
    ['10.00 USD at 3: a third is rounded up', 1_000n, 2, '3', 6, 3_333_334n],
    ['100 JPY at 0.0000001', 100n, 0, '0.0000001', 2, 100_000_000_000n],
    ['1.000 KWD in an asset of 36 decimals', 1_000n, 3, '1', 36, 10n ** 36n],
  ])('%s', (_name, amountMinor, currencyDecimals, rate, assetDecimals, due) => {
    const input = { amountMinor, currencyDecimals, rate: rateOf(rate), assetDecimals }
    expect(quotePrice(input)).toBe(due)
  })

  test('PA-32 due x rate reaches the price, one unit less does not', () => {
    const positive = fc.bigInt(1n, 10n ** 24n)
    const currency = fc.integer({ min: 0, max: 3 })
    assertProperty(
      fc.property(
        positive,
        currency,
        positive,
        positive,
        anyDecimals,
        (amountMinor, currencyDecimals, numerator, denominator, assetDecimals) => {
          const rate = createFraction(numerator, denominator)
          const due = quotePrice({ amountMinor, currencyDecimals, rate, assetDecimals })
          // Worth in the currency's minor units, both sides multiplied by all denominators.
          const worth = (units: bigint) => units * numerator * 10n ** BigInt(currencyDecimals)
          const price = amountMinor * denominator * 10n ** BigInt(assetDecimals)
          expect(worth(due) >= price).toBe(true)
          expect(worth(due - 1n) < price).toBe(true)
        },
      ),
    )
  })
})
