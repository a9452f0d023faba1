/**
 * A strict JSON reader over bytes that decodes only what is asked for (RFC 8259). The caller pulls:
 * enter an object, take its keys one by one, read or skip each value. Nothing is copied, and no
 * string is made for a value that only passes by.
 */
import { isHex } from '../../core/proof/hex-digits.ts'
import { ChainSourceError } from '../../errors.ts'

export type JsonCursor = {
  readonly bytes: Buffer
  /** Next byte to read. */
  at: number
  /** The object or array entered last has given no member yet. */
  isFirst: boolean
  /** Named in every complaint. */
  readonly method: string
}

/** Names of fields, found by their bytes. A field's number is its place in the list. */
export type KeyTable = {
  readonly keys: readonly Uint8Array[]
  readonly names: readonly string[]
  /** First field of a bucket, and of each field the next one; -1 ends. */
  readonly heads: Int8Array
  readonly nexts: Int8Array
  /** By the field before, the one that came after it last: nodes write their fields in one order. */
  readonly followers: Int8Array
  last: number
}

/** A key that is not in the table, and the end of the object. */
export const OTHER_KEY = -1
export const NO_KEY = -2

/** Nested values that are skipped; nodes nest four or five. */
const MAX_DEPTH = 64
const BUCKETS = 128

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const SPACE = 0x20
const SMALL_N = 0x6e
const SMALL_T = 0x74
const SMALL_F = 0x66
const ESCAPED = new Set([...'"\\/bfnrtu'].map((letter) => letter.charCodeAt(0)))
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y

export function createCursor(bytes: Buffer, method: string, at = 0): JsonCursor {
  return { bytes, at, isFirst: false, method }
}

export function createKeyTable(names: readonly string[]): KeyTable {
  const keys = names.map((name) => Uint8Array.from(name, (letter) => letter.charCodeAt(0)))
  const heads = new Int8Array(BUCKETS).fill(OTHER_KEY)
  const nexts = new Int8Array(names.length).fill(OTHER_KEY)
  for (const [field, key] of keys.entries()) {
    const bucket = chooseBucket(key, 0, key.length)
    nexts[field] = heads[bucket]!
    heads[bucket] = field
  }
  const followers = new Int8Array(names.length + 1).fill(OTHER_KEY)
  return { keys, names, heads, nexts, followers, last: OTHER_KEY }
}

function chooseBucket(bytes: Uint8Array, start: number, end: number): number {
  return ((end - start) * 5 + bytes[start]! * 3 + bytes[end - 1]! * 7) & (BUCKETS - 1)
}

/** The value is not what the field must be. */
export function refuse(cursor: JsonCursor, field: string, expected: string): ChainSourceError {
  return new ChainSourceError('malformed', `${cursor.method}: ${field} is not ${expected}`)
}

function broken(cursor: JsonCursor): ChainSourceError {
  const text = `${cursor.method}: broken JSON at byte ${cursor.at}`
  return new ChainSourceError('malformed', text)
}

/** Over blanks; the code of what comes next. */
export function skipSpace(cursor: JsonCursor): number {
  const { bytes } = cursor
  let code = bytes[cursor.at]!
  while (code <= SPACE && (code === SPACE || code === 0x0a || code === 0x0d || code === 0x09)) {
    cursor.at += 1
    code = bytes[cursor.at]!
  }
  return code
}

export function enterObject(cursor: JsonCursor, field: string): void {
  if (skipSpace(cursor) !== OPEN_OBJECT) throw refuse(cursor, field, 'an object')
  cursor.at += 1
  cursor.isFirst = true
}

export function enterArray(cursor: JsonCursor, field: string): void {
  if (skipSpace(cursor) !== OPEN_ARRAY) throw refuse(cursor, field, 'an array')
  cursor.at += 1
  cursor.isFirst = true
}

/** The number of the next key, its value comes next; `NO_KEY` behind the object. */
export function nextKey(cursor: JsonCursor, table: KeyTable): number {
  const { bytes } = cursor
  let code = skipSpace(cursor)
  if (code === CLOSE_OBJECT) {
    cursor.at += 1
    cursor.isFirst = false
    table.last = OTHER_KEY
    return NO_KEY
  }
  if (!cursor.isFirst) {
    if (code !== COMMA) throw broken(cursor)
    cursor.at += 1
    code = skipSpace(cursor)
  }
  cursor.isFirst = false
  if (code !== QUOTE) throw broken(cursor)
  const expected = table.followers[table.last + 1]!
  if (expected >= 0 && isKey(bytes, cursor.at + 1, table.keys[expected]!)) {
    cursor.at += table.keys[expected]!.length + 3
    table.last = expected
    return expected
  }
  const field = readKey(cursor, table)
  table.followers[table.last + 1] = field
  table.last = field
  return field
}

/** Whether this key and its colon come next, without blanks between. */
function isKey(bytes: Uint8Array, start: number, key: Uint8Array): boolean {
  const { length } = key
  for (let i = 0; i < length; i += 1) if (bytes[start + i] !== key[i]) return false
  return bytes[start + length] === QUOTE && bytes[start + length + 1] === COLON
}

function readKey(cursor: JsonCursor, table: KeyTable): number {
  const { bytes } = cursor
  const start = cursor.at + 1
  const isPlain = skipString(cursor)
  const end = cursor.at - 1
  if (skipSpace(cursor) !== COLON) throw broken(cursor)
  cursor.at += 1
  if (!isPlain) return findEscapedKey(cursor, table, start, end)
  return start === end ? OTHER_KEY : findKey(bytes, start, end, table)
}

function findKey(bytes: Uint8Array, start: number, end: number, table: KeyTable): number {
  let field = table.heads[chooseBucket(bytes, start, end)]!
  while (field !== OTHER_KEY) {
    const key = table.keys[field]!
    if (key.length === end - start) {
      let i = 0
      while (i < key.length && key[i] === bytes[start + i]) i += 1
      if (i === key.length) return field
    }
    field = table.nexts[field]!
  }
  return OTHER_KEY
}

/** Nobody writes `numb\u0065r`, but it is the same key, and a second one of that name. */
function findEscapedKey(cursor: JsonCursor, table: KeyTable, start: number, end: number): number {
  return table.names.indexOf(readText(cursor, start - 1, end + 1))
}

function readText(cursor: JsonCursor, start: number, end: number): string {
  try {
    return JSON.parse(cursor.bytes.toString('utf8', start, end)) as string
  } catch {
    throw broken(cursor)
  }
}

/** Whether the array has another item, which comes next; behind the array when not. */
export function nextItem(cursor: JsonCursor): boolean {
  const code = skipSpace(cursor)
  if (code === CLOSE_ARRAY) {
    cursor.at += 1
    cursor.isFirst = false
    return false
  }
  if (!cursor.isFirst) {
    if (code !== COMMA) throw broken(cursor)
    cursor.at += 1
  }
  cursor.isFirst = false
  return true
}

/** Notes a field of an object, by bit. A field that stands twice has two meanings: refused. */
export function noteField(cursor: JsonCursor, seen: number, field: number, table: KeyTable) {
  const bit = 1 << field
  if ((seen & bit) !== 0) throw refuse(cursor, table.names[field]!, 'there once only')
  return seen | bit
}

/** Skips a string; whether it has no escapes. */
function skipString(cursor: JsonCursor): boolean {
  const { bytes } = cursor
  let at = cursor.at + 1
  let isPlain = true
  for (;;) {
    const code = bytes[at]
    if (code === QUOTE) break
    if (code === undefined || code < SPACE) {
      cursor.at = at
      throw broken(cursor)
    }
    if (code === BACKSLASH) {
      isPlain = false
      at = skipEscape(cursor, at)
    } else {
      at += 1
    }
  }
  cursor.at = at + 1
  return isPlain
}

function skipEscape(cursor: JsonCursor, at: number): number {
  const { bytes } = cursor
  const code = bytes[at + 1]!
  cursor.at = at
  if (!ESCAPED.has(code)) throw broken(cursor)
  if (code !== 0x75) return at + 2
  if (at + 6 > bytes.length || !isHex(bytes, at + 2, at + 6)) throw broken(cursor)
  return at + 6
}

/** Skips one value, whatever it is. */
export function skipValue(cursor: JsonCursor): void {
  const first = skipSpace(cursor)
  if (first === OPEN_OBJECT || first === OPEN_ARRAY) skipNested(cursor)
  else skipScalar(cursor, first)
  cursor.isFirst = false
}

function skipNested(cursor: JsonCursor): void {
  /** The bracket that closes each open array or object. */
  const open: number[] = []
  do {
    let code = skipSpace(cursor)
    if (open.length > 0 && !cursor.isFirst) code = takeComma(cursor, code, open)
    if (open.length > 0 && code === open.at(-1)) {
      cursor.at += 1
      cursor.isFirst = false
      open.pop()
      continue
    }
    if (open.at(-1) === CLOSE_OBJECT) code = skipKey(cursor, code)
    if (code === OPEN_OBJECT || code === OPEN_ARRAY) {
      if (open.length === MAX_DEPTH) throw refuse(cursor, 'the answer', 'nested so deeply')
      open.push(code === OPEN_OBJECT ? CLOSE_OBJECT : CLOSE_ARRAY)
      cursor.at += 1
      cursor.isFirst = true
      continue
    }
    skipScalar(cursor, code)
    cursor.isFirst = false
  } while (open.length > 0)
}

/** Between two members; the code of what follows. A closing bracket needs no comma. */
function takeComma(cursor: JsonCursor, code: number, open: readonly number[]): number {
  if (code === open.at(-1)) return code
  if (code !== COMMA) throw broken(cursor)
  cursor.at += 1
  const next = skipSpace(cursor)
  if (next === CLOSE_OBJECT || next === CLOSE_ARRAY) throw broken(cursor)
  return next
}

function skipKey(cursor: JsonCursor, code: number): number {
  if (code !== QUOTE) throw broken(cursor)
  skipString(cursor)
  if (skipSpace(cursor) !== COLON) throw broken(cursor)
  cursor.at += 1
  return skipSpace(cursor)
}

function skipScalar(cursor: JsonCursor, code: number): void {
  if (code === QUOTE) skipString(cursor)
  else if (code === SMALL_N) skipWord(cursor, 'null')
  else if (code === SMALL_T) skipWord(cursor, 'true')
  else if (code === SMALL_F) skipWord(cursor, 'false')
  else skipNumber(cursor)
}

function skipWord(cursor: JsonCursor, word: string): void {
  const { bytes, at } = cursor
  for (let i = 0; i < word.length; i += 1) {
    if (bytes[at + i] !== word.charCodeAt(i)) throw broken(cursor)
  }
  cursor.at += word.length
}

/** Nodes write amounts as strings; a number is rare, and short. */
function skipNumber(cursor: JsonCursor): void {
  const { bytes, at } = cursor
  let end = at
  while (end < bytes.length && /[-+.0-9eE]/.test(String.fromCharCode(bytes[end]!))) end += 1
  const text = bytes.toString('latin1', at, end)
  NUMBER.lastIndex = 0
  if (text === '' || NUMBER.exec(text)?.[0] !== text) throw broken(cursor)
  cursor.at = end
}

/** Takes `null` if it is what comes next. */
export function takeNull(cursor: JsonCursor): boolean {
  if (skipSpace(cursor) !== SMALL_N) return false
  skipWord(cursor, 'null')
  return true
}

/** True or false; null when it is neither, and nothing is taken. */
export function takeBoolean(cursor: JsonCursor): boolean | null {
  const code = skipSpace(cursor)
  if (code !== SMALL_T && code !== SMALL_F) return null
  skipWord(cursor, code === SMALL_T ? 'true' : 'false')
  return code === SMALL_T
}

/** Nothing but blanks may follow the document. */
export function expectEnd(cursor: JsonCursor): void {
  skipSpace(cursor)
  if (cursor.at < cursor.bytes.length) throw broken(cursor)
}
