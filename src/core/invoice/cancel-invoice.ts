import type { Payment } from '../payment/payment.ts'
import { type Advance, applyStep } from './advance-invoice.ts'
import type { Invoice } from './invoice.ts'

export type Refusal = { readonly refused: string }

/** Cancels an open invoice to which no money came; anything else is refused with the reason. */
export function cancelInvoice(
  invoice: Invoice,
  payments: readonly Payment[],
  nowMs: number,
): Advance | Refusal {
  if (invoice.status !== 'open') return { refused: `The invoice is ${invoice.status}, not open.` }
  if (payments.some(({ position, dust }) => position !== 'orphaned' && !dust)) {
    return { refused: 'Money has been sent to this invoice; it can no longer be canceled.' }
  }
  const next = applyStep(invoice, 'invoice.canceled', nowMs)
  return { invoice: next, steps: [{ type: 'invoice.canceled', invoice: next }] }
}
