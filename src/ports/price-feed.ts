import type { Address } from '../core/money/asset.ts'

/** The latest round of a price feed contract, as one node says. */
export type FeedReading = {
  /** May be zero or negative: what it means is judged by the reader. */
  readonly answer: bigint
  /** Digits after the point of the answer. */
  readonly decimals: number
  /** Seconds since 1970; the largest safe integer for anything later. */
  readonly updatedAtS: number
  /** Such as `ETH / USD`; null where the contract does not say. */
  readonly description: string | null
}

/**
 * Reads a contract with the read interface of Chainlink's aggregators at the head of its chain.
 * Rejects with a `ChainSourceError` when no node answers; null when what is there is no such
 * contract.
 */
export type ReadPriceFeed = (
  chainId: number,
  address: Address,
  signal: AbortSignal,
) => Promise<FeedReading | null>
