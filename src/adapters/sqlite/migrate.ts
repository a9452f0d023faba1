import { closeSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs'
import type { Database } from 'better-sqlite3'
import { APPLICATION_ID, type Migration } from './migrations.ts'

/**
 * Takes the steps the file has not taken yet, each in one transaction with its version number: a
 * process killed in the middle leaves the version before, whole. A file with data is copied beside
 * itself first. Returns the path of that copy, null when none was needed.
 */
export function migrate(
  db: Database,
  path: string,
  migrations: readonly Migration[],
): string | null {
  const from = readVersion(db)
  const pending = migrations.filter((migration) => migration.version > from)
  if (pending.length === 0) return null
  const backup = from === 0 ? null : backUp(db, `${path}.schema-${from}.backup`)
  for (const migration of pending) take(db, migration)
  return backup
}

export function readVersion(db: Database): number {
  return db.pragma('user_version', { simple: true }) as number
}

function take(db: Database, migration: Migration): void {
  db.transaction(() => {
    // Another process may have been faster between our look and our lock.
    if (readVersion(db) >= migration.version) return
    db.exec(migration.sql)
    db.pragma(`application_id = ${APPLICATION_ID}`)
    db.pragma(`user_version = ${migration.version}`)
  }).immediate()
}

/** Written under another name and renamed when it is on the disk: a backup that exists is whole. */
function backUp(db: Database, target: string): string {
  const unfinished = `${target}.unfinished`
  rmSync(unfinished, { force: true })
  db.prepare('VACUUM INTO ?').run(unfinished)
  const file = openSync(unfinished, 'r+')
  fsyncSync(file)
  closeSync(file)
  renameSync(unfinished, target)
  return target
}
