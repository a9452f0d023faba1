import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { judgeToleranceAmount, requiredShare } from '../../../src/core/invoice/tolerance.ts'

const required = (amount: string, toleranceBps: number, toleranceAmount?: string) => {
  const terms = { price: { amount, currency: 'USD' }, toleranceBps, toleranceAmount }
  const { numerator, denominator } = requiredShare(terms)
  return `${numerator}/${denominator}`
}

describe('PA-04 the share that settles', () => {
  // biome-ignore format: a table reads better in rows
  test.each<[string, string, number, string | undefined, string]>([
    ['all of it', '25.00', 0, undefined, '1/1'],
    ['less a share', '25.00', 100, undefined, '99/100'],
    ['less an amount', '25.00', 0, '0.05', '499/500'],
    ['the larger one is the amount', '1.00', 100, '0.05', '19/20'],
    ['the larger one is the share', '100.00', 100, '0.05', '99/100'],
    ['an amount of nothing', '25.00', 0, '0', '1/1'],
    ['prices in the smallest units of a fine asset', '0.000000000000000003', 0, '0.000000000000000001', '2/3'],
  ])('%s', (_what, price, bps, amount, expected) => {
    expect(required(price, bps, amount)).toBe(expected)
  })

  test('is above zero for every amount that may be given, whatever the price', () => {
    const cents = fc.bigInt({ min: 1n, max: 10n ** 12n })
    fc.assert(
      fc.property(cents, cents, fc.integer({ min: 0, max: 9_999 }), (price, floor, bps) => {
        const [amount, tolerance] = [String(price), String(floor)]
        if (judgeToleranceAmount(tolerance, amount) !== null) return floor >= price
        return !required(amount, bps, tolerance).startsWith('0')
      }),
      { seed: 4, numRuns: 1_000 },
    )
  })
})

test.each(['25', '25.00', '25.01', '-1', '1e-2', '', '.5', 'a', '0,5', '00.1'])(
  '%j is no tolerance of a price of 25',
  (text) => {
    expect(judgeToleranceAmount(text, '25.00')).not.toBeNull()
  },
)
