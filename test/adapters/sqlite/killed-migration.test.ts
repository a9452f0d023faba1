/** DU-04: the process is killed while it brings the file to a newer schema. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { MIGRATIONS } from '../../../src/adapters/sqlite/migrations.ts'
import { openDatabase } from '../../../src/adapters/sqlite/open-database.ts'
import { openSqliteStore } from '../../../src/adapters/sqlite/sqlite-store.ts'
import { sampleInvoice, sampleStore } from '../../support/fixtures.ts'

const OPEN_DATABASE = fileURLToPath(
  new URL('../../../src/adapters/sqlite/open-database.ts', import.meta.url),
)
const LATEST = MIGRATIONS.length
/** Rows that one of the steps below writes: long enough to be killed in the middle of it. */
const ROWS = 300_000

/** Two steps as a release might bring them: a table that is filled, and one that replaces it. */
const STEPS = [
  {
    version: LATEST + 1,
    sql: `CREATE TABLE filled (n INTEGER NOT NULL, text TEXT NOT NULL) STRICT;
      INSERT INTO filled WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c
      WHERE n < ${ROWS}) SELECT n, 'row ' || n FROM c;`,
  },
  {
    version: LATEST + 2,
    sql: `CREATE TABLE replaced (text TEXT NOT NULL, n INTEGER NOT NULL) STRICT;
      INSERT INTO replaced SELECT text, n FROM filled; DROP TABLE filled;`,
  },
]

let directory: string
let path: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'quittance-migration-'))
  path = join(directory, 'quittance.db')
})
afterEach(() => rmSync(directory, { recursive: true }))

/** Starts the migration in a process of its own and kills it so long after it has begun. */
async function migrateAndKill(afterMs: number): Promise<boolean> {
  const program = `
    import { writeSync } from 'node:fs'
    import { openDatabase } from ${JSON.stringify(OPEN_DATABASE)}
    import { MIGRATIONS } from ${JSON.stringify(OPEN_DATABASE.replace('open-database', 'migrations'))}
    writeSync(1, 'begin')
    openDatabase({
      path: ${JSON.stringify(path)},
      migrations: [...MIGRATIONS, ...${JSON.stringify(STEPS)}],
    })
    writeSync(1, 'end')`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program])
  const closed = once(child, 'close')
  let said = ''
  child.stdout.on('data', (chunk) => {
    said += chunk
  })
  await once(child.stdout, 'data')
  await sleep(afterMs)
  child.kill('SIGKILL')
  await closed
  return said.endsWith('end')
}

/** What a look from outside finds: the version, and that the tables are those of this version. */
function look(): number {
  const db = new Database(path)
  try {
    const version = db.pragma('user_version', { simple: true }) as number
    const table = { [LATEST + 1]: 'filled', [LATEST + 2]: 'replaced' }[version]
    const found = db
      .prepare("SELECT name FROM sqlite_schema WHERE name IN ('filled', 'replaced')")
      .pluck()
      .all()
    expect(found).toEqual(table === undefined ? [] : [table])
    if (table !== undefined) {
      expect(db.prepare(`SELECT count(*) FROM ${table}`).pluck().get()).toBe(ROWS)
    }
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok')
    return version
  } finally {
    db.close()
  }
}

test('DU-04 kill -9 during a migration: each step is whole or not there, and the next start goes on', {
  timeout: 60_000,
}, async () => {
  const store = openSqliteStore({ path })
  await store.commit({ stores: [sampleStore()], invoices: [sampleInvoice(1)] })
  await store.close()
  const seen: number[] = []
  // Each time a little later, until it comes through: from the backup over both steps to the end.
  for (let afterMs = 0; ; afterMs += 40) {
    const isDone = await migrateAndKill(afterMs)
    seen.push(look())
    if (isDone || seen.at(-1) === LATEST + 2) break
  }
  expect(seen.at(-1)).toBe(LATEST + 2)
  expect(seen).toEqual(seen.toSorted((a, b) => a - b))
  expect(seen[0]).toBe(LATEST)
  expect(seen.length, 'kills in the middle').toBeGreaterThan(3)

  openDatabase({ path, migrations: [...MIGRATIONS, ...STEPS] }).close()
  const backup = openSqliteStore({ path: `${path}.schema-${LATEST}.backup` })
  expect(await backup.loadInvoices(['inv_1'])).toEqual([
    { invoice: sampleInvoice(1), payments: [] },
  ])
  await backup.close()
})
