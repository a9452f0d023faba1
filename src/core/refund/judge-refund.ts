/** What of an invoice's money may go back. */
import { remainderIn } from '../invoice/assess-payments.ts'
import type { Invoice } from '../invoice/invoice.ts'
import type { AssetId } from '../money/asset.ts'
import type { Payment } from '../payment/payment.ts'
import { holdsMoney, type Refund } from './refund.ts'

/** What of one asset is confirmed at the address of an invoice, whether the invoice accepts it or not. */
export function receivedUnits(payments: readonly Payment[], assetId: AssetId): bigint {
  return payments
    .filter(({ position, observation }) => {
      return position === 'confirmed' && observation.asset.id === assetId
    })
    .reduce((units, { countedUnits }) => units + countedUnits, 0n)
}

/** What is promised or gone already. */
export function refundedUnits(refunds: readonly Refund[], assetId: AssetId): bigint {
  return refunds
    .filter((refund) => refund.asset.id === assetId && holdsMoney(refund))
    .reduce((units, { amountUnits }) => units + amountUnits, 0n)
}

/** Confirmed and not given back yet. Below zero after a reorg that took what was refunded. */
export function refundableUnits(
  payments: readonly Payment[],
  refunds: readonly Refund[],
  assetId: AssetId,
): bigint {
  return receivedUnits(payments, assetId) - refundedUnits(refunds, assetId)
}

/**
 * Of the overpaid part what can still go back in this asset. What the invoice does not accept is
 * over as a whole.
 */
export function excessUnits(
  invoice: Invoice,
  payments: readonly Payment[],
  refunds: readonly Refund[],
  assetId: AssetId,
): bigint {
  const free = refundableUnits(payments, refunds, assetId)
  const option = invoice.terms.options.find(({ asset }) => asset.id === assetId)
  if (option === undefined) return free
  const confirmed = payments.filter(({ position }) => position === 'confirmed')
  const over = remainderIn(invoice, option, confirmed).excessUnits - refundedUnits(refunds, assetId)
  return over < free ? over : free
}

/** Of refunds that wait, oldest first, those that confirmed money still covers beside the others. */
export function selectCovered(
  waiting: readonly Refund[],
  payments: readonly Payment[],
  refunds: readonly Refund[],
): Refund[] {
  const ids = new Set(waiting.map(({ id }) => id))
  const covered: Refund[] = refunds.filter(({ id }) => !ids.has(id))
  const taken: Refund[] = []
  for (const refund of waiting) {
    const { asset, amountUnits } = refund
    if (refundableUnits(payments, [...covered, ...taken], asset.id) >= amountUnits) {
      taken.push(refund)
    }
  }
  return taken
}
