/**
 * The second look at money in a block that nothing proves, on a chain whose blocks prove: before it
 * counts, its block is read once more. Other nodes are asked first while what comes is not proven.
 */
import type { BlockRef } from '../core/chain/block.ts'
import { type ChainSettings, expectsProof } from '../core/chain/chain-settings.ts'
import { extractTransfers, watchedAssetsOf } from '../core/chain/transfer.ts'
import type { Hash } from '../core/money/asset.ts'
import type { Observation, Payment } from '../core/payment/payment.ts'
import { ChainSourceError } from '../errors.ts'
import type { ChainSource } from '../ports/chain-source.ts'
import type { Deps } from './deps.ts'
import { PROVEN_LEVEL } from './find-unproven.ts'

export type AuditDeps = Pick<Deps, 'store' | 'logger' | 'metrics'> & {
  readonly source: Pick<ChainSource, 'getBlock'>
}

/** `refuted`: the block is proven now, and the payment is not in it. `open`: it has to wait. */
export type AuditVerdict = 'refuted' | 'open'

/** By payment id. What is not named may count. */
export type Audit = ReadonlyMap<string, AuditVerdict>

export type AuditRequest = {
  /** As deep as asked after this turn, not confirmed yet. */
  readonly due: readonly Payment[]
  /** Blocks read in this turn that do not prove: they are looked at again in the next one. */
  readonly unproven: ReadonlySet<Hash>
  readonly signal: AbortSignal
}

/** Whole blocks read in one turn; the others wait for the next. */
const BLOCKS_PER_TURN = 8

export async function auditPayments(
  deps: AuditDeps,
  settings: ChainSettings,
  { due, unproven, signal }: AuditRequest,
): Promise<Audit> {
  const audit = new Map<string, AuditVerdict>()
  // What a balance or a trace tells stands in no block that could be read again.
  const told = due.filter(({ observation, dust }) => !dust && isInBlock(observation))
  if (told.length === 0 || !expectsProof(settings.proofs)) return audit
  const byBlock = Map.groupBy(told, ({ observation }) => observation.blockHash)
  for (const [hash, payments] of byBlock) if (unproven.has(hash)) close(audit, payments, 'open')
  const hashes = [...byBlock.keys()].filter((hash) => !unproven.has(hash))
  const kept = await deps.store.findBlocks(settings.chainId, hashes)
  const weak = kept.filter(({ proofLevel }) => proofLevel !== null && proofLevel < PROVEN_LEVEL)
  for (const [place, { ref }] of weak.entries()) {
    const payments = byBlock.get(ref.hash) ?? []
    if (place >= BLOCKS_PER_TURN) close(audit, payments, 'open')
    else await auditBlock(deps, settings, ref, payments, audit, signal)
  }
  return audit
}

async function auditBlock(
  deps: AuditDeps,
  settings: ChainSettings,
  ref: BlockRef,
  payments: readonly Payment[],
  audit: Map<string, AuditVerdict>,
  signal: AbortSignal,
): Promise<void> {
  const { chainId } = settings
  const fields = { chain_id: chainId, block: ref.number, hash: ref.hash }
  try {
    const block = await deps.source.getBlock(ref, signal)
    const { transfers } = extractTransfers(block, watchedAssetsOf(settings))
    const gone = payments.filter(({ observation }) => {
      return !transfers.some(
        ({ place, assetId, to, amountUnits }) =>
          place === observation.place &&
          assetId === observation.asset.id &&
          to === observation.to &&
          amountUnits === observation.amountUnits,
      )
    })
    const verdict = block.proofLevel >= PROVEN_LEVEL ? 'refuted' : 'open'
    close(audit, gone, verdict)
    for (const { observation } of gone) {
      deps.metrics.count('payments_refuted_total', { chain: String(chainId), verdict })
      const text =
        verdict === 'refuted'
          ? 'its block is proven now and does not have it: nothing of it counts'
          : 'its block does not prove and does not have it now: it waits'
      deps.logger.error({ ...fields, payment: observation.id }, `ALARM: a payment: ${text}`)
    }
  } catch (error) {
    if (!(error instanceof ChainSourceError)) throw error
    signal.throwIfAborted()
    close(audit, payments, 'open')
    const text = `a block that is not proven was not read again, its payments wait: ${error.message}`
    deps.logger.warn({ ...fields, kind: error.kind }, text)
  }
}

function close(
  audit: Map<string, AuditVerdict>,
  payments: readonly Payment[],
  verdict: AuditVerdict,
): void {
  for (const { observation } of payments) audit.set(observation.id, verdict)
}

export function isInBlock({ place }: Observation): boolean {
  return place.startsWith('log:') || place.startsWith('tx:')
}
