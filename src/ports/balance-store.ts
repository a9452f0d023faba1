import type { BlockRef } from '../core/chain/block.ts'
import type { KnownBalance } from '../core/chain/known-balance.ts'
import type { AssetId, Hash } from '../core/money/asset.ts'
import type { Payment } from '../core/payment/payment.ts'
import type { DepositAddress } from '../core/store-account/store-account.ts'

/** What the sweep of balances loads. Known balances are written by `commit`. */
export type BalanceStore = {
  /** Addresses of orders that take this coin, by the deadline of the order. */
  findSweepTargets(query: SweepQuery): Promise<SweepPage>
  /** The latest canonical block that this one descends from, or is; null when it is not held. */
  findCanonicalAncestor(chainId: number, hash: Hash): Promise<BlockRef | null>
  /**
   * Payments on our chain of which only a balance tells, those in the oldest blocks first. Looks at
   * `limit` of them at most, and leaves out those that were attributed meanwhile.
   */
  findUnattributed(query: UnattributedQuery): Promise<UnattributedPage>
}

export type UnattributedQuery = {
  readonly chainId: number
  /** Only in blocks from this height on. */
  readonly fromBlock: number
  readonly after: UnattributedCursor | null
  readonly limit: number
}

export type UnattributedCursor = { readonly blockNumber: number; readonly paymentId: string }

export type UnattributedPage = {
  readonly payments: readonly Payment[]
  /** Where the next page begins, or null at the end. */
  readonly cursor: UnattributedCursor | null
}

/** `recent` and `idle` are finished orders, with a deadline from `sinceMs` on, and before it. */
export type SweepGroup = 'unfinished' | 'recent' | 'idle'

export type SweepQuery = {
  readonly chainId: number
  readonly assetId: AssetId
  readonly group: SweepGroup
  readonly sinceMs: number
  readonly after: SweepCursor | null
  /** Only orders whose deadline is before this; absent: all. */
  readonly beforeMs?: number
  readonly limit: number
}

export type SweepCursor = { readonly deadlineMs: number; readonly position: number }

export type SweepPage = {
  readonly targets: readonly SweepTarget[]
  /** Where the next page begins, or null at the end. */
  readonly cursor: SweepCursor | null
}

export type SweepTarget = {
  readonly deposit: DepositAddress
  readonly known: KnownBalance | null
  /** What came to the address on our chain, for whatever order or none, ascending by block. */
  readonly credits: readonly KnownCredit[]
}

export type KnownCredit = {
  readonly blockNumber: number
  readonly place: string
  readonly amountUnits: bigint
}
