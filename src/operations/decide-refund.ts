/** Shared by the merchant's decisions on one refund: load, decide purely, commit, or decide again. */
import { presentRefund, type Refund, type RefundResource } from '../core/refund/refund.ts'
import { closeSettlement, openSettlement, recordRefund } from '../core/settlement/settlement.ts'
import { GatewayError } from '../errors.ts'
import { commitDecision, type Decided } from './commit-decision.ts'
import type { Deps } from './deps.ts'
import { type IdempotencyTicket, keepAnswer } from './idempotency.ts'
import { chainsOf, createSettlementContext, loadChains } from './settlement-context.ts'
import { assertServable } from './verify-address.ts'

export type RefundDecision = {
  readonly storeId: string
  readonly refundId: string
  /** Who decided, for the audit log: `key_...`. */
  readonly actor: string
  readonly idempotency: IdempotencyTicket
}

export type RefundDeps = Omit<Deps, 'accounts' | 'indexes' | 'rates' | 'vault'>

const TIP_ONLY = 1
const OK = 200

/** `decide` gives the refund as it is to be, or throws. */
export function decideRefund(
  deps: RefundDeps,
  decision: RefundDecision,
  action: string,
  decide: (refund: Refund) => Refund | Promise<Refund>,
): Promise<RefundResource> {
  return commitDecision(deps, decision.idempotency, () => tryDecide(deps, decision, action, decide))
}

async function tryDecide(
  deps: RefundDeps,
  { storeId, refundId, actor, idempotency }: RefundDecision,
  action: string,
  decide: (refund: Refund) => Refund | Promise<Refund>,
): Promise<Decided<RefundResource>> {
  const before = await deps.store.getRefund(refundId)
  if (before?.storeId !== storeId) throw new GatewayError('not_found', 'There is no such refund.')
  const [loaded] = await deps.store.loadInvoices([before.invoiceId])
  if (loaded === undefined) throw new GatewayError('not_found', 'There is no such refund.')
  assertServable(deps, loaded.invoice)
  const after = await decide(before)
  const context = createSettlementContext(deps, await loadChains(deps, chainsOf(loaded), TIP_ONLY))
  const settlement = openSettlement(context, [loaded], [])
  recordRefund(settlement, after)
  const result = presentRefund({ ...after, updatedAtMs: context.nowMs })
  const endpoints = await deps.store.listEndpoints([storeId])
  const entry = { atMs: context.nowMs, actor, action, target: refundId }
  const changes = {
    ...closeSettlement(settlement, endpoints),
    audit: [{ ...entry, before: before.status, after: after.txHash ?? after.status }],
    ...keepAnswer(idempotency, { status: OK, body: JSON.stringify(result) }, context.nowMs),
  }
  return { changes, result }
}

/** Refuses what is not in one of these states. */
export function assertStatus(refund: Refund, allowed: readonly Refund['status'][]): void {
  if (allowed.includes(refund.status)) return
  throw new GatewayError('not_acceptable_state', `The refund is ${refund.status}.`)
}
