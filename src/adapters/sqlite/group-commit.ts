import type { Database } from 'better-sqlite3'
import type { ChangeSet, CommitResult } from '../../core/change-set.ts'
import { GatewayError } from '../../errors.ts'
import { isStorageFault, toGatewayError } from './sqlite-error.ts'
import type { Statements } from './statements.ts'
import { writeChangeSet } from './write-change-set.ts'

/**
 * Change sets written in one database transaction. A durable commit costs one fsync however many it
 * holds; the bound keeps a burst from blocking the event loop for long. What is over waits for the
 * next.
 */
const GROUP_LIMIT = 256
/**
 * Turns of the event loop that a change set waits for others. A rush of fifty requests is together
 * after two to four; those who trickle in, one a turn, must not keep the first from its answer until
 * the group is full. What comes later is in the next group.
 */
const GATHER_TURNS = 8

export type GroupCommit = {
  commit(changes: ChangeSet): Promise<CommitResult>
  /** Writes what waits and takes nothing more. */
  close(): void
}

type Waiting = {
  readonly changes: ChangeSet
  resolve(result: CommitResult): void
  reject(error: unknown): void
}

type Outcome =
  | { readonly kind: 'written'; readonly result: CommitResult }
  | { readonly kind: 'failed'; readonly error: unknown }

const WRITTEN: Outcome = { kind: 'written', result: 'committed' }

/**
 * Gathers the change sets of a few turns of the event loop that follow each other and writes them
 * together, in the order of the calls. Promises settle after the COMMIT: nobody is told of something
 * that is not on the disk. One that conflicts or fails takes back itself alone; a fault of the
 * storage takes back all. `onWritten` hears of them before the promises settle, `onGroup` of how many
 * there were.
 */
export function createGroupCommit(
  db: Database,
  sql: Statements,
  onWritten: (changes: ChangeSet) => void = () => {},
  onGroup: (size: number) => void = () => {},
): GroupCommit {
  let waiting: Waiting[] = []
  let isClosed = false

  const flush = (): void => {
    const group = waiting.slice(0, GROUP_LIMIT)
    waiting = waiting.slice(GROUP_LIMIT)
    if (group.length > 0) {
      settleGroup(db, sql, group, onWritten)
      onGroup(group.length)
    }
    if (waiting.length > 0) setImmediate(flush)
  }
  /** Goes on waiting while a turn brought more: who waits anyway shares one sync with them. */
  const gather = (before: number, turn: number): void => {
    const isGrowing = waiting.length > before && waiting.length < GROUP_LIMIT
    if (isGrowing && turn < GATHER_TURNS) setImmediate(gather, waiting.length, turn + 1)
    else flush()
  }
  return {
    commit(changes) {
      if (isClosed) return Promise.reject(closedError())
      return new Promise((resolve, reject) => {
        waiting.push({ changes, resolve, reject })
        if (waiting.length === 1) setImmediate(gather, 0, 1)
      })
    },
    close() {
      isClosed = true
      while (waiting.length > 0) flush()
    },
  }
}

/** The answer to every call after `close`. */
export function closedError(): GatewayError {
  return new GatewayError('storage_unavailable', 'Storage is closed.')
}

function settleGroup(
  db: Database,
  sql: Statements,
  group: readonly Waiting[],
  onWritten: (changes: ChangeSet) => void,
): void {
  let outcomes: Outcome[]
  try {
    outcomes = writeGroup(db, sql, group)
  } catch (error) {
    const failure = toGatewayError(error)
    for (const member of group) member.reject(failure)
    return
  }
  for (const { changes } of group) onWritten(changes)
  for (const [index, member] of group.entries()) {
    const outcome = outcomes[index] as Outcome
    if (outcome.kind === 'written') member.resolve(outcome.result)
    else member.reject(outcome.error)
  }
}

/**
 * All at once, or, when that fails for one of them, each in a savepoint of its own. A savepoint costs
 * a copy of every page it touches, and hardly ever is anything taken back.
 */
function writeGroup(db: Database, sql: Statements, group: readonly Waiting[]): Outcome[] {
  return (
    transact(db, sql, () => writeTogether(sql, group)) ??
    (transact(db, sql, () => group.map(({ changes }) => writeApart(sql, changes))) as Outcome[])
  )
}

/** What `write` returns, on the disk; null is returned with nothing of it written. */
function transact<R>(db: Database, sql: Statements, write: () => R | null): R | null {
  sql('BEGIN IMMEDIATE').run()
  try {
    const written = write()
    sql(written === null ? 'ROLLBACK' : 'COMMIT').run()
    return written
  } catch (error) {
    // Some faults (a full disk) have rolled back by themselves.
    if (db.inTransaction) sql('ROLLBACK').run()
    throw error
  }
}

/** Null when one of them conflicts or fails, by itself and not by a fault of the storage. */
function writeTogether(sql: Statements, group: readonly Waiting[]): Outcome[] | null {
  try {
    const isWritten = group.every(({ changes }) => writeChangeSet(sql, changes) === 'committed')
    return isWritten ? group.map(() => WRITTEN) : null
  } catch (error) {
    if (isStorageFault(error)) throw error
    return null
  }
}

function writeApart(sql: Statements, changes: ChangeSet): Outcome {
  sql('SAVEPOINT member').run()
  try {
    const result = writeChangeSet(sql, changes)
    if (result === 'conflict') sql('ROLLBACK TO member').run()
    sql('RELEASE member').run()
    return { kind: 'written', result }
  } catch (error) {
    if (isStorageFault(error)) throw error
    sql('ROLLBACK TO member').run()
    sql('RELEASE member').run()
    return { kind: 'failed', error }
  }
}
