/** DU-11 for the store: the disk fails at every statement of a commit, once and one by one. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createGroupCommit } from '../../../src/adapters/sqlite/group-commit.ts'
import { openDatabase } from '../../../src/adapters/sqlite/open-database.ts'
import { loadInvoices } from '../../../src/adapters/sqlite/read-invoices.ts'
import { cacheStatements, type Statements } from '../../../src/adapters/sqlite/statements.ts'
import type { ChangeSet } from '../../../src/core/change-set.ts'
import {
  sampleAttribution,
  sampleBlock,
  sampleDelivery,
  sampleEndpoint,
  sampleEvent,
  sampleIdempotency,
  sampleInvoice,
  sampleIssuedAddress,
  sampleObservation,
  samplePayment,
  sampleStore,
} from '../../support/fixtures.ts'

let directory: string
let db: Database.Database
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'quittance-faults-'))
  db = openDatabase({ path: join(directory, 'quittance.db') })
})
afterEach(() => {
  db.close()
  rmSync(directory, { recursive: true })
})

const FIRST: ChangeSet = { stores: [sampleStore()], endpoints: [sampleEndpoint(1)] }

/** An order, its payment and what is to be told of it: every table a settlement touches. */
function settlement(n: number, description: string | null = null): ChangeSet {
  const event = sampleEvent(n, { invoiceId: `inv_${n}`, sequence: 1 })
  const block = sampleBlock(n)
  const payment = samplePayment(sampleObservation(n, block), { invoiceId: `inv_${n}` })
  return {
    invoices: [sampleInvoice(n, { description })],
    addresses: [sampleIssuedAddress(n)],
    payments: [payment],
    attributions: [sampleAttribution(payment)],
    events: [event],
    deliveries: [sampleDelivery(event, 1)],
    idempotency: sampleIdempotency({ key: `order-${n}` }),
    audit: [{ atMs: 1, actor: 'cli', action: 'x', target: 't', before: null, after: null }],
  }
}

const TABLES = [
  'store_accounts',
  'invoices',
  'deposit_addresses',
  'observations',
  'payments',
  'attributions',
  'events',
  'deliveries',
  'idempotency',
  'audit',
]

function countRows(): Record<string, number> {
  const count = (table: string) => db.prepare(`SELECT count(*) FROM ${table}`).pluck().get()
  return Object.fromEntries(TABLES.map((table) => [table, count(table) as number]))
}

const committing = (changes: ChangeSet, sql: Statements = cacheStatements(db)) =>
  createGroupCommit(db, sql, () => {}).commit(changes)

const UNAVAILABLE = { code: 'storage_unavailable', retryable: true }

describe('DU-11 an I/O error at the nth statement', () => {
  const fault = () => new Database.SqliteError('disk I/O error', 'SQLITE_IOERR_WRITE')

  /** Statements with something in the way of each run. */
  function intercept(run: (text: string, work: () => unknown) => unknown): Statements {
    const sql = cacheStatements(db)
    return ((text: string) =>
      new Proxy(sql(text), {
        get(statement, name) {
          const member = Reflect.get(statement, name, statement)
          if (name !== 'run' && name !== 'get' && name !== 'all') return member
          return (...values: unknown[]) => run(text, () => member.apply(statement, values))
        },
      })) as Statements
  }

  /** The nth one run does nothing and fails. */
  function failAt(n: number): Statements {
    let runs = 0
    return intercept((_, work) => {
      runs += 1
      if (runs === n) throw fault()
      return work()
    })
  }

  test('DU-11 nothing is half-written, and the same again is written once', async () => {
    await committing(FIRST)
    const before = countRows()
    let n = 1
    for (; ; n += 1) {
      const outcome = await committing(settlement(1), failAt(n)).catch((e) => e)
      expect(db.inTransaction).toBe(false)
      if (outcome === 'committed') break
      expect(outcome, `statement ${n}`).toMatchObject(UNAVAILABLE)
      expect(countRows(), `statement ${n}`).toEqual(before)
    }
    // BEGIN, SAVEPOINT, a row of each kind, RELEASE, COMMIT.
    expect(n).toBeGreaterThan(TABLES.length + 4)
    for (const table of TABLES.slice(1)) expect(countRows()[table]).toBe((before[table] ?? 0) + 1)
    expect(await committing(settlement(1))).toBe('conflict')
    expect(await committing(settlement(2))).toBe('committed')
  })

  test('DU-11 a fault of one statement takes back the whole group, and only that', async () => {
    await committing(FIRST)
    const before = countRows()
    const group = createGroupCommit(db, failAt(12), () => {})
    const outcomes = await Promise.allSettled([1, 2, 3].map((n) => group.commit(settlement(n))))
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: UNAVAILABLE })
    }
    expect(countRows()).toEqual(before)
    const again = await Promise.all([1, 2, 3].map((n) => group.commit(settlement(n))))
    expect(again).toEqual(['committed', 'committed', 'committed'])
  })

  test('DU-11 a COMMIT that is done and reported as failed is not done again', async () => {
    await committing(FIRST)
    const losing = intercept((text, work) => {
      const result = work()
      if (text === 'COMMIT') throw fault()
      return result
    })
    await expect(committing(settlement(1), losing)).rejects.toMatchObject(UNAVAILABLE)
    expect(db.inTransaction).toBe(false)
    const after = countRows()
    expect(after.payments).toBe(1)
    expect(await committing(settlement(1))).toBe('conflict')
    expect(countRows()).toEqual(after)
  })
})

describe('DU-11 a full disk', () => {
  /** The file may grow by so many pages; SQLite then says what it says when the disk is full. */
  function allowPages(more: number): void {
    const pages = db.pragma('page_count', { simple: true }) as number
    db.pragma(`max_page_count = ${pages + more}`)
  }

  test('DU-11 writes fail whole, reads go on, and room brings recovery without a restart', async () => {
    await committing(FIRST)
    await committing(settlement(1))
    const before = countRows()
    const large = settlement(2, 'x'.repeat(1_000))
    const many: ChangeSet = {
      ...large,
      events: Array.from({ length: 40 }, (_, i) =>
        sampleEvent(100 + i, { invoiceId: 'inv_2', sequence: i + 1, payload: 'y'.repeat(4_000) }),
      ),
      deliveries: [],
    }
    let refused = 0
    for (let more = 0; ; more += 1) {
      allowPages(more)
      const outcome = await committing(many).catch((error) => error)
      expect(db.inTransaction).toBe(false)
      if (outcome === 'committed') break
      refused += 1
      expect(outcome).toMatchObject({ ...UNAVAILABLE, message: expect.stringContaining('full') })
      expect(countRows()).toEqual(before)
      expect(loadInvoices(cacheStatements(db), ['inv_1', 'inv_2'])).toHaveLength(1)
    }
    expect(refused).toBeGreaterThan(20)
    expect(countRows().events).toBe(41)
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok')
  })
})
