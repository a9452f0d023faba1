import { type AuditLine, presentAuditRow } from '../core/audit.ts'
import type { Deps } from './deps.ts'
import { walkAudit } from './walk-audit.ts'

export type AuditExport = {
  readonly rows: number
  /** Of the last row: whoever keeps it can tell later that nothing before it was cut off. */
  readonly lastHash: string | null
  /** `seq` of the first row that was changed; null when all hashes follow from one another. */
  readonly broken: number | null
}

/** Tells the audit log after a row (0: all of it), line by line, and whether it is whole. */
export async function exportAudit(
  deps: Pick<Deps, 'store'>,
  { afterSeq, tell }: { readonly afterSeq: number; readonly tell: (line: AuditLine) => void },
): Promise<AuditExport> {
  let count = 0
  let lastHash: string | null = null
  for await (const { rows, broken } of walkAudit(deps, afterSeq)) {
    for (const row of rows) tell(presentAuditRow(row))
    count += rows.length
    lastHash = rows.at(-1)?.hash ?? lastHash
    if (broken !== null) return { rows: count, lastHash, broken }
  }
  return { rows: count, lastHash, broken: null }
}
