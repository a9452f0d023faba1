import type { Transfer } from '../chain/transfer.ts'
import type { Address, Asset, AssetId } from '../money/asset.ts'
import { observeTransfer, type Payment } from './payment.ts'

/** What the matcher must know of the owner of an address; null when no invoice has it yet. */
export type Recipient = {
  readonly storeId: string
  readonly order: OrderTerms | null
}

export type OrderTerms = {
  readonly invoiceId: string
  readonly deadlineMs: number
  /** Whether a transfer in this block came after the address was given out. */
  isAfterIssue(blockNumber: number): boolean
  /** Depth asked for this asset; null when the invoice does not accept it. */
  confirmationsFor(assetId: AssetId): number | null
}

export type MatchContext = {
  readonly assets: ReadonlyMap<AssetId, Asset>
  /** Depth for money that fits no order: the deepest the chain's policy knows. */
  readonly highestConfirmations: number
  recipientOf(address: Address): Recipient | null
}

/** Transfers to our addresses as payments in position `included`; all others are left out. */
export function matchTransfers(transfers: readonly Transfer[], context: MatchContext): Payment[] {
  return transfers.flatMap((transfer) => {
    const recipient = context.recipientOf(transfer.to)
    const asset = context.assets.get(transfer.assetId)
    return recipient === null || asset === undefined
      ? []
      : [matchTransfer(transfer, asset, recipient, context.highestConfirmations)]
  })
}

function matchTransfer(
  transfer: Transfer,
  asset: Asset,
  recipient: Recipient,
  highestConfirmations: number,
): Payment {
  const { block } = transfer
  const order = recipient.order?.isAfterIssue(block.number) ? recipient.order : null
  const confirmations = order?.confirmationsFor(asset.id) ?? null
  return {
    observation: observeTransfer(transfer, asset),
    storeId: recipient.storeId,
    invoiceId: order?.invoiceId ?? null,
    position: 'included',
    confirmationsRequired: confirmations ?? highestConfirmations,
    accepted: confirmations !== null,
    inTime: order !== null && block.timestampS * 1_000 <= order.deadlineMs,
    revision: 0,
  }
}
