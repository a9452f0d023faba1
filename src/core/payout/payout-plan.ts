/**
 * Payouts, decided from a list and from what was read of a chain: plain transfers of one account of
 * the merchant's, the payer. Pure, like `core/sweep`, and for the same reason: whoever signs makes it
 * again.
 */
import type { Address, AssetId } from '../money/asset.ts'
import type { CommonFacts, Sponsor } from '../sweep/sweep-plan.ts'

/** What was read at one block, and what is to be paid. Everything else follows from it. */
export type PayoutFacts = CommonFacts & {
  /** Its nonce is the first that the plan uses. */
  readonly payer: Sponsor
  /** Ascending by nonce. A nonce that is left out is used up by a transfer of nothing. */
  readonly payouts: readonly PlannedPayout[]
}

export type Payout = {
  readonly reference: string
  readonly assetId: AssetId
  readonly to: Address
  readonly units: bigint
}

export type PlannedPayout = Payout & {
  readonly nonce: number
  /** Coins for a contract may need more gas than a plain transfer. */
  readonly toContract: boolean
}

/** A payout that was planned before, as it was written down. */
export type JournaledPayout = Payout & {
  readonly nonce: number
  /** Its transaction failed, or another took its nonce, as deep as the chain is trusted. */
  readonly failed: boolean
}
