import type { BlockRef, VerifiedBlock } from '../core/chain/block.ts'
import type { FinalityTag } from '../core/chain/finality.ts'
import type { FinalityClaim } from '../core/chain/judge-finality.ts'
import type { Address, Hash } from '../core/money/asset.ts'

/**
 * A chain as its nodes show it. Every method rejects with a `ChainSourceError` (errors.ts) when the node is
 * unreachable, answers nonsense, or what it answers does not fit together; "nothing" is never a guess.
 */
export type ChainSource = {
  readonly chainId: number
  /** Hash of block 0 that every node is held to; null before a node has said. Asks nothing. */
  genesisHash(): Hash | null
  /**
   * Latest block of the chain: the highest that two nodes have, or that of the only node. Also
   * checks, now and then, that it is still the same chain.
   */
  getHead(signal: AbortSignal): Promise<BlockRef>
  /** Header at a height of the node's current chain; null when the node has no block there. */
  getHeaderByNumber(number: number, signal: AbortSignal): Promise<BlockRef | null>
  /** Header by hash; null when the node does not know the block. */
  getHeaderByHash(hash: Hash, signal: AbortSignal): Promise<BlockRef | null>
  /** Headers of a range of heights, ascending, each linked to the one before. Rejects if one is missing. */
  getHeaders(fromNumber: number, toNumber: number, signal: AbortSignal): Promise<BlockRef[]>
  /** The whole block under this header, verified against it. Rejects when the node cannot serve it. */
  getBlock(ref: BlockRef, signal: AbortSignal): Promise<VerifiedBlock>
  /** All of these blocks as `getBlock` gives them, in their order, in as few requests as may be. */
  getBlocks(refs: readonly BlockRef[], signal: AbortSignal): Promise<VerifiedBlock[]>
  /**
   * The block under this header as each node has it, verified like that of `getBlock`: for what is not
   * believed on the word of one. A node that fails says nothing.
   */
  getBlockOfEach(ref: BlockRef, signal: AbortSignal): Promise<BlockTestimony>
  /**
   * What each node calls final, and safe when that is asked for: one entry per node, null where it
   * does not say. A node that fails or does not know the tag is no fault of the turn: never rejects
   * for it.
   */
  getFinality(tags: readonly FinalityTag[], signal: AbortSignal): Promise<readonly FinalityClaim[]>
  /** Decimals a token contract reports; null when it does not answer as a token. */
  getTokenDecimals(token: Address, signal: AbortSignal): Promise<number | null>
  /** Where a transaction stands, as one node says: a hint where to look, no proof. */
  getTransaction(hash: Hash, signal: AbortSignal): Promise<TransactionSighting>
  /**
   * What each holder has of a token at one block, in the order of the questions. Zero where the
   * contract reverts or answers no word; null where no node has the state of that block.
   */
  getTokenBalances(
    questions: readonly BalanceQuestion[],
    signal: AbortSignal,
  ): Promise<(bigint | null)[]>
  /**
   * The same for one question, as every node that answers says; rejects with `inconsistent` when they
   * differ.
   */
  getAgreedTokenBalance(question: BalanceQuestion, signal: AbortSignal): Promise<bigint | null>
  /**
   * Units of a token that left a holder in the blocks from this height up to this block, as every
   * node that answers says; rejects with `inconsistent` when they differ.
   */
  getTokenOutflow(
    question: BalanceQuestion,
    fromNumber: number,
    signal: AbortSignal,
  ): Promise<bigint>
  /**
   * Transfer logs of these tokens that name one of these holders as recipient, in the blocks from this
   * height up to this block, by the word of the first node that names any: hints where to look, no
   * proof.
   */
  getTokenArrivals(question: ArrivalQuestion, signal: AbortSignal): Promise<TokenArrival[]>
  /** How each node did when it was last asked, in the order of the configuration. Asks nothing. */
  describeProviders(): readonly ProviderHealth[]
  /** How far the nodes agreed when they were last asked for the head. Asks nothing. */
  describeAgreement(): HeadAgreement
}

export type BlockTestimony = {
  /** One for each node that served it, in the order of the configuration. */
  readonly blocks: readonly VerifiedBlock[]
  /** Nodes that are there, or were lately, and did not serve it. */
  readonly silent: number
  /** False while nodes are left alone that were asked about this block a moment ago. */
  readonly isNew: boolean
}

export type HeadAgreement = {
  /** Nodes that have the latest head; one when a node is alone. */
  readonly agreedBy: number
  /** Lowest height at which nodes have different blocks, since a monotonic time; null: none. */
  readonly conflict: { readonly number: number; readonly sinceMs: number } | null
  /** No node serves blocks that prove: they are followed unproven, with the level they have. */
  readonly isProofLowered: boolean
}

export type TransactionSighting =
  /** No node has it, or it waits for a block. */
  | { readonly kind: 'unknown' | 'pending' }
  | { readonly kind: 'failed'; readonly block: BlockPlace }
  | {
      readonly kind: 'mined'
      readonly block: BlockPlace
      /** Whom it was sent to, and whom its Transfer logs name; not who gets coins from contracts. */
      readonly touched: readonly Address[]
    }

export type BlockPlace = Pick<BlockRef, 'number' | 'hash'>

export type ArrivalQuestion = {
  readonly tokens: readonly Address[]
  /** Nodes take up to 1,000. */
  readonly holders: readonly Address[]
  readonly fromNumber: number
  readonly block: BlockPlace
}

export type TokenArrival = {
  readonly block: BlockPlace
  readonly logIndex: number
  readonly holder: Address
}

/** What one address has of one token, as of one block of our chain. */
export type BalanceQuestion = {
  readonly token: Address
  readonly holder: Address
  readonly block: BlockPlace
}

/** One node, named by `host:port` alone: the rest of a URL is often the key to a paid plan. */
export type ProviderHealth = {
  readonly name: string
  /** Latest block it showed; null before the first. */
  readonly head: number | null
  readonly isOk: boolean
  /** The kind of fault it last had; stays when it is well again. */
  readonly lastFault: string | null
  readonly state: ProviderState
  /** Moving average of its answers; null before the first. */
  readonly latencyMs: number | null
  /** Moving average of failed questions, 0 to 1. */
  readonly errorShare: number
  /** Faults since the start, by kind. */
  readonly errors: Readonly<Record<string, number>>
}

export type ProviderState =
  /** Not asked yet. */
  | 'unknown'
  | 'ok'
  /** The latest question failed. */
  | 'failing'
  /** Failed several times in a row: asked again after some seconds. */
  | 'open'
  /** Asked us to slow down, and is left alone for as long as it said. */
  | 'limited'
  /** Answers, and shows the same old block while another node goes on. */
  | 'stale'
  /** Served something untrue: not asked for minutes. */
  | 'quarantined'
