import { PAYMENT_TABLE_HEAD, renderPaymentLine } from '../core/payment/payment-table.ts'
import type { Deps } from './deps.ts'
import { auditExport, type ExportRange, isInExport } from './export-range.ts'
import { loadTipNumbers } from './settlement-context.ts'
import { assertAddressesDerive } from './verify-shown-addresses.ts'
import { walkPages } from './walk-pages.ts'

/**
 * All payments of a store as CSV text, newest first, in parts. Orphaned ones too. The audit log tells
 * of it before the first part.
 */
export async function* exportPayments(
  deps: Pick<Deps, 'store' | 'clock' | 'chains' | 'addressBook' | 'logger' | 'metrics'>,
  range: ExportRange,
): AsyncGenerator<string> {
  const { store } = deps
  const { storeId } = range
  await auditExport(deps, 'payments.export', range)
  const orders = new Map<string, string | null>()
  yield PAYMENT_TABLE_HEAD
  for await (const page of walkPages((request) => store.listPayments({ storeId }, request))) {
    const payments = page.filter(({ observation }) => isInExport(range, observation))
    await assertAddressesDerive(
      deps,
      payments.map(({ observation }) => observation.to),
    )
    const ids = payments.flatMap(({ invoiceId }) => invoiceId ?? []).filter((id) => !orders.has(id))
    for (const { invoice } of await store.loadInvoices(ids)) orders.set(invoice.id, invoice.orderId)
    const tipNumber = await loadTipNumbers(deps)
    const lines = payments.map((payment) =>
      renderPaymentLine(payment, orders.get(payment.invoiceId ?? '') ?? null, tipNumber),
    )
    if (lines.length > 0) yield lines.join('')
  }
}
