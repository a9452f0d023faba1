/** Hex strings of a JSON document, which is how nodes write bytes and numbers, as spans of digits. */
import { isHex, nibbleOf } from '../../core/proof/hex-digits.ts'
import { type JsonCursor, refuse, skipSpace, skipValue } from './json-cursor.ts'

/** The 14 hex digits of 2^53 - 1, the largest integer a number holds exactly. */
const MAX_QUANTITY_DIGITS = 14
const QUOTE = 0x22
const ZERO = 0x30
const SMALL_X = 0x78

/**
 * `0x` and exactly so many hex digits of either case. Returns where the digits begin; the cursor
 * stands behind the string.
 */
export function readFixedHex(
  cursor: JsonCursor,
  digits: number,
  field: string,
  expected: string,
): number {
  const start = beginHex(cursor)
  const end = start + digits
  const { bytes } = cursor
  if (start < 0 || bytes[end] !== QUOTE || !isHex(bytes, start, end)) {
    throw refuse(cursor, field, expected)
  }
  cursor.at = end + 1
  return start
}

/** `0x` and hex digits, any number of them. Returns where they begin; they end before the quote. */
export function readAnyHex(cursor: JsonCursor, field: string, expected: string): number {
  const start = beginHex(cursor)
  const { bytes } = cursor
  let end = start
  if (start >= 0) while (nibbleOf(bytes[end]!) < 16) end += 1
  if (start < 0 || bytes[end] !== QUOTE) throw refuse(cursor, field, expected)
  cursor.at = end + 1
  return start
}

/**
 * Hex digits if that is what comes next: where they begin; they end before `cursor.at - 1`. -1 for any
 * other value, which is skipped.
 */
export function takeHex(cursor: JsonCursor): number {
  const start = beginHex(cursor)
  if (start >= 0) {
    const { bytes } = cursor
    let end = start
    while (nibbleOf(bytes[end]!) < 16) end += 1
    if (bytes[end] === QUOTE) {
      cursor.at = end + 1
      return start
    }
  }
  skipValue(cursor)
  return -1
}

/** Where the digits after `"0x` begin; -1 when something else comes next. */
function beginHex(cursor: JsonCursor): number {
  const code = skipSpace(cursor)
  const { bytes, at } = cursor
  return code === QUOTE && bytes[at + 1] === ZERO && bytes[at + 2] === SMALL_X ? at + 3 : -1
}

/** A number in the one form the protocol allows: `0x0`, or lower-case hex without leading zeros. */
export function readQuantity(cursor: JsonCursor, field: string): number {
  const start = beginHex(cursor)
  const { bytes } = cursor
  let number = 0
  let at = start
  if (start >= 0) {
    for (; at - start <= MAX_QUANTITY_DIGITS; at += 1) {
      const code = bytes[at]!
      if (code >= 0x30 && code <= 0x39) number = number * 16 + (code - 0x30)
      else if (code >= 0x61 && code <= 0x66) number = number * 16 + (code - 0x57)
      else break
    }
  }
  const digits = at - start
  const isPlain = digits > 0 && (digits === 1 || bytes[start] !== ZERO)
  if (start < 0 || bytes[at] !== QUOTE || !isPlain || number > Number.MAX_SAFE_INTEGER) {
    throw refuse(cursor, field, 'a hex quantity below 2^53')
  }
  cursor.at = at + 1
  return number
}
