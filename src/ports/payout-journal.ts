import type { Address } from '../core/money/asset.ts'
import type { JournaledPayout } from '../core/payout/payout-plan.ts'

/**
 * Every payout that was ever planned, outside the database, so that an older copy of it pays nobody
 * twice. Durable when a call returns; throws `storage_unavailable` when the disk fails or a file is
 * not what was written.
 */
export type PayoutJournal = {
  /** In the order of planning. */
  read(key: PayerOnChain): readonly JournaledPayout[]
  /** Replaces them. Only for whoever keeps all others from doing the same. */
  write(key: PayerOnChain, payouts: readonly JournaledPayout[]): void
}

/** Whose nonces are counted together. */
export type PayerOnChain = { readonly chainId: number; readonly payer: Address }
