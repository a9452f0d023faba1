import {
  type AssetSums,
  addConfirmed,
  addOutflows,
  type BalanceResource,
  presentBalance,
} from '../core/payment/sum-payments.ts'
import type { Deps } from './deps.ts'
import { walkPages } from './walk-pages.ts'

/**
 * By asset: what arrived for a store and is confirmed (the sum of `counted` over all payments), what
 * left its addresses since, and what is there. Assets by id; one that nothing came in and nothing
 * left is left out.
 */
export async function listBalances(
  { store }: Pick<Deps, 'store'>,
  { storeId }: { readonly storeId: string },
): Promise<BalanceResource[]> {
  const sums: AssetSums = new Map()
  for await (const outflows of walkPages((page) => store.listOutflows({ storeId }, page))) {
    addOutflows(sums, outflows)
  }
  for await (const payments of walkPages((page) => store.listPayments({ storeId }, page))) {
    addConfirmed(sums, payments)
  }
  return [...sums.values()].map(presentBalance).sort((a, b) => (a.asset < b.asset ? -1 : 1))
}
