import type { BlockRef } from './block.ts'
import { blockAt, type LocalChain, tipOf } from './local-chain.ts'

/** `head - block + 1`: one when the block is the tip; zero for a block above it. */
export function countConfirmations(tip: Pick<BlockRef, 'number'>, blockNumber: number): number {
  return Math.max(0, tip.number - blockNumber + 1)
}

/**
 * Block time (ms) up to which the chain has been observed at this depth: every transfer of an earlier
 * time has been seen and is as deep as asked. Null while no block that deep is held.
 */
export function observedThroughMs(chain: LocalChain, confirmations: number): number | null {
  const block = blockAt(chain, tipOf(chain).number - confirmations + 1)
  return block === null ? null : block.timestampS * 1_000
}
