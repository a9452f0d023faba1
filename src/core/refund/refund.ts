/**
 * Money that goes back to a shopper. The gateway holds no key: a refund is asked for here, paid with
 * the merchant's own keys, and recognised on the chain by asset, destination and exact amount.
 *
 *   requested --> sent <-> confirmed     sent: a transaction pays it, named or in a block; a block that
 *    |      \      |                      leaves takes a confirmed one back to sent, and no further
 *    v       v     v
 *   canceled   failed                    both free the amount; one that is paid all the same is sent
 */
import type { FinalityRule } from '../chain/finality.ts'
import type { Address, Asset, Hash } from '../money/asset.ts'
import { toChecksumAddress } from '../money/asset.ts'
import { formatDecimal } from '../money/decimal.ts'
import { formatTime } from '../time.ts'

export const REFUND_STATUSES = ['requested', 'sent', 'confirmed', 'failed', 'canceled'] as const

export type RefundStatus = (typeof REFUND_STATUSES)[number]

/** The transfer on our chain that pays a refund. */
export type Outgoing = {
  readonly blockHash: Hash
  readonly blockNumber: number
  readonly blockTimestampS: number
  /** As of an observation: `log:7`, `tx:3`. Unique within the block. */
  readonly place: string
  readonly from: Address | null
}

export type Refund = {
  readonly id: string
  readonly storeId: string
  readonly invoiceId: string
  readonly asset: Asset
  readonly amountUnits: bigint
  /** Given by the shopper, set by the merchant: never the sender of a payment by itself. */
  readonly destination: Address
  readonly reason: string | null
  readonly status: RefundStatus
  /** Seen in a block, or named by whoever sent it. Stays when the block leaves: it may be mined again. */
  readonly txHash: Hash | null
  /** Null while no block of our chain holds it. */
  readonly outgoing: Outgoing | null
  /** Height of the chain when it was asked for: a transfer up to there is another one. */
  readonly sinceBlock: number
  readonly finality: FinalityRule
  readonly createdAtMs: number
  readonly updatedAtMs: number
  /** Counts writes, so that two writers cannot both win. */
  readonly revision: number
}

/** Whether its amount is promised or gone, and cannot be given to another refund. */
export function holdsMoney({ status }: Pick<Refund, 'status'>): boolean {
  return status !== 'failed' && status !== 'canceled'
}

export type RefundResource = ReturnType<typeof presentRefund>

/** A refund as answers and events show it. */
export function presentRefund(refund: Refund) {
  const { asset, outgoing } = refund
  return {
    id: refund.id,
    object: 'refund' as const,
    invoice: refund.invoiceId,
    status: refund.status,
    asset: asset.id,
    chain_id: asset.chainId,
    symbol: asset.symbol,
    decimals: asset.decimals,
    amount: formatDecimal(refund.amountUnits, asset.decimals),
    amount_units: refund.amountUnits.toString(),
    destination: toChecksumAddress(refund.destination),
    reason: refund.reason,
    tx_hash: refund.txHash,
    from: outgoing === null || outgoing.from === null ? null : toChecksumAddress(outgoing.from),
    block_number: outgoing?.blockNumber ?? null,
    block_hash: outgoing?.blockHash ?? null,
    created_at: formatTime(refund.createdAtMs),
    updated_at: formatTime(refund.updatedAtMs),
  }
}
