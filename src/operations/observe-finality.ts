/**
 * Observe what the nodes call final, once per head, and judge it by our own chain. Nodes that do not
 * say, or disagree, only make large amounts wait; a final block that is not ours halts the chain.
 */
import type { BlockRef } from '../core/chain/block.ts'
import type { ChainSettings } from '../core/chain/chain-settings.ts'
import type { FinalityTag } from '../core/chain/finality.ts'
import { type FinalityFault, judgeFinality } from '../core/chain/judge-finality.ts'
import {
  type BlockMark,
  type FinalityMarks,
  holdsBlock,
  type LocalChain,
  marksOf,
} from '../core/chain/local-chain.ts'
import type { Hash } from '../core/money/asset.ts'
import type { FinalityHealth } from '../ports/chain-directory.ts'
import type { ChainSource } from '../ports/chain-source.ts'
import type { Deps } from './deps.ts'

/** What is kept between two turns. A fresh one asks at once. */
export type FinalityMemory = {
  /** Head at which the nodes were asked last, our chain having reached it. */
  readonly askedAt: Hash | null
  /** The last turn saw a final block that is not ours. */
  readonly isContradicted: boolean
  /** No node said anything when they were asked last. */
  readonly isMissing: boolean
  /** Since when (monotonic) the last final block is the last, and the head it had then. */
  readonly standing: { readonly sinceMs: number; readonly askedAt: Hash } | null
  readonly fault: FinalityFault | null
}

export const FRESH_FINALITY: FinalityMemory = {
  askedAt: null,
  isContradicted: false,
  isMissing: false,
  standing: null,
  fault: null,
}

export type ObservedFinality =
  | {
      readonly kind: 'accepted'
      /** Null where nothing moved. */
      readonly marks: FinalityMarks | null
      readonly memory: FinalityMemory
    }
  /** Seen by two turns in a row, each with a chain that follows the head. */
  | { readonly kind: 'contradicted'; readonly mark: BlockMark }

type FinalityDeps = Pick<Deps, 'clock' | 'logger' | 'metrics'> & { readonly source: ChainSource }

export type FinalityRequest = {
  readonly settings: ChainSettings
  /** Our chain as this turn leaves it. */
  readonly chain: LocalChain
  readonly head: BlockRef
  readonly memory: FinalityMemory
  readonly signal: AbortSignal
}

export async function observeFinality(
  deps: FinalityDeps,
  { settings, chain, head, memory, signal }: FinalityRequest,
): Promise<ObservedFinality> {
  const isAsked = memory.askedAt === head.hash && !memory.isContradicted
  if (!settings.finalizedTag || isAsked) return { kind: 'accepted', marks: null, memory }
  const claims = await deps.source.getFinality(tagsOf(settings), signal)
  const verdict = judgeFinality(chain, claims)
  if (verdict.kind === 'contradicted') {
    // A branch that was changed between two answers looks the same, once.
    if (memory.isContradicted) return verdict
    return { kind: 'accepted', marks: null, memory: { ...memory, isContradicted: true } }
  }
  const held = marksOf(chain)
  const hasRisen = verdict.marks.finalized?.hash !== held.finalized?.hash
  const nowMs = deps.clock.monotonicMs()
  const standing =
    hasRisen || memory.standing === null ? { sinceMs: nowMs, askedAt: head.hash } : memory.standing
  const { finalityStuckMs = Number.POSITIVE_INFINITY } = settings
  const isStuck = standing.askedAt !== head.hash && nowMs - standing.sinceMs >= finalityStuckMs
  const isMissing = verdict.fault === 'missing'
  // A call that failed looks the same, once: the next turn asks again before anybody is alarmed.
  const isDoubtful = isMissing && !memory.isMissing
  const fault = isDoubtful ? memory.fault : (verdict.fault ?? (isStuck ? 'stuck' : null))
  reportFault(deps, settings, memory.fault, fault, held)
  const hasMoved = hasRisen || verdict.marks.safe?.hash !== held.safe?.hash
  // While our chain is on its way to the head, what is final may be above it, and is asked again.
  const askedAt = holdsBlock(chain, head) && !isDoubtful ? head.hash : null
  return {
    kind: 'accepted',
    marks: hasMoved ? verdict.marks : null,
    memory: { askedAt, isContradicted: false, isMissing, standing, fault },
  }
}

/** How the tags stand, for health; null where none is followed. */
export function describeFinality(
  settings: ChainSettings,
  chain: LocalChain,
  { fault }: FinalityMemory,
): FinalityHealth | null {
  if (!settings.finalizedTag) return null
  const { finalized, safe } = marksOf(chain)
  return { finalized: finalized?.number ?? null, safe: safe?.number ?? null, fault }
}

/** `safe` is asked for only where a tier does. */
function tagsOf({ finality }: ChainSettings): FinalityTag[] {
  return finality.some(({ rule }) => rule.kind === 'safe') ? ['finalized', 'safe'] : ['finalized']
}

const MEANINGS: Readonly<Record<FinalityFault, string>> = {
  missing: 'no node says what is final',
  stuck: 'what is final has not moved for long, while the head has',
  regressed: 'the nodes call less final than before; what was final stays so',
  disputed: 'the nodes call different blocks final',
}

/** Told when it begins and when it ends, not at every head. */
function reportFault(
  { logger, metrics }: FinalityDeps,
  { chainId }: ChainSettings,
  before: FinalityFault | null,
  fault: FinalityFault | null,
  { finalized }: FinalityMarks,
): void {
  if (fault === before) return
  const fields = { chain_id: chainId, finalized: finalized?.number ?? null }
  if (fault === null) {
    logger.info(fields, 'the finalized tag is back')
    return
  }
  metrics.count('finality_faults_total', { chain: String(chainId), kind: fault })
  const text = `ALARM: finalized tag: ${MEANINGS[fault]}. Payments that ask for it wait.`
  logger.error({ ...fields, fault }, text)
}
