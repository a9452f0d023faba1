import type { BlockRef } from '../core/chain/block.ts'
import type { Hash } from '../core/money/asset.ts'

type ReadOfBlock<T> = (ref: BlockRef, signal: AbortSignal) => Promise<T>

/** Whole blocks and their traces are large, and who pays many does it in few blocks. */
const REMEMBERED = 4

/**
 * The same read, which asks once for a block that many addresses have to do with: one payer of fifty
 * orders costs one trace. What failed is asked for again.
 */
export function readOnce<T>(read: ReadOfBlock<T>): ReadOfBlock<T> {
  const known = new Map<Hash, T>()
  return async (ref, signal) => {
    const held = known.get(ref.hash)
    if (held !== undefined) return held
    const value = await read(ref, signal)
    known.set(ref.hash, value)
    const [oldest] = known.keys()
    if (known.size > REMEMBERED && oldest !== undefined) known.delete(oldest)
    return value
  }
}
