/** Payments as a table (RFC 4180): the cells are those of the API, digit for digit. */
import { formatTime } from '../time.ts'
import type { Payment } from './payment.ts'
import { presentPayment, type TipNumbers } from './present-payment.ts'

// biome-ignore format: a list of names reads better in rows
export const PAYMENT_CELLS = [
  'id', 'invoice', 'order_id', 'asset', 'chain_id', 'symbol', 'decimals', 'kind', 'amount',
  'amount_units', 'counted', 'counted_units', 'flag', 'from', 'to', 'tx_hash', 'block_number',
  'block_hash', 'block_time', 'log_index', 'position', 'confirmations', 'in_time', 'accepted',
  'waits_for',
] as const

export const PAYMENT_TABLE_HEAD = `${PAYMENT_CELLS.join(',')}\r\n`

/** One line. `orderId` is that of its invoice. */
export function renderPaymentLine(
  payment: Payment,
  orderId: string | null,
  tipNumber: TipNumbers,
): string {
  const { object, attributions, ...resource } = presentPayment(payment, tipNumber)
  const cells: Readonly<Record<(typeof PAYMENT_CELLS)[number], unknown>> = {
    ...resource,
    order_id: orderId,
    block_time: formatTime(payment.observation.blockTimestampS * 1_000),
  }
  return `${PAYMENT_CELLS.map((name) => renderCell(cells[name])).join(',')}\r\n`
}

/**
 * Null is an empty cell. A text that a spreadsheet would take for a formula gets an apostrophe in
 * front; amounts are never negative, so that no number does.
 */
export function renderCell(value: unknown): string {
  const text = value === null || value === undefined ? '' : String(value)
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
