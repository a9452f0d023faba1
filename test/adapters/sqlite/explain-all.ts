import type { Database as Connection } from 'better-sqlite3'
import { expect } from 'vitest'
import { cacheStatements, type Statements } from '../../../src/adapters/sqlite/statements.ts'

/** Plans of every statement that `run` uses, line by line. */
export function explainAll(db: Connection, run: (sql: Statements) => unknown): string[] {
  const prepared = cacheStatements(db)
  const texts = new Set<string>()
  run((text) => {
    texts.add(text)
    return prepared(text)
  })
  expect(texts.size).toBeGreaterThan(0)
  return [...texts].flatMap((text) => explain(db, text))
}

function explain(db: Connection, text: string): string[] {
  const statement = db.prepare(`EXPLAIN QUERY PLAN ${text}`)
  const names = [...text.matchAll(/@(\w+)/g)].map(([, name]) => [name, null])
  const marks = text
    .split('?')
    .slice(1)
    .map(() => null)
  const rows = names.length > 0 ? statement.all(Object.fromEntries(names)) : statement.all(...marks)
  return (rows as { detail: string }[]).map(({ detail }) => detail)
}

/** Walks through a whole table or index; wanted values (json_each), slices, merged ranges may be walked. */
export function scansOf(plan: readonly string[]): string[] {
  return plan.filter(
    (line) => /^SCAN/.test(line) && !/VIRTUAL TABLE|(lane|made|merged|slice)$|CONSTANT/.test(line),
  )
}
