import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  addFractions,
  ceilFraction,
  compareFractions,
  createFraction,
  divideFractions,
  floorFraction,
  multiplyFractions,
  ONE,
  subtractFractions,
  ZERO,
} from '../../../src/core/money/fraction.ts'
import { anyUnits, assertProperty, someUnits } from '../../support/assert-property.ts'

const part = fc.tuple(anyUnits, fc.boolean()).map(([n, isNegative]) => (isNegative ? -n : n))
const fraction = fc.tuple(part, someUnits).map(([n, d]) => createFraction(n, d))
const positiveFraction = fc.tuple(someUnits, someUnits).map(([n, d]) => createFraction(n, d))

describe('createFraction', () => {
  test('reduces', () => {
    expect(createFraction(6n, 4n)).toEqual({ numerator: 3n, denominator: 2n })
    expect(createFraction(-6n, 4n)).toEqual({ numerator: -3n, denominator: 2n })
    expect(createFraction(0n, 7n)).toEqual(ZERO)
    expect(createFraction(7n, 7n)).toEqual(ONE)
  })

  test.each([0n, -1n])('a denominator of %s is a bug', (denominator) => {
    expect(() => createFraction(1n, denominator)).toThrow('invariant broken')
  })
})

describe('arithmetic', () => {
  test('thirds make one, which no float does for tenths', () => {
    const third = createFraction(1n, 3n)
    expect(addFractions(addFractions(third, third), third)).toEqual(ONE)
    const tenth = createFraction(1n, 10n)
    const sum = Array.from({ length: 10 }, () => tenth).reduce(addFractions, ZERO)
    expect(sum).toEqual(ONE)
  })

  test('what is added can be taken away, what is multiplied can be divided', () => {
    assertProperty(
      fc.property(fraction, positiveFraction, (a, b) => {
        expect(subtractFractions(addFractions(a, b), b)).toEqual(a)
        expect(divideFractions(multiplyFractions(a, b), b)).toEqual(a)
        expect(addFractions(a, b)).toEqual(addFractions(b, a))
      }),
    )
  })

  test('dividing by zero or less is a bug', () => {
    expect(() => divideFractions(ONE, ZERO)).toThrow('invariant broken')
    expect(() => divideFractions(ONE, createFraction(-1n, 2n))).toThrow('invariant broken')
  })

  test('comparison is the sign of the difference', () => {
    assertProperty(
      fc.property(fraction, fraction, (a, b) => {
        const { numerator } = subtractFractions(a, b)
        expect(compareFractions(a, b)).toBe(numerator === 0n ? 0 : numerator > 0n ? 1 : -1)
      }),
    )
  })
})

describe('rounding', () => {
  test.each([
    [0n, 1n, 0n, 0n],
    [1n, 3n, 0n, 1n],
    [3n, 3n, 1n, 1n],
    [4n, 3n, 1n, 2n],
  ])('%s/%s lies between %s and %s', (numerator, denominator, floor, ceil) => {
    const value = createFraction(numerator, denominator)
    expect([floorFraction(value), ceilFraction(value)]).toEqual([floor, ceil])
  })

  test('floor <= value <= ceil, less than one apart', () => {
    assertProperty(
      fc.property(positiveFraction, (value) => {
        const floor = floorFraction(value)
        const ceil = ceilFraction(value)
        expect(compareFractions(createFraction(floor, 1n), value)).toBeLessThanOrEqual(0)
        expect(compareFractions(createFraction(ceil, 1n), value)).toBeGreaterThanOrEqual(0)
        expect(ceil - floor).toBe(value.denominator === 1n ? 0n : 1n)
      }),
    )
  })

  test('a negative amount is a bug', () => {
    const negative = createFraction(-1n, 2n)
    expect(() => ceilFraction(negative)).toThrow('invariant broken')
    expect(() => floorFraction(negative)).toThrow('invariant broken')
  })
})
