import { PAYMENT_TABLE_HEAD, renderPaymentLine } from '../core/payment/payment-table.ts'
import { formatTime } from '../core/time.ts'
import type { Deps } from './deps.ts'
import { loadTipNumbers } from './settlement-context.ts'
import { assertAddressesDerive } from './verify-shown-addresses.ts'
import { walkPages } from './walk-pages.ts'

export type PaymentExport = {
  readonly storeId: string
  /** Block time, exclusive; undefined: without end. */
  readonly afterMs: number | undefined
  readonly beforeMs: number | undefined
  /** Who asked, for the audit log: `key_...`. */
  readonly actor: string
}

/**
 * All payments of a store as CSV text, newest first, in parts. Orphaned ones too. The audit log tells
 * of it before the first part.
 */
export async function* exportPayments(
  deps: Pick<Deps, 'store' | 'clock' | 'chains' | 'addressBook' | 'logger' | 'metrics'>,
  { storeId, afterMs = -Infinity, beforeMs = Infinity, actor }: PaymentExport,
): AsyncGenerator<string> {
  const { store } = deps
  const range = [afterMs, beforeMs].map((ms) => (Number.isFinite(ms) ? formatTime(ms) : '*'))
  const facts = { atMs: deps.clock.nowMs(), actor, action: 'payments.export', target: storeId }
  await store.commit({ audit: [{ ...facts, before: null, after: range.join(' ') }] })
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
