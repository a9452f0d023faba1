/** Chance from a seed: the same seed gives the same numbers, on every machine. Not for secrets. */

export type Random = {
  /** An integer in [0, 2^32). */
  next(): number
  /** An integer in [0, limit). */
  below(limit: number): number
  /** An integer in [low, high]. */
  between(low: number, high: number): number
  /** True in this share of the calls. */
  chance(share: number): boolean
  pick<T>(items: readonly T[]): T
  bytes(count: number): Uint8Array
}

/** xoshiro128** (Blackman, Vigna), its state filled by splitmix32. */
export function createRandom(seed: number): Random {
  const mix = createSplitmix(seed)
  let [a, b, c, d] = [mix(), mix(), mix(), mix()] as [number, number, number, number]
  const next = (): number => {
    const result = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 0
    const shifted = b << 9
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= shifted
    d = rotateLeft(d, 11)
    return result
  }
  const below = (limit: number): number => Math.floor((next() / 2 ** 32) * limit)
  return {
    next,
    below,
    between: (low, high) => low + below(high - low + 1),
    chance: (share) => next() / 2 ** 32 < share,
    pick: (items) => items[below(items.length)] as (typeof items)[number],
    bytes: (count) => Uint8Array.from({ length: count }, () => next() >>> 24),
  }
}

function createSplitmix(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x9e3779b9) >>> 0
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad)
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
    return (mixed ^ (mixed >>> 15)) >>> 0
  }
}

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits))
}
