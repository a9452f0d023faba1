/**
 * The audit log is a chain: each row holds the hash of the one before, so that a row which is
 * changed, left out or put in later is found by whoever kept a later hash.
 *
 *     row 1              row 2              row 3
 *     prevHash: 000...   prevHash: h1  <--  prevHash: h2
 *     hash: h1      <--  hash: h2           hash: h3
 */
import { sha256 } from '@noble/hashes/sha2'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils'
import type { AuditEntry } from './change-set.ts'
import { formatTime } from './time.ts'

/** An entry in its place: the first has `seq` 1. Hashes are hex of SHA-256. */
export type AuditRow = AuditEntry & {
  readonly seq: number
  readonly prevHash: string
  readonly hash: string
}

/** What the first row names as the one before. */
export const AUDIT_GENESIS_HASH = '0'.repeat(64)

/** Places an entry behind the latest row; null when the log is empty. */
export function chainAuditEntry(
  previous: Pick<AuditRow, 'seq' | 'hash'> | null,
  entry: AuditEntry,
): AuditRow {
  const { atMs, actor, action, target, before, after } = entry
  const fields = { atMs, actor, action, target, before, after }
  const seq = (previous?.seq ?? 0) + 1
  const prevHash = previous?.hash ?? AUDIT_GENESIS_HASH
  return { seq, ...fields, prevHash, hash: hashAuditEntry(seq, prevHash, fields) }
}

/** The `seq` of the first row that does not follow from the one before; null when all do. */
export function findBrokenAuditRow(
  rows: readonly AuditRow[],
  previous: Pick<AuditRow, 'seq' | 'hash'> | null = null,
): number | null {
  let before = previous
  for (const row of rows) {
    const expected = chainAuditEntry(before, row)
    if (row.seq !== expected.seq || row.prevHash !== expected.prevHash) return row.seq
    if (row.hash !== expected.hash) return row.seq
    before = row
  }
  return null
}

export type AuditLine = ReturnType<typeof presentAuditRow>

/** A row as it is exported. With it anybody can compute the hash again. */
export function presentAuditRow(row: AuditRow) {
  return {
    seq: row.seq,
    at: formatTime(row.atMs),
    at_ms: row.atMs,
    actor: row.actor,
    action: row.action,
    target: row.target,
    before: row.before,
    after: row.after,
    prev_hash: row.prevHash,
    hash: row.hash,
  }
}

/** JSON of an array keeps the fields apart: no two entries share a text. */
function hashAuditEntry(seq: number, prevHash: string, entry: AuditEntry): string {
  const { atMs, actor, action, target, before, after } = entry
  const text = JSON.stringify([seq, prevHash, atMs, actor, action, target, before, after])
  return bytesToHex(sha256(utf8ToBytes(text)))
}
