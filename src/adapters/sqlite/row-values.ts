/**
 * How single values stand in a row. Units are decimal text (no 64-bit limit, no float), shares
 * `n/d`, deposit addresses 20 bytes, booleans 0 and 1. Integers of rows fit a double: times,
 * heights and counters end far below 2^53.
 */
import { assert } from '../../core/assert.ts'
import type { Address } from '../../core/money/asset.ts'
import type { Fraction } from '../../core/money/fraction.ts'

export type Flag = 0 | 1

export function toFlag(value: boolean): Flag {
  return value ? 1 : 0
}

export function addressToBytes(address: Address): Buffer {
  return Buffer.from(address.slice(2), 'hex')
}

export function bytesToAddress(bytes: Buffer): Address {
  return `0x${bytes.toString('hex')}`
}

export function fractionToText(fraction: Fraction): string {
  return `${fraction.numerator}/${fraction.denominator}`
}

export function textToFraction(text: string): Fraction {
  const [numerator, denominator] = text.split('/')
  assert(numerator !== undefined && denominator !== undefined, 'a stored fraction is n/d')
  return { numerator: BigInt(numerator), denominator: BigInt(denominator) }
}
