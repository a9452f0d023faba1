import type { Database, RunResult, Statement } from 'better-sqlite3'

/**
 * A prepared statement for each text, made once per connection. Texts are constants or put together
 * from constants (filters), so their number is bounded; values are always bound.
 */
export type Statements = (text: string) => Statement<unknown[], unknown>

export function cacheStatements(db: Database): Statements {
  const prepared = new Map<string, Statement<unknown[], unknown>>()
  return (text) => {
    const known = prepared.get(text)
    if (known !== undefined) return known
    const statement = db.prepare<unknown[], unknown>(text)
    prepared.set(text, statement)
    return statement
  }
}

/** Inserts a row: how many were written is in the result. */
export type Insert<Row> = (sql: Statements, row: Row) => RunResult

/**
 * `INSERT INTO t (a, b) VALUES (?, ?)` and what stands after it. Values are bound by their place: by
 * name, each would be looked up in the row anew.
 */
export function insertInto<Row>(
  table: string,
  columns: readonly (keyof Row & string)[],
  rest = '',
): Insert<Row> {
  const marks = columns.map(() => '?').join(', ')
  const text = `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${marks}) ${rest}`
  return (sql, row) => sql(text).run(...columns.map((column) => row[column]))
}

/** The two ways to write an entity with a revision. */
export type EntityTable<Row> = { readonly insert: Insert<Row>; readonly replace: string }

export function entityTable<Row>(
  table: string,
  columns: readonly (keyof Row & string)[],
): EntityTable<Row> {
  const sets = columns.filter((column) => column !== 'id').map((column) => `${column} = @${column}`)
  return {
    insert: insertInto(table, columns),
    replace: `UPDATE ${table} SET ${sets.join(', ')} WHERE id = @id AND revision = @revision - 1`,
  }
}

/** Revision 1 is an insert (a second one clashes); n + 1 replaces n, else nothing: false. */
export function writeRevision<Row extends { readonly revision: number }>(
  sql: Statements,
  { insert, replace }: EntityTable<Row>,
  row: Row,
): boolean {
  const { changes } = row.revision === 1 ? insert(sql, row) : sql(replace).run(row)
  return changes === 1
}
