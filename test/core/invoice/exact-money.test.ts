/** From a price in text to facts on an invoice, without a unit gained or lost on the way. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  assessPayments,
  paidFacts,
  remainderIn,
} from '../../../src/core/invoice/assess-payments.ts'
import type { Invoice, PaymentOption } from '../../../src/core/invoice/invoice.ts'
import { quotePrice } from '../../../src/core/invoice/quote.ts'
import { formatDecimal, MAX_UNITS, parseDecimal } from '../../../src/core/money/decimal.ts'
import { ONE } from '../../../src/core/money/fraction.ts'
import { anyDecimals, anyUnits, assertProperty, someUnits } from '../../support/assert-property.ts'
import { EARLY, makeInvoice, makeOption, makePayment, tokenAsset } from './make-invoice.ts'

/** An invoice over so many units of one token of so many digits. */
function invoiceOver(dueUnits: bigint, decimals: number): [Invoice, PaymentOption] {
  const option = makeOption(tokenAsset('TOKEN', decimals), dueUnits)
  return [makeInvoice({}, { options: [option] }), option]
}

describe('money is exact', () => {
  test('PA-07 a price in a coin is due to the unit, in any digits, up to a uint256', () => {
    assertProperty(
      fc.property(someUnits, anyDecimals, (units, decimals) => {
        const parsed = parseDecimal(formatDecimal(units, decimals), decimals)
        expect(parsed).toEqual({ ok: true, units })
        const input = { amountMinor: units, currencyDecimals: decimals, assetDecimals: decimals }
        expect(quotePrice({ ...input, rate: ONE })).toBe(units)
      }),
      [
        [MAX_UNITS, 0],
        [MAX_UNITS, 18],
        [1n, 0],
        [1n, 18],
      ],
    )
  })

  test('PA-04 exactly the amount due settles, a unit less is underpaid, in any number of parts', () => {
    const cut = fc.integer({ min: 1, max: 9_999 })
    assertProperty(
      fc.property(someUnits, anyDecimals, cut, (due, decimals, share) => {
        const [invoice, { asset }] = invoiceOver(due, decimals)
        const first = (due * BigInt(share)) / 10_000n
        const pay = (...parts: bigint[]) => parts.map((units) => makePayment(asset, units))
        const whole = pay(first, due - first)
        expect(assessPayments(invoice, whole, EARLY).standing).toBe('confirmed-enough')
        expect(paidFacts(invoice, whole)).toMatchObject({ underpaid: false, overpaid: false })
        const less = due - first > 0n ? pay(first, due - first - 1n) : pay(first - 1n)
        expect(assessPayments(invoice, less, EARLY).standing).toBe(due === 1n ? 'nothing' : 'some')
        expect(paidFacts(invoice, less).underpaid).toBe(due > 1n)
      }),
      [
        [MAX_UNITS, 0, 1],
        [MAX_UNITS, 18, 9_999],
        [1n, 0, 1],
      ],
    )
  })

  test('PA-03 what is over, and what is missing, is told to the unit', () => {
    assertProperty(
      fc.property(someUnits, anyUnits, anyDecimals, (due, paid, decimals) => {
        const [invoice, option] = invoiceOver(due, decimals)
        const payments = [makePayment(option.asset, paid)]
        expect(remainderIn(invoice, option, payments)).toEqual({
          amountDueUnits: due,
          outstandingUnits: paid < due ? due - paid : 0n,
          excessUnits: paid > due ? paid - due : 0n,
        })
        expect(paidFacts(invoice, payments)).toEqual({
          underpaid: paid > 0n && paid < due,
          overpaid: paid > due,
          late: false,
        })
      }),
      [
        [1n, MAX_UNITS, 0],
        [MAX_UNITS, MAX_UNITS - 1n, 18],
        [MAX_UNITS, MAX_UNITS, 0],
      ],
    )
  })
})
