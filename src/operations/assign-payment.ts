/** The merchant gives money that belongs to no invoice to an invoice of the same store. */
import type { Invoice } from '../core/invoice/invoice.ts'
import type { Payment } from '../core/payment/payment.ts'
import { type PaymentResource, presentPayment } from '../core/payment/present-payment.ts'
import {
  ASSIGN_ACTION,
  assignPayment as assignTo,
  judgeAssignment,
} from '../core/settlement/assign-payment.ts'
import { closeSettlement, openSettlement } from '../core/settlement/settlement.ts'
import { GatewayError } from '../errors.ts'
import type { InvoiceWithPayments } from '../ports/store.ts'
import { commitDecision, type Decided } from './commit-decision.ts'
import type { Deps } from './deps.ts'
import { type IdempotencyTicket, keepAnswer } from './idempotency.ts'
import { chainsOf, createSettlementContext, loadChains } from './settlement-context.ts'
import { assertServable } from './verify-address.ts'
import { assertAddressesDerive } from './verify-shown-addresses.ts'

export type AssignPaymentRequest = {
  readonly storeId: string
  readonly paymentId: string
  readonly invoiceId: string
  /** Who decided, for the audit log: `key_...`. */
  readonly actor: string
  readonly idempotency: IdempotencyTicket
}

type AssignDeps = Omit<Deps, 'accounts' | 'indexes' | 'rates' | 'vault'>

const TIP_ONLY = 1
const OK = 200

/**
 * The payment as it is then. Rejects with `not_found` for what is not of this store, and with
 * `not_acceptable_state` for a payment that has an invoice, was orphaned or is dust.
 */
export function assignPayment(
  deps: AssignDeps,
  request: AssignPaymentRequest,
): Promise<PaymentResource> {
  return commitDecision(deps, request.idempotency, () => decide(deps, request))
}

async function decide(
  deps: AssignDeps,
  request: AssignPaymentRequest,
): Promise<Decided<PaymentResource>> {
  const { payment, loaded } = await load(deps, request)
  const refusal = judgeAssignment(payment)
  if (refusal !== null) throw new GatewayError('not_acceptable_state', refusal)
  const all = { ...loaded, payments: [...loaded.payments, payment] }
  const context = createSettlementContext(deps, await loadChains(deps, chainsOf(all), TIP_ONLY))
  const settlement = openSettlement(context, [loaded], [payment])
  const owned = assignTo(settlement, payment, loaded.invoice)
  const result = presentPayment(owned, context.tipNumber)
  const endpoints = await deps.store.listEndpoints([request.storeId])
  const answer = { status: OK, body: JSON.stringify(result) }
  const changes = {
    ...closeSettlement(settlement, endpoints),
    audit: [tell(context.nowMs, request, loaded.invoice, payment)],
    ...keepAnswer(request.idempotency, answer, context.nowMs),
  }
  return { changes, result }
}

async function load(
  deps: AssignDeps,
  { storeId, paymentId, invoiceId }: AssignPaymentRequest,
): Promise<{ readonly payment: Payment; readonly loaded: InvoiceWithPayments }> {
  const payment = await deps.store.getPayment(paymentId)
  if (payment === null || payment.storeId !== storeId) {
    throw new GatewayError('not_found', 'There is no such payment.')
  }
  const [loaded] = await deps.store.loadInvoices([invoiceId])
  if (loaded === undefined || loaded.invoice.storeId !== storeId) {
    throw new GatewayError('not_found', 'There is no such invoice.')
  }
  assertServable(deps, loaded.invoice)
  await assertAddressesDerive(deps, [payment.observation.to])
  return { payment, loaded }
}

function tell(atMs: number, { actor }: AssignPaymentRequest, { id }: Invoice, payment: Payment) {
  const target = payment.observation.id
  return { atMs, actor, action: ASSIGN_ACTION, target, before: null, after: id }
}
