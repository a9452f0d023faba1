/** Rules that facts must keep before transactions can follow from them. */
import { nativeAssetId } from '../money/asset.ts'
import type { FieldFault } from './read-fields.ts'
import { directCostUnits } from './sweep-gas.ts'
import type { SweepEntry, SweepFacts, SweepFees } from './sweep-plan.ts'

/** Of a destination that is the sponsor or one of the addresses collected from. */
export const OWN_DESTINATION = 'is the sponsor or a deposit address of this account, not a treasury'

/** The first rule that is broken, with its field; null when all hold. */
export function judgeFacts(facts: SweepFacts): FieldFault | null {
  const { fees, entries } = facts
  const fault = judgeFees(fees)
  if (fault !== null) return fault
  if (facts.clear && facts.method !== 'delegate') {
    return { field: 'clear', detail: 'goes with the method "delegate" only' }
  }
  if (isOwnAddress(facts)) return { field: 'destination', detail: OWN_DESTINATION }
  for (const [i, entry] of entries.entries()) {
    const before = entries[i - 1]
    if (before !== undefined && before.index >= entry.index) {
      return { field: `entries[${i}].index`, detail: 'does not ascend' }
    }
    const detail = judgeBalances(facts, entry)
    if (detail !== null) return { field: `entries[${i}].balances`, detail }
  }
  return null
}

/** Fees that no block would take, or that say nothing. */
export function judgeFees(fees: SweepFees): FieldFault | null {
  if (fees.maxFeePerGasUnits === 0n) return { field: 'fees.max_fee_per_gas', detail: 'is zero' }
  if (fees.maxPriorityFeePerGasUnits > fees.maxFeePerGasUnits) {
    return { field: 'fees.max_priority_fee_per_gas', detail: 'is above the whole fee' }
  }
  return null
}

/** Money there would be collected, or spent on gas, again. */
function isOwnAddress({ destination, sponsor, entries }: SweepFacts): boolean {
  return destination === sponsor.address || entries.some(({ address }) => address === destination)
}

function judgeBalances(facts: SweepFacts, { balances }: SweepEntry): string | null {
  if (balances.length === 0) return 'are empty'
  const ids = balances.map(({ assetId }) => assetId)
  if (new Set(ids).size !== ids.length) return 'name an asset twice'
  const native = nativeAssetId(facts.chainId)
  const [first] = balances
  switch (facts.method) {
    case 'delegate':
      return null
    case 'top-up':
      return ids.includes(native) ? 'hold native coin, which a top-up does not collect' : null
    case 'direct':
      if (ids.length > 1 || first?.assetId !== native) return 'hold more than native coin'
      return first.units > directCostUnits(facts.fees) ? null : 'are worth less than they cost'
  }
}
