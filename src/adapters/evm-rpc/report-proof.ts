/** What the proofs of blocks came to, for metrics, log and whoever chooses the next node. */
import type { VerifiedBlock } from '../../core/chain/block.ts'
import type { ProofSwitches } from '../../core/chain/chain-settings.ts'
import type { BlockProof, ProofVerdict } from '../../core/proof/block-proof.ts'
import { ChainSourceError } from '../../errors.ts'
import type { Logger } from '../../ports/logger.ts'
import type { Metrics } from '../../ports/metrics.ts'
import type { JudgedBlock } from './verify-block.ts'

export type ProofReporter = {
  /** The block; rejects with `disproven` when a proof that is `on` fails. */
  accept(nodeName: string, judged: JudgedBlock, proofs: ProofSwitches): VerifiedBlock
}

type ReporterDeps = {
  readonly chainId: number
  readonly logger: Logger
  readonly metrics: Metrics
}

export function createProofReporter(deps: ReporterDeps): ProofReporter {
  /** Verdicts by node and proof: told when one changes, not at every block. */
  const told = new Map<string, ProofVerdict>()
  return {
    accept(nodeName, { block, proof, reasons }, proofs) {
      const { number, hash } = block.ref
      let disproven: string | null = null
      for (const name of Object.keys(proof) as (keyof BlockProof)[]) {
        const verdict = proof[name]
        if (verdict === 'off') continue
        count(deps, name, verdict)
        const reason = reasons.get(name) ?? ''
        const text = `block ${number} ${hash}: ${name}: ${reason}`
        if (verdict === 'mismatch' && proofs[name] === 'on') disproven ??= text
        const at = `${nodeName}/${name}`
        if (told.get(at) === verdict) continue
        told.set(at, verdict)
        tell(deps, nodeName, verdict, text)
      }
      if (disproven !== null) throw new ChainSourceError('disproven', disproven)
      return block
    },
  }
}

function count({ chainId, metrics }: ReporterDeps, proof: string, verdict: string): void {
  metrics.count('block_proofs_total', { chain: String(chainId), proof, verdict })
}

function tell(deps: ReporterDeps, node: string, verdict: ProofVerdict, reason: string): void {
  const fields = { chain_id: deps.chainId, node, reason }
  if (verdict === 'mismatch') deps.logger.warn(fields, 'the header disproves the block')
  else if (verdict === 'unprovable') deps.logger.info(fields, 'a block could not be proven')
}
