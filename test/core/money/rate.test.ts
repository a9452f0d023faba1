import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createFraction } from '../../../src/core/money/fraction.ts'
import { crossRate, formatRate, parseRate, type Rate } from '../../../src/core/money/rate.ts'
import { assertProperty } from '../../support/assert-property.ts'

function makeRate(text: string, source: string, atMs: number): Rate {
  const value = parseRate(text)
  if (value === null) throw new Error('the test gives a rate')
  return { value, text, source, atMs }
}

describe('parseRate', () => {
  test.each([
    ['1', 1n, 1n],
    ['2500', 2500n, 1n],
    ['0.0004', 1n, 2500n],
    ['1.10', 11n, 10n],
    ['0.000000000000000001', 1n, 10n ** 18n],
  ])('%s is exact', (text, numerator, denominator) => {
    expect(parseRate(text)).toEqual({ numerator, denominator })
  })

  // biome-ignore format: a table reads better in rows
  test.each([
    '', '0', '0.0', '0.000', '-1', '+1', '01', '.5', '5.', '1,5', '1e3', 'NaN', 'Infinity', '-Infinity',
    ' 1', '1 ', '1\n', '0x1', '1/2', 'null', '\u0661', '1'.repeat(31), `1.${'0'.repeat(37)}`,
  ])('PA-30 %j is no rate', (text) => {
    expect(parseRate(text)).toBeNull()
  })
})

describe('crossRate', () => {
  test('is exact, names both sources and has the older time', () => {
    const rate = crossRate(makeRate('3000', 'a', 2_000), makeRate('0.9', 'b', 1_000))
    expect(rate.value).toEqual(createFraction(10_000n, 3n))
    expect(rate).toMatchObject({ text: '3333.333333333333333333', source: 'a+b', atMs: 1_000 })
  })

  test('of one source names it once', () => {
    expect(crossRate(makeRate('1', 'a', 1), makeRate('2', 'a', 2)).source).toBe('a')
  })
})

describe('formatRate', () => {
  test.each([
    [1n, 1n, '1'],
    [1n, 2n, '0.5'],
    [2n, 3n, '0.666666666666666666'],
    [123n, 100n, '1.23'],
    [10n ** 25n, 1n, `1${'0'.repeat(25)}`],
  ])('%s/%s reads %s', (numerator, denominator, text) => {
    expect(formatRate(createFraction(numerator, denominator))).toBe(text)
  })

  test('what has at most 18 decimals reads back', () => {
    assertProperty(
      fc.property(fc.bigInt(1n, 10n ** 40n), (scaled) => {
        const value = createFraction(scaled, 10n ** 18n)
        expect(parseRate(formatRate(value))).toEqual(value)
      }),
    )
  })
})
