/**
 * The one place where money changes between text and integer units. Exact or refused: nothing is
 * rounded, no float is involved.
 */
import { assert } from '../assert.ts'

/** Digits before the point: 78 hold any uint256. Longer text is refused before it is looked at. */
const MAX_INTEGER_DIGITS = 78
/** Decimals of the finest asset that is accepted anywhere; tokens with more are refused at start. */
export const MAX_DECIMALS = 36

/** The largest amount a chain can move: 2^256 - 1. */
export const MAX_UNITS = 2n ** 256n - 1n

export type DecimalFault = 'malformed' | 'too_many_decimals' | 'out_of_range'

export type ParsedDecimal =
  | { readonly ok: true; readonly units: bigint }
  | { readonly ok: false; readonly fault: DecimalFault }

const DECIMAL = /^(0|[1-9][0-9]*)(?:\.([0-9]+))?$/

/**
 * Parses `^(0|[1-9]\d{0,77})(\.\d{1,n})?$` with n = decimals into integer units. More digits than the
 * asset has are refused, also zeros; so are signs, exponents, blanks and other scripts' digits.
 */
export function parseDecimal(text: string, decimals: number): ParsedDecimal {
  assert(Number.isInteger(decimals) && decimals >= 0 && decimals <= MAX_DECIMALS, 'decimals 0..36')
  if (text.length > MAX_INTEGER_DIGITS + 1 + MAX_DECIMALS) return { ok: false, fault: 'malformed' }
  const match = DECIMAL.exec(text)
  if (match === null) return { ok: false, fault: 'malformed' }
  const whole = match[1] as string
  const fraction = match[2] ?? ''
  if (whole.length > MAX_INTEGER_DIGITS) return { ok: false, fault: 'malformed' }
  if (fraction.length > decimals) return { ok: false, fault: 'too_many_decimals' }
  const units = BigInt(whole + fraction.padEnd(decimals, '0'))
  return units > MAX_UNITS ? { ok: false, fault: 'out_of_range' } : { ok: true, units }
}

/** Canonical text of an amount: exact, no trailing zeros, no exponent. */
export function formatDecimal(units: bigint, decimals: number): string {
  if (units < 0n) return `-${formatDecimal(-units, decimals)}`
  const digits = units.toString().padStart(decimals + 1, '0')
  const whole = digits.slice(0, digits.length - decimals)
  let end = digits.length
  while (end > whole.length && digits[end - 1] === '0') end -= 1
  return end === whole.length ? whole : `${whole}.${digits.slice(whole.length, end)}`
}
