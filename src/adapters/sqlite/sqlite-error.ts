import Database from 'better-sqlite3'
import { GatewayError } from '../../errors.ts'

/**
 * Result codes (their first word) that tell of the disk, the file or another process, not of our
 * SQL.
 */
const STORAGE_FAULTS: Readonly<Record<string, string>> = {
  BUSY: 'the database is locked by another process',
  LOCKED: 'the database is locked by another process',
  PROTOCOL: 'the database is locked by another process',
  FULL: 'the disk is full',
  IOERR: 'the disk failed to read or write',
  NOMEM: 'there is not enough memory',
  READONLY: 'the database file is read-only',
  PERM: 'the database file must not be accessed',
  CANTOPEN: 'the database file cannot be opened; do its directory and permissions allow it?',
  CORRUPT: 'the database file is damaged; restore a backup',
  NOTADB: 'the file is not a database',
}

/** Trying again does not mend these. */
const LASTING_FAULTS: ReadonlySet<string> = new Set(['CORRUPT', 'NOTADB'])

const UNIQUE_CLASHES: ReadonlySet<string> = new Set([
  'SQLITE_CONSTRAINT_UNIQUE',
  'SQLITE_CONSTRAINT_PRIMARYKEY',
  'SQLITE_CONSTRAINT_ROWID',
])

/** Somebody else has written this key first. */
export function isUniqueClash(error: unknown): boolean {
  return error instanceof Database.SqliteError && UNIQUE_CLASHES.has(error.code)
}

/** True for a failure of the world; false for a bug of ours, e.g. a broken foreign key. */
export function isStorageFault(error: unknown): boolean {
  return faultWord(error) !== null
}

/** The typed failure for one of the world; a bug is handed back as it is. */
export function toGatewayError(error: unknown): unknown {
  const word = faultWord(error)
  if (word === null) return error
  return new GatewayError('storage_unavailable', `Storage failed: ${STORAGE_FAULTS[word]}.`, {
    retryable: !LASTING_FAULTS.has(word),
    cause: error,
  })
}

/** `SQLITE_IOERR_WRITE` -> `IOERR`; null for codes that are no fault of the storage. */
function faultWord(error: unknown): string | null {
  if (!(error instanceof Database.SqliteError)) return null
  const word = error.code.split('_')[1] ?? ''
  return Object.hasOwn(STORAGE_FAULTS, word) ? word : null
}
