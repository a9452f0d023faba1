/** Hex digits as they stand in a JSON document: ASCII in a byte buffer, of either case. */

/** No digit: larger than every nibble, so that one comparison finds it. */
const NO_DIGIT = 0xff
const HASH_BYTES = 32
const NIBBLES = new Uint8Array(256).fill(NO_DIGIT)
for (let digit = 0; digit < 16; digit += 1) {
  const text = digit.toString(16)
  NIBBLES[text.charCodeAt(0)] = digit
  NIBBLES[text.toUpperCase().charCodeAt(0)] = digit
}

/** Whether every byte of a span is a hex digit. */
export function isHex(source: Uint8Array, start: number, end: number): boolean {
  let all = 0
  for (let at = start; at < end; at += 1) all |= NIBBLES[source[at]!]!
  return all < 16
}

/** 0 to 15; 255 for what is no digit. */
export function nibbleOf(code: number): number {
  return NIBBLES[code]!
}

/**
 * Decodes a span of hex digits, checked before, to `target` from `at`; returns the place behind. A
 * span of odd length has its first digit alone in a byte.
 */
export function decodeHex(
  source: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  at: number,
): number {
  let from = start
  let to = at
  if (((end - start) & 1) === 1) target[to++] = NIBBLES[source[from++]!]!
  for (; from < end; from += 2) {
    target[to++] = (NIBBLES[source[from]!]! << 4) | NIBBLES[source[from + 1]!]!
  }
  return to
}

/** Whether 32 bytes of `bytes` from `from` and the hex digits of a span say the same. */
export function equalsHash(
  bytes: Uint8Array,
  from: number,
  source: Uint8Array,
  start: number,
): boolean {
  return equalsHex(bytes, from, source, start, HASH_BYTES)
}

/** The same of `length` bytes. */
export function equalsHex(
  bytes: Uint8Array,
  from: number,
  source: Uint8Array,
  start: number,
  length: number,
): boolean {
  for (let i = 0; i < length; i += 1) {
    const high = NIBBLES[source[start + 2 * i]!]!
    if (((high << 4) | NIBBLES[source[start + 2 * i + 1]!]!) !== bytes[from + i]) return false
  }
  return true
}

/** The bytes of `0x` and hex digits. */
export function fromHex(text: `0x${string}`): Uint8Array {
  const bytes = new Uint8Array((text.length - 2) / 2)
  for (let i = 0; i < bytes.length; i += 1) {
    const high = NIBBLES[text.charCodeAt(2 + 2 * i)]!
    bytes[i] = (high << 4) | NIBBLES[text.charCodeAt(3 + 2 * i)]!
  }
  return bytes
}

/** Bytes as `0x` and lower-case digits. */
export function toHex(bytes: Uint8Array): `0x${string}` {
  let text = '0x'
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0')
  return text as `0x${string}`
}
