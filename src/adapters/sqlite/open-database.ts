import { closeSync, existsSync, openSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import Database, { type Database as Connection } from 'better-sqlite3'
import { GatewayError } from '../../errors.ts'
import type { Logger } from '../../ports/logger.ts'
import { isSound, type LateCheck } from './check-integrity.ts'
import { LOG_BYTES } from './copy-log.ts'
import { makeDirectory } from './make-directory.ts'
import { migrate, readVersion } from './migrate.ts'
import { APPLICATION_ID, MIGRATIONS, type Migration } from './migrations.ts'
import { toGatewayError } from './sqlite-error.ts'

/**
 * Wait for another process's lock (an admin command) before giving up. The event loop waits with
 * it.
 */
const BUSY_TIMEOUT_MS = 5_000

/** SQLite's number for `synchronous=FULL`: the log is synced at every commit. */
const SYNCHRONOUS_FULL = 2

/**
 * Pages of the file that a connection keeps in memory, in KiB; the least used give way. It fills as
 * the database grows, and the process with it: what a small gateway takes over weeks.
 */
const PAGE_CACHE_KIB = 16_000

/** A database that lives in memory is no store; SQLite gives it this name. */
const IN_MEMORY = ':memory:'

/**
 * Only the owner of the process reads orders and keys. SQLite gives its side files the same mode.
 */
const FILE_MODE = 0o600

const ABSENT = 'The database file does not exist yet, or holds nothing; it is required to exist.'

export const DAMAGED = 'The database file is damaged; restore a backup.'

export type DatabaseOptions = {
  readonly path: string
  readonly logger?: Logger | undefined
  readonly readOnly?: boolean | undefined
  /** Refuse a file that is missing or empty: orders were there, and something took them away. */
  readonly mustExist?: boolean | undefined
  /** A larger file is opened before it is checked; whoever opens it learns the verdict later. */
  readonly lateCheck?: LateCheck | undefined
  /** The steps to the current schema; tests bring their own. */
  readonly migrations?: readonly Migration[] | undefined
}

/** What the connection runs with, read back from SQLite. */
export type DatabaseSettings = {
  readonly journalMode: string
  readonly synchronous: number
  readonly foreignKeys: number
  readonly busyTimeoutMs: number
  readonly trustedSchema: number
  readonly cellSizeCheck: number
  readonly walAutocheckpointPages: number
  readonly pageSize: number
  readonly pageCacheKib: number
  readonly schemaVersion: number
  readonly sqliteVersion: string
}

/**
 * Opens, checks and migrates the database file; makes file and directory when they are missing.
 * Throws `storage_unavailable` with one clear line for everything that is wrong with the file or
 * the disk; a file that is not ours, or of a newer version, is left exactly as it is.
 */
export function openDatabase(options: DatabaseOptions): Connection {
  const { readOnly = false, mustExist = false, migrations = MIGRATIONS } = options
  const path = options.path === IN_MEMORY ? IN_MEMORY : resolve(options.path)
  let db: Connection | null = null
  try {
    const isLater = isCheckedLater(options)
    if (isEmpty(path)) refuseUnless(!readOnly && !mustExist, ABSENT)
    else refuseUnless(inspectFile(path, migrations) !== 'blank' || !mustExist, ABSENT)
    if (!readOnly && path !== IN_MEMORY) createFile(path)
    db = new Database(path, { readonly: readOnly, timeout: BUSY_TIMEOUT_MS })
    applySettings(db, readOnly)
    assertSettings(readSettings(db))
    // Nothing is migrated that was not looked at.
    if (!isLater || readVersion(db) !== latestVersion(migrations)) checkIntegrity(db)
    if (readOnly) assertCurrent(db, migrations)
    else upgrade(db, path, migrations, options.logger)
    return db
  } catch (error) {
    db?.close()
    throw describeFailure(error)
  }
}

/** The settings in force, for the assertion at start and for `doctor`. */
export function readSettings(db: Connection): DatabaseSettings {
  const read = (name: string): number => db.pragma(name, { simple: true }) as number
  return {
    journalMode: String(db.pragma('journal_mode', { simple: true })),
    synchronous: read('synchronous'),
    foreignKeys: read('foreign_keys'),
    busyTimeoutMs: read('busy_timeout'),
    trustedSchema: read('trusted_schema'),
    cellSizeCheck: read('cell_size_check'),
    walAutocheckpointPages: read('wal_autocheckpoint'),
    pageSize: read('page_size'),
    // A positive number would be one of pages.
    pageCacheKib: -read('cache_size'),
    schemaVersion: readVersion(db),
    sqliteVersion: String(db.prepare('SELECT sqlite_version()').pluck().get()),
  }
}

/** A pragma that did not take says nothing by itself, and a commit would no longer be durable. */
export function assertSettings(settings: DatabaseSettings): void {
  const wrong = findWrongSetting(settings)
  refuseUnless(wrong === null, wrong ?? '')
}

/** What is wrong with the first setting that differs from what we rely on; null when none does. */
export function findWrongSetting(settings: DatabaseSettings): string | null {
  const expected: Partial<DatabaseSettings> = {
    journalMode: 'wal',
    synchronous: SYNCHRONOUS_FULL,
    foreignKeys: 1,
    busyTimeoutMs: BUSY_TIMEOUT_MS,
    trustedSchema: 0,
    cellSizeCheck: 1,
    walAutocheckpointPages: LOG_BYTES.most / settings.pageSize,
    pageCacheKib: PAGE_CACHE_KIB,
  }
  for (const [name, value] of Object.entries(expected)) {
    const found = settings[name as keyof DatabaseSettings]
    if (found !== value) return `The database runs with ${name} ${found}, it must be ${value}.`
  }
  return null
}

function applySettings(db: Connection, readOnly: boolean): void {
  if (!readOnly) db.pragma('journal_mode = WAL')
  // The build's default for WAL is NORMAL, which loses the latest commits at power loss.
  db.pragma('synchronous = FULL')
  // What a savepoint would take back is kept beside: in memory, not in a file that costs a quarter more.
  db.pragma('temp_store = MEMORY')
  db.pragma('foreign_keys = ON')
  db.pragma(`busy_timeout = ${BUSY_TIMEOUT_MS}`)
  db.pragma('trusted_schema = OFF')
  db.pragma('cell_size_check = ON')
  db.pragma(`cache_size = -${PAGE_CACHE_KIB}`)
  const pageSize = db.pragma('page_size', { simple: true }) as number
  db.pragma(`wal_autocheckpoint = ${LOG_BYTES.most / pageSize}`)
}

function isEmpty(path: string): boolean {
  if (path === IN_MEMORY || !existsSync(path)) return true
  const stats = statSync(path)
  refuseUnless(!stats.isDirectory(), 'The database path is a directory; it must be a file.')
  return stats.size === 0
}

/** Looks at a file through a connection that cannot write: a refused one must stay untouched. */
function inspectFile(path: string, migrations: readonly Migration[]): 'blank' | 'ours' {
  const db = new Database(path, { readonly: true, timeout: BUSY_TIMEOUT_MS })
  try {
    const applicationId = db.pragma('application_id', { simple: true }) as number
    const tables = db.prepare('SELECT count(*) FROM sqlite_schema').pluck().get() as number
    // A process killed while it made the file leaves neither tables nor our mark.
    const isBlank = applicationId === 0 && tables === 0
    refuseUnless(
      isBlank || applicationId === APPLICATION_ID,
      'The file belongs to another program.',
    )
    const version = readVersion(db)
    const latest = latestVersion(migrations)
    refuseUnless(
      version <= latest,
      `The database has schema ${version}, we know up to ${latest}: use a newer version.`,
    )
    return isBlank ? 'blank' : 'ours'
  } finally {
    db.close()
  }
}

/** Makes what is missing, with our mode; an unwritable place shows itself here. */
function createFile(path: string): void {
  makeDirectory(dirname(path))
  closeSync(openSync(path, 'a', FILE_MODE))
}

function checkIntegrity(db: Connection): void {
  refuseUnless(isSound(db), DAMAGED)
}

/** A large file of whoever asked for it is checked while it is in use (check-integrity.ts). */
export function isCheckedLater({ path, lateCheck }: DatabaseOptions): boolean {
  if (lateCheck === undefined || isEmpty(path)) return false
  return statSync(path).size > lateCheck.checkedAtOnceBytes
}

function assertCurrent(db: Connection, migrations: readonly Migration[]): void {
  refuseUnless(
    readVersion(db) === latestVersion(migrations),
    'The database has an older schema; start the gateway once to migrate it.',
  )
}

function upgrade(
  db: Connection,
  path: string,
  migrations: readonly Migration[],
  logger: Logger | undefined,
): void {
  const from = readVersion(db)
  const backup = migrate(db, path, migrations)
  const to = readVersion(db)
  if (from !== to) logger?.info({ from, to, backup }, 'database schema migrated')
}

function latestVersion(migrations: readonly Migration[]): number {
  return migrations.at(-1)?.version ?? 0
}

function refuseUnless(condition: boolean, message: string): asserts condition {
  if (!condition) throw new GatewayError('storage_unavailable', message)
}

/** Faults of the file system become the same typed failure as those of SQLite; bugs stay bugs. */
function describeFailure(error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException).code
  const isSystemError = error instanceof Error && 'syscall' in error
  if (!isSystemError) return toGatewayError(error)
  return new GatewayError(
    'storage_unavailable',
    `The database file cannot be opened or made (${code}); check its directory and permissions.`,
    { cause: error },
  )
}
