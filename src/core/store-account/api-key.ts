import { sha256 } from '@noble/hashes/sha2'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils'
import { assert } from '../assert.ts'

/** Random bytes of a key: 256 bits. */
export const API_KEY_BYTES = 32

/** In front of every key, so that people and secret scanners recognise one. */
const PREFIX = 'qk_'
const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
/** 62^43 is the first power above 2^256. */
const TEXT_CHARACTERS = 43
/** Characters shown to tell keys apart: the prefix and six of 43, which gives nothing away. */
const SHOWN_CHARACTERS = 9

/**
 * What may be a key at all: printable ASCII of 32 to 256 characters after the prefix. Keys of ours
 * have 43; an operator may bring a first key of their own. Anything else is not even looked up.
 */
const API_KEY_FORM = /^qk_[\x21-\x7e]{32,256}$/

/** A key as its holder sees it, once: `qk_` and 43 base62 digits. */
export function createApiKeyText(random: Uint8Array): string {
  assert(random.length === API_KEY_BYTES, 'an API key has 32 random bytes')
  let rest = BigInt(`0x${bytesToHex(random)}`)
  let text = ''
  for (let i = 0; i < TEXT_CHARACTERS; i++) {
    text = (BASE62[Number(rest % 62n)] as string) + text
    rest /= 62n
  }
  return PREFIX + text
}

export function isApiKeyText(text: string): boolean {
  return API_KEY_FORM.test(text)
}

/** What is kept of a key: hex of SHA-256. The key has 256 random bits, so it needs no salt. */
export function hashApiKey(text: string): string {
  return bytesToHex(sha256(utf8ToBytes(text)))
}

export function prefixOfApiKey(text: string): string {
  return text.slice(0, SHOWN_CHARACTERS)
}
