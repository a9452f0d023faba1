/** Fields that an object must have, and the words in which their absence is told. */
import { type JsonCursor, type KeyTable, refuse } from './json-cursor.ts'

export const HASH_FORM = '32 bytes of hex'
export const ADDRESS_FORM = '20 bytes of hex'
export const BYTES_FORM = 'bytes of hex'
export const QUANTITY_FORM = 'a hex quantity below 2^53'
export const UINT256_FORM = 'a hex quantity of at most 256 bits'
export const ARRAY_FORM = 'an array'

export const HASH_DIGITS = 64
export const HASH_BYTES = 32
export const ADDRESS_DIGITS = 40

export type NeededFields = {
  readonly table: KeyTable
  /** Put before the name of a field in complaints. */
  readonly prefix: string
  readonly forms: readonly (readonly [key: number, form: string])[]
}

/** `forms`: what each field must be. */
export function needFields(
  table: KeyTable,
  prefix: string,
  forms: Readonly<Record<string, string>>,
): NeededFields {
  const list = Object.entries(forms).map(
    ([name, form]) => [table.names.indexOf(name), form] as const,
  )
  return { table, prefix, forms: list }
}

/** `seen`: the fields that were there, by bit (`noteField`). */
export function expectFields(cursor: JsonCursor, seen: number, needed: NeededFields): void {
  for (const [key, form] of needed.forms) {
    if ((seen & (1 << key)) !== 0) continue
    throw refuse(cursor, needed.prefix + needed.table.names[key], form)
  }
}
