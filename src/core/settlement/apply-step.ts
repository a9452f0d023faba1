/**
 * One step of a chain: blocks that left, blocks that came, and what they mean. A reorg is one step
 * with its whole branch, so that a payment that is in both branches is never seen as lost.
 *
 * Within a step: what left is orphaned, what came is included, invoices are advanced by what is
 * seen; then what is deep enough is confirmed and invoices are advanced by that. Every story thus
 * has the same order: detected, processing, confirmed, settled.
 */
import { meetsFinality } from '../chain/finality.ts'
import type { LocalChain } from '../chain/local-chain.ts'
import { advanceInvoice } from '../invoice/advance-invoice.ts'
import { assessPayments, hasPassedDeadline, remainderIn } from '../invoice/assess-payments.ts'
import type { Invoice, Terms } from '../invoice/invoice.ts'
import type { Hash } from '../money/asset.ts'
import type { Payment } from '../payment/payment.ts'
import type { PaymentEventType } from '../webhook/event.ts'
import { type CreditRoom, compareInChain, giveBack, hasRoom, takeRoom } from './credit-room.ts'
import {
  getInvoice,
  paymentsOf,
  recordAdvance,
  recordPayment,
  type Settlement,
  tellUnexplained,
  writeInvoice,
  writePayment,
} from './settlement.ts'

export type ChainStep = {
  /** Our chain after the step. */
  readonly chain: LocalChain
  readonly disconnected: ReadonlySet<Hash>
  /** Payments matched in the connected blocks, in chain order. */
  readonly matched: readonly Payment[]
  /**
   * How much of a payment counts once it is confirmed; null while that is not known (the balance
   * of its address could not be read): it waits.
   */
  countedUnitsOf(payment: Payment): bigint | null
  /** What may still be credited before it is final, shared by the steps of a turn; null: everything. */
  readonly room: CreditRoom | null
}

export function applyStep(settlement: Settlement, step: ChainStep): void {
  const touched = new Set<string>()
  for (const payment of paymentsOnChain(settlement, step.chain.chainId)) {
    if (payment.position === 'orphaned') continue
    if (!step.disconnected.has(payment.observation.blockHash)) continue
    touch(touched, payment)
    recordPayment(
      settlement,
      { ...payment, heldByCap: false, position: 'orphaned' },
      'payment.orphaned',
    )
  }
  for (const payment of step.matched) includePayment(settlement, payment, touched)
  advanceInvoices(settlement, touched)
  confirmPayments(settlement, step, touched)
  advanceInvoices(settlement, touched)
  advanceInvoices(settlement, invoicesPastDeadline(settlement))
}

/** With a cap in the order of the chain: who asks for room first must not depend on who looks. */
function confirmPayments(settlement: Settlement, step: ChainStep, touched: Set<string>): void {
  const { chain, room } = step
  const payments = paymentsOnChain(settlement, chain.chainId)
  if (room !== null) {
    giveBack(room, chain, step.disconnected)
    payments.sort(compareInChain)
  }
  for (const payment of payments) {
    if (payment.position !== 'included') continue
    const isDeep = isDeepEnough(payment, chain)
    const terms = termsOf(settlement, payment)
    const isRefused = isDeep && room !== null && !hasRoom(room, chain, payment, terms)
    const countedUnits = isDeep && !isRefused ? step.countedUnitsOf(payment) : null
    if (countedUnits === null) {
      const heldByCap = isRefused && (room.isOpen || payment.heldByCap)
      if (payment.heldByCap !== heldByCap) writePayment(settlement, { ...payment, heldByCap })
      continue
    }
    const position = 'confirmed' as const
    const confirmed = { ...payment, countedUnits, heldByCap: false, position }
    if (room !== null) takeRoom(room, chain, confirmed, terms)
    touch(touched, payment)
    recordPayment(settlement, confirmed, 'payment.confirmed')
  }
}

function termsOf(settlement: Settlement, { invoiceId }: Payment): Terms | null {
  return invoiceId === null ? null : getInvoice(settlement, invoiceId).terms
}

/** Whether the block of a payment is as deep in our chain as its finality asks. */
export function isDeepEnough({ finality, observation }: Payment, chain: LocalChain): boolean {
  const { blockNumber: number, blockTimestampS: timestampS } = observation
  return meetsFinality(chain, finality, { number, timestampS })
}

/** Lets the open invoices expire whose deadline every chain and the wall clock have passed. */
export function expireInvoices(settlement: Settlement): void {
  advanceInvoices(settlement, invoicesPastDeadline(settlement))
}

/** A block may come back after it left: its observation is the one we hold, and counts again. */
function includePayment(settlement: Settlement, matched: Payment, touched: Set<string>): void {
  const held = settlement.payments.get(matched.observation.id)
  if (held !== undefined && held.position !== 'orphaned') return
  const payment = held === undefined ? liftDust(settlement, matched) : includeAgain(held)
  touch(touched, payment)
  // What a payment is was told when it was first seen; that it is back is told as detected.
  recordPayment(
    settlement,
    payment,
    held === undefined ? firstEventOf(payment) : 'payment.detected',
  )
  if (held === undefined && payment.observation.txHash === null)
    tellUnexplained(settlement, payment)
}

/** What counts of it is judged again: it may be confirmed under another balance. */
function includeAgain(held: Payment): Payment {
  const countedUnits = held.dust ? 0n : held.observation.amountUnits
  return { ...held, countedUnits, heldByCap: false, position: 'included' }
}

/**
 * However little it is, the last part of what is due is a payment: a shopper who sends exactly what
 * the page asks for must not wait for ever.
 */
function liftDust(settlement: Settlement, matched: Payment): Payment {
  if (!matched.dust || !matched.accepted || matched.invoiceId === null) return matched
  const { asset, amountUnits } = matched.observation
  const invoice = getInvoice(settlement, matched.invoiceId)
  const option = invoice.terms.options.find((one) => one.asset.id === asset.id)
  if (option === undefined) return matched
  const { outstandingUnits } = remainderIn(invoice, option, paymentsOf(settlement, invoice.id))
  const completes = outstandingUnits > 0n && amountUnits >= outstandingUnits
  return completes ? { ...matched, dust: false, countedUnits: amountUnits } : matched
}

function firstEventOf(payment: Payment): PaymentEventType {
  if (payment.invoiceId === null) return 'payment.unassigned'
  return payment.accepted ? 'payment.detected' : 'payment.unexpected'
}

/** Lets invoices go on by what their payments are now. */
export function advanceInvoices(settlement: Settlement, ids: Iterable<string>): void {
  for (const id of ids) {
    const invoice = getInvoice(settlement, id)
    const evidence = assessPayments(invoice, paymentsOf(settlement, id), settlement.context)
    const advance = advanceInvoice(invoice, evidence, settlement.context.nowMs)
    if (advance.steps.length > 0) recordAdvance(settlement, advance)
    else writeInvoice(settlement, advance.invoice)
  }
}

function invoicesPastDeadline(settlement: Settlement): string[] {
  return [...settlement.invoices.values()]
    .filter((invoice) => isWaiting(invoice) && hasPassedDeadline(invoice, settlement.context))
    .map((invoice) => invoice.id)
}

function isWaiting(invoice: Invoice): boolean {
  return invoice.status === 'open' || invoice.status === 'processing'
}

/** A copy: a step writes to what it walks over. */
function paymentsOnChain(settlement: Settlement, chainId: number): Payment[] {
  return [...settlement.payments.values()].filter(
    (payment) => payment.observation.chainId === chainId,
  )
}

function touch(touched: Set<string>, payment: Payment): void {
  if (payment.invoiceId !== null && !payment.dust) touched.add(payment.invoiceId)
}
