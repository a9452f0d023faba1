/**
 * What is remembered of how a node does: averages, faults by kind, and the two reasons not to ask
 * it. The breaker is for a node that does not answer, and looks again after seconds; quarantine is
 * for one that answered something untrue, and lasts minutes. Pure but for its own state; time comes
 * as an argument.
 */
import { MINUTE_MS, SECOND_MS } from '../../core/time.ts'
import type { ChainFaultKind } from '../../errors.ts'

export type QuarantineReason =
  /** What it served under a hash does not prove to be under that hash, and another node's did. */
  | 'disproven'
  /** It held on to another block where most nodes agree. */
  | 'minority'

export type NodeRecord = {
  /** Moving average of answers, milliseconds; null before the first. */
  latencyMs: number | null
  /** Moving average of failures, 0 to 1. */
  errorShare: number
  readonly errors: Map<ChainFaultKind, number>
  errorsInRow: number
  /** Monotonic time of the first of the errors in a row; null while it answers. */
  failingSinceMs: number | null
  /** Monotonic time at which an open breaker lets one question through; null when it is closed. */
  probeAtMs: number | null
  /** How long the breaker stays open the next time. */
  openForMs: number
  quarantine: { readonly reason: QuarantineReason; readonly untilMs: number } | null
}

export type RecordRules = {
  readonly quarantineMs: number
  readonly maxOpenMs: number
}

/** Errors in a row after which a node is not asked with the others. */
export const BREAKER_ERRORS = 3
const FIRST_OPEN_MS = SECOND_MS
/** Long enough that a person reads the alarm before the node is believed again. */
export const STANDARD_RULES: RecordRules = { quarantineMs: 5 * MINUTE_MS, maxOpenMs: MINUTE_MS }
/** Local chains: nobody waits for minutes while trying out. */
export const TEST_RULES: RecordRules = { quarantineMs: 5 * SECOND_MS, maxOpenMs: 2 * SECOND_MS }
/** Weight of the latest value: about the last ten count. */
const WEIGHT = 0.2

/**
 * Faults of a node that answers: it lags, is busy, or is not ours and must go on saying so. For what
 * is disproven there is quarantine.
 */
const HARMLESS: ReadonlySet<ChainFaultKind> = new Set([
  'not_there',
  'capacity',
  'wrong_chain',
  'disproven',
])

export function createNodeRecord(): NodeRecord {
  return {
    latencyMs: null,
    errorShare: 0,
    errors: new Map(),
    errorsInRow: 0,
    failingSinceMs: null,
    probeAtMs: null,
    openForMs: FIRST_OPEN_MS,
    quarantine: null,
  }
}

export function recordLatency(record: NodeRecord, ms: number): void {
  record.latencyMs = record.latencyMs === null ? ms : average(record.latencyMs, ms)
}

/** It served what it was asked for: the breaker closes. */
export function recordAnswer(record: NodeRecord): void {
  record.errorShare = average(record.errorShare, 0)
  record.errorsInRow = 0
  record.failingSinceMs = null
  record.probeAtMs = null
  record.openForMs = FIRST_OPEN_MS
}

/** Opens the breaker after `BREAKER_ERRORS` in a row, and for twice as long after a failed probe. */
export function recordFault(
  record: NodeRecord,
  kind: ChainFaultKind,
  nowMs: number,
  rules: RecordRules,
): void {
  record.errors.set(kind, (record.errors.get(kind) ?? 0) + 1)
  record.errorShare = average(record.errorShare, 1)
  if (HARMLESS.has(kind)) return
  record.errorsInRow += 1
  record.failingSinceMs ??= nowMs
  if (record.errorsInRow < BREAKER_ERRORS) return
  // What was under way when the breaker opened is no failed probe.
  if (record.probeAtMs !== null && nowMs < record.probeAtMs) return
  record.probeAtMs = nowMs + record.openForMs
  record.openForMs = Math.min(record.openForMs * 2, rules.maxOpenMs)
}

export function quarantine(
  record: NodeRecord,
  reason: QuarantineReason,
  nowMs: number,
  { quarantineMs }: RecordRules,
): void {
  record.quarantine = { reason, untilMs: nowMs + quarantineMs }
}

export function isQuarantined({ quarantine: current }: NodeRecord, nowMs: number): boolean {
  return current !== null && nowMs < current.untilMs
}

/** Whether the breaker is open. It stays so, in name, until the probe has succeeded. */
export function isOpen({ probeAtMs }: NodeRecord): boolean {
  return probeAtMs !== null
}

/** Whether it may be asked: also the one probe of a breaker that was open for its time. */
export function mayAsk(record: NodeRecord, nowMs: number): boolean {
  if (isQuarantined(record, nowMs)) return false
  return record.probeAtMs === null || nowMs >= record.probeAtMs
}

function average(before: number, latest: number): number {
  return before + WEIGHT * (latest - before)
}
