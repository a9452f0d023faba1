/**
 * The bloom filter of a block's logs (yellow paper, 4.3.1): three of 2,048 bits for the address and
 * for each topic of every log, chosen by their hash.
 */
import type { Keccak } from './trie-root.ts'

export const BLOOM_BYTES = 256

export type BloomBuilder = {
  readonly bits: Uint8Array
  readonly keccak: Keccak
  readonly seen: SeenEntries
}

/**
 * What was hashed lately: most addresses and topics of a block come again and again. One entry for
 * each value of a small hash; the whole entry is compared, so a collision costs a hash and no more.
 */
export type SeenEntries = {
  readonly lengths: Uint8Array
  readonly entries: Uint8Array
  /** Three bit numbers for each entry. */
  readonly bits: Uint16Array
}

/** A topic; addresses are shorter. */
const ENTRY_BYTES = 32
/** 150 kB: what a busy block names again. */
const SEEN_ENTRIES = 4_096
const BITS_PER_ENTRY = 3
/**
 * Bits set by some 300 entries. Beyond, one entry in twenty that is not there seems to be: leaving out
 * a log no longer shows for certain.
 */
const SATURATED_BITS = 728

export function createSeenEntries(): SeenEntries {
  return {
    lengths: new Uint8Array(SEEN_ENTRIES),
    entries: new Uint8Array(SEEN_ENTRIES * ENTRY_BYTES),
    bits: new Uint16Array(SEEN_ENTRIES * BITS_PER_ENTRY),
  }
}

export function createBloomBuilder(keccak: Keccak, seen: SeenEntries): BloomBuilder {
  return { bits: new Uint8Array(BLOOM_BYTES), keccak, seen }
}

/** Adds an address or a topic: `length` bytes of `source`, at most 32. */
export function addToBloom(
  { bits, keccak, seen }: BloomBuilder,
  source: Uint8Array,
  start: number,
  length: number,
): void {
  const slot = chooseSlot(source, start, length)
  const place = slot * BITS_PER_ENTRY
  if (!isSeen(seen, slot, source, start, length)) {
    const hash = keccak(source.subarray(start, start + length))
    seen.lengths[slot] = length
    const from = slot * ENTRY_BYTES
    for (let i = 0; i < length; i += 1) seen.entries[from + i] = source[start + i]!
    for (let i = 0; i < BITS_PER_ENTRY; i += 1) {
      seen.bits[place + i] = ((hash[2 * i]! << 8) | hash[2 * i + 1]!) & 0x7ff
    }
  }
  for (let i = place; i < place + BITS_PER_ENTRY; i += 1) {
    const bit = seen.bits[i]!
    const at = BLOOM_BYTES - 1 - (bit >>> 3)
    bits[at] = bits[at]! | (1 << (bit & 7))
  }
}

/**
 * Tells of any bloom whether it has all bits of this address or topic, which is hashed once. No is
 * certain; yes may be chance, the more often the fuller the bloom is.
 */
export function createBloomProbe(
  entry: Uint8Array,
  keccak: Keccak,
): (bloom: Uint8Array) => boolean {
  const hash = keccak(entry)
  const bits = Array.from({ length: BITS_PER_ENTRY }, (_, i) => {
    return ((hash[2 * i]! << 8) | hash[2 * i + 1]!) & 0x7ff
  })
  return (bloom) =>
    bits.every((bit) => (bloom[BLOOM_BYTES - 1 - (bit >>> 3)]! & (1 << (bit & 7))) !== 0)
}

/** By the last bytes, which differ most: addresses in topics are padded in front. */
function chooseSlot(source: Uint8Array, start: number, length: number): number {
  const end = start + length
  const tail = (source[end - 1]! << 8) ^ source[end - 2]! ^ (source[end - 3]! << 4)
  return (tail ^ (source[end - 9]! << 2) ^ length) & (SEEN_ENTRIES - 1)
}

function isSeen(
  { lengths, entries }: SeenEntries,
  slot: number,
  source: Uint8Array,
  start: number,
  length: number,
): boolean {
  if (lengths[slot] !== length) return false
  const from = slot * ENTRY_BYTES
  for (let i = 0; i < length; i += 1) if (entries[from + i] !== source[start + i]) return false
  return true
}

/** Whether so many logs fill a bloom that it proves little by itself. */
export function isSaturated(bloom: Uint8Array): boolean {
  let count = 0
  for (const byte of bloom) for (let rest = byte; rest !== 0; rest &= rest - 1) count += 1
  return count > SATURATED_BITS
}
