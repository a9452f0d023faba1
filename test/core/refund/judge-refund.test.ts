import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Payment } from '../../../src/core/payment/payment.ts'
import {
  excessUnits,
  receivedUnits,
  refundableUnits,
  selectCovered,
} from '../../../src/core/refund/judge-refund.ts'
import { REFUND_STATUSES, type Refund } from '../../../src/core/refund/refund.ts'
import {
  SAMPLE_COIN,
  SAMPLE_TOKEN,
  sampleInvoice,
  sampleObservation,
  sampleOption,
  samplePayment,
  sampleRefund,
  sampleTerms,
} from '../../support/fixtures.ts'

const TOKEN = SAMPLE_TOKEN.id
const invoice = sampleInvoice(1, {
  terms: sampleTerms({ options: [sampleOption({ asset: SAMPLE_TOKEN, amountDueUnits: 100n })] }),
})
const paid = (n: number, units: bigint, overrides: Partial<Payment> = {}): Payment =>
  samplePayment(sampleObservation(n, undefined, { asset: SAMPLE_TOKEN, amountUnits: units }), {
    ...{ invoiceId: 'inv_1', countedUnits: units, position: 'confirmed', accepted: true },
    ...overrides,
  })
const refund = (n: number, amountUnits: bigint, overrides: Partial<Refund> = {}) =>
  sampleRefund(n, { amountUnits, ...overrides })

describe('what is received', () => {
  test('is confirmed, counted, and of the asset; accepted or not', () => {
    const payments = [
      paid(1, 100n),
      paid(2, 50n, { position: 'included' }),
      paid(3, 50n, { position: 'orphaned' }),
      paid(4, 20n, { countedUnits: 15n }),
      paid(5, 7n, { accepted: false }),
    ]
    expect(receivedUnits(payments, TOKEN)).toBe(122n)
    expect(receivedUnits(payments, SAMPLE_COIN.id)).toBe(0n)
  })
})

describe('IN-27 what may go back', () => {
  test.each(REFUND_STATUSES)('of a refund that is %s the money is held, or free', (status) => {
    const isFree = status === 'failed' || status === 'canceled'
    const free = refundableUnits([paid(1, 100n)], [refund(1, 30n, { status })], TOKEN)
    expect(free).toBe(isFree ? 100n : 70n)
  })

  test('refunds of another asset take nothing', () => {
    const other = refund(1, 30n, { asset: SAMPLE_COIN })
    expect(refundableUnits([paid(1, 100n)], [other], TOKEN)).toBe(100n)
  })

  // biome-ignore format: a table reads better in rows
  test.each<[string, bigint, bigint[], bigint]>([
    ['nothing over', 100n, [], 0n],
    ['what is over', 130n, [], 30n],
    ['less what went back', 130n, [10n], 20n],
    ['all of it gone', 130n, [30n], 0n],
    ['more gone than was over', 130n, [130n], -100n],
    ['too little paid', 60n, [], 0n],
  ])('the excess: %s', (_what, received, gone, expected) => {
    const refunds = gone.map((units, i) => refund(i, units))
    expect(excessUnits(invoice, [paid(1, received)], refunds, TOKEN)).toBe(expected)
  })

  test('what is over counts once it is confirmed', () => {
    const payments = [paid(1, 100n), paid(2, 30n, { position: 'included' })]
    expect(excessUnits(invoice, payments, [], TOKEN)).toBe(0n)
  })

  test('what the invoice does not accept is over as a whole', () => {
    const strange = samplePayment(
      sampleObservation(2, undefined, { asset: SAMPLE_COIN, amountUnits: 9n }),
      {
        ...{ invoiceId: 'inv_1', countedUnits: 9n, position: 'confirmed', accepted: false },
      },
    )
    expect(excessUnits(invoice, [paid(1, 100n), strange], [], SAMPLE_COIN.id)).toBe(9n)
  })
})

describe('what is exported for payment', () => {
  test('nothing whose money left with a reorg', () => {
    const [old, young] = [refund(1, 60n), refund(2, 40n)]
    const all = [old, young]
    const select = (payments: Payment[]) => selectCovered(all, payments, all).map(({ id }) => id)
    expect(select([paid(1, 100n)])).toEqual(['ref_1', 'ref_2'])
    expect(select([paid(1, 70n)])).toEqual(['ref_1'])
    expect(select([paid(1, 50n)])).toEqual(['ref_2'])
    expect(select([paid(1, 100n, { position: 'orphaned' })])).toEqual([])
  })

  test('together with what is sent never more than what is confirmed', () => {
    const amounts = fc.array(fc.bigInt({ min: 1n, max: 50n }), { maxLength: 8 })
    fc.assert(
      fc.property(amounts, amounts, fc.bigInt({ min: 0n, max: 120n }), (waits, gone, received) => {
        const waiting = waits.map((units, i) => refund(i, units))
        const others = gone.map((units, i) => refund(100 + i, units, { status: 'sent' }))
        const taken = selectCovered(waiting, [paid(1, received)], [...others, ...waiting])
        const sum = (refunds: readonly Refund[]) =>
          refunds.reduce((units, { amountUnits }) => units + amountUnits, 0n)
        return taken.length === 0 || sum(taken) + sum(others) <= received
      }),
      { seed: 27, numRuns: 1_000 },
    )
  })
})
