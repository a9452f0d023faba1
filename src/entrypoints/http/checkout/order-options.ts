/** The ways to pay in the order people want them: what they used last, then where fees are low. */
import type { PublicStatus } from './public-status.ts'

export type Option = PublicStatus['payment_options'][number]

/**
 * Networks where a transfer usually costs far more than on the others: the main chain of Ethereum,
 * whose block space its rollups share. Order and a word follow from it, never an amount.
 */
const HIGHER_FEE_CHAINS: ReadonlySet<number> = new Set([1, 11_155_111])

export function hasHigherFee({ chain_id }: Option): boolean {
  return HIGHER_FEE_CHAINS.has(chain_id)
}

/** `habit` is the asset paid with last time, or null. Within equals the merchant's order stays. */
export function orderOptions(options: readonly Option[], habit: string | null): Option[] {
  const rank = (option: Option) => (option.asset === habit ? -1 : hasHigherFee(option) ? 1 : 0)
  return options.toSorted((a, b) => rank(a) - rank(b))
}
