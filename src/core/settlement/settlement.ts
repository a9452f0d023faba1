/**
 * A draft of what a stretch of chain does to payments and invoices. It is filled by apply-step.ts,
 * in the order of the chain, and read once at the end as a change set. Nothing outside sees it half
 * done: the store writes all of it or nothing.
 */
import { assert } from '../assert.ts'
import type { ChangeSet } from '../change-set.ts'
import type { Advance } from '../invoice/advance-invoice.ts'
import type { DeadlineView } from '../invoice/assess-payments.ts'
import type { Invoice } from '../invoice/invoice.ts'
import { type Presentation, presentInvoice } from '../invoice/present-invoice.ts'
import type { Payment } from '../payment/payment.ts'
import { presentPayment } from '../payment/present-payment.ts'
import { presentRefund, type Refund } from '../refund/refund.ts'
import { planDeliveries, type WebhookEndpoint } from '../webhook/delivery.ts'
import { createEvent, type Event, type PaymentEventType } from '../webhook/event.ts'

/** Time, ids and the way things are shown: all that a settlement takes from outside. */
export type SettlementContext = DeadlineView &
  Presentation & { createId(prefix: 'evt' | 'del'): string }

export type Settlement = {
  context: SettlementContext
  readonly invoices: Map<string, Invoice>
  /** Payments of each loaded invoice, oldest first. */
  readonly paymentsOf: Map<string, Payment[]>
  /** Every payment loaded or matched, with an invoice or without, by id. */
  readonly payments: Map<string, Payment>
  readonly changedInvoices: Set<string>
  readonly changedPayments: Map<string, Payment>
  readonly changedRefunds: Map<string, Refund>
  readonly events: Event[]
}

export type LoadedInvoice = { readonly invoice: Invoice; readonly payments: readonly Payment[] }

export function openSettlement(
  context: SettlementContext,
  loaded: readonly LoadedInvoice[],
  unassigned: readonly Payment[],
): Settlement {
  const all = [...loaded.flatMap(({ payments }) => payments), ...unassigned]
  return {
    context,
    invoices: new Map(loaded.map(({ invoice }) => [invoice.id, invoice])),
    paymentsOf: new Map(loaded.map(({ invoice, payments }) => [invoice.id, [...payments]])),
    payments: new Map(all.map((payment) => [payment.observation.id, payment])),
    changedInvoices: new Set(),
    changedPayments: new Map(),
    changedRefunds: new Map(),
    events: [],
  }
}

export function getInvoice(settlement: Settlement, id: string): Invoice {
  const invoice = settlement.invoices.get(id)
  assert(invoice !== undefined, 'every invoice a settlement touches was loaded')
  return invoice
}

export function paymentsOf(settlement: Settlement, invoiceId: string): Payment[] {
  const payments = settlement.paymentsOf.get(invoiceId)
  assert(payments !== undefined, 'the payments of a loaded invoice were loaded with it')
  return payments
}

/**
 * Writes a payment (new or moved) and tells of it; its invoice's sequence goes on by one. Dust is
 * written alone: nothing is told, and its invoice stays as it is.
 */
export function recordPayment(
  settlement: Settlement,
  payment: Payment,
  type: PaymentEventType,
): void {
  writePayment(settlement, payment)
  if (payment.dust) return
  const data = () => presentPayment(payment, settlement.context.tipNumber)
  if (payment.invoiceId === null) {
    pushEvent(settlement, payment.storeId, type, null, data())
    return
  }
  const invoice = getInvoice(settlement, payment.invoiceId)
  const next = { ...invoice, sequence: invoice.sequence + 1 }
  writeInvoice(settlement, next)
  pushEvent(settlement, payment.storeId, type, next, data())
}

/** Writes a payment and tells nothing: what it is to its invoice stays as it was. */
export function writePayment(settlement: Settlement, payment: Payment): void {
  const { id } = payment.observation
  settlement.changedPayments.set(id, payment)
  settlement.payments.set(id, payment)
  if (payment.invoiceId !== null) {
    replacePayment(paymentsOf(settlement, payment.invoiceId), payment)
  }
}

/**
 * Writes an invoice that advanced, with one event per step, each showing it as it was right then.
 */
export function recordAdvance(
  settlement: Settlement,
  advance: Advance,
  extra: Readonly<Record<string, unknown>> | null = null,
): void {
  writeInvoice(settlement, advance.invoice)
  for (const { type, invoice } of advance.steps) {
    const resource = presentInvoice(invoice, paymentsOf(settlement, invoice.id), settlement.context)
    const data = extra === null ? resource : { ...resource, ...extra }
    pushEvent(settlement, invoice.storeId, type, invoice, data)
  }
}

/** Tells of coins that only a balance shows. Beside the event of the payment, for whoever watches alerts. */
export function tellUnexplained(settlement: Settlement, payment: Payment): void {
  if (payment.dust) return
  const { id, invoice, asset, amount, amount_units, block_number, block_hash } = presentPayment(
    payment,
    () => undefined,
  )
  const money = { payment: id, invoice, asset, amount, amount_units, block_number, block_hash }
  const data = { object: 'alert', kind: 'unexplained_balance', ...money }
  pushEvent(settlement, payment.storeId, 'alert.unexplained_balance', null, data)
}

/** Writes a refund and tells where it stands; its invoice's sequence goes on by one. */
export function recordRefund(settlement: Settlement, refund: Refund): void {
  const { nowMs } = settlement.context
  const written = { ...refund, updatedAtMs: nowMs }
  settlement.changedRefunds.set(refund.id, written)
  const invoice = getInvoice(settlement, refund.invoiceId)
  const next = { ...invoice, sequence: invoice.sequence + 1 }
  writeInvoice(settlement, next)
  const type = `refund.${refund.status}` as const
  pushEvent(settlement, refund.storeId, type, next, presentRefund(written))
}

/** Everything that changed, as one change set; deliveries are planned for its events. */
export function closeSettlement(
  settlement: Settlement,
  endpoints: readonly WebhookEndpoint[],
): ChangeSet {
  const { events, context } = settlement
  return {
    invoices: [...settlement.changedInvoices].map((id) => {
      const invoice = getInvoice(settlement, id)
      return { ...invoice, revision: invoice.revision + 1 }
    }),
    payments: [...settlement.changedPayments.values()].map((payment) => ({
      ...payment,
      revision: payment.revision + 1,
    })),
    refunds: [...settlement.changedRefunds.values()].map((refund) => ({
      ...refund,
      revision: refund.revision + 1,
    })),
    events,
    deliveries: planDeliveries(events, endpoints, () => context.createId('del')),
  }
}

/** Stores whose endpoints must be known to close. */
export function storesTouched(settlement: Settlement): string[] {
  return [...new Set(settlement.events.map((event) => event.storeId))]
}

export function writeInvoice(settlement: Settlement, invoice: Invoice): void {
  settlement.invoices.set(invoice.id, invoice)
  settlement.changedInvoices.add(invoice.id)
}

function replacePayment(payments: Payment[], payment: Payment): void {
  const at = payments.findIndex(({ observation }) => observation.id === payment.observation.id)
  if (at === -1) payments.push(payment)
  else payments[at] = payment
}

function pushEvent(
  settlement: Settlement,
  storeId: string,
  type: Event['type'],
  invoice: Invoice | null,
  data: object,
): void {
  settlement.events.push(
    createEvent({
      id: settlement.context.createId('evt'),
      storeId,
      invoiceId: invoice?.id ?? null,
      type,
      sequence: invoice?.sequence ?? null,
      atMs: settlement.context.nowMs,
      data,
    }),
  )
}
