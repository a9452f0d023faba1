/** What a collection may cost, as a share of what it brings. Exact, in units of the native coin. */
import { type AssetId, nativeAssetId } from '../money/asset.ts'
import {
  addFractions,
  createFraction,
  divideFractions,
  type Fraction,
  multiplyFractions,
  ZERO,
} from '../money/fraction.ts'
import { planTransactions } from './plan-transactions.ts'
import { COIN_DECIMALS, maxFeeUnits } from './sweep-gas.ts'
import type { SweepFacts } from './sweep-plan.ts'

export type GasShare = {
  /** Null when nothing of it has a price that can be compared with the coin's. */
  readonly share: Fraction | null
  /** Counted as worth nothing, since nobody knows what one is worth. */
  readonly unpriced: readonly string[]
}

/** `priceOf`: what one whole coin of an asset costs, all in one currency; null where nobody knows. */
export function shareOfGas(
  facts: SweepFacts,
  priceOf: (assetId: AssetId) => Fraction | null,
): GasShare {
  const coin = nativeAssetId(facts.chainId)
  const coinPrice = priceOf(coin)
  const unpriced: string[] = []
  let value = ZERO
  for (const { id, symbol, decimals } of facts.assets) {
    const units = facts.entries
      .flatMap(({ balances }) => balances.filter(({ assetId }) => assetId === id))
      .reduce((sum, balance) => sum + balance.units, 0n)
    if (units === 0n) continue
    const price = id === coin ? createFraction(1n, 1n) : inCoins(priceOf(id), coinPrice)
    if (price === null) unpriced.push(symbol)
    else
      value = addFractions(
        value,
        multiplyFractions(price, createFraction(units, 10n ** BigInt(decimals))),
      )
  }
  if (value.numerator === 0n) return { share: null, unpriced }
  const units = maxFeeUnits(planTransactions(facts), facts.fees)
  const cost = createFraction(units, 10n ** BigInt(COIN_DECIMALS))
  return { share: divideFractions(cost, value), unpriced }
}

function inCoins(price: Fraction | null, coinPrice: Fraction | null): Fraction | null {
  return price === null || coinPrice === null ? null : divideFractions(price, coinPrice)
}
