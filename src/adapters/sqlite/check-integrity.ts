/** Whether a database file is sound: at once where it is small, beside the work where it is large. */
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import type { Database as Connection } from 'better-sqlite3'

/** A check takes about a second for each GB in memory, and as long as the disk takes elsewhere. */
const CHECKED_AT_ONCE_BYTES = 256 * 1024 * 1024

export type IntegrityCheck = {
  /** `damaged` also where the file could not be read to its end. */
  state(): 'checking' | 'sound' | 'damaged'
  /** Resolves at the end of the check; never after `stop`. */
  readonly done: Promise<void>
  /** Gives up a check under way. */
  stop(): Promise<void>
}

/** How a large file is told, and when its check may begin. */
export type LateCheck = {
  readonly checkedAtOnceBytes: number
  /** The check waits while there is a file at this path, so that a test sees what goes on meanwhile. */
  readonly waitsFor: string | null
}

export const LARGE_FILES: LateCheck = { checkedAtOnceBytes: CHECKED_AT_ONCE_BYTES, waitsFor: null }

/** What the thread is given. */
export type IntegrityTask = { readonly path: string; readonly waitsFor: string | null }

export const SOUND: IntegrityCheck = {
  state: () => 'sound',
  done: Promise.resolve(),
  stop: async () => {},
}

/** Structure of all pages, tables and indexes; not whether each row is in each index. */
export function isSound(db: Connection): boolean {
  return db.pragma('quick_check(1)', { simple: true }) === 'ok'
}

/** Checks the file in a thread and with a connection of its own. */
export function checkInBackground(task: IntegrityTask): IntegrityCheck {
  const own = import.meta.url
  const program = new URL(`./integrity-worker${extname(fileURLToPath(own))}`, own)
  const worker = new Worker(program, { workerData: task })
  let state: ReturnType<IntegrityCheck['state']> = 'checking'
  const done = new Promise<void>((resolve) => {
    const settle = (isFound: boolean) => {
      state = isFound ? 'sound' : 'damaged'
      resolve()
    }
    worker.once('message', settle)
    worker.once('error', () => settle(false))
  })
  worker.unref()
  return {
    state: () => state,
    done,
    async stop() {
      worker.removeAllListeners('error')
      await worker.terminate()
    },
  }
}
