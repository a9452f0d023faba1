import type { BlockRef, VerifiedBlock } from '../core/chain/block.ts'
import type { Address, Hash } from '../core/money/asset.ts'

/**
 * A chain as its nodes show it. Every method rejects with a `ChainSourceError` (errors.ts) when the node is
 * unreachable, answers nonsense, or what it answers does not fit together; "nothing" is never a guess.
 */
export type ChainSource = {
  readonly chainId: number
  /** Latest block the node shows. Also checks, now and then, that it is still the same chain. */
  getHead(signal: AbortSignal): Promise<BlockRef>
  /** Header at a height of the node's current chain; null when the node has no block there. */
  getHeaderByNumber(number: number, signal: AbortSignal): Promise<BlockRef | null>
  /** Header by hash; null when the node does not know the block. */
  getHeaderByHash(hash: Hash, signal: AbortSignal): Promise<BlockRef | null>
  /** Headers of a range of heights, ascending, each linked to the one before. Rejects if one is missing. */
  getHeaders(fromNumber: number, toNumber: number, signal: AbortSignal): Promise<BlockRef[]>
  /** The whole block under this header, verified against it. Rejects when the node cannot serve it. */
  getBlock(ref: BlockRef, signal: AbortSignal): Promise<VerifiedBlock>
  /** Decimals a token contract reports; null when it does not answer as a token. */
  getTokenDecimals(token: Address, signal: AbortSignal): Promise<number | null>
  /** How each node did when it was last asked, in the order of the configuration. Asks nothing. */
  describeProviders(): readonly ProviderHealth[]
}

/** One node, named by `host:port` alone: the rest of a URL is often the key to a paid plan. */
export type ProviderHealth = {
  readonly name: string
  /** Latest block it showed; null before the first. */
  readonly head: number | null
  readonly isOk: boolean
  /** The kind of fault it last had; stays when it is well again. */
  readonly lastFault: string | null
}
