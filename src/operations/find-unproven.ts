/** Which blocks are believed on a node's word, and what is told of the money in them. */
import type { VerifiedBlock } from '../core/chain/block.ts'
import { type ChainSettings, expectsProof } from '../core/chain/chain-settings.ts'
import type { ChangeSet } from '../core/change-set.ts'
import type { Hash } from '../core/money/asset.ts'
import type { ChainSource } from '../ports/chain-source.ts'
import type { Deps } from './deps.ts'

/** Sealed by its header: the content is what the chain has under this hash. */
export const PROVEN_LEVEL = 2

/**
 * Where a tag is followed, a node's word alone is not enough for less than finality. Elsewhere
 * nothing is final before hundreds of blocks, so that only a block that should prove has to wait for
 * them; while no node serves one that does, the chain goes on as it is.
 */
export function findUnproven(
  source: Pick<ChainSource, 'describeAgreement'>,
  { finalizedTag, proofs }: ChainSettings,
  blocks: readonly VerifiedBlock[],
): ReadonlySet<Hash> {
  const isOdd = () => expectsProof(proofs) && !source.describeAgreement().isProofLowered
  if (!finalizedTag && !isOdd()) return new Set()
  const weak = blocks.filter(({ proofLevel }) => proofLevel < PROVEN_LEVEL)
  return new Set(weak.map(({ ref }) => ref.hash))
}

/** Told once per payment, when it is first seen. */
export function reportUnproven(
  { logger, metrics }: Pick<Deps, 'logger' | 'metrics'>,
  { chainId }: ChainSettings,
  { payments = [] }: ChangeSet,
  unproven: ReadonlySet<Hash>,
): void {
  for (const { observation, revision, dust } of payments) {
    if (revision > 1 || dust || !unproven.has(observation.blockHash)) continue
    metrics.count('payments_unproven_total', { chain: String(chainId) })
    const fields = { chain_id: chainId, payment: observation.id, block: observation.blockNumber }
    logger.warn(
      fields,
      'a payment in a block that is not proven: it waits until the block is final',
    )
  }
}
