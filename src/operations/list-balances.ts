import type { AssetId } from '../core/money/asset.ts'
import {
  type AssetSum,
  addConfirmed,
  type BalanceResource,
  presentBalance,
} from '../core/payment/sum-payments.ts'
import type { Deps } from './deps.ts'
import { walkPages } from './walk-pages.ts'

/**
 * What arrived for a store and is confirmed, by asset: the sum of `counted` over all payments. Not
 * what lies at its addresses: money that was collected since is in it. Assets by id; one that
 * nothing came in is left out.
 */
export async function listBalances(
  { store }: Pick<Deps, 'store'>,
  { storeId }: { readonly storeId: string },
): Promise<BalanceResource[]> {
  const sums = new Map<AssetId, AssetSum>()
  for await (const payments of walkPages((page) => store.listPayments({ storeId }, page))) {
    addConfirmed(sums, payments)
  }
  return [...sums.values()].map(presentBalance).sort((a, b) => (a.asset < b.asset ? -1 : 1))
}
