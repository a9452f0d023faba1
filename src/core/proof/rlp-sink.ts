/**
 * RLP (Ethereum yellow paper, appendix B) written into one growing buffer, straight from the hex
 * digits of a JSON document. A list is written behind room for its header, which is put in front
 * once the length is known: backwards with `prepend...`, or by moving the payload with `endList`.
 */
import { decodeHex } from './hex-digits.ts'

export type RlpSink = {
  /** Grows: never keep it over a call that writes. */
  bytes: Uint8Array
  /** Where the next byte goes. */
  end: number
}

/** Header of a string or list: one byte and up to four of length (4 GB). */
export const MAX_HEADER_BYTES = 5
const STRING = 0x80
const LIST = 0xc0
/** Payloads up to here have their length in the first byte. */
const SHORT_MAX = 55
const DIGIT_ZERO = 0x30

export function createRlpSink(capacity: number): RlpSink {
  return { bytes: new Uint8Array(capacity), end: 0 }
}

/** Makes room for `count` more bytes. */
export function ensureRoom(sink: RlpSink, count: number): void {
  const needed = sink.end + count
  if (needed <= sink.bytes.length) return
  const grown = new Uint8Array(Math.max(needed, sink.bytes.length * 2))
  grown.set(sink.bytes.subarray(0, sink.end))
  sink.bytes = grown
}

/** Bytes that the header of so long a payload takes. */
export function headerLength(payload: number): number {
  if (payload <= SHORT_MAX) return 1
  if (payload < 0x100) return 2
  if (payload < 0x10000) return 3
  return payload < 0x1000000 ? 4 : 5
}

/** Writes the header that ends before `at`; returns where it begins. */
export function prependHeader(bytes: Uint8Array, at: number, base: number, payload: number) {
  if (payload <= SHORT_MAX) {
    bytes[at - 1] = base + payload
    return at - 1
  }
  let to = at
  let rest = payload
  while (rest > 0) {
    bytes[--to] = rest & 0xff
    rest >>>= 8
  }
  bytes[to - 1] = base + SHORT_MAX + (at - to)
  return to - 1
}

export function prependListHeader(bytes: Uint8Array, at: number, payload: number): number {
  return prependHeader(bytes, at, LIST, payload)
}

/** For strings of two bytes or more; a single byte may be its own encoding. */
export function prependStringHeader(bytes: Uint8Array, at: number, payload: number): number {
  return prependHeader(bytes, at, STRING, payload)
}

function writeHeader(sink: RlpSink, base: number, payload: number): void {
  const length = headerLength(payload)
  prependHeader(sink.bytes, sink.end + length, base, payload)
  sink.end += length
}

export function writeListHeader(sink: RlpSink, payload: number): void {
  ensureRoom(sink, MAX_HEADER_BYTES)
  writeHeader(sink, LIST, payload)
}

/** The empty string: a missing address, zero. */
export function writeEmpty(sink: RlpSink): void {
  ensureRoom(sink, 1)
  sink.bytes[sink.end++] = STRING
}

/** A string of bytes from an even number of hex digits. */
export function writeBytes(sink: RlpSink, source: Uint8Array, start: number, end: number): void {
  const length = (end - start) >>> 1
  ensureRoom(sink, MAX_HEADER_BYTES + length)
  const first = sink.end
  if (length !== 1) writeHeader(sink, STRING, length)
  sink.end = decodeHex(source, start, end, sink.bytes, sink.end)
  if (length === 1 && sink.bytes[first]! >= STRING) {
    sink.bytes[first + 1] = sink.bytes[first]!
    sink.bytes[first] = STRING + 1
    sink.end += 1
  }
}

/** A number: its bytes without leading zeros; zero is the empty string. */
export function writeQuantity(sink: RlpSink, source: Uint8Array, start: number, end: number) {
  let from = start
  while (from < end && source[from] === DIGIT_ZERO) from += 1
  const length = (end - from + 1) >>> 1
  ensureRoom(sink, MAX_HEADER_BYTES + length)
  const first = sink.end
  if (length !== 1) writeHeader(sink, STRING, length)
  sink.end = decodeHex(source, from, end, sink.bytes, sink.end)
  if (length === 1 && sink.bytes[first]! >= STRING) {
    sink.bytes[first + 1] = sink.bytes[first]!
    sink.bytes[first] = STRING + 1
    sink.end += 1
  }
}

/** Remembers where a list begins; everything written until `endList` is in it. */
export function beginList(sink: RlpSink): number {
  return sink.end
}

/** Puts the header before what was written since `beginList`. */
export function endList(sink: RlpSink, begin: number): void {
  const payload = sink.end - begin
  const length = headerLength(payload)
  ensureRoom(sink, length)
  sink.bytes.copyWithin(begin + length, begin, sink.end)
  prependHeader(sink.bytes, begin + length, LIST, payload)
  sink.end += length
}
