/** A rate is the price of one whole coin in whole units of a currency, as an exact fraction. */
import { createFraction, divideFractions, type Fraction } from './fraction.ts'

export type Rate = {
  /** Currency per coin. Above zero. */
  readonly value: Fraction
  /** The rate as its source wrote it, for people. */
  readonly text: string
  readonly source: string
  readonly atMs: number
}

/** Digits a rate may have on either side of the point: enough for any feed, small enough to print. */
const RATE = /^(0|[1-9][0-9]{0,29})(?:\.([0-9]{1,36}))?$/

/** Parses a positive decimal such as `2500` or `0.0004`; null for anything else, also for zero. */
export function parseRate(text: string): Fraction | null {
  const match = RATE.exec(text)
  if (match === null) return null
  const fraction = match[2] ?? ''
  const numerator = BigInt((match[1] as string) + fraction)
  return numerator === 0n ? null : createFraction(numerator, 10n ** BigInt(fraction.length))
}

/** coin/CUR from coin/USD and CUR/USD: one exact hop. */
export function crossRate(coinUsd: Rate, currencyUsd: Rate): Rate {
  const value = divideFractions(coinUsd.value, currencyUsd.value)
  return {
    value,
    text: formatRate(value),
    source:
      coinUsd.source === currencyUsd.source
        ? coinUsd.source
        : `${coinUsd.source}+${currencyUsd.source}`,
    atMs: Math.min(coinUsd.atMs, currencyUsd.atMs),
  }
}

/** Text of a rate for people: 18 digits after the point, cut, no trailing zeros. Never computed with. */
export function formatRate(value: Fraction): string {
  const scaled = (value.numerator * 10n ** 18n) / value.denominator
  const digits = scaled.toString().padStart(19, '0')
  const fraction = digits.slice(-18).replace(/0+$/, '')
  const whole = digits.slice(0, -18)
  return fraction === '' ? whole : `${whole}.${fraction}`
}
