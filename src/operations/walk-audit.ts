import { type AuditRow, findBrokenAuditRow } from '../core/audit.ts'
import type { Deps } from './deps.ts'

/** Rows read at a time: bounds the memory of a long log. */
const PAGE = 1_000

export type AuditPage = {
  /** In order. Up to the broken one, where there is one. */
  readonly rows: readonly AuditRow[]
  /** `seq` of the first row that does not follow from the one before; then this page is the last. */
  readonly broken: number | null
}

/** The audit log after a row (0: from the first), oldest first, its hashes checked on the way. */
export async function* walkAudit(
  { store }: Pick<Deps, 'store'>,
  afterSeq: number,
): AsyncGenerator<AuditPage> {
  const [named] = afterSeq === 0 ? [] : await store.listAudit(afterSeq - 1, 1)
  let previous = named ?? null
  for (;;) {
    const rows = await store.listAudit(previous?.seq ?? afterSeq, PAGE)
    if (rows.length === 0) return
    const broken = findBrokenAuditRow(rows, previous)
    if (broken !== null) {
      yield { rows: rows.filter(({ seq }) => seq < broken), broken }
      return
    }
    yield { rows, broken }
    previous = rows[rows.length - 1] ?? null
  }
}
