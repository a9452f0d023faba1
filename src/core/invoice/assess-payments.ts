/**
 * From payments to evidence: what the state machine may know. Sums are exact fractions, so that an
 * invoice paid in several assets is complete exactly when the parts make one.
 */

import { observedThroughMs } from '../chain/finality.ts'
import type { LocalChain } from '../chain/local-chain.ts'
import {
  addFractions,
  ceilFraction,
  compareFractions,
  createFraction,
  type Fraction,
  floorFraction,
  multiplyFractions,
  ONE,
  subtractFractions,
  ZERO,
} from '../money/fraction.ts'
import type { Payment } from '../payment/payment.ts'
import { deadlineMs, type Invoice, type PaymentOption } from './invoice.ts'
import { requiredShare } from './tolerance.ts'

/** The columns of the state table, see advance-invoice.ts. */
export type Standing = 'nothing' | 'some' | 'seen-enough' | 'confirmed-enough' | 'missed'

export type Evidence = {
  readonly standing: Standing
  readonly seenShare: Fraction
  readonly confirmedShare: Fraction
  /** More is confirmed, in time or late, than the amount due. */
  readonly overpaid: boolean
  /** Some of what is confirmed came after the deadline. */
  readonly lateConfirmed: boolean
}

/** How the money stands, for people: facts, not states. */
export type PaidFacts = {
  readonly underpaid: boolean
  readonly overpaid: boolean
  readonly late: boolean
}

/** What the chains and the wall clock say about the deadline of one invoice. */
export type DeadlineView = {
  readonly nowMs: number
  /** Null for a chain that has not been observed, or is halted. */
  chainOf(chainId: number): LocalChain | null
  /** Block time (ms) up to which coins sent by contracts were looked for; absent: nobody looks. */
  sweptThroughMs?(chainId: number): number
  /** Deadlines (ms) before which the addresses of unpaid orders were asked; absent: nobody asks. */
  checkedThroughMs?(chainId: number): number
}

export function assessPayments(
  invoice: Invoice,
  payments: readonly Payment[],
  view: DeadlineView,
): Evidence {
  const counted = payments.filter(counts)
  const inTime = counted.filter((payment) => payment.inTime || invoice.acceptedShare !== null)
  const seenShare = sumShares(invoice, inTime)
  const confirmedInTime = sumShares(invoice, inTime.filter(isConfirmed))
  const confirmedShare = sumShares(invoice, counted.filter(isConfirmed))
  const overpaid = compareFractions(confirmedShare, fullShare(invoice)) > 0
  const lateConfirmed = counted.some((payment) => isConfirmed(payment) && !payment.inTime)
  const facts = { seenShare, confirmedShare, overpaid, lateConfirmed }
  if (isEnough(invoice, confirmedInTime)) return { standing: 'confirmed-enough', ...facts }
  if (isEnough(invoice, seenShare)) return { standing: 'seen-enough', ...facts }
  if (hasPassedDeadline(invoice, view)) return { standing: 'missed', ...facts }
  return { standing: seenShare.numerator > 0n ? 'some' : 'nothing', ...facts }
}

/**
 * Past the deadline only when every accepted chain has been observed past it, at policy depth, and
 * the wall clock agrees. Downtime and timers expire nothing.
 */
export function hasPassedDeadline(invoice: Invoice, view: DeadlineView): boolean {
  const deadline = deadlineMs(invoice.terms)
  if (invoice.acceptedShare !== null || view.nowMs <= deadline) return false
  return invoice.terms.options.every((option) => {
    const { chainId, token } = option.asset
    const chain = view.chainOf(chainId)
    const observed = chain && observedThroughMs(chain, option.finality)
    if (observed === null || observed <= deadline) return false
    const look = token === null ? view.sweptThroughMs : view.checkedThroughMs
    return (look?.(chainId) ?? observed) > deadline
  })
}

/** Facts of an invoice for its resource. Late money counts as money here, but not as in time. */
export function paidFacts(invoice: Invoice, payments: readonly Payment[]): PaidFacts {
  if (payments.length === 0) return { underpaid: false, overpaid: false, late: false }
  const counted = payments.filter(counts)
  const inTime = counted.filter((payment) => payment.inTime || invoice.acceptedShare !== null)
  const seen = sumShares(invoice, inTime)
  return {
    underpaid: seen.numerator > 0n && !isEnough(invoice, seen),
    overpaid: compareFractions(sumShares(invoice, counted), fullShare(invoice)) > 0,
    late: counted.some((payment) => !payment.inTime),
  }
}

export type Remainder = {
  readonly amountDueUnits: bigint
  readonly outstandingUnits: bigint
  readonly excessUnits: bigint
}

/** What is due, still missing and over, expressed in one asset. */
export function remainderIn(
  invoice: Invoice,
  option: PaymentOption,
  payments: readonly Payment[],
): Remainder {
  if (payments.length === 0 && invoice.acceptedShare === null) {
    const { amountDueUnits } = option
    return { amountDueUnits, outstandingUnits: amountDueUnits, excessUnits: 0n }
  }
  const full = fullShare(invoice)
  const share = sumShares(invoice, payments.filter(counts))
  const due: Fraction = { numerator: option.amountDueUnits, denominator: 1n }
  const missing = subtractFractions(full, share)
  const isShort = !isEnough(invoice, share)
  return {
    amountDueUnits: ceilFraction(multiplyFractions(full, due)),
    outstandingUnits: isShort ? ceilFraction(multiplyFractions(missing, due)) : 0n,
    excessUnits:
      missing.numerator < 0n
        ? floorFraction(multiplyFractions(subtractFractions(share, full), due))
        : 0n,
  }
}

/** Confirmed share of everything that counts: what accepting would freeze. */
export function confirmedShareOf(invoice: Invoice, payments: readonly Payment[]): Fraction {
  return sumShares(invoice, payments.filter(counts).filter(isConfirmed))
}

/** One, or what the merchant accepted instead. */
function fullShare(invoice: Invoice): Fraction {
  return invoice.acceptedShare ?? ONE
}

/** Something was paid, and it reaches the amount due less the tolerance. */
function isEnough(invoice: Invoice, share: Fraction): boolean {
  if (share.numerator <= 0n) return false
  if (invoice.acceptedShare !== null) return compareFractions(share, invoice.acceptedShare) >= 0
  return compareFractions(share, requiredShare(invoice.terms)) >= 0
}

/** Units paid / units due, per asset, added up exactly. */
function sumShares(invoice: Invoice, payments: readonly Payment[]): Fraction {
  return invoice.terms.options.reduce((sum, option) => {
    const paidUnits = payments
      .filter((payment) => payment.observation.asset.id === option.asset.id)
      .reduce((units, payment) => units + payment.countedUnits, 0n)
    if (paidUnits === 0n) return sum
    return addFractions(sum, createFraction(paidUnits, option.amountDueUnits))
  }, ZERO)
}

function counts(payment: Payment): boolean {
  return payment.accepted && payment.position !== 'orphaned' && payment.countedUnits > 0n
}

function isConfirmed(payment: Payment): boolean {
  return payment.position === 'confirmed'
}
