import type { FinalityRule } from '../chain/finality.ts'
import type { Transfer, TransferKind } from '../chain/transfer.ts'
import { deriveId } from '../ids.ts'
import type { Address, Asset, Hash } from '../money/asset.ts'
import type { Attribution } from './attribution.ts'

/**
 * What was seen on a chain: never changed, never deleted. Identity is the place in a block, so a
 * transaction that is mined again in another block is another observation.
 */
export type Observation = {
  readonly id: string
  readonly chainId: number
  readonly blockHash: Hash
  readonly blockNumber: number
  readonly blockTimestampS: number
  /** `log:7` or `tx:3`: unique within the block. */
  readonly place: string
  readonly kind: TransferKind
  readonly asset: Asset
  readonly from: Address | null
  readonly to: Address
  readonly amountUnits: bigint
  readonly txHash: Hash | null
  readonly logIndex: number | null
}

/** `included`: its block is on our chain. `confirmed`: as deep as asked. `orphaned`: its block left. */
export type Position = 'included' | 'confirmed' | 'orphaned'

/** An observation in the light of our orders. Without an invoice it is unassigned money of the store. */
export type Payment = {
  readonly observation: Observation
  readonly storeId: string
  readonly invoiceId: string | null
  readonly position: Position
  /** How deep it must be to be confirmed. */
  readonly finality: FinalityRule
  /**
   * What of the amount counts. Until it is confirmed, what would: the whole. Then no more than the
   * balance of the address covers, where the token asks for it; never more than the amount.
   */
  readonly countedUnits: bigint
  /** As deep as asked, and held back by the cap on what its chain credits before finality. */
  readonly heldByCap: boolean
  /** Too little to matter: recorded without events, and nothing of it counts. */
  readonly dust: boolean
  /** The invoice accepts this asset. */
  readonly accepted: boolean
  /** Block time is not after the deadline of the invoice. */
  readonly inTime: boolean
  /**
   * The calls that made it, where only a balance told of it at first: none, or all of them. Written
   * beside the payment (`ChangeSet.attributions`), never with it.
   */
  readonly attributions: readonly Attribution[]
  /** Counts writes, so that two writers cannot both win. */
  readonly revision: number
}

/** The same place gives the same id, whoever looks and however often. */
export function observationId({
  chainId,
  blockHash,
  place,
}: Pick<Observation, 'chainId' | 'blockHash' | 'place'>): string {
  return deriveId('pay', `${chainId}/${blockHash}/${place}`)
}

export function observeTransfer(transfer: Transfer, asset: Asset): Observation {
  const { block, chainId, place } = transfer
  return {
    id: observationId({ chainId, blockHash: block.hash, place }),
    chainId,
    blockHash: block.hash,
    blockNumber: block.number,
    blockTimestampS: block.timestampS,
    place,
    kind: transfer.kind,
    asset,
    from: transfer.from,
    to: transfer.to,
    amountUnits: transfer.amountUnits,
    txHash: transfer.txHash,
    logIndex: transfer.logIndex,
  }
}
