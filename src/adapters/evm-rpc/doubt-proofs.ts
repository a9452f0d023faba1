/**
 * Who is wrong when a block's header disproves it: the node that served it, or our proofs, which a
 * fork of the chain may have overtaken (a header with a new field). As long as one node serves the
 * block proven, it is the others. When all of them fail, again and again, it is the proofs: they only
 * observe for a while, so that the chain goes on with blocks nobody has proven, until one is. One
 * node alone has no such benefit of the doubt: it may be a liar.
 */
import type { VerifiedBlock } from '../../core/chain/block.ts'
import type { ProofSwitches } from '../../core/chain/chain-settings.ts'
import type { Hash } from '../../core/money/asset.ts'
import { MINUTE_MS } from '../../core/time.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Logger } from '../../ports/logger.ts'
import type { Metrics } from '../../ports/metrics.ts'
import type { EvmNode } from './node.ts'

export type ProofDoubt = {
  /** What blocks are held to now. */
  proofs(): ProofSwitches
  isLowered(): boolean
  /** The header disproved what this node served. */
  noteDisproven(node: EvmNode, hash: Hash): void
  /** No node served the block. True when the proofs were lowered for it: read it again. */
  lowerIfAllFail(hash: Hash): boolean
  /** A block that is proven again ends the doubt. */
  noteBlock(block: VerifiedBlock): void
}

export type DoubtSettings = {
  readonly chainId: number
  readonly nodes: readonly EvmNode[]
  readonly proofs: ProofSwitches
  /** A node that failed for so long, milliseconds, has no say. */
  readonly goneMs: number
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
}

/** Fewer may be one liar. */
const MIN_NODES = 2
/** After this long blocks must prove again: whoever is asked first may be the one that lies. */
const LOWERED_MS = 10 * MINUTE_MS
/** Times that all nodes fail at one block: a moment's confusion passes. */
const TRIES = 3
/** Blocks in doubt at the same time: those in flight, and what a reorg leaves behind. */
const DOUBTED_MAX = 64
/** As far as the level of a block with roots under its recomputed hash. */
const PROVEN_LEVEL = 2

type Doubted = { readonly disprovers: Set<EvmNode>; tries: number }

export function createProofDoubt(settings: DoubtSettings): ProofDoubt {
  const { chainId, nodes, clock, logger, metrics } = settings
  const observed = observeOnly(settings.proofs)
  const doubted = new Map<Hash, Doubted>()
  let loweredUntilMs = 0

  const isLowered = () => clock.monotonicMs() < loweredUntilMs
  const isGone = ({ record }: EvmNode) =>
    record.failingSinceMs !== null && clock.monotonicMs() - record.failingSinceMs >= settings.goneMs

  return {
    proofs: () => (isLowered() ? observed : settings.proofs),
    isLowered,
    noteDisproven(node, hash) {
      const known = doubted.get(hash) ?? { disprovers: new Set(), tries: 0 }
      known.disprovers.add(node)
      doubted.set(hash, known)
      for (const oldest of doubted.keys()) {
        if (doubted.size <= DOUBTED_MAX) break
        doubted.delete(oldest)
      }
    },
    lowerIfAllFail(hash) {
      const known = doubted.get(hash)
      if (known === undefined || known.disprovers.size < MIN_NODES) return false
      // Another block in flight was first.
      if (isLowered()) return true
      if (!nodes.every((node) => known.disprovers.has(node) || isGone(node))) return false
      known.tries += 1
      if (known.tries < TRIES) return false
      loweredUntilMs = clock.monotonicMs() + LOWERED_MS
      doubted.clear()
      metrics.count('proof_downgrades_total', { chain: String(chainId) })
      const reason = 'no node serves a block that proves: a fork with new fields?'
      logger.error({ chain_id: chainId, block: hash, reason }, 'ALARM: proofs only observe now')
      return true
    },
    noteBlock({ ref, proofLevel }) {
      doubted.delete(ref.hash)
      if (!isLowered() || proofLevel < PROVEN_LEVEL) return
      loweredUntilMs = 0
      logger.info({ chain_id: chainId, block: ref.number }, 'blocks prove again')
    },
  }
}

function observeOnly(proofs: ProofSwitches): ProofSwitches {
  const lower = (name: keyof ProofSwitches) => (proofs[name] === 'on' ? 'observe' : proofs[name])
  return {
    headerHash: lower('headerHash'),
    transactionsRoot: lower('transactionsRoot'),
    receiptsRoot: lower('receiptsRoot'),
    bloom: lower('bloom'),
  }
}
