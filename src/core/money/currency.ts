import { parseDecimal } from './decimal.ts'

/** Fiat currencies prices may be given in, with the digits of their minor unit (ISO 4217). */
// biome-ignore format: a table reads better in rows
const MINOR_UNIT_DIGITS: Readonly<Record<string, number>> = {
  AED: 2, ARS: 2, AUD: 2, BDT: 2, BGN: 2, BHD: 3, BRL: 2, CAD: 2, CHF: 2, CLP: 0, CNY: 2, COP: 2,
  CZK: 2, DKK: 2, EGP: 2, EUR: 2, GBP: 2, GEL: 2, HKD: 2, HUF: 2, IDR: 2, ILS: 2, INR: 2, ISK: 0,
  JOD: 3, JPY: 0, KES: 2, KRW: 0, KWD: 3, KZT: 2, LKR: 2, MAD: 2, MXN: 2, MYR: 2, NGN: 2, NOK: 2,
  NZD: 2, OMR: 3, PEN: 2, PHP: 2, PKR: 2, PLN: 2, QAR: 2, RON: 2, RSD: 2, RUB: 2, SAR: 2, SEK: 2,
  SGD: 2, THB: 2, TND: 3, TRY: 2, TWD: 2, TZS: 2, UAH: 2, UGX: 0, USD: 2, UYU: 2, VND: 0, ZAR: 2,
}

/** Money in a fiat currency, in whole units as people write it: `1000`, `12.50`. */
export type FiatAmount = { readonly amount: string; readonly currency: string }

/** Digits after the point of a fiat code, or null when the code is none we know. */
export function fiatDecimals(code: string): number | null {
  return Object.hasOwn(MINOR_UNIT_DIGITS, code) ? (MINOR_UNIT_DIGITS[code] as number) : null
}

/** An amount in the smallest unit of its currency, such as cents; null where it is none. */
export function parseFiatAmount({ amount, currency }: FiatAmount): bigint | null {
  const digits = fiatDecimals(currency)
  const parsed = digits === null ? null : parseDecimal(amount, digits)
  return parsed?.ok ? parsed.units : null
}
