import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Database as Connection } from 'better-sqlite3'
import { beforeEach, expect, test, vi } from 'vitest'
import {
  createLogCopier,
  LOG_BYTES,
  type LogCopier,
} from '../../../src/adapters/sqlite/copy-log.ts'
import { openDatabase } from '../../../src/adapters/sqlite/open-database.ts'
import { cacheStatements } from '../../../src/adapters/sqlite/statements.ts'

const ONE = 1
const MANY = 50
const LONG_MS = 60_000

let directory: string
let db: Connection
let copier: LogCopier
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  directory = mkdtempSync(join(tmpdir(), 'quittance-log-'))
  db = openDatabase({ path: join(directory, 'quittance.db') })
  db.exec('CREATE TABLE filler (bytes BLOB); PRAGMA wal_checkpoint(TRUNCATE)')
  copier = createLogCopier(db, cacheStatements(db))
  return () => {
    vi.useRealTimers()
    db.close()
    rmSync(directory, { recursive: true })
  }
})

/** A commit of so many bytes, told as a group of so many change sets. */
function write(bytes: number, group: number): void {
  db.prepare('INSERT INTO filler VALUES (zeroblob(?))').run(bytes)
  copier.onGroup(group)
}

/** Which part of the log stands in the file too. */
function look(): 'nothing' | 'a part' | 'all' {
  const [state] = db.pragma('wal_checkpoint(NOOP)') as { log: number; checkpointed: number }[]
  if (state?.checkpointed === 0) return 'nothing'
  return state?.checkpointed === state?.log ? 'all' : 'a part'
}

test('a little is left where it is, however long nothing comes', () => {
  write(LOG_BYTES.usual / 2, ONE)
  vi.advanceTimersByTime(LONG_MS)
  expect(look()).toBe('nothing')
})

test('what single commits add up to is copied at the usual size, in a turn of its own', () => {
  write(LOG_BYTES.usual / 2, ONE)
  write(LOG_BYTES.usual / 2, ONE)
  expect(look()).toBe('nothing')
  vi.advanceTimersByTime(1)
  expect(look()).toBe('all')
})

test('in a rush it waits until no large group has come for a while', () => {
  write(LOG_BYTES.usual, MANY)
  for (let i = 0; i < 5; i++) {
    vi.advanceTimersByTime(200)
    write(LOG_BYTES.least / 8, MANY)
  }
  expect(look()).toBe('nothing')
  vi.advanceTimersByTime(200)
  write(LOG_BYTES.least / 8, ONE)
  expect(look()).toBe('nothing')
  vi.advanceTimersByTime(50)
  expect(look()).toBe('all')
})

test('after a rush less is copied than usual, but not every little', () => {
  write(LOG_BYTES.least, MANY)
  vi.advanceTimersByTime(LONG_MS)
  expect(look()).toBe('all')
  write(LOG_BYTES.least / 2, MANY)
  vi.advanceTimersByTime(LONG_MS)
  expect(look()).toBe('nothing')
})

test('a rush without end is copied by SQLite, at the most there may be', () => {
  for (let i = 0; i < 7; i++) write(LOG_BYTES.most / 8, MANY)
  expect(look()).toBe('nothing')
  write(LOG_BYTES.most / 8, MANY)
  expect(look()).toBe('all')
})

test('what was planned is given up when the store is closed', () => {
  write(LOG_BYTES.usual, MANY)
  copier.stop()
  vi.advanceTimersByTime(LONG_MS)
  expect(look()).toBe('nothing')
  write(LOG_BYTES.least, MANY)
  db.close()
  expect(() => vi.advanceTimersByTime(LONG_MS)).not.toThrow()
})

test('a fault of the copying harms nobody: the log holds everything', () => {
  write(LOG_BYTES.usual, MANY)
  db.exec('BEGIN; DELETE FROM filler')
  vi.advanceTimersByTime(LONG_MS)
  db.exec('ROLLBACK')
  expect(look()).toBe('nothing')
  write(LOG_BYTES.least, MANY)
  vi.advanceTimersByTime(LONG_MS)
  expect(look()).toBe('all')
})

test('a log that cannot be asked harms nobody either', () => {
  db.close()
  expect(() => copier.onGroup(ONE)).not.toThrow()
  db = openDatabase({ path: join(directory, 'quittance.db') })
  const broken = createLogCopier(db, () => {
    throw new Error('disk I/O error')
  })
  expect(() => broken.onGroup(ONE)).not.toThrow()
})
