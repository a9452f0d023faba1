/**
 * A merchant's decision: money that belongs to no invoice is given to one. It is for ever, as an
 * address is: blocks that leave, come back or are read again do not take it back, and a transaction
 * that is mined in another block takes it along.
 */

import type { FinalityRule } from '../chain/finality.ts'
import { deadlineMs, type Invoice } from '../invoice/invoice.ts'
import { transactionOf } from '../payment/attribution.ts'
import type { Payment } from '../payment/payment.ts'
import { advanceInvoices } from './apply-step.ts'
import { recordPayment, type Settlement } from './settlement.ts'

/** What the audit log calls it: the target is the payment, `after` the invoice. */
export const ASSIGN_ACTION = 'payment.assign'

/** The payment as one of this invoice. How deep it must be stays as it was: the strictest. */
export function ownPayment(payment: Payment, { id, terms }: Invoice): Payment {
  const { asset, blockTimestampS } = payment.observation
  return {
    ...payment,
    invoiceId: id,
    accepted: terms.options.some((option) => option.asset.id === asset.id),
    inTime: blockTimestampS * 1_000 <= deadlineMs(terms),
  }
}

/** Why a payment cannot be given to an invoice; null when it can. */
export function judgeAssignment({ invoiceId, position, dust }: Payment): string | null {
  if (invoiceId !== null) return 'The payment belongs to an invoice already.'
  if (position === 'orphaned') return 'The block of the payment left the chain; it counts nowhere.'
  if (dust) return 'The payment is dust: nothing of it counts.'
  return null
}

/** Tells what the payment is to its invoice from now on, and lets the invoice go on by it. */
export function assignPayment(settlement: Settlement, payment: Payment, invoice: Invoice): Payment {
  const owned = ownPayment(payment, invoice)
  recordPayment(settlement, owned, owned.accepted ? 'payment.detected' : 'payment.unexpected')
  if (owned.position === 'confirmed') recordPayment(settlement, owned, 'payment.confirmed')
  advanceInvoices(settlement, [invoice.id])
  return owned
}

/**
 * What was assigned before its transaction moved to another block goes on with the same invoice. Of
 * several blocks it was in, the one seen last tells how much of the transaction was assigned.
 * `strictest`: how deep money of nobody has to be, wherever its address went since.
 */
export function keepAssigned(
  matched: readonly Payment[],
  assigned: readonly Payment[],
  invoices: ReadonlyMap<string, Invoice>,
  strictest: (payment: Payment) => FinalityRule,
): Payment[] {
  const lastBlock = new Map(assigned.map((one) => [transactionOf(one), one.observation.blockHash]))
  const waiting = assigned.filter((one) => {
    const txHash = transactionOf(one)
    return txHash !== null && lastBlock.get(txHash) === one.observation.blockHash
  })
  return matched.map((payment) => {
    const at = waiting.findIndex((before) => isSameMoney(before, payment))
    const invoice = invoices.get(waiting[at]?.invoiceId ?? '')
    if (invoice === undefined) return payment
    waiting.splice(at, 1)
    return { ...ownPayment(payment, invoice), finality: strictest(payment) }
  })
}

/** The same transfer of one transaction; where there are equal ones, they cannot be told apart. */
function isSameMoney(before: Payment, payment: Payment): boolean {
  const { observation: a } = before
  const { observation: b } = payment
  return (
    a.blockHash !== b.blockHash &&
    transactionOf(before) === transactionOf(payment) &&
    a.kind === b.kind &&
    a.asset.id === b.asset.id &&
    a.to === b.to &&
    a.amountUnits === b.amountUnits
  )
}
