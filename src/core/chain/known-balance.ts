import type { Address, Hash } from '../money/asset.ts'

/**
 * The native coins of one address right after one block, every unit of them accounted for. What
 * arrives later is what the balance has more than this, the known arrivals since, less what was spent.
 */
export type KnownBalance = {
  readonly chainId: number
  readonly address: Address
  readonly block: { readonly number: number; readonly hash: Hash }
  readonly balanceUnits: bigint
}
