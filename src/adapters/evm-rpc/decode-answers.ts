/**
 * Small answers of a node to values of ours: headers, hashes, quantities. Whole blocks and receipts are
 * read from bytes instead (read-block.ts).
 */
import type { BlockRef } from '../../core/chain/block.ts'
import type { Hash } from '../../core/money/asset.ts'
import { ChainSourceError } from '../../errors.ts'

type Fields = Readonly<Record<string, unknown>>

const HASH = /^0x[0-9a-f]{64}$/
/** `0x` and the 14 hex digits of 2^53 - 1, the largest integer a number holds exactly. */
const MAX_QUANTITY_CHARS = 16

/** The position of a block; its content is not looked at. */
export function decodeHeader(value: unknown, method: string): BlockRef {
  const fields = readObject(value, method, 'block')
  return {
    number: readQuantity(fields.number, method, 'number'),
    hash: readHash(fields.hash, method, 'hash'),
    parentHash: readHash(fields.parentHash, method, 'parentHash'),
    timestampS: readQuantity(fields.timestamp, method, 'timestamp'),
  }
}

function readObject(value: unknown, method: string, field: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields
  throw malformed(method, field, 'an object')
}

/** A number in the one form the protocol allows: `0x0`, or hex without leading zeros. */
export function readQuantity(value: unknown, method: string, field: string): number {
  const quantity = typeof value === 'string' ? parseQuantity(value) : -1
  if (quantity < 0) throw malformed(method, field, 'a hex quantity below 2^53')
  return quantity
}

/** -1 when it is none. */
function parseQuantity(text: string): number {
  const { length } = text
  if (length < 3 || length > MAX_QUANTITY_CHARS || !text.startsWith('0x')) return -1
  if (text.charCodeAt(2) === 0x30) return length === 3 ? 0 : -1
  let number = 0
  for (let place = 2; place < length; place += 1) {
    const code = text.charCodeAt(place)
    if (code >= 0x30 && code <= 0x39) number = number * 16 + (code - 0x30)
    else if (code >= 0x61 && code <= 0x66) number = number * 16 + (code - 0x57)
    else return -1
  }
  return number <= Number.MAX_SAFE_INTEGER ? number : -1
}

/** 32 bytes in lower case. Nodes that answer in upper case name the same hash. */
export function readHash(value: unknown, method: string, field: string): Hash {
  const hash = readHex(value, HASH)
  if (hash === null) throw malformed(method, field, '32 bytes of hex')
  return hash
}

function readHex(value: unknown, pattern: RegExp): `0x${string}` | null {
  if (typeof value !== 'string') return null
  if (pattern.test(value)) return value as `0x${string}`
  const lower = value.toLowerCase()
  return pattern.test(lower) ? (lower as `0x${string}`) : null
}

function malformed(method: string, field: string, expected: string): ChainSourceError {
  return new ChainSourceError('malformed', `${method}: ${field} is not ${expected}`)
}
