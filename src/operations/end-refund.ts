import type { RefundResource } from '../core/refund/refund.ts'
import { GatewayError } from '../errors.ts'
import {
  assertStatus,
  decideRefund,
  type RefundDecision,
  type RefundDeps,
} from './decide-refund.ts'

/**
 * Takes a request back, before anybody sent it; else 409. A signed plan that has it would still pay
 * it: then it is told as sent.
 */
export function cancelRefund(deps: RefundDeps, decision: RefundDecision): Promise<RefundResource> {
  return decideRefund(deps, decision, 'refund.cancel', (refund) => {
    assertStatus(refund, ['requested'])
    return { ...refund, status: 'canceled' }
  })
}

/**
 * The merchant knows that it will never be paid: its transaction failed, or another took its nonce.
 * Frees the amount for another refund. 409 while a block of our chain holds a transfer that pays it.
 */
export function failRefund(deps: RefundDeps, decision: RefundDecision): Promise<RefundResource> {
  return decideRefund(deps, decision, 'refund.fail', (refund) => {
    assertStatus(refund, ['requested', 'sent'])
    if (refund.outgoing !== null) {
      throw new GatewayError('not_acceptable_state', 'A block of the chain holds its transfer.')
    }
    return { ...refund, status: 'failed' }
  })
}
