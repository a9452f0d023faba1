import type { BlockRef, VerifiedBlock } from '../core/chain/block.ts'
import type { ChainSource } from '../ports/chain-source.ts'

/** Blocks read at the same time from one node. */
const BLOCKS_IN_FLIGHT = 4

/** All of these blocks whole, in their order. Rejects with the first fault. */
export async function readBlocks(
  source: Pick<ChainSource, 'getBlock'>,
  refs: readonly BlockRef[],
  signal: AbortSignal,
): Promise<VerifiedBlock[]> {
  const blocks: VerifiedBlock[] = []
  let next = 0
  // A slow block holds up none but its own place.
  const work = async () => {
    while (next < refs.length) {
      const place = next++
      blocks[place] = await source.getBlock(refs[place] as BlockRef, signal)
    }
  }
  const stop = (error: unknown): never => {
    next = refs.length
    throw error
  }
  await Promise.all(Array.from({ length: BLOCKS_IN_FLIGHT }, () => work().catch(stop)))
  return blocks
}
