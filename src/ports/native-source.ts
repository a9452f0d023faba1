import type { BalanceChanges } from '../core/chain/balance-changes.ts'
import type { BlockRef } from '../core/chain/block.ts'
import type { BlockFrames } from '../core/chain/call-frames.ts'
import type { Address } from '../core/money/asset.ts'

/**
 * What nodes tell of native coins beyond the blocks. Every method rejects with a `ChainSourceError`;
 * null means that no node of the chain can serve this at all, so that asking again is of no use.
 */
export type NativeSource = {
  /** Calls within the block's transactions, in their order. */
  getFrames(ref: BlockRef, signal: AbortSignal): Promise<BlockFrames | null>
  /**
   * Balances right after this very block, in the order of the addresses; one answer at most holds
   * `BALANCES_PER_CALL`. Rejects with `not_there` when the state is no longer or not yet kept.
   */
  getBalances(
    ref: BlockRef,
    addresses: readonly Address[],
    signal: AbortSignal,
  ): Promise<readonly bigint[] | null>
  /**
   * The balance of one address after this block, as every node that answers has it: what is credited
   * by it must not rest on one of several. Rejects with `inconsistent` when they differ.
   */
  getAgreedBalance(ref: BlockRef, address: Address, signal: AbortSignal): Promise<bigint | null>
  /** Balances by transaction (EIP-7928), held against the hash of the list in the header. */
  getBalanceChanges(ref: BlockRef, signal: AbortSignal): Promise<readonly BalanceChanges[] | null>
  // What follows explains a balance, and what is left of it is credited: all nodes must say it, too.
  /** Transactions sent by the address up to and including this block (EIP-7702 counts them too). */
  getNonce(ref: BlockRef, address: Address, signal: AbortSignal): Promise<number>
  /** Whether the address has code after this block: its own, or by delegation (EIP-7702). */
  hasCode(ref: BlockRef, address: Address, signal: AbortSignal): Promise<boolean>
  /** Value and fees of the transactions this address sent in the block. */
  getSpentUnits(ref: BlockRef, address: Address, signal: AbortSignal): Promise<bigint>
}
