import type { Payment } from '../payment/payment.ts'
import { type Advance, applyStep } from './advance-invoice.ts'
import { confirmedShareOf } from './assess-payments.ts'
import type { Refusal } from './cancel-invoice.ts'
import type { Invoice } from './invoice.ts'

/**
 * The merchant takes what is confirmed as full payment: under-, late- or after-cancel-paid, or
 * reversed. What was accepted becomes the amount due and the deadline is waived, so that the next
 * evidence does not undo the decision; losing the accepted money still reverses it.
 */
export function acceptInvoice(
  invoice: Invoice,
  payments: readonly Payment[],
  nowMs: number,
): Advance | Refusal {
  if (invoice.status === 'settled' || invoice.status === 'processing') {
    return { refused: `The invoice is ${invoice.status}; there is nothing to accept.` }
  }
  const acceptedShare = confirmedShareOf(invoice, payments)
  if (acceptedShare.numerator === 0n) {
    return { refused: 'No confirmed money of an accepted asset is on this invoice.' }
  }
  const next = applyStep({ ...invoice, acceptedShare }, 'invoice.settled', nowMs)
  return { invoice: next, steps: [{ type: 'invoice.settled', invoice: next }] }
}
