/**
 * The Merkle Patricia trie of the Yellow Paper (appendix D), written as it is defined there: the
 * functions c (structural composition) and n (node cap) over a set of pairs, without any state.
 * Slow and plain on purpose: this is the second opinion on what the gateway proves.
 */
import { concat, type Hex, hexToBytes, keccak256, size, toRlp } from 'viem'

type Pair = { readonly nibbles: readonly number[]; readonly value: Hex }
/** RLP structure of a node: a list, or the empty string. */
type Node = Hex | Node[]

/** Root of the trie that holds these values under the RLP of their place in the list. */
export function computeListRoot(values: readonly Hex[]): Hex {
  const pairs = values.map((value, index) => {
    const key = toRlp(index === 0 ? '0x' : encodeQuantity(BigInt(index)))
    return { nibbles: [...hexToBytes(key)].flatMap((byte) => [byte >> 4, byte & 15]), value }
  })
  return keccak256(pairs.length === 0 ? toRlp('0x') : toRlp(compose(pairs, 0)))
}

/** A number as RLP takes it: big-endian without leading zeros, zero as nothing. */
export function encodeQuantity(value: bigint): Hex {
  if (value === 0n) return '0x'
  const digits = value.toString(16)
  return `0x${digits.length % 2 === 0 ? '' : '0'}${digits}`
}

/** c(J, i): all keys of J share their first i nibbles. */
function compose(pairs: readonly Pair[], depth: number): Node {
  const [first] = pairs as [Pair]
  if (pairs.length === 1) return [encodePath(first.nibbles.slice(depth), true), first.value]
  const shared = countShared(pairs)
  if (shared > depth) {
    return [encodePath(first.nibbles.slice(depth, shared), false), cap(pairs, shared)]
  }
  const branches = Array.from({ length: 16 }, (_, nibble) =>
    cap(
      pairs.filter(({ nibbles }) => nibbles[depth] === nibble),
      depth + 1,
    ),
  )
  const here = pairs.find(({ nibbles }) => nibbles.length === depth)
  return [...branches, here?.value ?? '0x']
}

/** n(J, i): nothing, the node itself when its RLP is shorter than a hash, else its hash. */
function cap(pairs: readonly Pair[], depth: number): Node {
  if (pairs.length === 0) return '0x'
  const node = compose(pairs, depth)
  const encoded = toRlp(node)
  return size(encoded) < 32 ? node : keccak256(encoded)
}

/** Hex prefix encoding (appendix C). */
function encodePath(nibbles: readonly number[], isLeaf: boolean): Hex {
  const flag = isLeaf ? 2 : 0
  const even = nibbles.length % 2 === 0
  const all = even ? [flag, 0, ...nibbles] : [flag + 1, ...nibbles]
  return concat([`0x${all.map((nibble) => nibble.toString(16)).join('')}`])
}

function countShared(pairs: readonly Pair[]): number {
  const [first] = pairs as [Pair]
  const differs = (place: number) =>
    pairs.some(({ nibbles }) => nibbles[place] !== first.nibbles[place])
  let place = 0
  while (place < first.nibbles.length && !differs(place)) place += 1
  return place
}
