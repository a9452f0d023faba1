/**
 * Reads that many requests ask for in one turn of the event loop share a read transaction: to begin and
 * end one takes the locks of the file, which cost more than finding a row.
 */
import type { Database } from 'better-sqlite3'
import { closedError } from './group-commit.ts'
import { toGatewayError } from './sqlite-error.ts'
import type { Statements } from './statements.ts'

type Asked = { answer(): void; reject(error: unknown): void }

/** Makes of a read one that waits for the end of the turn, and is answered with all the others of it. */
export function createReadTogether(db: Database, sql: Statements) {
  let asked: Asked[] = []

  const answerAll = (): void => {
    const all = asked
    asked = []
    try {
      if (!db.open) throw closedError()
      sql('BEGIN').run()
      for (const { answer } of all) answer()
      sql('COMMIT').run()
    } catch (error) {
      const fault = toGatewayError(error)
      for (const { reject } of all) reject(fault)
      leave()
    }
  }
  const leave = (): void => {
    try {
      if (db.inTransaction) sql('ROLLBACK').run()
    } catch {
      // Nothing was written; whoever reads or writes next meets the fault where it can be told.
    }
  }
  return <P extends unknown[], R>(read: (sql: Statements, ...parameters: P) => R) =>
    (...parameters: P): Promise<R> =>
      new Promise((resolve, reject) => {
        const answer = () => {
          try {
            resolve(read(sql, ...parameters))
          } catch (error) {
            reject(toGatewayError(error))
          }
        }
        asked.push({ answer, reject })
        if (asked.length === 1) setImmediate(answerAll)
      })
}
