/**
 * When the write-ahead log is copied back into the file. SQLite does it at a commit, and whoever waits
 * then waits for it too. Here it is done between two turns, as soon as there is enough of it, and in a
 * rush of orders only when that is over: see docs/adr/0071.
 */
import type { Database } from 'better-sqlite3'
import type { Statements } from './statements.ts'

/**
 * Sizes of the log in bytes. `usual` is copied in some 30 ms. `most` is what SQLite copies at a commit,
 * by itself, and so bounds the file and what a start after a crash has to read. After a rush `least`
 * is worth it: the next one finds room.
 */
export const LOG_BYTES = {
  least: 4 * 1024 * 1024,
  usual: 16 * 1024 * 1024,
  most: 32 * 1024 * 1024,
}

/** Change sets written together from which on it is a rush. One after the other is none. */
const RUSH_GROUP = 16
/** Without such a group for so long, a rush is over. */
const CALM_MS = 250

const LOG_PAGES = 'PRAGMA wal_checkpoint(NOOP)'
const COPY = 'PRAGMA wal_checkpoint(PASSIVE)'

export type LogCopier = {
  /** To be told after each group of so many change sets that was written. */
  onGroup(size: number): void
  stop(): void
}

export function createLogCopier(db: Database, sql: Statements): LogCopier {
  const pageSize = db.pragma('page_size', { simple: true }) as number
  let planned: NodeJS.Timeout | null = null

  /** A fault harms nothing that was committed, and whoever writes next is told of one that stays. */
  const attempt = (work: () => void): void => {
    try {
      if (db.open) work()
    } catch {}
  }
  const holds = (bytes: number): boolean => {
    const { log, checkpointed } = sql(LOG_PAGES).get() as { log: number; checkpointed: number }
    return (log - checkpointed) * pageSize >= bytes
  }
  const copy = (least: number): void => {
    planned = null
    attempt(() => {
      if (holds(least)) sql(COPY).get()
    })
  }
  const plan = (delayMs: number, least: number): void => {
    planned = setTimeout(copy, delayMs, least).unref()
  }
  return {
    onGroup(size) {
      if (planned !== null) {
        if (size >= RUSH_GROUP) planned.refresh()
      } else if (size >= RUSH_GROUP) plan(CALM_MS, LOG_BYTES.least)
      else {
        attempt(() => {
          if (holds(LOG_BYTES.usual)) plan(0, LOG_BYTES.usual)
        })
      }
    },
    stop() {
      if (planned !== null) clearTimeout(planned)
      planned = null
    },
  }
}
