import { atLeastFinal, type FinalityRule } from '../chain/finality.ts'
import type { Transfer } from '../chain/transfer.ts'
import type { Address, Asset, AssetId, Hash } from '../money/asset.ts'
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
  finalityFor(assetId: AssetId): FinalityRule | null
}

export type MatchContext = {
  readonly assets: ReadonlyMap<AssetId, Asset>
  /** Depth for money that fits no order: the strictest the chain's policy knows. */
  readonly strictestFinality: FinalityRule
  /** Below so many units of an asset a transfer is dust; absent: none is. */
  readonly dustUnits: ReadonlyMap<AssetId, bigint>
  /** Blocks whose content nothing but a node's word speaks for: money in them waits until final. */
  readonly unproven: ReadonlySet<Hash>
  recipientOf(address: Address): Recipient | null
}

/** Transfers to our addresses as payments in position `included`; all others are left out. */
export function matchTransfers(transfers: readonly Transfer[], context: MatchContext): Payment[] {
  return transfers.flatMap((transfer) => {
    const recipient = context.recipientOf(transfer.to)
    const asset = context.assets.get(transfer.assetId)
    return recipient === null || asset === undefined
      ? []
      : [matchTransfer(transfer, asset, recipient, context)]
  })
}

function matchTransfer(
  transfer: Transfer,
  asset: Asset,
  recipient: Recipient,
  { strictestFinality, dustUnits, unproven }: MatchContext,
): Payment {
  const { block, amountUnits } = transfer
  const dust = amountUnits < (dustUnits.get(asset.id) ?? 0n)
  const order = recipient.order?.isAfterIssue(block.number) ? recipient.order : null
  const finality = order?.finalityFor(asset.id) ?? null
  const required = requiredFinality(transfer, finality, strictestFinality)
  return {
    observation: observeTransfer(transfer, asset),
    storeId: recipient.storeId,
    invoiceId: order?.invoiceId ?? null,
    position: 'included',
    finality: unproven.has(block.hash) ? atLeastFinal(required) : required,
    countedUnits: dust ? 0n : amountUnits,
    heldByCap: false,
    dust,
    accepted: finality !== null,
    inTime: order !== null && block.timestampS * 1_000 <= order.deadlineMs,
    attributions: [],
    revision: 0,
  }
}

/** What only a balance tells waits for the strictest tier: no header commits to it. */
function requiredFinality(
  { txHash }: Transfer,
  finality: FinalityRule | null,
  strictestFinality: FinalityRule,
): FinalityRule {
  return finality === null || txHash === null ? strictestFinality : finality
}
