/** What was recomputed of a block, and what that is worth. */
import type { ProofLevel } from '../chain/block.ts'
import type { ProofSwitches } from '../chain/chain-settings.ts'

/**
 * `unprovable`: a part is missing or of a kind unknown here, so nothing can be computed. `implied`: not
 * computed, since another proof that was speaks for it.
 */
export type ProofVerdict = 'match' | 'mismatch' | 'unprovable' | 'implied' | 'off'

export type BlockProof = Readonly<Record<keyof ProofSwitches, ProofVerdict>>

export type ProofWeight = {
  /** Native value is watched: it stands in transactions, to which receipts do not commit. */
  readonly native: boolean
  /** A transaction of the block moves value. */
  readonly hasValue: boolean
  /** So many logs that the bloom shows no longer what is left out. */
  readonly isBloomSaturated: boolean
  /** Watched content of transactions that stand outside the roots. */
  readonly hasUnprovenContent: boolean
}

/** Every proof that the switches do not turn off, as if it could not be computed. */
export function createProof(switches: ProofSwitches): Record<keyof ProofSwitches, ProofVerdict> {
  const open = (name: keyof ProofSwitches) => (switches[name] === 'off' ? 'off' : 'unprovable')
  return {
    headerHash: open('headerHash'),
    transactionsRoot: open('transactionsRoot'),
    receiptsRoot: open('receiptsRoot'),
    bloom: open('bloom'),
  }
}

/**
 * The level that one node's answer reaches: 0, 1 or 2. Roots and bloom say nothing under a header
 * whose hash was not recomputed, since the node that sends one sends the other. A bloom shows neither
 * value nor whether a transaction failed.
 */
export function judgeProof(proof: BlockProof, weight: ProofWeight): ProofLevel {
  if (proof.headerHash !== 'match' || weight.hasUnprovenContent) return 0
  // Where one check contradicts the node, no other one speaks for it.
  if (Object.values(proof).includes('mismatch')) return 0
  if (weight.native && proof.transactionsRoot !== 'match') return 0
  if (proof.receiptsRoot === 'match') return 2
  if (proof.bloom !== 'match' || (weight.native && weight.hasValue)) return 0
  return weight.isBloomSaturated ? 1 : 2
}
