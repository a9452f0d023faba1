import type { Page, PageRequest } from '../../ports/store.ts'
import { type Condition, cutPage, equals, joinConditions } from './page-query.ts'
import type { Statements } from './statements.ts'

/**
 * All rows of a store, as the ranges of an index over (store_id, column): one for each value of a
 * closed set. Rows with another value would not be found.
 */
export type Ranges = {
  readonly table: string
  readonly column: string
  readonly values: readonly string[]
  readonly storeId: string
}

/** Which rows of the ranges: those after (or before) a position, in which order, and how many. */
type Part = {
  readonly order: 'ASC' | 'DESC'
  readonly bound: Condition
  readonly conditions: readonly Condition[]
  readonly limit: number
}

/** As `readPage`, of a list that no index serves by itself. */
export function readMergedPage<R extends { readonly position: number }>(
  sql: Statements,
  ranges: Ranges,
  { conditions, page }: { readonly conditions: readonly Condition[]; readonly page: PageRequest },
): Page<R> {
  const bound: Condition = page.before === null ? undefined : ['position < ?', page.before]
  const part = { order: 'DESC', bound, conditions, limit: page.limit + 1 } as const
  return cutPage(readMerged<R>(sql, ranges, part), page.limit)
}

/**
 * Rows of all ranges in the order of insertion. Every range has that order already, so SQLite goes
 * through them side by side, only as far as the rows are asked for, and looks up what it returns.
 * Conditions stand outside: in the ranges, each would be walked until it has a row that meets them.
 */
export function readMerged<R>(sql: Statements, ranges: Ranges, part: Part): R[] {
  const { order, bound, limit } = part
  const { table, column, values, storeId } = ranges
  const parts = values.map((value) =>
    joinConditions([equals('store_id', storeId), equals(column, value), bound]),
  )
  const selects = parts.map(({ text }) => `SELECT position FROM ${table} WHERE ${text}`)
  const asked = joinConditions(part.conditions)
  // A limit that limits nothing: without one SQLite drops the inner order, and sorts all rows outside.
  const statement = sql(`SELECT r.* FROM
    (${selects.join(' UNION ALL ')} ORDER BY position ${order} LIMIT -1) AS merged
    CROSS JOIN ${table} AS r ON r.position = merged.position
    ${asked.text === '' ? '' : `WHERE ${asked.text}`} ORDER BY merged.position ${order} LIMIT ?`)
  const bindings = parts.flatMap((range) => range.values)
  return statement.all(...bindings, ...asked.values, limit) as R[]
}
