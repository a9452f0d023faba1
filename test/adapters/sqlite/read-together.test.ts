import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database, { type Database as Connection } from 'better-sqlite3'
import { beforeEach, expect, test } from 'vitest'
import { openDatabase } from '../../../src/adapters/sqlite/open-database.ts'
import { createReadTogether } from '../../../src/adapters/sqlite/read-together.ts'
import { cacheStatements, type Statements } from '../../../src/adapters/sqlite/statements.ts'

let db: Connection
let path: string
/** Statements as they were looked up. */
let used: string[]
let find: (text: string) => Promise<unknown>

beforeEach(() => {
  const directory = mkdtempSync(join(tmpdir(), 'quittance-sqlite-'))
  path = join(directory, 'quittance.db')
  db = openDatabase({ path })
  const prepared = cacheStatements(db)
  used = []
  const together = createReadTogether(db, (text) => {
    used.push(text)
    return prepared(text)
  })
  find = together((sql: Statements, text: string) => sql(text).pluck().get())
  return () => {
    db.close()
    rmSync(directory, { recursive: true })
  }
})

const STORES = 'SELECT count(*) FROM store_accounts'

test('reads of one turn share a transaction, which ends with the turn', async () => {
  expect(await Promise.all([find('SELECT 1'), find(STORES), find('SELECT 2')])).toEqual([1, 0, 2])
  expect(used).toEqual(['BEGIN', 'SELECT 1', STORES, 'SELECT 2', 'COMMIT'])
  expect(db.inTransaction).toBe(false)
  expect(await find('SELECT 3')).toBe(3)
})

test('a later turn sees what another process committed meanwhile', async () => {
  expect(await find('PRAGMA user_version')).toBeGreaterThan(0)
  const other = new Database(path)
  other.pragma('user_version = 4711')
  other.close()
  expect(await find('PRAGMA user_version')).toBe(4711)
})

test('a fault of one read is told to whoever asked for it, and hurts no other', async () => {
  const [before, wrong, after] = await Promise.allSettled([
    find('SELECT 1'),
    find('SELECT 1 FROM nowhere'),
    find('SELECT 2'),
  ])
  expect(before).toEqual({ status: 'fulfilled', value: 1 })
  expect(String((wrong as PromiseRejectedResult).reason)).toContain('nowhere')
  expect(after).toEqual({ status: 'fulfilled', value: 2 })
  expect(db.inTransaction).toBe(false)
})

test('who asked before the store was closed is told so', async () => {
  const asked = find('SELECT 1')
  db.close()
  await expect(asked).rejects.toMatchObject({ code: 'storage_unavailable' })
})
