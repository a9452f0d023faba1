/**
 * JSON with two things `JSON.parse` does not give: a name written twice is refused instead of the
 * last one winning, and faults have a line. What is wrong is never quoted, since it may be a
 * secret.
 */
import { presentName } from './recognise-secret.ts'

export type JsonReading =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly line: number; readonly detail: string }

/** Deeper nesting than any configuration has is refused before it fills the stack. */
const DEPTH_MAX = 20

const BLANKS = /[ \t\r\n]*/y
/** Unrolled: every text has one way to match, so that an open quote fails in one pass. */
const STRING = /"[^"\\]*(?:\\.[^"\\]*)*"/sy
const SCALAR =
  /(?:-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null)(?![\w.+-])/y

type Scan = {
  readonly text: string
  at: number
  fault: { readonly at: number; readonly detail: string } | null
}

export function readJson(text: string): JsonReading {
  const scan: Scan = { text, at: 0, fault: null }
  if (scanValue(scan, 0)) {
    skipBlanks(scan)
    if (scan.at === text.length) return { ok: true, value: JSON.parse(text) }
    fail(scan, 'unexpected text after the end')
  }
  const { at, detail } = scan.fault ?? { at: scan.at, detail: 'not valid JSON' }
  return { ok: false, line: text.slice(0, at).split('\n').length, detail }
}

/** Moves past one value; false, with the fault noted, when there is none. */
function scanValue(scan: Scan, depth: number): boolean {
  if (depth > DEPTH_MAX) return fail(scan, `nested deeper than ${DEPTH_MAX} levels`)
  skipBlanks(scan)
  const first = scan.text[scan.at]
  if (first === '{') return scanMembers(scan, '}', objectMember(scan, depth))
  if (first === '[') return scanMembers(scan, ']', () => scanValue(scan, depth + 1))
  if (first === '"') return scanString(scan) !== null
  if (take(scan, SCALAR) !== null) return true
  return fail(scan, first === undefined ? 'ends too early' : 'expected a value')
}

/** `[` or `{`, members between commas, the closing bracket. */
function scanMembers(scan: Scan, close: string, scanMember: () => boolean): boolean {
  scan.at += 1
  skipBlanks(scan)
  if (scan.text[scan.at] === close) {
    scan.at += 1
    return true
  }
  for (;;) {
    if (!scanMember()) return false
    skipBlanks(scan)
    const next = scan.text[scan.at]
    if (next === undefined) return fail(scan, 'ends too early')
    if (next !== ',' && next !== close) return fail(scan, `expected a comma or ${close}`)
    scan.at += 1
    if (next === close) return true
  }
}

function objectMember(scan: Scan, depth: number): () => boolean {
  const names = new Set<string>()
  return () => {
    skipBlanks(scan)
    const at = scan.at
    if (scan.text[at] !== '"') return fail(scan, 'expected a name in double quotes')
    const name = scanString(scan)
    if (name === null) return false
    if (names.has(name)) return fail(scan, `the name "${presentName(name)}" stands twice`, at)
    // An own property of this name would be lost or worse in later copies.
    if (name === '__proto__') return fail(scan, 'the name "__proto__" is not allowed', at)
    names.add(name)
    skipBlanks(scan)
    if (scan.text[scan.at] !== ':') return fail(scan, 'expected a colon after the name')
    scan.at += 1
    return scanValue(scan, depth + 1)
  }
}

/** The value of a string token. */
function scanString(scan: Scan): string | null {
  const at = scan.at
  const token = take(scan, STRING)
  if (token === null) {
    fail(scan, 'a text has no closing quote')
    return null
  }
  try {
    return JSON.parse(token) as string
  } catch {
    fail(scan, 'a text holds a line break, a control character or a wrong escape', at)
    return null
  }
}

function take(scan: Scan, pattern: RegExp): string | null {
  pattern.lastIndex = scan.at
  const token = pattern.exec(scan.text)?.[0] ?? null
  if (token !== null) scan.at += token.length
  return token
}

function skipBlanks(scan: Scan): void {
  take(scan, BLANKS)
}

function fail(scan: Scan, detail: string, at = scan.at): false {
  scan.fault ??= { at, detail }
  return false
}
