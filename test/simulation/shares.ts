/**
 * The arithmetic of the oracle: an invoice is paid by shares of what is due in each asset, over one
 * common denominator. Written anew, so that a fault of the core is not repeated here.
 */
import type { Invoice, PaymentOption } from '../../src/core/invoice/invoice.ts'
import type { AssetId } from '../../src/core/money/asset.ts'

export type Sum = { readonly assetId: AssetId; readonly units: bigint }

/** A share as `over` parts of `unit` parts. */
type Share = { readonly over: bigint; readonly unit: bigint }

export function shareOf(invoice: Invoice, sums: readonly Sum[]): Share {
  const { options } = invoice.terms
  const unit = options.reduce((product, { amountDueUnits }) => product * amountDueUnits, 1n)
  const over = options.reduce((total, { asset, amountDueUnits }) => {
    const paid = sums.filter(({ assetId }) => assetId === asset.id)
    const units = paid.reduce((sum, each) => sum + each.units, 0n)
    return total + units * (unit / amountDueUnits)
  }, 0n)
  return { over, unit }
}

/** What counts as the whole: one, or what the merchant accepted. */
function wholeOf(invoice: Invoice): Share {
  const accepted = invoice.acceptedShare
  return accepted === null
    ? { over: 1n, unit: 1n }
    : { over: accepted.numerator, unit: accepted.denominator }
}

/** Below zero, zero or above zero. */
export function compareShares(a: Share, b: Share): number {
  const difference = a.over * b.unit - b.over * a.unit
  return difference < 0n ? -1 : difference > 0n ? 1 : 0
}

export function isEnough(invoice: Invoice, sums: readonly Sum[]): boolean {
  const share = shareOf(invoice, sums)
  if (share.over === 0n) return false
  if (invoice.acceptedShare !== null) return compareShares(share, wholeOf(invoice)) >= 0
  const required = { over: 10_000n - BigInt(invoice.terms.toleranceBps), unit: 10_000n }
  return compareShares(share, required) >= 0
}

export function isOver(invoice: Invoice, sums: readonly Sum[]): boolean {
  return compareShares(shareOf(invoice, sums), wholeOf(invoice)) > 0
}

/** Due, outstanding and excess in one asset, rounded in the merchant's favour. */
export function remaindersOf(
  invoice: Invoice,
  option: PaymentOption,
  sums: readonly Sum[],
): { readonly due: bigint; readonly outstanding: bigint; readonly excess: bigint } {
  const whole = wholeOf(invoice)
  const paid = shareOf(invoice, sums)
  const units = option.amountDueUnits
  const missing = whole.over * paid.unit - paid.over * whole.unit
  const unit = whole.unit * paid.unit
  return {
    due: divideUp(whole.over * units, whole.unit),
    outstanding: isEnough(invoice, sums) ? 0n : divideUp(missing * units, unit),
    excess: missing < 0n ? (-missing * units) / unit : 0n,
  }
}

function divideUp(value: bigint, by: bigint): bigint {
  return (value + by - 1n) / by
}
