import type { Page, PageRequest } from '../../ports/store.ts'
import type { Statements } from './statements.ts'

/** A condition with its value; undefined when it was not asked for. */
export type Condition = readonly [text: string, value: unknown] | undefined

/** `a = ? AND b = ?` of the conditions that were asked for, and their values. */
export function joinConditions(conditions: readonly Condition[]): {
  readonly text: string
  readonly values: readonly unknown[]
} {
  const asked = conditions.filter((condition) => condition !== undefined)
  return {
    text: asked.map(([text]) => text).join(' AND '),
    values: asked.map(([, value]) => value).filter((value) => value !== NO_VALUE),
  }
}

/** For a condition without a placeholder. */
export const NO_VALUE = Symbol('no value')

/** The condition `column = ?`, unless the value is undefined. */
export function equals(column: string, value: unknown): Condition {
  return value === undefined ? undefined : [`${column} = ?`, value]
}

/**
 * The condition that a row is of a store. Beside a narrower one (an invoice, an event) SQLite must not
 * walk all rows of the store, which its planner would choose for their order.
 */
export function ownedBy(column: string, storeId: string, isNarrower: boolean): Condition {
  return isNarrower ? beside(column, storeId) : equals(column, storeId)
}

/** As `equals`, beside a narrower condition: the plus sign forbids an index of this column. */
export function beside(column: string, value: unknown): Condition {
  return equals(`+${column}`, value)
}

/**
 * One page, newest first, by the order of insertion: rows added later never move what is still to
 * come. `select` ends before WHERE; `position` is the column of the order.
 */
export function readPage<R extends { readonly position: number }>(
  sql: Statements,
  query: {
    readonly select: string
    readonly position: string
    readonly conditions: readonly Condition[]
    readonly page: PageRequest
  },
): Page<R> {
  const { select, position, conditions, page } = query
  const before: Condition = page.before === null ? undefined : [`${position} < ?`, page.before]
  const { text, values } = joinConditions([...conditions, before])
  const statement = sql(`${select} WHERE ${text} ORDER BY ${position} DESC LIMIT ?`)
  return cutPage(statement.all(...values, page.limit + 1) as R[], page.limit)
}

/** A page of rows that were read with a limit of one more: that one tells of a next page. */
export function cutPage<R extends { readonly position: number }>(
  rows: readonly R[],
  limit: number,
): Page<R> {
  const items = rows.slice(0, limit)
  return { items, cursor: rows.length > limit ? (items.at(-1)?.position ?? null) : null }
}
