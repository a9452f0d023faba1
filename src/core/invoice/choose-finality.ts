import { type ChainSettings, strictestFinality } from '../chain/chain-settings.ts'
import type { FinalityRule } from '../chain/finality.ts'
import { compareFractions, type Fraction } from '../money/fraction.ts'
import { parseRate } from '../money/rate.ts'

/**
 * The tier an invoice falls in by its value at creation. `valueIn` gives the value in whole units of a
 * currency, or null when it cannot be valued: then the strictest tier is taken.
 */
export function chooseFinality(
  chain: ChainSettings,
  valueIn: (currency: string) => Fraction | null,
): FinalityRule {
  for (const { upTo, rule } of chain.finality) {
    if (upTo === null) return rule
    const value = valueIn(upTo.currency)
    const bound = parseRate(upTo.amount)
    if (value === null || bound === null) break
    if (compareFractions(value, bound) <= 0) return rule
  }
  return strictestFinality(chain)
}
