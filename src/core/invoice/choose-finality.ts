import { type ChainSettings, highestConfirmations } from '../chain/chain-settings.ts'
import { compareFractions, type Fraction } from '../money/fraction.ts'
import { parseRate } from '../money/rate.ts'
import type { Finality } from './invoice.ts'

/**
 * The tier an invoice falls in by its value at creation. `valueIn` gives the value in whole units of a
 * currency, or null when it cannot be valued: then the deepest tier is taken.
 */
export function chooseFinality(
  chain: ChainSettings,
  valueIn: (currency: string) => Fraction | null,
): Finality {
  for (const { upTo, confirmations } of chain.finality) {
    if (upTo === null) return { confirmations }
    const value = valueIn(upTo.currency)
    const bound = parseRate(upTo.amount)
    if (value === null || bound === null) break
    if (compareFractions(value, bound) <= 0) return { confirmations }
  }
  return { confirmations: highestConfirmations(chain) }
}
