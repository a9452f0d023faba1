import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import Database from 'better-sqlite3'
import { GatewayError } from '../../errors.ts'
import { makeDirectory } from './make-directory.ts'

/**
 * A lock between processes: an exclusive transaction, never ended, on a small SQLite file. The
 * operating system frees it when the process dies, however it dies, so there is no stale lock to
 * judge by pid and start time. Not for network file systems, where such locks are often imaginary.
 */

/** Held locks. An unreachable connection would be collected as garbage, and its lock with it. */
const held = new Set<Database.Database>()

/** Characters of the owner file that are read: it holds two short fields. */
const OWNER_CHARACTERS_MAX = 200

/**
 * Takes the lock at `path` or throws `already_running`, naming the process that has it. `purpose`
 * is a word for that message, e.g. `serve`. Returns the release, which may be called more than
 * once.
 */
export function acquireLock(path: string, purpose: string): () => void {
  const database = openExclusively(path)
  held.add(database)
  const ownerPath = `${path}.owner`
  try {
    writeFileSync(ownerPath, `${JSON.stringify({ pid: process.pid, purpose })}\n`)
  } catch {
    // Only the message to the next one is poorer; the lock holds.
  }
  return () => {
    if (!held.delete(database)) return
    rmSync(ownerPath, { force: true })
    database.close()
  }
}

function openExclusively(path: string): Database.Database {
  let database: Database.Database | undefined
  try {
    makeDirectory(dirname(path))
    database = new Database(path, { timeout: 0 })
    database.exec('BEGIN EXCLUSIVE')
    return database
  } catch (cause) {
    database?.close()
    if (isBusy(cause)) throw new GatewayError('already_running', describeOwner(path), { cause })
    const { code } = cause as NodeJS.ErrnoException
    const message =
      `the lock file ${basename(path)} beside the database cannot be made or locked ` +
      `(${code ?? 'unknown'}); check its directory and permissions`
    throw new GatewayError('storage_unavailable', message, { cause })
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY')
}

/** By the owner file, as far as it can be believed: a killed owner may have left one behind. */
function describeOwner(path: string): string {
  const owner = readOwner(`${path}.owner`)
  const who = owner === null ? '' : ` (pid ${owner.pid}, ${owner.purpose})`
  return `already running: another quittance process${who} is using this database; stop it first`
}

function readOwner(path: string): { pid: number; purpose: string } | null {
  try {
    const text = readFileSync(path, 'utf8').slice(0, OWNER_CHARACTERS_MAX)
    const { pid, purpose } = JSON.parse(text) as Record<string, unknown>
    if (!Number.isInteger(pid) || typeof purpose !== 'string') return null
    return isAlive(pid as number) ? { pid: pid as number, purpose } : null
  } catch {
    return null
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it exists and belongs to another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
