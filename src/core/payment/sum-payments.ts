/**
 * Sums of what arrived and of what left, exact.
 *
 *     address   received   left            there   uncounted
 *     A               40     40                0           0     collected
 *     B               25      -               25           0     waits
 *     C               10     11                0           1     with a unit that was dust when it came
 *     sum             75     51               25           1     received - left + uncounted = there
 */
import type { Address, Asset, AssetId } from '../money/asset.ts'
import { formatDecimal } from '../money/decimal.ts'
import type { KeptOutflow } from './outflow.ts'
import type { Payment } from './payment.ts'

export type AssetSum = {
  readonly asset: Asset
  assignedUnits: bigint
  unassignedUnits: bigint
  leftUnits: bigint
  /** Of the addresses that something left: left less received, below zero where some is there. */
  readonly overdrawn: Map<Address, bigint>
}

/** To be filled with outflows first: only where something left, addresses are told apart. */
export type AssetSums = Map<AssetId, AssetSum>

/** Adds what left in blocks of our chain. */
export function addOutflows(sums: AssetSums, outflows: readonly KeptOutflow[]): void {
  for (const { outflow, isCanonical } of outflows) {
    if (!isCanonical) continue
    const { from, amountUnits } = outflow
    const sum = sumOf(sums, outflow.asset)
    sum.leftUnits += amountUnits
    sum.overdrawn.set(from, (sum.overdrawn.get(from) ?? 0n) + amountUnits)
  }
}

/** Adds what counts of the confirmed ones; what has an invoice and what has none apart. */
export function addConfirmed(sums: AssetSums, payments: readonly Payment[]): void {
  for (const { observation, position, invoiceId, countedUnits } of payments) {
    if (position !== 'confirmed') continue
    const sum = sumOf(sums, observation.asset)
    if (invoiceId === null) sum.unassignedUnits += countedUnits
    else sum.assignedUnits += countedUnits
    const over = sum.overdrawn.get(observation.to)
    if (over !== undefined) sum.overdrawn.set(observation.to, over - countedUnits)
  }
}

function sumOf(sums: AssetSums, asset: Asset): AssetSum {
  const known = sums.get(asset.id)
  if (known !== undefined) return known
  const none = { assignedUnits: 0n, unassignedUnits: 0n, leftUnits: 0n }
  const sum: AssetSum = { asset, ...none, overdrawn: new Map() }
  sums.set(asset.id, sum)
  return sum
}

export type BalanceResource = ReturnType<typeof presentBalance>

/** What arrived in one asset, what left and what is there, as answers show it. */
export function presentBalance(sum: AssetSum) {
  const { asset, assignedUnits, unassignedUnits, leftUnits, overdrawn } = sum
  const format = (units: bigint) => formatDecimal(units, asset.decimals)
  const totalUnits = assignedUnits + unassignedUnits
  const uncountedUnits = [...overdrawn.values()].reduce((total, units) => {
    return units > 0n ? total + units : total
  }, 0n)
  const availableUnits = totalUnits - leftUnits + uncountedUnits
  // What coins cost as gas, and what contracts take of them, blocks do not tell.
  const isFollowed = asset.token !== null
  return {
    object: 'balance' as const,
    asset: asset.id,
    chain_id: asset.chainId,
    symbol: asset.symbol,
    decimals: asset.decimals,
    assigned: format(assignedUnits),
    assigned_units: assignedUnits.toString(),
    unassigned: format(unassignedUnits),
    unassigned_units: unassignedUnits.toString(),
    total: format(totalUnits),
    total_units: totalUnits.toString(),
    received: format(totalUnits),
    received_units: totalUnits.toString(),
    collected: isFollowed ? format(leftUnits) : null,
    collected_units: isFollowed ? leftUnits.toString() : null,
    uncounted: isFollowed ? format(uncountedUnits) : null,
    uncounted_units: isFollowed ? uncountedUnits.toString() : null,
    available: isFollowed ? format(availableUnits) : null,
    available_units: isFollowed ? availableUnits.toString() : null,
  }
}
