import type { Asset } from '../money/asset.ts'

/** One step of a finality policy: invoices worth up to this much need this depth. */
export type FinalityTier = {
  /** Upper bound in whole units of a fiat currency; null for the last tier, which has none. */
  readonly upTo: { readonly amount: string; readonly currency: string } | null
  readonly confirmations: number
}

/** What the gateway knows of a chain from its configuration. */
export type ChainSettings = {
  readonly chainId: number
  readonly name: string
  /** A local chain: its head may be old, its payments can be simulated. */
  readonly test: boolean
  /** Native coin (unless disabled) and tokens, in the order they are offered. */
  readonly assets: readonly Asset[]
  /** At least one; ascending, the last without an upper bound. */
  readonly finality: readonly FinalityTier[]
  readonly pollIntervalMs: number
  /** Usual time between two blocks. */
  readonly blockTimeMs: number
  /** Deeper reorgs halt the chain. */
  readonly maxReorgBlocks: number
}

/** The deepest tier: for what cannot be valued, and for money that belongs to no order. */
export function highestConfirmations(chain: ChainSettings): number {
  return Math.max(...chain.finality.map((tier) => tier.confirmations))
}
