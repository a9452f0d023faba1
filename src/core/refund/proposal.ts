import type { Address } from '../money/asset.ts'
import { toChecksumAddress } from '../money/asset.ts'
import { formatTime } from '../time.ts'

/**
 * Where somebody with the checkout link would like money to go back to. Anybody may have written it:
 * it leads to nothing until the merchant, who asked the shopper, names the address in a refund.
 */
export type RefundProposal = {
  readonly id: string
  readonly storeId: string
  readonly invoiceId: string
  readonly destination: Address
  readonly createdAtMs: number
}

/** Of one invoice. Enough to correct oneself; more is somebody else's fun. */
export const PROPOSALS_MAX = 5

export type ProposalResource = ReturnType<typeof presentProposal>

export function presentProposal(proposal: RefundProposal) {
  return {
    id: proposal.id,
    object: 'refund_proposal' as const,
    invoice: proposal.invoiceId,
    destination: toChecksumAddress(proposal.destination),
    created_at: formatTime(proposal.createdAtMs),
  }
}
