import type { BlockRef } from './block.ts'

/** `head - block + 1`: one when the block is the tip; zero for a block above it. */
export function countConfirmations(tip: Pick<BlockRef, 'number'>, blockNumber: number): number {
  return Math.max(0, tip.number - blockNumber + 1)
}
