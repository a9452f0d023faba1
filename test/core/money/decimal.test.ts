import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatDecimal, MAX_UNITS, parseDecimal } from '../../../src/core/money/decimal.ts'
import { anyDecimals, anyUnits, assertProperty } from '../../support/assert-property.ts'

/** Digits and points often, and anything else of Unicode. */
const anyCharacter = fc.oneof(
  fc.constantFrom(...'0123456789.'),
  fc.integer({ min: 0, max: 0x10ffff }).map((code) => String.fromCodePoint(code)),
)

describe('parseDecimal accepts', () => {
  // biome-ignore format: a table reads better in rows
  test.each([
    ['0', 0, 0n], ['0', 18, 0n], ['0.0', 1, 0n], ['1', 0, 1n], ['1', 6, 1_000_000n],
    ['25.00', 2, 2_500n], ['25.5', 2, 2_550n], ['0.000001', 6, 1n], ['10.999', 3, 10_999n],
    ['0.1', 18, 100_000_000_000_000_000n], ['999999.999999', 6, 999_999_999_999n],
    ['123456789012345678901234567890', 0, 123456789012345678901234567890n],
    [`0.${'0'.repeat(35)}1`, 36, 1n],
  ])('%s with %i decimals', (text, decimals, units) => {
    expect(parseDecimal(text, decimals)).toEqual({ ok: true, units })
  })
})

describe('IN-01 parseDecimal refuses', () => {
  // biome-ignore format: a table reads better in rows
  test.each([
    ['empty', ''], ['plus', '+1'], ['minus', '-1'], ['minus zero', '-0'], ['Unicode minus', '\u22121'],
    ['blank before', ' 1'], ['blank after', '1 '], ['blank inside', '1 000'], ['line end', '1\n'],
    ['no-break blank', '1\u00a0'], ['zero-width blank', '1\u200b'], ['byte order mark', '\ufeff1'],
    ['NUL', '1\u0000'], ['leading zero', '01'], ['two zeros', '00'], ['leading zeros', '00.5'],
    ['bare point', '.'], ['point first', '.5'], ['point last', '5.'], ['two points', '1.2.3'],
    ['comma', '1,5'], ['thousands', '1,000'], ['underscore', '1_000'], ['apostrophe', "1'000"],
    ['Arabic digits', '\u0661\u0662'], ['Devanagari digits', '\u0967'], ['full-width digits', '\uff11'],
    ['superscript', '1\u00b2'], ['fraction sign', '\u00bd'], ['Arabic point', '1\u066b5'],
    ['hex', '0x10'], ['octal', '0o7'], ['binary', '0b1'], ['hex digits', 'ff'], ['bigint', '1n'],
    ['exponent', '1e3'], ['capital exponent', '1E3'], ['negative exponent', '1e-3'],
    ['NaN', 'NaN'], ['Infinity', 'Infinity'], ['word', 'ten'], ['null', 'null'], ['true', 'true'],
    ['currency', '$1'], ['code', '1 USD'], ['fraction', '1/2'], ['percent', '1%'], ['list', '1;2'],
    ['79 digits before the point', '1'.repeat(79)], ['a megabyte', '9'.repeat(1_000_000)],
  ])('%s', (_name, text) => {
    for (const decimals of [0, 2, 18, 36]) {
      expect(parseDecimal(text, decimals)).toEqual({ ok: false, fault: 'malformed' })
    }
  })
})

describe('IN-02 parseDecimal never rounds', () => {
  // biome-ignore format: a table reads better in rows
  test.each([
    ['10.999', 2], ['10.990', 2], ['10.000', 2], ['1.0', 0], ['0.0000001', 6], ['1.5', 0],
    [`0.${'0'.repeat(36)}`, 35],
  ])('%s with %i decimals is refused', (text, decimals) => {
    expect(parseDecimal(text, decimals)).toEqual({ ok: false, fault: 'too_many_decimals' })
  })

  test('nor goes over a uint256', () => {
    expect(MAX_UNITS).toBe(BigInt(`0x${'f'.repeat(64)}`))
    const most = formatDecimal(MAX_UNITS, 18)
    expect(parseDecimal(most, 18)).toEqual({ ok: true, units: MAX_UNITS })
    const over = { ok: false, fault: 'out_of_range' }
    expect(parseDecimal(formatDecimal(MAX_UNITS + 1n, 18), 18)).toEqual(over)
    expect(parseDecimal('9'.repeat(78), 0)).toEqual(over)
    expect(parseDecimal('9'.repeat(78), 36)).toEqual(over)
  })

  test.each([-1, 37, 1.5, Number.NaN])('%s decimals are a bug', (decimals) => {
    expect(() => parseDecimal('1', decimals)).toThrow('invariant broken')
  })
})

describe('formatDecimal', () => {
  // biome-ignore format: a table reads better in rows
  test.each([
    [0n, 0, '0'], [0n, 18, '0'], [1n, 0, '1'], [10n, 0, '10'], [100n, 2, '1'], [1n, 2, '0.01'],
    [120n, 2, '1.2'], [25_000_000n, 6, '25'], [1n, 18, '0.000000000000000001'], [-150n, 2, '-1.5'],
    [10n ** 21n, 0, '1000000000000000000000'], [10n ** 21n, 18, '1000'],
    [1n, 36, `0.${'0'.repeat(35)}1`],
  ])('%s units of %i decimals are %s', (units, decimals, text) => {
    expect(formatDecimal(units, decimals)).toBe(text)
  })
})

describe('properties', () => {
  test('units -> text -> units, for every number of decimals', () => {
    assertProperty(
      fc.property(anyUnits, anyDecimals, (units, decimals) => {
        const text = formatDecimal(units, decimals)
        expect(text).toMatch(/^(0|[1-9]\d*)(\.\d*[1-9])?$/)
        expect(parseDecimal(text, decimals)).toEqual({ ok: true, units })
      }),
      [
        [MAX_UNITS, 0],
        [MAX_UNITS, 18],
        [MAX_UNITS, 36],
      ],
    )
  })

  test('text -> units -> the same text without trailing zeros', () => {
    const digits = (min: number, max: number) =>
      fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: min, maxLength: max })
    assertProperty(
      fc.property(fc.bigInt(0n, 10n ** 40n), digits(0, 36), (whole, fraction) => {
        const text = fraction === '' ? `${whole}` : `${whole}.${fraction}`
        const parsed = parseDecimal(text, fraction.length)
        const canonical = text.includes('.') ? text.replace(/\.?0+$/, '') : text
        expect(parsed.ok && formatDecimal(parsed.units, fraction.length)).toBe(canonical)
      }),
    )
  })

  test('one digit too many is always refused', () => {
    assertProperty(
      fc.property(fc.bigInt(0n, 10n ** 30n), fc.integer({ min: 0, max: 35 }), (units, decimals) => {
        const text = `${formatDecimal(units, 0)}.${'0'.repeat(decimals)}1`
        expect(parseDecimal(text, decimals)).toEqual({ ok: false, fault: 'too_many_decimals' })
      }),
    )
  })

  test('any other text is refused or read exactly, and never throws', () => {
    assertProperty(
      fc.property(fc.string({ unit: anyCharacter }), anyDecimals, (text, decimals) => {
        const parsed = parseDecimal(text, decimals)
        expect(parsed.ok).toBe(
          /^(0|[1-9]\d{0,77})(\.\d+)?$/.test(text) && (text.split('.')[1] ?? '').length <= decimals,
        )
      }),
    )
  })
})
