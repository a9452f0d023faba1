/** Which balances are worth collecting, and why the others are left. */
import type { AssetId } from '../money/asset.ts'
import { directCostUnits } from './sweep-gas.ts'
import type {
  Balance,
  SkippedBalance,
  SkipReason,
  SweepEntry,
  SweepFees,
  SweepMethod,
} from './sweep-plan.ts'

export type SelectionPolicy = {
  readonly method: SweepMethod
  readonly fees: SweepFees
  /** The chain's native coin. */
  readonly native: AssetId
  readonly minUnits: ReadonlyMap<AssetId, bigint>
  /** Authorizations were signed ahead: for the first transaction of an address, and no later one. */
  readonly presigned: boolean
}

export type Selection = {
  readonly entries: readonly SweepEntry[]
  readonly skipped: readonly SkippedBalance[]
}

export function selectBalances(found: readonly SweepEntry[], policy: SelectionPolicy): Selection {
  const entries: SweepEntry[] = []
  const skipped: SkippedBalance[] = []
  for (const entry of found) {
    const { index, address } = entry
    const taken: Balance[] = []
    for (const balance of entry.balances) {
      const reason = judgeEntry(entry, policy) ?? judgeBalance(balance, policy)
      if (reason === null) taken.push(balance)
      else skipped.push({ index, address, ...balance, reason })
    }
    if (taken.length > 0) entries.push({ ...entry, balances: taken })
  }
  return { entries, skipped }
}

function judgeEntry({ delegated, nonce }: SweepEntry, { presigned }: SelectionPolicy) {
  return presigned && !delegated && nonce > 0 ? 'method' : null
}

function judgeBalance({ assetId, units }: Balance, policy: SelectionPolicy): SkipReason | null {
  const isNative = assetId === policy.native
  if (policy.method === 'direct' && !isNative) return 'method'
  if (policy.method === 'top-up' && isNative) return 'method'
  if (units < (policy.minUnits.get(assetId) ?? 0n)) return 'dust'
  if (isNative && units <= directCostUnits(policy.fees)) return 'costs_more'
  return null
}
