/** How much may be missing from a paid invoice: a share of it, and at least an amount. Exact. */
import {
  compareFractions,
  createFraction,
  type Fraction,
  ONE,
  subtractFractions,
} from '../money/fraction.ts'
import type { Terms } from './invoice.ts'

const ALL_BPS = 10_000n
/** Digits as of prices: 78 before the point, those of the finest asset behind it. */
const AMOUNT = /^(0|[1-9][0-9]{0,77})(?:\.([0-9]{1,36}))?$/

type Tolerated = Pick<Terms, 'price' | 'toleranceBps' | 'toleranceAmount'>

/** The least share of the amount due that settles: less the larger of the two tolerances. */
export function requiredShare({ price, toleranceBps, toleranceAmount = '0' }: Tolerated): Fraction {
  const byShare = createFraction(ALL_BPS - BigInt(toleranceBps), ALL_BPS)
  const [floor, whole] = [parseAmount(toleranceAmount), parseAmount(price.amount)]
  if (floor === null || whole === null || floor.numerator === 0n) return byShare
  const missing = createFraction(
    floor.numerator * whole.denominator,
    floor.denominator * whole.numerator,
  )
  const byAmount = subtractFractions(ONE, missing)
  return compareFractions(byAmount, byShare) < 0 ? byAmount : byShare
}

/** Why an amount, in the currency of the price, cannot be tolerated; null when it can. */
export function judgeToleranceAmount(text: string, priceAmount: string): string | null {
  const [amount, whole] = [parseAmount(text), parseAmount(priceAmount)]
  if (amount === null) return 'must be a plain decimal number in a string, such as "0.05"'
  if (whole === null) return null
  return compareFractions(amount, whole) < 0 ? null : 'must be less than the price'
}

function parseAmount(text: string): Fraction | null {
  const match = AMOUNT.exec(text)
  if (match === null) return null
  const fraction = match[2] ?? ''
  return createFraction(BigInt((match[1] as string) + fraction), 10n ** BigInt(fraction.length))
}
