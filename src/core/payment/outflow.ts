/**
 * What left a deposit address: collected, paid out from there, or taken by whom an approval let. As
 * of payments, what was seen never changes; it counts while its block is on our chain, from the
 * first block on, so that what is said to be there is never more than what is.
 */
import type { Transfer } from '../chain/transfer.ts'
import { deriveId } from '../ids.ts'
import type { Address, Asset, AssetId } from '../money/asset.ts'
import { toChecksumAddress } from '../money/asset.ts'
import { formatDecimal } from '../money/decimal.ts'
import { formatTime } from '../time.ts'
import type { Observation } from './payment.ts'
import { observeTransfer } from './payment.ts'

/** `from` is the deposit address, of this store. */
export type Outflow = Omit<Observation, 'from'> & {
  readonly from: Address
  readonly storeId: string
}

/** An outflow, and whether its block is on our chain now. */
export type KeptOutflow = { readonly outflow: Outflow; readonly isCanonical: boolean }

/** The same place gives the same id, whoever looks and however often. */
export function outflowId({
  chainId,
  blockHash,
  place,
}: Pick<Observation, 'chainId' | 'blockHash' | 'place'>): string {
  return deriveId('out', `${chainId}/${blockHash}/${place}`)
}

export type OutflowContext = {
  readonly assets: ReadonlyMap<AssetId, Asset>
  /** The store whose deposit address this is; null when it is nobody's here. */
  ownerOf(address: Address): string | null
}

/** Transfers of tokens from our addresses, by whomever they were sent; all others are left out. */
export function matchOutflows(
  transfers: readonly Transfer[],
  { assets, ownerOf }: OutflowContext,
): Outflow[] {
  return transfers.flatMap((transfer) => {
    const { from, kind, assetId } = transfer
    const storeId = from === null || kind !== 'erc20' ? null : ownerOf(from)
    const asset = assets.get(assetId)
    if (from === null || storeId === null || asset === undefined) return []
    const seen = observeTransfer(transfer, asset)
    return [{ ...seen, id: outflowId(seen), from, storeId }]
  })
}

export type OutflowResource = ReturnType<typeof presentOutflow>

/** An outflow as answers show it. */
export function presentOutflow({ outflow, isCanonical }: KeptOutflow) {
  const { asset } = outflow
  return {
    id: outflow.id,
    object: 'outflow' as const,
    asset: asset.id,
    chain_id: outflow.chainId,
    symbol: asset.symbol,
    decimals: asset.decimals,
    kind: outflow.kind,
    amount: formatDecimal(outflow.amountUnits, asset.decimals),
    amount_units: outflow.amountUnits.toString(),
    from: toChecksumAddress(outflow.from),
    to: toChecksumAddress(outflow.to),
    tx_hash: outflow.txHash,
    block_number: outflow.blockNumber,
    block_hash: outflow.blockHash,
    block_time: formatTime(outflow.blockTimestampS * 1_000),
    log_index: outflow.logIndex,
    position: isCanonical ? ('included' as const) : ('orphaned' as const),
  }
}
