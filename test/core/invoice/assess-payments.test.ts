import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { depthRule } from '../../../src/core/chain/finality.ts'
import {
  assessPayments,
  confirmedShareOf,
  hasPassedDeadline,
  paidFacts,
  remainderIn,
} from '../../../src/core/invoice/assess-payments.ts'
import type { Invoice, PaymentOption, Terms } from '../../../src/core/invoice/invoice.ts'
import { MAX_UNITS } from '../../../src/core/money/decimal.ts'
import { createFraction, ONE, ZERO } from '../../../src/core/money/fraction.ts'
import type { Payment } from '../../../src/core/payment/payment.ts'
import { anyUnits, assertProperty, someUnits } from '../../support/assert-property.ts'
import {
  chainUpTo,
  EARLY,
  ETH,
  EXPIRES_AT_MS,
  LATE,
  makeInvoice,
  makeOption,
  makePayment,
  nativeAsset,
  tokenAsset,
  USDC,
} from './make-invoice.ts'

const DUE_USDC = 25_000_000n
const DUE_ETH = 10n ** 16n
const OTHER = tokenAsset('OTHER', 6)

/** Standing before and after the deadline. */
function standings(invoice: Invoice, payments: readonly Payment[]): [string, string] {
  return [
    assessPayments(invoice, payments, EARLY).standing,
    assessPayments(invoice, payments, LATE).standing,
  ]
}

describe('standing', () => {
  const full = (parts = {}) => makePayment(USDC, DUE_USDC, parts)
  const half = (parts = {}) => makePayment(USDC, DUE_USDC / 2n, parts)

  // biome-ignore format: a table reads better in rows
  test.each<[string, Payment[], string, string]>([
    ['no payment', [], 'nothing', 'missed'],
    ['half, included', [half({ position: 'included' })], 'some', 'missed'],
    ['half, confirmed', [half()], 'some', 'missed'],
    ['all, included', [full({ position: 'included' })], 'seen-enough', 'seen-enough'],
    ['all, confirmed', [full()], 'confirmed-enough', 'confirmed-enough'],
    ['two halves, one confirmed', [half(), half({ position: 'included' })], 'seen-enough', 'seen-enough'],
    ['two halves, confirmed', [half(), half()], 'confirmed-enough', 'confirmed-enough'],
    ['CR-05 two halves, one orphaned', [half(), half({ position: 'orphaned' })], 'some', 'missed'],
    ['all, orphaned', [full({ position: 'orphaned' })], 'nothing', 'missed'],
    ['PA-22 all, late', [full({ inTime: false })], 'nothing', 'missed'],
    ['PA-06 half in time, all late', [half(), full({ inTime: false })], 'some', 'missed'],
    ['PA-28 all, in an asset not accepted', [makePayment(OTHER, DUE_USDC, { accepted: false })], 'nothing', 'missed'],
    ['PA-24 all, in time, observed late', [full()], 'confirmed-enough', 'confirmed-enough'],
    ['confirmed before, more included', [full(), full({ position: 'included' })], 'confirmed-enough', 'confirmed-enough'],
  ])('%s', (_name, payments, early, late) => {
    expect(standings(makeInvoice(), payments)).toEqual([early, late])
  })

  test('shares are exact, and late money is confirmed money but not seen in time', () => {
    const payments = [
      makePayment(USDC, DUE_USDC / 5n),
      makePayment(USDC, DUE_USDC / 5n, { position: 'included' }),
      makePayment(ETH, DUE_ETH / 2n, { inTime: false }),
    ]
    expect(assessPayments(makeInvoice(), payments, EARLY)).toEqual({
      standing: 'some',
      seenShare: createFraction(2n, 5n),
      confirmedShare: createFraction(7n, 10n),
      overpaid: false,
      lateConfirmed: true,
    })
  })

  // biome-ignore format: a table reads better in rows
  test.each<[string, Payment[], boolean]>([
    ['in time', [full()], false],
    ['late, not yet deep', [full(), full({ position: 'included', inTime: false })], false],
    ['late and deep', [full(), full({ inTime: false })], true],
    ['late, but orphaned', [full({ position: 'orphaned', inTime: false })], false],
    ['late, in an asset not accepted', [full({ accepted: false, inTime: false })], false],
  ])('money %s is late and confirmed: %s', (_name, payments, expected) => {
    expect(assessPayments(makeInvoice(), payments, LATE).lateConfirmed).toBe(expected)
  })

  test('overpaid is what is confirmed above the amount due, to the unit', () => {
    const overpaid = (units: bigint, position: 'included' | 'confirmed') =>
      assessPayments(makeInvoice(), [makePayment(USDC, units, { position })], EARLY).overpaid
    expect(overpaid(DUE_USDC, 'confirmed')).toBe(false)
    expect(overpaid(DUE_USDC + 1n, 'confirmed')).toBe(true)
    expect(overpaid(DUE_USDC + 1n, 'included')).toBe(false)
  })
})

describe('PA-27 several assets', () => {
  const thirds: Partial<Terms> = {
    options: [makeOption(USDC, 3n), makeOption(ETH, 3n), makeOption(OTHER, 7n)],
  }

  test('thirds and sevenths make one exactly, and one unit less does not', () => {
    const invoice = makeInvoice({}, thirds)
    const parts = [makePayment(USDC, 1n), makePayment(ETH, 1n)]
    expect(standings(invoice, parts)[0]).toBe('some')
    // 1/3 + 1/3 + 2/7 = 20/21; with 3/7 it is 23/21.
    expect(standings(invoice, [...parts, makePayment(OTHER, 2n)])[0]).toBe('some')
    expect(standings(invoice, [...parts, makePayment(OTHER, 3n)])[0]).toBe('confirmed-enough')
    expect(standings(invoice, [...parts, makePayment(ETH, 1n)])[0]).toBe('confirmed-enough')
  })

  test('one payment counts against its own quote only', () => {
    const payments = [makePayment(ETH, DUE_USDC)]
    const { seenShare } = assessPayments(makeInvoice(), payments, EARLY)
    expect(seenShare).toEqual(createFraction(DUE_USDC, DUE_ETH))
  })
})

describe('PA-04 tolerance', () => {
  test.each([
    [0, 25_000_000n],
    [1, 24_997_500n],
    [100, 24_750_000n],
    [9_999, 2_500n],
  ])('of %i bps is met at %s units, not one below', (toleranceBps, boundary) => {
    const invoice = makeInvoice({}, { toleranceBps })
    expect(standings(invoice, [makePayment(USDC, boundary)])[0]).toBe('confirmed-enough')
    expect(standings(invoice, [makePayment(USDC, boundary - 1n)])[0]).toBe('some')
  })

  test('an amount that does not divide is rounded against the payer', () => {
    const invoice = makeInvoice({}, { toleranceBps: 100, options: [makeOption(USDC, 101n)] })
    // 99 % of 101 is 99.99.
    expect(standings(invoice, [makePayment(USDC, 100n)])[0]).toBe('confirmed-enough')
    expect(standings(invoice, [makePayment(USDC, 99n)])[0]).toBe('some')
  })

  test('nothing is never enough, however large the tolerance', () => {
    const invoice = makeInvoice({}, { toleranceBps: 9_999 })
    expect(standings(invoice, [])).toEqual(['nothing', 'missed'])
    const orphaned = [makePayment(USDC, DUE_USDC, { position: 'orphaned' })]
    expect(standings(invoice, orphaned)[0]).toBe('nothing')
  })

  test('the boundary is exact for any amount and tolerance', () => {
    assertProperty(
      fc.property(someUnits, fc.integer({ min: 0, max: 9_999 }), (due, toleranceBps) => {
        const invoice = makeInvoice({}, { toleranceBps, options: [makeOption(USDC, due)] })
        const boundary = (due * BigInt(10_000 - toleranceBps) + 9_999n) / 10_000n
        expect(standings(invoice, [makePayment(USDC, boundary)])[0]).toBe('confirmed-enough')
        const below = standings(invoice, [makePayment(USDC, boundary - 1n)])[0]
        expect(below).toBe(boundary === 1n ? 'nothing' : 'some')
      }),
      [
        [MAX_UNITS, 0],
        [MAX_UNITS, 9_999],
        [1n, 9_999],
      ],
    )
  })
})

describe('accepted by the merchant', () => {
  const accepted = makeInvoice({ status: 'settled', acceptedShare: createFraction(2n, 5n) })
  const accept = (units: bigint, parts = {}) =>
    standings(accepted, [makePayment(USDC, units, parts)])

  test('the accepted share is the amount due, late or not, and no deadline takes it away', () => {
    expect(accept(10_000_000n)).toEqual(['confirmed-enough', 'confirmed-enough'])
    expect(accept(10_000_000n, { inTime: false })[1]).toBe('confirmed-enough')
    expect(accept(10_000_000n, { position: 'included' })[1]).toBe('seen-enough')
  })

  test('one unit less of it is lost money', () => {
    expect(accept(9_999_999n)).toEqual(['some', 'some'])
    expect(accept(10_000_000n, { position: 'orphaned' })).toEqual(['nothing', 'nothing'])
  })

  test('the tolerance is not applied a second time', () => {
    const invoice = makeInvoice({ acceptedShare: createFraction(2n, 5n) }, { toleranceBps: 1_000 })
    expect(standings(invoice, [makePayment(USDC, 9_999_999n)])[0]).toBe('some')
  })

  test('more than what was accepted is over', () => {
    const payments = [makePayment(USDC, 10_000_001n)]
    expect(assessPayments(accepted, payments, LATE).overpaid).toBe(true)
    expect(paidFacts(accepted, payments)).toMatchObject({ underpaid: false, overpaid: true })
  })
})

describe('what accepting would freeze', () => {
  test('is confirmed and counts, in time or late', () => {
    const parts = [
      makePayment(USDC, 5_000_000n),
      makePayment(USDC, 2_500_000n, { inTime: false }),
      makePayment(USDC, 1_000_000n, { position: 'included' }),
      makePayment(USDC, 1_000_000n, { position: 'orphaned' }),
      makePayment(USDC, 1_000_000n, { accepted: false }),
    ]
    expect(confirmedShareOf(makeInvoice(), parts)).toEqual(createFraction(3n, 10n))
    const more = [...parts, makePayment(ETH, DUE_ETH / 5n)]
    expect(confirmedShareOf(makeInvoice(), more)).toEqual(createFraction(1n, 2n))
  })
})

describe('the deadline', () => {
  const optionOn = (chainId: number, confirmations: number) =>
    makeOption(tokenAsset('USDC', 6, chainId), DUE_USDC, { finality: depthRule(confirmations) })
  const invoice = makeInvoice({}, { options: [optionOn(1, 5), optionOn(2, 1)], graceMs: 60_000 })
  const deadline = EXPIRES_AT_MS + 60_000
  const after = deadline + 12_000

  type Tips = Record<number, number | null>
  function passed(nowMs: number, tips: Tips, of: Invoice = invoice): boolean {
    const chainOf = (chainId: number) => {
      const tipMs = tips[chainId] ?? null
      return tipMs === null ? null : chainUpTo(tipMs, 20, chainId)
    }
    return hasPassedDeadline(of, { nowMs, chainOf })
  }

  // Chain 1 must be observed at 5 confirmations: its tip four blocks of 12 s further.
  const deep = after + 48_000

  // biome-ignore format: a table reads better in rows
  test.each<[string, number, Tips, boolean]>([
    ['both chains and the clock are past it', after, { 1: deep, 2: after }, true],
    ['the clock is not', deadline, { 1: deep, 2: after }, false],
    ['CR-33 the clock is not, whatever block times say', deadline - 1, { 1: deep + 86_400_000, 2: deep }, false],
    ['one chain is past it, but not at its depth', after, { 1: deep - 12_000, 2: after }, false],
    ['one chain stands still', after + 86_400_000, { 1: deep, 2: deadline }, false],
    ['one chain was never observed', after + 86_400_000, { 1: deep, 2: null }, false],
    ['no chain was', after + 86_400_000, {}, false],
    ['exactly at the deadline is in time', after, { 1: deep - 12_000, 2: deadline }, false],
  ])('%s', (_name, nowMs, tips, expected) => {
    expect(passed(nowMs, tips)).toBe(expected)
  })

  test('a chain shorter than the depth has observed nothing at depth', () => {
    const chainOf = (chainId: number) => chainUpTo(deep, 4, chainId)
    expect(hasPassedDeadline(invoice, { nowMs: after, chainOf })).toBe(false)
  })

  test('of an order that takes the coin waits until balances were compared past it', () => {
    const coin = makeOption(nativeAsset(1), DUE_USDC, { finality: depthRule(5) })
    const takesCoin = makeInvoice({}, { options: [coin], graceMs: 60_000 })
    const chainOf = (chainId: number) => chainUpTo(deep, 20, chainId)
    const judge = (of: Invoice, sweptMs: number) =>
      hasPassedDeadline(of, { nowMs: after, chainOf, sweptThroughMs: () => sweptMs })
    expect(judge(takesCoin, 0)).toBe(false)
    expect(judge(takesCoin, deadline)).toBe(false)
    expect(judge(takesCoin, deadline + 1)).toBe(true)
    expect(judge(takesCoin, Number.POSITIVE_INFINITY)).toBe(true)
    const takesToken = makeInvoice({}, { options: [optionOn(1, 5)], graceMs: 60_000 })
    expect(judge(takesToken, 0)).toBe(true)
  })

  test('of an order that takes a token waits until its address was asked', () => {
    const chainOf = (chainId: number) => chainUpTo(deep, 20, chainId)
    const judge = (option: PaymentOption, checkedMs: number) =>
      hasPassedDeadline(makeInvoice({}, { options: [option], graceMs: 60_000 }), {
        nowMs: after,
        chainOf,
        checkedThroughMs: () => checkedMs,
      })
    expect(judge(optionOn(1, 5), 0)).toBe(false)
    expect(judge(optionOn(1, 5), deadline)).toBe(false)
    expect(judge(optionOn(1, 5), deadline + 1)).toBe(true)
    const coin = makeOption(nativeAsset(1), DUE_USDC, { finality: depthRule(5) })
    expect(judge(coin, 0)).toBe(true)
  })

  test('is waived by acceptance', () => {
    expect(passed(after, { 1: deep, 2: after }, { ...invoice, acceptedShare: ONE })).toBe(false)
  })
})

describe('paid facts', () => {
  // biome-ignore format: a table reads better in rows
  test.each<[string, Payment[], [boolean, boolean, boolean]]>([
    ['nothing', [], [false, false, false]],
    ['one unit less', [makePayment(USDC, DUE_USDC - 1n)], [true, false, false]],
    ['exactly', [makePayment(USDC, DUE_USDC)], [false, false, false]],
    ['one unit more', [makePayment(USDC, DUE_USDC + 1n)], [false, true, false]],
    ['late', [makePayment(USDC, DUE_USDC, { inTime: false })], [false, false, true]],
    ['some in time, the rest late', [makePayment(USDC, 1n), makePayment(USDC, DUE_USDC - 1n, { inTime: false })], [true, false, true]],
    ['orphaned', [makePayment(USDC, DUE_USDC, { position: 'orphaned' })], [false, false, false]],
    ['not accepted', [makePayment(OTHER, DUE_USDC, { accepted: false, inTime: false })], [false, false, false]],
  ])('%s', (_name, payments, [underpaid, overpaid, late]) => {
    expect(paidFacts(makeInvoice(), payments)).toEqual({ underpaid, overpaid, late })
  })

  test('within the tolerance is not underpaid', () => {
    const invoice = makeInvoice({}, { toleranceBps: 100 })
    expect(paidFacts(invoice, [makePayment(USDC, 24_750_000n)]).underpaid).toBe(false)
    expect(paidFacts(invoice, [makePayment(USDC, 24_749_999n)]).underpaid).toBe(true)
  })
})

describe('remainder', () => {
  const inUsdc = (payments: readonly Payment[], invoice = makeInvoice()) => {
    const remainder = remainderIn(invoice, makeOption(USDC, DUE_USDC), payments)
    return [remainder.amountDueUnits, remainder.outstandingUnits, remainder.excessUnits]
  }

  // biome-ignore format: a table reads better in rows
  test.each<[string, Payment[], bigint, bigint]>([
    ['nothing paid', [], DUE_USDC, 0n],
    ['one unit paid', [makePayment(USDC, 1n)], DUE_USDC - 1n, 0n],
    ['one unit missing', [makePayment(USDC, DUE_USDC - 1n)], 1n, 0n],
    ['exact', [makePayment(USDC, DUE_USDC)], 0n, 0n],
    ['PA-03 one unit over', [makePayment(USDC, DUE_USDC + 1n)], 0n, 1n],
    ['PA-03 half over', [makePayment(USDC, DUE_USDC * 3n / 2n)], 0n, DUE_USDC / 2n],
    ['half paid in the other asset', [makePayment(ETH, DUE_ETH / 2n)], DUE_USDC / 2n, 0n],
    ['one wei of the other: rounded up', [makePayment(ETH, 1n)], DUE_USDC, 0n],
    ['one wei over: no unit of this asset', [makePayment(ETH, DUE_ETH + 1n)], 0n, 0n],
    ['orphaned', [makePayment(USDC, DUE_USDC, { position: 'orphaned' })], DUE_USDC, 0n],
    ['not accepted', [makePayment(OTHER, DUE_USDC, { accepted: false })], DUE_USDC, 0n],
  ])('%s', (_name, payments, outstanding, excess) => {
    expect(inUsdc(payments)).toEqual([DUE_USDC, outstanding, excess])
  })

  test('what was accepted is the amount due', () => {
    const invoice = makeInvoice({ acceptedShare: createFraction(2n, 5n) })
    expect(inUsdc([makePayment(USDC, 10_000_000n)], invoice)).toEqual([10_000_000n, 0n, 0n])
    expect(inUsdc([], invoice)).toEqual([10_000_000n, 10_000_000n, 0n])
  })

  test('within the tolerance nothing is outstanding', () => {
    const invoice = makeInvoice({}, { toleranceBps: 100 })
    expect(inUsdc([makePayment(USDC, 24_750_000n)], invoice)[1]).toBe(0n)
    expect(inUsdc([makePayment(USDC, 24_749_999n)], invoice)[1]).toBe(250_001n)
  })

  test('outstanding of any asset completes the invoice, one unit less does not', () => {
    const paid = fc.tuple(fc.nat(2), anyUnits)
    assertProperty(
      fc.property(
        fc.tuple(someUnits, someUnits, someUnits),
        fc.array(paid, { maxLength: 4 }),
        fc.nat(2),
        (dues, paidList, chosen) => {
          const assets = [USDC, ETH, OTHER] as const
          const options = assets.map((asset, i) => makeOption(asset, dues[i] as bigint))
          const invoice = makeInvoice({}, { options })
          const payments = paidList.map(([i, units]) =>
            makePayment(assets[i] as typeof USDC, units),
          )
          const option = options[chosen] as (typeof options)[number]
          const { outstandingUnits, excessUnits } = remainderIn(invoice, option, payments)
          const standingWith = (units: bigint) =>
            assessPayments(invoice, [...payments, makePayment(option.asset, units)], EARLY).standing
          expect(standingWith(outstandingUnits)).toBe('confirmed-enough')
          if (outstandingUnits > 0n) {
            expect(excessUnits).toBe(0n)
            expect(standingWith(outstandingUnits - 1n)).not.toBe('confirmed-enough')
          }
        },
      ),
    )
  })

  test('nothing paid is the share zero', () => {
    expect(assessPayments(makeInvoice(), [], EARLY).seenShare).toEqual(ZERO)
  })
})
