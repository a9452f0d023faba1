/**
 * Observe: which blocks of the node come next for our chain, and whether to believe them. Reads
 * headers first and heavy data only for what will be connected; decides nothing about money.
 */
import type { BlockRef, VerifiedBlock } from '../core/chain/block.ts'
import type { ChainSettings } from '../core/chain/chain-settings.ts'
import {
  type BranchClaim,
  blockAt,
  floorOf,
  holdsBlock,
  judgeBranch,
  type LocalChain,
  tipOf,
} from '../core/chain/local-chain.ts'
import { ChainSourceError } from '../errors.ts'
import type { ChainSource } from '../ports/chain-source.ts'

export type Observation =
  /** Nothing new: the node is where we are, or behind us. */
  | { readonly kind: 'current' }
  /** A branch that is not longer than ours, not yet believed. */
  | { readonly kind: 'claimed'; readonly claim: BranchClaim }
  | { readonly kind: 'below-floor'; readonly depth: number }
  /** Linked blocks, oldest first, that continue or replace our chain. `more`: the node has further ones. */
  | { readonly kind: 'blocks'; readonly blocks: readonly VerifiedBlock[]; readonly more: boolean }

export type ObserveOptions = {
  readonly settings: ChainSettings
  readonly claim: BranchClaim | null
  readonly nowMs: number
  /** What these blocks hold for us, in their order. */
  readonly read: (refs: readonly BlockRef[], signal: AbortSignal) => Promise<VerifiedBlock[]>
  readonly signal: AbortSignal
}

/** Blocks taken in one turn: bounds the memory of a catch-up and the size of its commit. */
export const MAX_BLOCKS_PER_TURN = 64

export async function observeBranch(
  source: ChainSource,
  chain: LocalChain,
  head: BlockRef,
  options: ObserveOptions,
): Promise<Observation> {
  if (holdsBlock(chain, head) || isBelowRing(chain, head)) return { kind: 'current' }
  const tip = tipOf(chain)
  const maxReorgBlocks = options.settings.maxReorgBlocks
  const ahead = await readAhead(source, tip, head, options.signal)
  const first = ahead[0] as BlockRef
  if (first.parentHash === tip.hash) return readAll(ahead, head, options)
  const verdict = judgeBranch(
    chain,
    head,
    options.claim,
    options.nowMs,
    options.settings.blockTimeMs,
    source.describeAgreement().agreedBy,
  )
  if (!verdict.follow) return { kind: 'claimed', claim: verdict.claim }
  const floor = floorOf(chain, maxReorgBlocks)
  const below = await walkDown(source, chain, first, floor, options.signal)
  if (below === null) return { kind: 'below-floor', depth: tip.number - floor + 1 }
  return readAll([...below, ...ahead], head, options)
}

/**
 * A node hundreds of blocks behind: restarted from an old state, or the slowest of a pool. Its head can
 * be compared with nothing we hold; it is lag, and a halt for it would need a person to undo.
 */
function isBelowRing(chain: LocalChain, head: BlockRef): boolean {
  return head.number < (chain.blocks[0] as BlockRef).number
}

/** Headers above our tip up to the head, or the head alone when it is not above it. */
async function readAhead(
  source: ChainSource,
  tip: BlockRef,
  head: BlockRef,
  signal: AbortSignal,
): Promise<BlockRef[]> {
  if (head.number <= tip.number + 1) return [head]
  const to = Math.min(head.number, tip.number + MAX_BLOCKS_PER_TURN)
  return source.getHeaders(tip.number + 1, to, signal)
}

/**
 * The blocks between our chain and `first`, oldest first, by walking parents by hash: the node must
 * serve its own branch. Null when the common ancestor lies below the floor.
 */
async function walkDown(
  source: ChainSource,
  chain: LocalChain,
  first: BlockRef,
  floor: number,
  signal: AbortSignal,
): Promise<BlockRef[] | null> {
  const below: BlockRef[] = []
  let block = first
  while (blockAt(chain, block.number - 1)?.hash !== block.parentHash) {
    if (block.number - 1 <= floor) return null
    const parent = await source.getHeaderByHash(block.parentHash, signal)
    if (parent === null || parent.number !== block.number - 1) {
      throw new ChainSourceError(
        'inconsistent',
        'the node does not serve the parent of its own block',
      )
    }
    below.unshift(parent)
    block = parent
  }
  return block.number - 1 < floor ? null : below
}

async function readAll(
  refs: readonly BlockRef[],
  head: BlockRef,
  { read, signal }: ObserveOptions,
): Promise<Observation> {
  const blocks = await read(refs, signal)
  return { kind: 'blocks', blocks, more: (refs[refs.length - 1] as BlockRef).number < head.number }
}
