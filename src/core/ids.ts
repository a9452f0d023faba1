import { sha256 } from '@noble/hashes/sha2'
import { utf8ToBytes } from '@noble/hashes/utils'
import { assert } from './assert.ts'

/**
 * Ids are a prefix and 26 characters of Crockford's base32 (lower case), 130 bits of text for 128 bits
 * of content. Entities made by a decision carry 48 bits of time and 80 random bits (as ULID does), so
 * that they sort by age; what was observed on a chain has an id derived from its identity, so that a
 * replay gives the same id.
 */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
/** Two digits for each ten bits: a request makes some five ids. */
const DIGIT_PAIRS = [...ALPHABET].flatMap((high) => [...ALPHABET].map((low) => high + low))
const CONTENT_BYTES = 16
const TIME_BYTES = 6

/** Random bytes a fresh id needs from the id source. */
export const ID_RANDOM_BYTES = CONTENT_BYTES - TIME_BYTES

/** Random bytes of a token that must not be guessed (checkout tokens): 128 bits. */
export const TOKEN_BYTES = 16

export type IdPrefix =
  | 'inv'
  | 'pay'
  | 'st'
  | 'we'
  | 'evt'
  | 'del'
  | 'att'
  | 'key'
  | 'req'
  | 'ref'
  | 'rp'
  | 'out'

/** A new id such as `inv_01k...`: time of creation, then the given random bytes. */
export function createId(prefix: IdPrefix, nowMs: number, random: Uint8Array): string {
  assert(random.length >= ID_RANDOM_BYTES, 'an id needs ten random bytes')
  return `${prefix}_${encodeAfterTime(nowMs, random, ID_RANDOM_BYTES)}`
}

/** The id of something identified by its content, e.g. a payment by its place in a block. */
export function deriveId(prefix: IdPrefix, identity: string): string {
  return `${prefix}_${encodeBase32(sha256(utf8ToBytes(identity)).subarray(0, CONTENT_BYTES))}`
}

/**
 * An unguessable token, base32 without prefix: time of creation, then 128 random bits. The time hides
 * nothing and guards nothing; with it, an index of tokens grows at its end (docs/adr/0070).
 */
export function createToken(nowMs: number, random: Uint8Array): string {
  assert(random.length >= TOKEN_BYTES, 'a token needs sixteen random bytes')
  return encodeAfterTime(nowMs, random, TOKEN_BYTES)
}

/** Whether a text may be a token: 36 characters, or 26 as they were made without the time. */
export function isTokenText(text: string): boolean {
  return TOKEN_TEXT.test(text)
}

const TOKEN_TEXT = /^[0-9a-z]{26}(?:[0-9a-z]{10})?$/

/** Where time and random bytes stand together while they are encoded; an order makes five of them. */
const content = new Uint8Array(TIME_BYTES + TOKEN_BYTES)

/** The time in milliseconds, and so many of the random bytes. */
function encodeAfterTime(nowMs: number, random: Uint8Array, count: number): string {
  let rest = Math.max(0, Math.floor(nowMs))
  for (let i = TIME_BYTES - 1; i >= 0; i--) {
    content[i] = rest % 256
    rest = Math.floor(rest / 256)
  }
  for (let i = 0; i < count; i++) content[TIME_BYTES + i] = random[i]!
  const text = encodeBase32(content, TIME_BYTES + count)
  // What must not be guessed does not stay.
  content.fill(0)
  return text
}

/**
 * Big-endian base32 of the first `length` bytes, padded with zero bits on the right; 16 bytes give 26
 * characters.
 */
export function encodeBase32(bytes: Uint8Array, length = bytes.length): string {
  let text = ''
  let buffer = 0
  let bits = 0
  for (let i = 0; i < length; i++) {
    buffer = (buffer << 8) | bytes[i]!
    bits += 8
    if (bits < 10) continue
    bits -= 10
    text += DIGIT_PAIRS[buffer >> bits]
    buffer &= (1 << bits) - 1
  }
  if (bits === 0) return text
  if (bits <= 5) return text + ALPHABET[buffer << (5 - bits)]
  return text + DIGIT_PAIRS[buffer << (10 - bits)]
}
