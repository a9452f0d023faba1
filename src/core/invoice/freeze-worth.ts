import type { ChainSettings } from '../chain/chain-settings.ts'
import { fiatDecimals } from '../money/currency.ts'
import { formatDecimal } from '../money/decimal.ts'
import { ceilFraction, type Fraction } from '../money/fraction.ts'
import type { PaymentOption } from './invoice.ts'

/**
 * What an invoice is worth in the currency of its chain's cap on what is credited before finality,
 * rounded up to its smallest unit. Nothing where the price says it already, where the chain has no cap,
 * and where the invoice cannot be valued: what is paid of that waits until it is final.
 */
export function freezeWorth(
  { finalityCap = null }: Pick<ChainSettings, 'finalityCap'>,
  priceCurrency: string,
  valueIn: (currency: string) => Fraction | null,
): Pick<PaymentOption, 'worth'> {
  if (finalityCap === null || finalityCap.currency === priceCurrency) return {}
  const { currency } = finalityCap
  const [value, digits] = [valueIn(currency), fiatDecimals(currency)]
  if (value === null || digits === null) return {}
  const { numerator, denominator } = value
  const units = ceilFraction({ numerator: numerator * 10n ** BigInt(digits), denominator })
  return { worth: { amount: formatDecimal(units, digits), currency } }
}
