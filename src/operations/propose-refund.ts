/** A shopper says where money should go back to. It is shown to the merchant, and leads to nothing. */
import type { Address } from '../core/money/asset.ts'
import {
  PROPOSALS_MAX,
  type ProposalResource,
  presentProposal,
  type RefundProposal,
} from '../core/refund/proposal.ts'
import { GatewayError, invalidField } from '../errors.ts'
import type { Deps } from './deps.ts'
import { freshId } from './settlement-context.ts'

/**
 * Keeps the address with the invoice behind a checkout link; the same one is kept once. Rejects with
 * `not_found`, for an address of ours, and with `not_acceptable_state` once there are enough.
 */
export async function proposeRefund(
  deps: Pick<Deps, 'store' | 'clock' | 'ids' | 'addressBook'>,
  { token, destination }: { readonly token: string; readonly destination: Address },
): Promise<ProposalResource> {
  const loaded = await deps.store.findInvoiceByToken(token)
  if (loaded === null) throw new GatewayError('not_found', 'There is no such invoice.')
  const [own] = await deps.store.findDepositAddresses([destination])
  if (own !== undefined || deps.addressBook.isSponsor(destination)) {
    throw invalidField('/destination', 'own_address', 'is the address that was paid')
  }
  const { id: invoiceId, storeId } = loaded.invoice
  const before = await deps.store.listRefundProposals(invoiceId)
  const same = before.find((one) => one.destination === destination)
  if (same !== undefined) return presentProposal(same)
  if (before.length >= PROPOSALS_MAX) {
    const detail = 'Enough addresses were given for this order. Write to the shop.'
    throw new GatewayError('not_acceptable_state', detail)
  }
  const createdAtMs = deps.clock.nowMs()
  const id = freshId(deps, 'rp', createdAtMs)
  const proposal: RefundProposal = { id, storeId, invoiceId, destination, createdAtMs }
  if ((await deps.store.commit({ refundProposals: [proposal] })) === 'committed') {
    return presentProposal(proposal)
  }
  throw new GatewayError('storage_unavailable', 'Try again.', { retryable: true })
}
