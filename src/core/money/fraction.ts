/** Exact rational numbers for rates and shares. The denominator is above zero; always reduced. */
import { assert } from '../assert.ts'

export type Fraction = { readonly numerator: bigint; readonly denominator: bigint }

export const ZERO: Fraction = { numerator: 0n, denominator: 1n }
export const ONE: Fraction = { numerator: 1n, denominator: 1n }

export function createFraction(numerator: bigint, denominator: bigint): Fraction {
  assert(denominator > 0n, 'a fraction has a denominator above zero')
  const divisor = greatestCommonDivisor(numerator < 0n ? -numerator : numerator, denominator)
  return { numerator: numerator / divisor, denominator: denominator / divisor }
}

export function addFractions(a: Fraction, b: Fraction): Fraction {
  return createFraction(
    a.numerator * b.denominator + b.numerator * a.denominator,
    a.denominator * b.denominator,
  )
}

export function subtractFractions(a: Fraction, b: Fraction): Fraction {
  return addFractions(a, { numerator: -b.numerator, denominator: b.denominator })
}

export function multiplyFractions(a: Fraction, b: Fraction): Fraction {
  return createFraction(a.numerator * b.numerator, a.denominator * b.denominator)
}

export function divideFractions(a: Fraction, b: Fraction): Fraction {
  assert(b.numerator > 0n, 'a divisor is above zero')
  return createFraction(a.numerator * b.denominator, a.denominator * b.numerator)
}

/** Below zero, zero or above zero, as `a` is less than, equal to or more than `b`. */
export function compareFractions(a: Fraction, b: Fraction): number {
  const left = a.numerator * b.denominator
  const right = b.numerator * a.denominator
  return left < right ? -1 : left > right ? 1 : 0
}

/** The smallest integer not below the fraction (which is not negative). */
export function ceilFraction(value: Fraction): bigint {
  assert(value.numerator >= 0n, 'only amounts are rounded, and they are not negative')
  return (value.numerator + value.denominator - 1n) / value.denominator
}

/** The largest integer not above the fraction (which is not negative). */
export function floorFraction(value: Fraction): bigint {
  assert(value.numerator >= 0n, 'only amounts are rounded, and they are not negative')
  return value.numerator / value.denominator
}

/** Of a number that is not negative and one above zero. */
function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  while (b !== 0n) [a, b] = [b, a % b]
  return a
}
