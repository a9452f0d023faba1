import type { IdempotencyRecord } from '../../core/change-set.ts'
import { INVOICE_STATUSES } from '../../core/invoice/invoice.ts'
import type { Payment } from '../../core/payment/payment.ts'
import type {
  InvoiceFilter,
  InvoiceWithPayments,
  Page,
  PageRequest,
  PaymentFilter,
} from '../../ports/store.ts'
import { type IdempotencyRow, rowToIdempotency } from './account-rows.ts'
import { type InvoiceRow, rowToInvoice } from './invoice-rows.ts'
import { readMergedPage } from './merge-ranges.ts'
import { beside, type Condition, equals, NO_VALUE, ownedBy, readPage } from './page-query.ts'
import { PAYMENT_FIELDS, type PaymentAndMore, rowToPayment } from './payment-rows.ts'
import { PAYMENT_SELECT, toPayments } from './read-chain.ts'
import type { Statements } from './statements.ts'

export const LOAD_INVOICES = `SELECT i.* FROM json_each(?) AS wanted
  CROSS JOIN invoices AS i ON i.id = wanted.value ORDER BY i.position`
export const LOAD_PAYMENTS = `SELECT ${PAYMENT_FIELDS} FROM json_each(?) AS wanted
  CROSS JOIN payments AS p ON p.invoice_id = wanted.value
  CROSS JOIN observations AS o ON o.id = p.id ORDER BY p.position`
const INVOICE_BY_TOKEN = 'SELECT * FROM invoices WHERE token = ?'
const PAYMENT_BY_ID = `${PAYMENT_SELECT} WHERE p.id = ?`
const IDEMPOTENCY_BY_KEY = 'SELECT * FROM idempotency WHERE scope = ? AND key = ?'

export function loadInvoices(sql: Statements, ids: readonly string[]): InvoiceWithPayments[] {
  const rows = sql(LOAD_INVOICES).all(JSON.stringify([...new Set(ids)])) as InvoiceRow[]
  return withPayments(sql, rows)
}

export function findInvoiceByToken(sql: Statements, token: string): InvoiceWithPayments | null {
  const row = sql(INVOICE_BY_TOKEN).get(token) as InvoiceRow | undefined
  return row === undefined ? null : (withPayments(sql, [row])[0] as InvoiceWithPayments)
}

export function listInvoices(
  sql: Statements,
  filter: InvoiceFilter,
  page: PageRequest,
): Page<InvoiceWithPayments> {
  const { items, cursor } = readInvoiceRows(sql, filter, page)
  return { items: withPayments(sql, items), cursor }
}

function readInvoiceRows(
  sql: Statements,
  filter: InvoiceFilter,
  page: PageRequest,
): Page<InvoiceRow & { position: number }> {
  const { storeId, status, orderId, createdAfterMs: after, createdBeforeMs: before } = filter
  const times: Condition[] = [
    after === undefined ? undefined : ['created_at_ms > ?', after],
    before === undefined ? undefined : ['created_at_ms < ?', before],
  ]
  if (status === undefined && orderId === undefined) {
    const ranges = { table: 'invoices', column: 'status', values: INVOICE_STATUSES, storeId }
    return readMergedPage(sql, ranges, { conditions: times, page })
  }
  return readPage(sql, {
    select: 'SELECT * FROM invoices',
    position: 'position',
    conditions: [
      equals('store_id', storeId),
      // An order has few invoices, a status may have all of the store.
      orderId === undefined ? equals('status', status) : beside('status', status),
      equals('order_id', orderId),
      ...times,
    ],
    page,
  })
}

/** The payments of all of them in one query. */
function withPayments(sql: Statements, rows: readonly InvoiceRow[]): InvoiceWithPayments[] {
  if (rows.length === 0) return []
  const payments = toPayments(sql(LOAD_PAYMENTS).all(JSON.stringify(rows.map((row) => row.id))))
  const byInvoice = Map.groupBy(payments, (payment) => payment.invoiceId)
  return rows.map((row) => ({
    invoice: rowToInvoice(row),
    payments: byInvoice.get(row.id) ?? [],
  }))
}

export function getPayment(sql: Statements, id: string): Payment | null {
  return toPayments(sql(PAYMENT_BY_ID).all(id))[0] ?? null
}

export function listPayments(
  sql: Statements,
  filter: PaymentFilter,
  page: PageRequest,
): Page<Payment> {
  const { items, cursor } = readPage<PaymentAndMore & { position: number }>(sql, {
    select: PAYMENT_SELECT,
    position: 'p.position',
    conditions: [
      ownedBy('p.store_id', filter.storeId, filter.invoiceId !== undefined),
      equals('p.invoice_id', filter.invoiceId),
      filter.unassigned === true ? ['p.invoice_id IS NULL', NO_VALUE] : undefined,
      equals('p.asset_id', filter.assetId),
    ],
    page,
  })
  return { items: items.map(rowToPayment), cursor }
}

export function findIdempotencyRecord(
  sql: Statements,
  scope: string,
  key: string,
): IdempotencyRecord | null {
  const row = sql(IDEMPOTENCY_BY_KEY).get(scope, key) as IdempotencyRow | undefined
  return row === undefined ? null : rowToIdempotency(row)
}
