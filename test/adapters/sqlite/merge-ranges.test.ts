/** Lists of a whole store, which no index serves by itself. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Database as Connection } from 'better-sqlite3'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { MIGRATIONS } from '../../../src/adapters/sqlite/migrations.ts'
import { openDatabase } from '../../../src/adapters/sqlite/open-database.ts'
import * as invoices from '../../../src/adapters/sqlite/read-invoices.ts'
import * as webhooks from '../../../src/adapters/sqlite/read-webhooks.ts'
import { cacheStatements, type Statements } from '../../../src/adapters/sqlite/statements.ts'
import { writeChangeSet } from '../../../src/adapters/sqlite/write-change-set.ts'
import { INVOICE_STATUSES } from '../../../src/core/invoice/invoice.ts'
import { EVENT_TYPES } from '../../../src/core/webhook/event.ts'
import { sampleEvent, sampleInvoice, sampleStore } from '../../support/fixtures.ts'
import { explainAll } from './explain-all.ts'

/** The last version that had an index by store alone. */
const BEFORE = 16
const MINE = { storeId: 'st_sample' }
const PAGE = { limit: 10, before: 5 }

let directory: string
let path: string
let db: Connection
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'quittance-sqlite-'))
  path = join(directory, 'quittance.db')
  db = openDatabase({ path, migrations: MIGRATIONS.slice(0, BEFORE) })
  const invoice = sampleInvoice(1)
  const events = [1, 2].map((n) => sampleEvent(n, { invoiceId: invoice.id, sequence: n }))
  const changes = { stores: [sampleStore()], invoices: [invoice], events }
  expect(writeChangeSet(cacheStatements(db), changes)).toBe('committed')
  db.close()
  db = openDatabase({ path })
})
afterEach(() => {
  db.close()
  rmSync(directory, { recursive: true })
})

const FIRST_PAGE = { limit: 10, before: null }
const BY_STATUS = 'SEARCH invoices USING COVERING INDEX invoices_by_status (store_id=? AND status=?'
const BY_TYPE = 'SEARCH events USING COVERING INDEX events_by_type (store_id=? AND type=?'

test.each<[string, string, number, (sql: Statements) => unknown]>([
  [
    'the first page of invoices',
    `${BY_STATUS})`,
    INVOICE_STATUSES.length,
    (sql) => invoices.listInvoices(sql, MINE, FIRST_PAGE),
  ],
  [
    'a page of invoices',
    `${BY_STATUS} AND rowid<?)`,
    INVOICE_STATUSES.length,
    (sql) => invoices.listInvoices(sql, MINE, PAGE),
  ],
  [
    'a page of invoices by time',
    `${BY_STATUS} AND rowid<?)`,
    INVOICE_STATUSES.length,
    (sql) => invoices.listInvoices(sql, { ...MINE, createdAfterMs: 1, createdBeforeMs: 9 }, PAGE),
  ],
  [
    'the first page of events',
    `${BY_TYPE})`,
    EVENT_TYPES.length,
    (sql) => webhooks.listEvents(sql, MINE, FIRST_PAGE),
  ],
  [
    'a page of events',
    `${BY_TYPE} AND rowid<?)`,
    EVENT_TYPES.length,
    (sql) => webhooks.listEvents(sql, MINE, PAGE),
  ],
  [
    'the first events',
    `${BY_TYPE})`,
    EVENT_TYPES.length,
    (sql) => webhooks.readEventsAfter(sql, MINE, null, 10),
  ],
  [
    'events after another',
    `${BY_TYPE} AND rowid>?)`,
    EVENT_TYPES.length,
    (sql) => webhooks.readEventsAfter(sql, MINE, 'evt_1', 10),
  ],
])('%s: merged as they are asked for, nothing is sorted or kept', (_, range, count, run) => {
  const plan = explainAll(db, run).filter((line) => !/wanted/.test(line))
  expect(plan.filter((line) => line === range)).toHaveLength(count)
  expect(plan.filter((line) => /^MERGE/.test(line))).toHaveLength(count - 1)
  // As rows are asked for: a list that is kept (MATERIALIZE) would be read to its end.
  expect(plan).toContain('CO-ROUTINE merged')
  const sorts = plan.filter((line) => line.includes('TEMP B-TREE'))
  // Payments of the invoices shown are put in order.
  const payments = plan.filter((line) => line.includes('payments_by_invoice'))
  expect(sorts).toHaveLength(payments.length)
})

test('what was written before the indexes went is listed as before', () => {
  const indexes = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'index'").pluck().all()
  expect(indexes).toEqual(expect.arrayContaining(['invoices_by_status', 'events_by_type']))
  expect(indexes).not.toContain('invoices_by_store')
  expect(indexes).not.toContain('events_by_store')
  const sql = cacheStatements(db)
  const listed = invoices.listInvoices(sql, MINE, FIRST_PAGE).items
  expect(listed.map(({ invoice }) => invoice)).toEqual([sampleInvoice(1)])
  const ids = webhooks.listEvents(sql, MINE, FIRST_PAGE).items.map(({ id }) => id)
  expect(ids).toEqual(['evt_2', 'evt_1'])
  expect(webhooks.readEventsAfter(sql, MINE, 'evt_1', 9).map(({ id }) => id)).toEqual(['evt_2'])
})

test('a list goes no further than its page', () => {
  let looked = 0
  db.function('look', { deterministic: false }, () => {
    looked += 1
    return 1
  })
  const sql = cacheStatements(db)
  const events = Array.from({ length: 200 }, (_, i) => sampleEvent(i + 10))
  expect(writeChangeSet(sql, { events })).toBe('committed')
  const counting: Statements = (text) =>
    sql(text.replaceAll('FROM events WHERE', 'FROM events WHERE look() AND'))
  expect(webhooks.listEvents(counting, MINE, FIRST_PAGE).items).toHaveLength(10)
  expect(looked).toBeGreaterThan(10)
  expect(looked).toBeLessThan(20)
})
