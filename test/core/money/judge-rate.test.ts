import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { agreeOnRate, isWithin, judgeRate } from '../../../src/core/money/judge-rate.ts'
import { parseRate, type Rate } from '../../../src/core/money/rate.ts'
import { createBand, standardBands } from '../../../src/core/money/rate-bands.ts'

const NOW_MS = 1_790_000_000_000
type Rules = { maxDeviationBps: number; minSources: number | null }
const RULES: Rules = { maxDeviationBps: 200, minSources: null }

const rateOf = (text: string, atMs = NOW_MS): Rate => {
  const value = parseRate(text)
  if (value === null) throw new Error(`no rate: ${text}`)
  return { value, text, source: text, atMs }
}

/** The price taken, or why none is. */
const agree = (
  pair: string,
  prices: readonly string[],
  carriers = prices.length,
  rules = RULES,
) => {
  const agreement = agreeOnRate(
    pair,
    prices.map((text) => rateOf(text)),
    carriers,
    rules,
  )
  return agreement.kind === 'agreed' ? agreement.rate.text : agreement.reason
}

describe('PA-31 sources that agree, and sources that do not', () => {
  // biome-ignore format: a table reads better in rows
  test.each<[string, string[], string]>([
    ['one source alone', ['2500'], '2500'],
    ['2 % apart: the lower one, so that the merchant is not short', ['2550', '2500'], '2500'],
    ['a hair above 2 %', ['2500', '2550.01'], 'disagreement'],
    ['a poisoned one of two is no average', ['2500', '25000'], 'disagreement'],
    ['an inverted one of two', ['2500', '0.0004'], 'disagreement'],
    ['a poisoned one of three', ['2500', '25000', '2510'], '2510'],
    ['an inverted one of three', ['2500', '0.0004', '2510'], '2500'],
    ['three that drift apart', ['2500', '2600', '2700'], 'disagreement'],
    ['two against two', ['2500', '2500', '3000', '3000'], 'disagreement'],
    ['three against one', ['2500', '2501', '2502', '3000'], '2501'],
    ['none', [], 'no_source'],
  ])('%s', (_what, prices, expected) => {
    expect(agree('ETH/USD', prices)).toBe(expected)
    expect(agree('ETH/USD', prices.toReversed())).toBe(expected)
  })

  test('of two fiat rates the higher one: amounts are divided by it', () => {
    expect(agree('EUR/USD', ['1.10', '1.11'])).toBe('1.11')
  })

  test('a source that fell silent leaves one of two, which is not enough; of three, two are', () => {
    expect(agree('ETH/USD', ['2500'], 2)).toBe('too_few')
    expect(agree('ETH/USD', ['2500', '2510'], 3)).toBe('2500')
  })

  test('min_sources asks for more, or for one alone', () => {
    const three = { ...RULES, minSources: 3 }
    expect(agree('ETH/USD', ['2500', '2510'], 2, three)).toBe('too_few')
    expect(agree('ETH/USD', ['2500', '2510', '9000'], 3, three)).toBe('disagreement')
    expect(agree('ETH/USD', ['2500'], 2, { ...RULES, minSources: 1 })).toBe('2500')
  })

  test('what is agreed is always a price that a source gave, and most are near it', () => {
    const price = fc.integer({ min: 1, max: 4_000 }).map((cents) => `${cents}.5`)
    fc.assert(
      fc.property(fc.array(price, { minLength: 1, maxLength: 7 }), (prices) => {
        const taken = agree('ETH/USD', prices)
        if (!prices.includes(taken)) return taken === 'disagreement'
        const near = prices.filter((other) =>
          isWithin(rateOf(other).value, rateOf(taken).value, RULES.maxDeviationBps),
        )
        return near.length * 2 > prices.length
      }),
      { seed: 31, numRuns: 2_000 },
    )
  })
})

describe('PA-30 a price is judged by its age and its band', () => {
  const band = createBand('50', '200000')
  // biome-ignore format: a table reads better in rows
  test.each<[string, string, number, string | null]>([
    ['young', '2500', 0, null],
    ['as old as allowed', '2500', 60_000, null],
    ['a moment too old', '2500', 60_001, 'stale'],
    ['an hour old', '2500', 3_600_000, 'stale'],
    ['a little ahead of our clock', '2500', -600_000, null],
    ['far ahead', '2500', -600_001, 'from_the_future'],
    ['inverted', '0.0004', 0, 'out_of_band'],
    ['at the lower end', '50', 0, null],
    ['below it', '49.999999', 0, 'out_of_band'],
    ['above the upper end', '200000.01', 0, 'out_of_band'],
  ])('%s', (_what, text, ageMs, expected) => {
    expect(judgeRate(rateOf(text, NOW_MS - ageMs), { maxAgeMs: 60_000, band }, NOW_MS)).toBe(expected)
  })

  test('every standard band refuses nothing and too much', () => {
    for (const [pair, { min, max }] of standardBands()) {
      const limits = { maxAgeMs: 1, band: { min, max } }
      const isRefused = (numerator: bigint, denominator: bigint) =>
        judgeRate({ ...rateOf('1'), value: { numerator, denominator } }, limits, NOW_MS) !== null
      expect([pair, isRefused(0n, 1n)]).toEqual([pair, true])
      expect([pair, isRefused(10n ** 30n, 1n)]).toEqual([pair, true])
    }
  })

  test('a band is two prices in order', () => {
    expect(createBand('2', '1')).toBeNull()
    expect(createBand('0', '1')).toBeNull()
    expect(createBand('1', 'Infinity')).toBeNull()
    expect(createBand('1', '1')).not.toBeNull()
  })
})
