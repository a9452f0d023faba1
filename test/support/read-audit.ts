import { join } from 'node:path'
import { openSqliteStore } from '../../src/adapters/sqlite/sqlite-store.ts'
import { type AuditRow, findBrokenAuditRow } from '../../src/core/audit.ts'
import type { GatewayProcess } from './gateway-process.ts'

const ROWS_MAX = 10_000

/** The audit log of an installation, oldest first. Throws when its hashes do not chain. */
export async function readAudit({ folder }: GatewayProcess): Promise<readonly AuditRow[]> {
  const path = join(folder, 'data', 'quittance.db')
  const store = openSqliteStore({ path, readOnly: true })
  try {
    const rows = await store.listAudit(0, ROWS_MAX)
    const broken = findBrokenAuditRow(rows)
    if (broken !== null) throw new Error(`the audit log is broken at row ${broken}`)
    return rows
  } finally {
    await store.close()
  }
}
