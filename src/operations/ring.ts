/** How many blocks of a chain are held: to follow reorgs by, and to find what its tags name. */
import type { ChainSettings } from '../core/chain/chain-settings.ts'
import { SECOND_MS } from '../core/time.ts'

/** At least this many blocks are kept, and at least this long in block time. */
const RING_MIN_BLOCKS = 300
const RING_MIN_S = 600
/**
 * Where a tag is followed, its block must be held to be compared: the slowest are half an hour
 * behind (rollups whose batches become final on Ethereum).
 */
const RING_TAG_S = 3_600
/** Fast chains make thousands of blocks in ten minutes; more than this is never read at a start. */
const START_MAX_BLOCKS = 3_000
/** An hour at ten blocks a second; more than this is never loaded. */
export const RING_MAX_BLOCKS = 36_000

export type Ring = {
  /** Blocks to load at most. */
  readonly blocks: number
  /** Blocks whose headers are read when watching begins. */
  readonly startBlocks: number
  /** Kept at least, by number and by age. */
  readonly keepBlocks: number
  readonly keepS: number
}

export function planRing(settings: ChainSettings): Ring {
  const keepS = settings.finalizedTag ? RING_TAG_S : RING_MIN_S
  const asked = settings.finality.map(({ rule }) =>
    // Above the tag lies what is not final yet: as much again as is kept anyway.
    rule.kind === 'depth' ? rule.confirmations : rule.plusBlocks + RING_MIN_BLOCKS,
  )
  const least = Math.max(RING_MIN_BLOCKS, settings.maxReorgBlocks + 1, ...asked.map((n) => n + 1))
  const inTime = (seconds: number) => Math.ceil((seconds * SECOND_MS) / settings.blockTimeMs)
  return {
    blocks: Math.max(least, Math.min(inTime(keepS), RING_MAX_BLOCKS)),
    startBlocks: Math.max(least, Math.min(inTime(RING_MIN_S), START_MAX_BLOCKS)),
    keepBlocks: least,
    keepS,
  }
}
