/**
 * Root of the Merkle Patricia trie in which a block commits to a list: the key of an item is the
 * RLP of its index (yellow paper, 4.3.2 and appendix D). Built bottom-up over the sorted keys, with
 * nodes written where the items stand, so that nothing is copied to be hashed.
 */
import {
  MAX_HEADER_BYTES,
  prependListHeader,
  prependStringHeader,
  type RlpSink,
} from './rlp-sink.ts'

export type Keccak = (bytes: Uint8Array) => Uint8Array

/** RLP items in a sink, each with `TRIE_HEADROOM` bytes before it that the trie may write to. */
export type TrieItems = {
  readonly sink: RlpSink
  /** Begin and end of each item, in turns. */
  bounds: Int32Array
  count: number
}

/** Before an item: header of the value, the path (at most 6 bytes and a header), header of the node. */
export const TRIE_HEADROOM = 2 * MAX_HEADER_BYTES + 7
/** Root of a trie without entries: keccak256 of the RLP of nothing. */
export const EMPTY_TRIE_ROOT = '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421'

/** Nodes shorter than a hash stand in their parent themselves. */
const HASH_BYTES = 32
const BRANCH_BYTES = MAX_HEADER_BYTES + 16 * (HASH_BYTES + 1) + 1
/** `rlp(index)` has at most 5 bytes. */
const MAX_KEY_NIBBLES = 10
const EXTENSION_BYTES = 64
const EMPTY_STRING = 0x80
const HASH_STRING = 0x80 + HASH_BYTES

export function createTrieItems(sink: RlpSink): TrieItems {
  return { sink, bounds: new Int32Array(256), count: 0 }
}

/** The item just written to the sink, which has the headroom before `begin`. */
export function addTrieItem(items: TrieItems, begin: number): void {
  const place = 2 * items.count
  if (place + 2 > items.bounds.length) {
    const grown = new Int32Array(items.bounds.length * 2)
    grown.set(items.bounds)
    items.bounds = grown
  }
  items.bounds[place] = begin
  items.bounds[place + 1] = items.sink.end
  items.count += 1
}

type Walk = {
  readonly items: TrieItems
  readonly bytes: Uint8Array
  readonly keccak: Keccak
  /** One branch for each depth: a branch is done before its parent goes on. */
  readonly branches: (Uint8Array | undefined)[]
  readonly extension: Uint8Array
  /** The node that was encoded last. */
  node: Uint8Array
  start: number
  end: number
}

/** 32 bytes, or null for an empty list. Overwrites the headroom of the items. */
export function computeTrieRoot(items: TrieItems, keccak: Keccak): Uint8Array | null {
  if (items.count === 0) return null
  const { bytes } = items.sink
  const walk: Walk = {
    items,
    bytes,
    keccak,
    branches: [],
    extension: new Uint8Array(EXTENSION_BYTES),
    node: bytes,
    start: 0,
    end: 0,
  }
  encodeNode(walk, 0, items.count, 0)
  return keccak(walk.node.subarray(walk.start, walk.end))
}

/** Encodes the node of the sorted places `low` to `high`, whose keys agree up to `depth`. */
function encodeNode(walk: Walk, low: number, high: number, depth: number): void {
  const first = indexAt(walk, low)
  if (high - low === 1) {
    encodeLeaf(walk, first, depth)
    return
  }
  const last = indexAt(walk, high - 1)
  let split = depth
  while (nibbleAt(first, split) === nibbleAt(last, split)) split += 1
  encodeBranch(walk, low, high, split)
  if (split > depth) encodeExtension(walk, first, depth, split)
}

/** `[path, value]`, around the item where it stands. */
function encodeLeaf(walk: Walk, index: number, depth: number): void {
  const { bytes, items } = walk
  const valueStart = items.bounds[2 * index]!
  const end = items.bounds[2 * index + 1]!
  const isOneByte = end - valueStart === 1 && bytes[valueStart]! < EMPTY_STRING
  let at = isOneByte ? valueStart : prependStringHeader(bytes, valueStart, end - valueStart)
  at = prependPath(bytes, at, index, depth, countNibbles(index), 2)
  walk.start = prependListHeader(bytes, at, end - at)
  walk.end = end
  walk.node = bytes
}

function encodeExtension(walk: Walk, index: number, depth: number, split: number): void {
  const { extension } = walk
  const at = EXTENSION_BYTES - HASH_BYTES - 1
  const end = writeReference(walk, extension, at)
  const path = prependPath(extension, at, index, depth, split, 0)
  walk.start = prependListHeader(extension, path, end - path)
  walk.end = end
  walk.node = extension
}

function encodeBranch(walk: Walk, low: number, high: number, depth: number): void {
  const branch = walk.branches[depth] ?? new Uint8Array(BRANCH_BYTES)
  walk.branches[depth] = branch
  let at = MAX_HEADER_BYTES
  let next = low
  for (let nibble = 0; nibble < 16; nibble += 1) {
    const from = next
    while (next < high && nibbleAt(indexAt(walk, next), depth) === nibble) next += 1
    if (next === from) {
      branch[at++] = EMPTY_STRING
      continue
    }
    encodeNode(walk, from, next, depth + 1)
    at = writeReference(walk, branch, at)
  }
  // No key is the beginning of another, so no branch has a value.
  branch[at++] = EMPTY_STRING
  walk.start = prependListHeader(branch, MAX_HEADER_BYTES, at - MAX_HEADER_BYTES)
  walk.end = at
  walk.node = branch
}

/** The hash of the node encoded last, or the node itself when it is shorter. */
function writeReference(walk: Walk, target: Uint8Array, at: number): number {
  const node = walk.node.subarray(walk.start, walk.end)
  if (node.length < HASH_BYTES) {
    target.set(node, at)
    return at + node.length
  }
  target[at] = HASH_STRING
  target.set(walk.keccak(node), at + 1)
  return at + 1 + HASH_BYTES
}

/** Hex-prefix encoding of the nibbles `from` to `to` of a key; `flag` is 2 for a leaf. */
function prependPath(
  bytes: Uint8Array,
  end: number,
  index: number,
  from: number,
  to: number,
  flag: number,
): number {
  let at = end
  let next = to
  while (next - from >= 2) {
    bytes[--at] = (nibbleAt(index, next - 2) << 4) | nibbleAt(index, next - 1)
    next -= 2
  }
  bytes[--at] = next > from ? ((flag + 1) << 4) | nibbleAt(index, from) : flag << 4
  // A single byte of a path is below 0x40: its own encoding.
  return end - at === 1 ? at : prependStringHeader(bytes, at, end - at)
}

/** Item at a place in the order of the keys: `01`..`7f`, `80` (zero), `8180`.. */
function indexAt({ items }: Walk, place: number): number {
  const small = Math.min(items.count - 1, EMPTY_STRING - 1)
  if (place < small) return place + 1
  return place === small ? 0 : place
}

function countNibbles(index: number): number {
  if (index < 0x80) return 2
  if (index < 0x100) return 4
  if (index < 0x10000) return 6
  return index < 0x1000000 ? 8 : MAX_KEY_NIBBLES
}

/** A nibble of `rlp(index)`. */
function nibbleAt(index: number, place: number): number {
  if (index < 0x80) {
    const byte = index === 0 ? EMPTY_STRING : index
    return place === 0 ? byte >>> 4 : byte & 0xf
  }
  const nibbles = countNibbles(index)
  if (place === 0) return 8
  if (place === 1) return nibbles / 2 - 1
  return (index >>> (4 * (nibbles - 1 - place))) & 0xf
}
