/** Sums of what arrived, exact. */
import type { Asset, AssetId } from '../money/asset.ts'
import { formatDecimal } from '../money/decimal.ts'
import type { Payment } from './payment.ts'

export type AssetSum = {
  readonly asset: Asset
  readonly assignedUnits: bigint
  readonly unassignedUnits: bigint
}

/** Adds what counts of the confirmed ones, by asset; what has an invoice and what has none apart. */
export function addConfirmed(
  sums: Map<AssetId, AssetSum>,
  payments: readonly Payment[],
): Map<AssetId, AssetSum> {
  for (const { observation, position, invoiceId, countedUnits } of payments) {
    if (position !== 'confirmed') continue
    const { asset } = observation
    const { assignedUnits, unassignedUnits } = sums.get(asset.id) ?? {
      assignedUnits: 0n,
      unassignedUnits: 0n,
    }
    sums.set(asset.id, {
      asset,
      assignedUnits: assignedUnits + (invoiceId === null ? 0n : countedUnits),
      unassignedUnits: unassignedUnits + (invoiceId === null ? countedUnits : 0n),
    })
  }
  return sums
}

export type BalanceResource = ReturnType<typeof presentBalance>

/** What arrived in one asset, as answers show it. */
export function presentBalance({ asset, assignedUnits, unassignedUnits }: AssetSum) {
  const totalUnits = assignedUnits + unassignedUnits
  return {
    object: 'balance' as const,
    asset: asset.id,
    chain_id: asset.chainId,
    symbol: asset.symbol,
    decimals: asset.decimals,
    assigned: formatDecimal(assignedUnits, asset.decimals),
    assigned_units: assignedUnits.toString(),
    unassigned: formatDecimal(unassignedUnits, asset.decimals),
    unassigned_units: unassignedUnits.toString(),
    total: formatDecimal(totalUnits, asset.decimals),
    total_units: totalUnits.toString(),
  }
}
