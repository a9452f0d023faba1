/** What each transaction left at an address, all its calls added up (EIP-7928). */
import type { Address } from '../money/asset.ts'
import { nativeAssetId } from '../money/asset.ts'
import type { VerifiedBlock } from './block.ts'
import type { Transfer } from './transfer.ts'

/** The balances one address had in the course of a block, after each transaction that changed it. */
export type BalanceChanges = {
  readonly address: Address
  /**
   * Ascending. The index is 0 before the transactions, their number plus one after each of them,
   * and one more for what comes after all (withdrawals).
   */
  readonly changes: readonly { readonly index: number; readonly balanceUnits: bigint }[]
}

/**
 * What transactions brought to the address beside their own value, which counts as such. Nothing of
 * one that the address sent itself: its fees are in the difference too.
 */
export function extractNetCredits(
  block: VerifiedBlock,
  chainId: number,
  { address, changes }: BalanceChanges,
  beforeUnits: bigint,
): Transfer[] {
  const transfers: Transfer[] = []
  let lastUnits = beforeUnits
  for (const { index, balanceUnits } of changes) {
    const riseUnits = balanceUnits - lastUnits
    lastUnits = balanceUnits
    const transaction = block.transactions[index - 1]
    if (transaction === undefined || transaction.from === address) continue
    const isDirect = transaction.to === address && transaction.succeeded
    const restUnits = riseUnits - (isDirect ? transaction.valueUnits : 0n)
    if (restUnits <= 0n) continue
    transfers.push({
      chainId,
      block: block.ref,
      place: `net:${transaction.index}:${address}`,
      kind: 'internal',
      assetId: nativeAssetId(chainId),
      from: null,
      to: address,
      amountUnits: restUnits,
      txHash: transaction.hash,
      logIndex: null,
    })
  }
  return transfers
}
