import { PAYMENT_TABLE_HEAD, renderPaymentLine } from '../core/payment/payment-table.ts'
import type { Deps } from './deps.ts'
import { loadTipNumbers } from './settlement-context.ts'
import { assertAddressesDerive } from './verify-shown-addresses.ts'
import { walkPages } from './walk-pages.ts'

export type PaymentExport = {
  readonly storeId: string
  /** Block time, exclusive; undefined: without end. */
  readonly afterMs: number | undefined
  readonly beforeMs: number | undefined
}

/** All payments of a store as CSV text, newest first, in parts. Orphaned ones too. */
export async function* exportPayments(
  deps: Pick<Deps, 'store' | 'chains' | 'addressBook' | 'logger' | 'metrics'>,
  { storeId, afterMs = -Infinity, beforeMs = Infinity }: PaymentExport,
): AsyncGenerator<string> {
  const { store } = deps
  const orders = new Map<string, string | null>()
  yield PAYMENT_TABLE_HEAD
  for await (const page of walkPages((request) => store.listPayments({ storeId }, request))) {
    const payments = page.filter(({ observation }) => {
      const atMs = observation.blockTimestampS * 1_000
      return atMs > afterMs && atMs < beforeMs
    })
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
