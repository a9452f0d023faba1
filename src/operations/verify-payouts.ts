/** Whether payouts reached whom they were for: judged by receipts and logs of the chain. */
import { nativeAssetId } from '../core/money/asset.ts'
import { journalFailures } from '../core/payout/journal.ts'
import type { SignedPayout, SignedPayouts } from '../core/payout/signed-payouts.ts'
import type { PayoutJournal } from '../ports/payout-journal.ts'
import type { Receipt, SweepChain } from '../ports/sweep-chain.ts'

export type VerifyPayoutsDeps = {
  readonly chain: SweepChain
  /** Nobody else plans payouts meanwhile. */
  readonly journal: PayoutJournal
}

export type VerifyPayoutsRequest = {
  readonly signed: SignedPayouts
  /** Blocks below the head at which nothing is expected to change any more. */
  readonly finalDepth: number
  readonly signal: AbortSignal
}

/** `odd`: in a block, but its logs do not show the transfer it was for. A person must look. */
export type PayoutState = 'paid' | 'pending' | 'failed' | 'odd'

export type VerifiedPayout = SignedPayout & {
  readonly state: PayoutState
  readonly detail: string
  readonly blockNumber: number | null
  /** `head - block + 1`; null where no block has it. */
  readonly confirmations: number | null
}

const RECEIPTS_PER_CALL = 100

/**
 * Each payout of the file, in its order. Those that failed for good are written down as such, and
 * may be planned again under the same reference.
 */
export async function verifyPayouts(
  { chain, journal }: VerifyPayoutsDeps,
  { signed, finalDepth, signal }: VerifyPayoutsRequest,
): Promise<VerifiedPayout[]> {
  const head = await chain.getHead(signal)
  const nonceAt = async (block: number) => {
    const [account] = await chain.readAccounts([signed.payer], [], Math.max(block, 0), signal)
    return account?.nonce ?? 0
  }
  // Before the receipts: what is used by now and has none then was used by another.
  const [nextNonce, finalNonce] = [
    await nonceAt(head.number),
    await nonceAt(head.number - finalDepth),
  ]
  const verified: VerifiedPayout[] = []
  for (let from = 0; from < signed.payouts.length; from += RECEIPTS_PER_CALL) {
    const part = signed.payouts.slice(from, from + RECEIPTS_PER_CALL)
    const hashes = part.map(({ txHash }) => txHash)
    const receipts = await chain.getReceipts(hashes, signal)
    for (const [i, payout] of part.entries()) {
      const receipt = receipts[i] ?? null
      const blockNumber = receipt?.blockNumber ?? null
      const confirmations = blockNumber === null ? null : head.number - blockNumber + 1
      const judged = judgePayout(signed, payout, receipt, nextNonce)
      verified.push({ ...payout, ...judged, blockNumber, confirmations })
    }
  }
  const lost = verified.filter(({ state, nonce }) => state === 'failed' && nonce < finalNonce)
  if (lost.length > 0) {
    const key = { chainId: signed.chainId, payer: signed.payer }
    journal.write(key, journalFailures(journal.read(key), lost))
  }
  return verified
}

function judgePayout(
  { chainId, payer }: SignedPayouts,
  { assetId, to, units, nonce }: SignedPayout,
  receipt: Receipt | null,
  nextNonce: number,
): { readonly state: PayoutState; readonly detail: string } {
  if (receipt === null) {
    return nonce < nextNonce
      ? { state: 'failed', detail: 'another transaction used its nonce; nothing was paid' }
      : { state: 'pending', detail: 'in no block yet' }
  }
  if (!receipt.succeeded) return { state: 'failed', detail: 'reverted; nothing was paid' }
  if (assetId === nativeAssetId(chainId)) return { state: 'paid', detail: 'in a block' }
  const moved = receipt.transfers.filter(
    (transfer) => assetId.endsWith(`erc20:${transfer.token}`) && transfer.from === payer,
  )
  if (moved.some((one) => one.to === to && one.units === units)) {
    return { state: 'paid', detail: 'in a block' }
  }
  const arrived = moved.filter((one) => one.to === to).reduce((sum, one) => sum + one.units, 0n)
  return { state: 'odd', detail: `the token says that ${arrived} units of ${units} arrived` }
}
