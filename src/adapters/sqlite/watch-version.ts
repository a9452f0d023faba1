import type { Statements } from './statements.ts'

/**
 * A number that changes with the commit of any other connection (`PRAGMA data_version`). Asked once
 * per turn of the event loop: what began in this turn may still go by what was true when it began.
 */
export function watchVersion(sql: Statements): () => number {
  let version = 0
  let isFresh = false
  return () => {
    if (isFresh) return version
    version = (sql('PRAGMA data_version').get() as { data_version: number }).data_version
    isFresh = true
    setImmediate(() => {
      isFresh = false
    })
    return version
  }
}
