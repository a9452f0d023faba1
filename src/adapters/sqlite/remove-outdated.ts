import type { Retention } from '../../ports/store.ts'
import type { Statements } from './statements.ts'

/** Rows stand in the order of their age: only the first ones are looked at. */
const REMOVE_ANSWERS = `DELETE FROM idempotency WHERE created_at_ms < ?
  AND position IN (SELECT position FROM idempotency ORDER BY position LIMIT ?)`
const REMOVE_ATTEMPTS = `DELETE FROM delivery_attempts WHERE at_ms < ?
  AND position IN (SELECT position FROM delivery_attempts ORDER BY position LIMIT ?)`

/** Removes what need not be kept any longer. The caller holds a write transaction. */
export function removeOutdated(sql: Statements, retention: Retention): number {
  const { answersSinceMs, attemptsSinceMs, limit } = retention
  const answers = sql(REMOVE_ANSWERS).run(answersSinceMs, limit)
  const attempts = sql(REMOVE_ATTEMPTS).run(attemptsSinceMs, limit)
  return answers.changes + attempts.changes
}
