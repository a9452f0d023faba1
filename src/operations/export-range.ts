/** Shared by the tables of payments and outflows: whose rows, of which time, and who asked. */
import type { Observation } from '../core/payment/payment.ts'
import { formatTime } from '../core/time.ts'
import type { Deps } from './deps.ts'

export type ExportRange = {
  readonly storeId: string
  /** Block time, exclusive; undefined: without end. */
  readonly afterMs: number | undefined
  readonly beforeMs: number | undefined
  /** Who asked, for the audit log: `key_...`. */
  readonly actor: string
}

export function isInExport(
  { afterMs = -Infinity, beforeMs = Infinity }: ExportRange,
  { blockTimestampS }: Pick<Observation, 'blockTimestampS'>,
): boolean {
  const atMs = blockTimestampS * 1_000
  return atMs > afterMs && atMs < beforeMs
}

/** Rejects where it cannot be written down: then nothing is exported. */
export async function auditExport(
  { store, clock }: Pick<Deps, 'store' | 'clock'>,
  action: string,
  { storeId, afterMs, beforeMs, actor }: ExportRange,
): Promise<void> {
  const range = [afterMs, beforeMs].map((ms) => (ms === undefined ? '*' : formatTime(ms)))
  const facts = { atMs: clock.nowMs(), actor, action, target: storeId }
  await store.commit({ audit: [{ ...facts, before: null, after: range.join(' ') }] })
}
