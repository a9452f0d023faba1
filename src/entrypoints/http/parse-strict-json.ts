/**
 * JSON as RFC 8259 has it, less what lets two readers understand two things: duplicate keys, deep
 * nesting, control characters, lone surrogates, numbers that change when read. Text is put into
 * Unicode's NFC, so that equal looking keys are equal. Recursion ends at the depth limit.
 */
import { type GatewayError, invalidField } from '../../errors.ts'

export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue }

/** Objects and arrays in each other. No request of ours needs more than 4. Deeper: 400. */
const DEPTH_MAX = 10

/** No blank has a higher code. */
const BLANK = 0x20
const BLANKS = /[ \t\n\r]*/y
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y
/** Up to the end of a string or something that needs a closer look. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: raw control characters are what it stops at
const PLAIN_TEXT = /[^"\\\u0000-\u001f]*/y
/** Controls C0 and C1 without tab, line feed and carriage return, which descriptions may hold. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
}

type Scanner = { readonly text: string; at: number; readonly path: string[] }

/** The value of a JSON text. Throws `invalid_request` with a pointer to the first fault. */
export function parseStrictJson(text: string): JsonValue {
  const scanner: Scanner = { text, at: 0, path: [] }
  skipBlanks(scanner)
  const value = readValue(scanner)
  skipBlanks(scanner)
  if (scanner.at < text.length) throw malformed(scanner)
  return value
}

function readValue(scanner: Scanner): JsonValue {
  switch (scanner.text[scanner.at]) {
    case '{':
      return readObject(scanner)
    case '[':
      return readArray(scanner)
    case '"':
      return readString(scanner)
    case 't':
      return readWord(scanner, 'true', true)
    case 'f':
      return readWord(scanner, 'false', false)
    case 'n':
      return readWord(scanner, 'null', null)
    default:
      return readNumber(scanner)
  }
}

function readObject(scanner: Scanner): JsonValue {
  assertDepth(scanner)
  const object: Record<string, JsonValue> = {}
  scanner.at += 1
  skipBlanks(scanner)
  if (take(scanner, '}')) return object
  for (;;) {
    const key = readKey(scanner, object)
    skipBlanks(scanner)
    if (!take(scanner, ':')) throw malformed(scanner)
    skipBlanks(scanner)
    scanner.path.push(key)
    object[key] = readValue(scanner)
    scanner.path.pop()
    skipBlanks(scanner)
    if (take(scanner, '}')) return object
    if (!take(scanner, ',')) throw malformed(scanner)
    skipBlanks(scanner)
  }
}

function readKey(scanner: Scanner, object: object): string {
  if (scanner.text[scanner.at] !== '"') throw malformed(scanner)
  const key = readString(scanner)
  if (key === '__proto__') {
    throw invalidField(pointerOf([...scanner.path, key]), 'unknown_field', 'is not a known field')
  }
  if (Object.hasOwn(object, key)) {
    const detail = 'stands there twice; send each key once'
    throw invalidField(pointerOf([...scanner.path, key]), 'duplicate_key', detail)
  }
  return key
}

function readArray(scanner: Scanner): JsonValue {
  assertDepth(scanner)
  const array: JsonValue[] = []
  scanner.at += 1
  skipBlanks(scanner)
  if (take(scanner, ']')) return array
  for (;;) {
    scanner.path.push(String(array.length))
    array.push(readValue(scanner))
    scanner.path.pop()
    skipBlanks(scanner)
    if (take(scanner, ']')) return array
    if (!take(scanner, ',')) throw malformed(scanner)
    skipBlanks(scanner)
  }
}

function readString(scanner: Scanner): string {
  const { text } = scanner
  scanner.at += 1
  let value = ''
  for (;;) {
    value += match(scanner, PLAIN_TEXT)
    if (take(scanner, '"')) break
    if (!take(scanner, '\\')) {
      // A raw control character, or the end of the text.
      throw scanner.at < text.length ? controlCharacter(scanner) : malformed(scanner)
    }
    value += readEscape(scanner)
  }
  if (CONTROL.test(value)) throw controlCharacter(scanner)
  if (!value.isWellFormed()) {
    throw faultAt(scanner, 'lone_surrogate', 'holds half of a surrogate pair')
  }
  return value.normalize('NFC')
}

function readEscape(scanner: Scanner): string {
  const letter = scanner.text[scanner.at] ?? ''
  scanner.at += 1
  if (letter !== 'u') {
    const escaped = ESCAPES[letter]
    if (escaped === undefined) throw malformed(scanner)
    return escaped
  }
  const digits = scanner.text.slice(scanner.at, scanner.at + 4)
  if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw malformed(scanner)
  scanner.at += 4
  return String.fromCharCode(Number.parseInt(digits, 16))
}

function readNumber(scanner: Scanner): number {
  const token = match(scanner, NUMBER)
  if (token === '') throw malformed(scanner)
  const value: number = JSON.parse(token)
  const isExact =
    Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value))
  if (isExact) return value
  throw faultAt(scanner, 'number_out_of_range', 'is too large for a number; send it as a string')
}

function readWord<Value>(scanner: Scanner, word: string, value: Value): Value {
  if (!scanner.text.startsWith(word, scanner.at)) throw malformed(scanner)
  scanner.at += word.length
  return value
}

function skipBlanks(scanner: Scanner): void {
  if (scanner.text.charCodeAt(scanner.at) > BLANK) return
  match(scanner, BLANKS)
}

/** Moves over what a sticky pattern finds here, perhaps nothing. */
function match(scanner: Scanner, pattern: RegExp): string {
  const { text, at } = scanner
  pattern.lastIndex = at
  if (!pattern.test(text)) return ''
  scanner.at = pattern.lastIndex
  return text.slice(at, scanner.at)
}

function take(scanner: Scanner, character: string): boolean {
  if (scanner.text[scanner.at] !== character) return false
  scanner.at += 1
  return true
}

function assertDepth(scanner: Scanner): void {
  if (scanner.path.length < DEPTH_MAX) return
  throw faultAt(scanner, 'too_deep', `is nested deeper than ${DEPTH_MAX} levels`)
}

function malformed(scanner: Scanner): GatewayError {
  return invalidField('', 'malformed_json', `The body is not JSON: see character ${scanner.at}.`)
}

function controlCharacter(scanner: Scanner): GatewayError {
  return faultAt(scanner, 'control_character', 'holds a control character')
}

function faultAt(scanner: Scanner, code: string, detail: string): GatewayError {
  return invalidField(pointerOf(scanner.path), code, detail)
}

/** RFC 6901. */
export function pointerOf(path: readonly PropertyKey[]): string {
  return path.map((key) => `/${String(key).replace(/~/g, '~0').replace(/\//g, '~1')}`).join('')
}
