/** Reading of files that passed through other hands: every field has one form, or is refused by name. */
import { MAX_DERIVATION_INDEX } from '../keys/deposit-address.ts'
import { type Address, type AssetId, type Hash, parseAssetId } from '../money/asset.ts'

/** A field that is not what it must be. Thrown inside this folder only, see `readFields`. */
export type FieldFault = { readonly field: string; readonly detail: string }

export type ReadResult<Value> =
  | { readonly ok: true; readonly value: Value }
  | ({ readonly ok: false } & FieldFault)

/** Runs a reader; the first fault it meets is the result. */
export function readFields<Value>(read: () => Value): ReadResult<Value> {
  try {
    return { ok: true, value: read() }
  } catch (fault) {
    if (!isFault(fault)) throw fault
    return { ok: false, field: fault.field, detail: fault.detail }
  }
}

const UNITS = /^(?:0|[1-9][0-9]{0,77})$/
const HASH = /^0x[0-9a-f]{64}$/
const ADDRESS = /^0x[0-9a-fA-F]{40}$/

export type Fields = Readonly<Record<string, unknown>>

export function asObject(value: unknown, field: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields
  throw wrong(field, 'is not an object')
}

export function asList<Item>(
  value: unknown,
  field: string,
  max: number,
  read: (item: unknown, at: string) => Item,
): Item[] {
  if (!Array.isArray(value)) throw wrong(field, 'is not a list')
  if (value.length > max) throw wrong(field, `has more than ${max} items`)
  return value.map((item, i) => read(item, `${field}[${i}]`))
}

export function asInteger(
  value: unknown,
  field: string,
  min: number,
  max = Number.MAX_SAFE_INTEGER,
): number {
  if (Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max) {
    return value as number
  }
  throw wrong(field, `is not a whole number from ${min} to ${max}`)
}

export function asIndex(value: unknown, field: string): number {
  return asInteger(value, field, 0, MAX_DERIVATION_INDEX)
}

export function asUnits(value: unknown, field: string): bigint {
  return BigInt(asText(value, field, UNITS))
}

export function asText(value: unknown, field: string, form: RegExp): string {
  if (typeof value === 'string' && form.test(value)) return value
  throw wrong(field, 'is not of the form it must have')
}

export function asHash(value: unknown, field: string): Hash {
  return asText(value, field, HASH) as Hash
}

/** To the lower-case form; whether the checksum was right shows when the file is made again. */
export function asAddress(value: unknown, field: string): Address {
  return asText(value, field, ADDRESS).toLowerCase() as Address
}

export function asAssetId(value: unknown, field: string): AssetId {
  const id = typeof value === 'string' ? parseAssetId(value) : null
  if (id === null) throw wrong(field, 'is not an asset id')
  return id
}

export function asWord<Word extends string>(
  value: unknown,
  field: string,
  words: readonly Word[],
): Word {
  const word = words.find((candidate) => candidate === value)
  if (word === undefined) throw wrong(field, `is not one of: ${words.join(', ')}`)
  return word
}

export function asBoolean(value: unknown, field: string): boolean {
  if (typeof value === 'boolean') return value
  throw wrong(field, 'is neither true nor false')
}

export function wrong(field: string, detail: string): FieldFault {
  return { field, detail }
}

function isFault(value: unknown): value is FieldFault {
  return typeof value === 'object' && value !== null && 'field' in value && 'detail' in value
}
