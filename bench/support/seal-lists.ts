/** Roots, bloom and hashes of the blocks made here, as a chain computes them. */
import { loadKeccak } from '../../src/adapters/evm-rpc/keccak.ts'
import {
  addToBloom,
  BLOOM_BYTES,
  createBloomBuilder,
  createSeenEntries,
} from '../../src/core/proof/logs-bloom.ts'
import { createRlpSink, ensureRoom } from '../../src/core/proof/rlp-sink.ts'
import {
  addTrieItem,
  computeTrieRoot,
  createTrieItems,
  EMPTY_TRIE_ROOT,
  TRIE_HEADROOM,
} from '../../src/core/proof/trie-root.ts'

const keccak = await loadKeccak()
const seen = createSeenEntries()

const STRING = 0x80
const LIST = 0xc0

/** Hex with `0x`, of bytes; or a list. */
export type RlpItem = string | readonly RlpItem[]

export function encodeRlp(item: RlpItem): Buffer {
  if (typeof item !== 'string') return withHeader(LIST, Buffer.concat(item.map(encodeRlp)))
  const bytes = Buffer.from(item.slice(2), 'hex')
  return bytes.length === 1 && (bytes[0] as number) < STRING ? bytes : withHeader(STRING, bytes)
}

function withHeader(base: number, payload: Buffer): Buffer {
  const { length } = payload
  if (length < 56) return Buffer.concat([Buffer.of(base + length), payload])
  const digits = length.toString(16)
  const size = Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex')
  return Buffer.concat([Buffer.of(base + 55 + size.length), size, payload])
}

/** A number as RLP takes it: without leading zeros, zero as nothing. */
export function rlpNumber(value: number | bigint): string {
  if (value === 0 || value === 0n) return '0x'
  const digits = value.toString(16)
  return `0x${digits.padStart(digits.length + (digits.length % 2), '0')}`
}

export function hashOf(bytes: Buffer): string {
  return toHex(keccak(bytes))
}

export function rootOf(items: readonly Buffer[]): string {
  const trie = createTrieItems(createRlpSink(1024))
  for (const item of items) {
    const { sink } = trie
    ensureRoom(sink, TRIE_HEADROOM + item.length)
    sink.end += TRIE_HEADROOM
    sink.bytes.set(item, sink.end)
    sink.end += item.length
    addTrieItem(trie, sink.end - item.length)
  }
  const root = computeTrieRoot(trie, keccak)
  return root === null ? EMPTY_TRIE_ROOT : toHex(root)
}

/** Bloom of addresses and topics. */
export function bloomOf(entries: readonly string[]): Uint8Array {
  const builder = createBloomBuilder(keccak, seen)
  for (const entry of entries) {
    const bytes = Buffer.from(entry.slice(2), 'hex')
    addToBloom(builder, bytes, 0, bytes.length)
  }
  return builder.bits
}

export function mergeBlooms(blooms: readonly Uint8Array[]): Uint8Array {
  const merged = new Uint8Array(BLOOM_BYTES)
  for (const bloom of blooms)
    bloom.forEach((byte, i) => {
      merged[i] = (merged[i] as number) | byte
    })
  return merged
}

export function toHex(bytes: Uint8Array): string {
  return `0x${Buffer.from(bytes).toString('hex')}`
}
