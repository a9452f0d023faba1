/**
 * Our own view of a chain: the latest canonical blocks, linked by hash, oldest first. All reorg logic
 * is here, and nothing but hashes decides: a head that is lower or equal is lag, a reorg is another
 * hash under a parent that we hold.
 *
 *     ring   ... -- A -- b1 -- b2        (A: the latest block both have)
 *     branch          \- c1 -- c2 -- c3  b1, b2 are disconnected, c1..c3 connected
 */
import { assert } from '../assert.ts'
import type { Hash } from '../money/asset.ts'
import type { BlockRef } from './block.ts'

export type LocalChain = {
  readonly chainId: number
  /** Ascending and linked, never empty. The last one is the tip: our cursor. */
  readonly blocks: readonly BlockRef[]
  readonly finality: ChainFinality
}

/** A block that the nodes name by a tag, and that is on our chain. */
export type BlockMark = Pick<BlockRef, 'number' | 'hash' | 'timestampS'>

/** Where the tags stand; null before they are known. `finalized` never falls. */
export type FinalityMarks = {
  readonly safe: BlockMark | null
  readonly finalized: BlockMark | null
}

/** What of a chain is final. */
export type ChainFinality =
  /** The `finalized` tag of its nodes is followed. */
  | { readonly kind: 'tag'; readonly marks: FinalityMarks }
  /** No tag is followed: what lies this many blocks below the tip. */
  | { readonly kind: 'depth'; readonly blocks: number }

export const NO_MARKS: FinalityMarks = { safe: null, finalized: null }

export type ConnectResult =
  | {
      readonly kind: 'extended'
      readonly chain: LocalChain
      /** Blocks that left our chain, newest first; empty unless a branch replaced them. */
      readonly disconnected: readonly BlockRef[]
      readonly connected: readonly BlockRef[]
    }
  /** Every block is held already: lag or repetition. */
  | { readonly kind: 'known' }
  /** The blocks are not linked to each other: the answer mixes two chains. */
  | { readonly kind: 'unlinked' }
  /** The parent of the first block is not ours: read further down. */
  | { readonly kind: 'parent-missing' }
  /** The common ancestor lies below the floor: halt, rewrite nothing. */
  | { readonly kind: 'below-floor'; readonly depth: number }

/** Nothing is final of it until marks are set. */
export function createLocalChain(
  chainId: number,
  blocks: readonly BlockRef[],
  finality: ChainFinality = { kind: 'tag', marks: NO_MARKS },
): LocalChain {
  assert(blocks.length > 0, 'a local chain holds at least its first block')
  assert(isLinked(blocks), 'a local chain is linked')
  return { chainId, blocks, finality }
}

/** The chain as its settings judge what is final of it: by the marks it has, or by depth. */
export function followFinality(
  chain: LocalChain,
  settings: { readonly finalizedTag: boolean; readonly maxReorgBlocks: number },
): LocalChain {
  if (settings.finalizedTag === (chain.finality.kind === 'tag')) return chain
  const finality: ChainFinality = settings.finalizedTag
    ? { kind: 'tag', marks: NO_MARKS }
    : { kind: 'depth', blocks: settings.maxReorgBlocks }
  return { ...chain, finality }
}

/** The chain with its tags at these marks. */
export function markChain(chain: LocalChain, marks: FinalityMarks): LocalChain {
  return { ...chain, finality: { kind: 'tag', marks } }
}

/** The marks of a chain whose tags are followed; none of another. */
export function marksOf({ finality }: LocalChain): FinalityMarks {
  return finality.kind === 'tag' ? finality.marks : NO_MARKS
}

/** Marks where a person has decided that the chain forks off after this block (null: all of it). */
export function lowerMarks(marks: FinalityMarks, ancestor: BlockRef | null): FinalityMarks {
  const lower = (mark: BlockMark | null) => {
    if (mark === null || ancestor === null) return null
    return mark.number <= ancestor.number ? mark : toMark(ancestor)
  }
  return { safe: lower(marks.safe), finalized: lower(marks.finalized) }
}

export function toMark({ number, hash, timestampS }: BlockRef): BlockMark {
  return { number, hash, timestampS }
}

export function tipOf(chain: LocalChain): BlockRef {
  return chain.blocks[chain.blocks.length - 1] as BlockRef
}

/** The block we hold at a height, or null above the tip and below the ring. */
export function blockAt(chain: LocalChain, number: number): BlockRef | null {
  const first = chain.blocks[0] as BlockRef
  return chain.blocks[number - first.number] ?? null
}

export function holdsBlock(chain: LocalChain, ref: { number: number; hash: Hash }): boolean {
  return blockAt(chain, ref.number)?.hash === ref.hash
}

/**
 * Lowest height a common ancestor may have: the last finalized block where the tag is followed, and
 * never more than `maxReorgBlocks` below the tip or below the ring.
 */
export function floorOf(chain: LocalChain, maxReorgBlocks: number): number {
  return Math.max(
    (chain.blocks[0] as BlockRef).number,
    tipOf(chain).number - maxReorgBlocks,
    marksOf(chain).finalized?.number ?? 0,
  )
}

/**
 * Connects linked blocks, oldest first. They may begin with blocks we hold, continue our tip, or
 * branch off below it; the caller has judged that the branch is to be followed.
 */
export function connectBlocks(
  chain: LocalChain,
  branch: readonly BlockRef[],
  maxReorgBlocks: number,
): ConnectResult {
  if (!isLinked(branch)) return { kind: 'unlinked' }
  const fresh = branch.filter((block) => !holdsBlock(chain, block))
  const first = fresh[0]
  if (first === undefined) return { kind: 'known' }
  const ancestor = blockAt(chain, first.number - 1)
  if (ancestor?.hash !== first.parentHash) {
    const depth = tipOf(chain).number - first.number + 1
    return first.number <= floorOf(chain, maxReorgBlocks)
      ? { kind: 'below-floor', depth }
      : { kind: 'parent-missing' }
  }
  const depth = tipOf(chain).number - ancestor.number
  if (ancestor.number < floorOf(chain, maxReorgBlocks)) return { kind: 'below-floor', depth }
  const kept = chain.blocks.slice(0, chain.blocks.length - depth)
  const disconnected = chain.blocks.slice(chain.blocks.length - depth).reverse()
  return {
    kind: 'extended',
    chain: {
      chainId: chain.chainId,
      blocks: [...kept, ...fresh],
      finality: dropSafeAbove(chain.finality, ancestor),
    },
    disconnected,
    connected: fresh,
  }
}

/** What was safe may leave in a reorg, down to the common ancestor; what is final may not. */
function dropSafeAbove(finality: ChainFinality, ancestor: BlockRef): ChainFinality {
  if (finality.kind !== 'tag') return finality
  const { safe } = finality.marks
  if (safe === null || safe.number <= ancestor.number) return finality
  return { kind: 'tag', marks: { ...finality.marks, safe: toMark(ancestor) } }
}

/** Drops what is older than both bounds ask to keep. Block times judge the age, not our clock. */
export function pruneLocalChain(chain: LocalChain, keepBlocks: number, keepS: number): LocalChain {
  const tip = tipOf(chain)
  const keepFrom = chain.blocks.findIndex(
    (block) => block.number > tip.number - keepBlocks || block.timestampS >= tip.timestampS - keepS,
  )
  return keepFrom <= 0 ? chain : { ...chain, blocks: chain.blocks.slice(keepFrom) }
}

/** A branch that is not longer than ours, as seen by earlier polls. */
export type BranchClaim = {
  readonly tipHash: Hash
  readonly firstSeenMs: number
  readonly polls: number
}

/** Polls a branch that is not longer must be shown before it is believed. */
const CLAIM_POLLS = 2

/**
 * A longer branch is followed at once, and so is one that two nodes have. Another that is as long or
 * shorter may be a lagging backend of the same node, so it must hold for two polls and one block time.
 */
export function judgeBranch(
  chain: LocalChain,
  branchTip: BlockRef,
  earlier: BranchClaim | null,
  nowMs: number,
  blockTimeMs: number,
  agreedBy = 1,
): { readonly follow: true } | { readonly follow: false; readonly claim: BranchClaim } {
  if (branchTip.number > tipOf(chain).number || agreedBy > 1) return { follow: true }
  const claim: BranchClaim =
    earlier?.tipHash === branchTip.hash
      ? { ...earlier, polls: earlier.polls + 1 }
      : { tipHash: branchTip.hash, firstSeenMs: nowMs, polls: 1 }
  const held = claim.polls >= CLAIM_POLLS && nowMs - claim.firstSeenMs >= blockTimeMs
  return held ? { follow: true } : { follow: false, claim }
}

function isLinked(blocks: readonly BlockRef[]): boolean {
  return blocks.every((block, i) => {
    const parent = blocks[i - 1]
    return (
      parent === undefined ||
      (block.parentHash === parent.hash && block.number === parent.number + 1)
    )
  })
}
