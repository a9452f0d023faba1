import type { Database, Statement } from 'better-sqlite3'

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

/** `INSERT INTO t (a, b) VALUES (@a, @b)`, to be bound with a row. */
export function insertInto(table: string, columns: readonly string[]): string {
  const values = columns.map((column) => `@${column}`)
  return `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${values.join(', ')})`
}

/** The two statements that write an entity with a revision. */
export type EntityTable = { readonly insert: string; readonly replace: string }

export function entityTable(table: string, columns: readonly string[]): EntityTable {
  const sets = columns.filter((column) => column !== 'id').map((column) => `${column} = @${column}`)
  return {
    insert: insertInto(table, columns),
    replace: `UPDATE ${table} SET ${sets.join(', ')} WHERE id = @id AND revision = @revision - 1`,
  }
}

/** Revision 1 is an insert (a second one clashes); n + 1 replaces n, else nothing: false. */
export function writeRevision(
  sql: Statements,
  table: EntityTable,
  row: { readonly revision: number },
): boolean {
  return sql(row.revision === 1 ? table.insert : table.replace).run(row).changes === 1
}
