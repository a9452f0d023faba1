/**
 * How deep a payment must be, and what of a chain is that deep. A rule counts blocks or asks for a
 * tag of the nodes; a tag is followed as `judge-finality.ts` says, and never falls.
 */
import { unreachable } from '../assert.ts'
import type { BlockRef } from './block.ts'
import { countConfirmations } from './confirmations.ts'
import { type BlockMark, blockAt, type LocalChain, tipOf } from './local-chain.ts'

export type FinalityTag = 'safe' | 'finalized'

export type FinalityRule =
  /** `head - block + 1` is at least this. */
  { readonly kind: 'depth'; readonly confirmations: number } | TagRule

export type TagRule = {
  readonly kind: FinalityTag
  /** The tag stands at least this many blocks above the payment. */
  readonly plusBlocks: number
  /** The block of the tag is at least this much younger, in block time. */
  readonly plusS: number
}

export function depthRule(confirmations: number): FinalityRule {
  return { kind: 'depth', confirmations }
}

export function tagRule(kind: FinalityTag, plus: Partial<Omit<TagRule, 'kind'>> = {}): TagRule {
  return { kind, plusBlocks: plus.plusBlocks ?? 0, plusS: plus.plusS ?? 0 }
}

const RANKS = { depth: 0, safe: 1, finalized: 2 } as const

/** Below zero when `a` asks for less than `b`: counts, then `safe`, then `finalized`, then the rest. */
export function compareFinality(a: FinalityRule, b: FinalityRule): number {
  if (a.kind === 'depth' && b.kind === 'depth') return a.confirmations - b.confirmations
  if (a.kind === 'depth' || b.kind === 'depth' || a.kind !== b.kind) {
    return RANKS[a.kind] - RANKS[b.kind]
  }
  return a.plusBlocks - b.plusBlocks || a.plusS - b.plusS
}

const FINALIZED = tagRule('finalized')

/** The rule, or what the nodes call final where it asks for less. */
export function atLeastFinal(rule: FinalityRule): FinalityRule {
  return compareFinality(rule, FINALIZED) < 0 ? FINALIZED : rule
}

/** A rule as configuration and answers write it. */
export function presentFinality(rule: FinalityRule): {
  readonly confirmations: number | FinalityTag
  readonly plus_blocks?: number
  readonly plus_s?: number
} {
  if (rule.kind === 'depth') return { confirmations: rule.confirmations }
  return {
    confirmations: rule.kind,
    ...(rule.plusBlocks > 0 && { plus_blocks: rule.plusBlocks }),
    ...(rule.plusS > 0 && { plus_s: rule.plusS }),
  }
}

/** Whether a payment in this block of our chain is as deep as the rule asks. */
export function meetsFinality(
  chain: LocalChain,
  rule: FinalityRule,
  block: Pick<BlockRef, 'number' | 'timestampS'>,
): boolean {
  switch (rule.kind) {
    case 'depth':
      return countConfirmations(tipOf(chain), block.number) >= rule.confirmations
    case 'safe':
    case 'finalized': {
      const mark = markedBlock(chain, rule.kind)
      if (mark === null || mark.number < block.number + rule.plusBlocks) return false
      return mark.timestampS >= block.timestampS + rule.plusS
    }
    default:
      return unreachable(rule)
  }
}

/** The highest block number that is as deep as the rule asks, additions of a tag left out; -1: none. */
export function deepHeight(chain: LocalChain, rule: FinalityRule): number {
  if (rule.kind === 'depth') return tipOf(chain).number - rule.confirmations + 1
  return markedBlock(chain, rule.kind)?.number ?? -1
}

/**
 * Block time (ms) up to which the chain has been observed as deep as the rule asks: every transfer of
 * an earlier time has been seen and is that deep. Null while nothing that deep is held.
 */
export function observedThroughMs(chain: LocalChain, rule: FinalityRule): number | null {
  switch (rule.kind) {
    case 'depth':
      return timeAt(chain, tipOf(chain).number - rule.confirmations + 1)
    case 'safe':
    case 'finalized': {
      const mark = markedBlock(chain, rule.kind)
      if (mark === null) return null
      const lateMs = (mark.timestampS - rule.plusS) * 1_000
      if (rule.plusBlocks === 0) return lateMs
      const deepMs = timeAt(chain, mark.number - rule.plusBlocks)
      return deepMs === null ? null : Math.min(deepMs, lateMs)
    }
    default:
      return unreachable(rule)
  }
}

/** A final block never leaves our chain: it is under the tag, or deeper than any reorg we follow. */
export function isFinal(chain: LocalChain, blockNumber: number): boolean {
  const mark = markedBlock(chain, 'finalized')
  return mark !== null && blockNumber <= mark.number
}

/** The block a tag stands at; what is final is safe as well. Null while that is not known. */
export function markedBlock(chain: LocalChain, tag: FinalityTag): BlockMark | null {
  const { finality } = chain
  switch (finality.kind) {
    case 'depth':
      return blockAt(chain, tipOf(chain).number - finality.blocks)
    case 'tag': {
      const { safe, finalized } = finality.marks
      if (tag === 'finalized' || safe === null) return finalized
      return finalized !== null && finalized.number > safe.number ? finalized : safe
    }
    default:
      return unreachable(finality)
  }
}

function timeAt(chain: LocalChain, number: number): number | null {
  const block = blockAt(chain, number)
  return block === null ? null : block.timestampS * 1_000
}
