import { describe, expect, test } from 'vitest'
import { claimedUnits, coverCredits } from '../../../src/core/payment/cover-credits.ts'
import type { Payment } from '../../../src/core/payment/payment.ts'
import { makePayment, USDC } from '../invoice/make-invoice.ts'

const confirmed = (units: bigint, countedUnits = units): Payment =>
  makePayment(USDC, units, { position: 'confirmed', countedUnits, place: `log:c${units}` })
const due = (place: string, units: bigint): Payment =>
  makePayment(USDC, units, { position: 'included', place })
const dust = (units: bigint): Payment =>
  makePayment(USDC, units, { position: 'included', dust: true, place: 'log:dust' })

describe('coverCredits', () => {
  test.each<[string, readonly Payment[], bigint, Record<string, bigint>]>([
    ['all of it', [due('a', 25n)], 25n, { pay_a: 25n }],
    ['more than claimed counts no more', [due('a', 25n)], 99n, { pay_a: 25n }],
    ['PA-11 nothing there', [due('a', 25n)], 0n, { pay_a: 0n }],
    ['PA-12 what arrived', [due('a', 100n)], 90n, { pay_a: 90n }],
    ['in the order of the chain', [due('a', 60n), due('b', 60n)], 90n, { pay_a: 60n, pay_b: 30n }],
    ['after what is confirmed', [confirmed(40n), due('a', 25n)], 50n, { pay_a: 10n }],
    [
      'a confirmed one claims what it counts',
      [confirmed(40n, 30n), due('a', 25n)],
      50n,
      { pay_a: 20n },
    ],
    ['less than what is confirmed', [confirmed(40n), due('a', 25n)], 3n, { pay_a: 0n }],
    ['dust claims nothing', [dust(5n), due('a', 25n)], 25n, { pay_a: 25n }],
  ])('%s', (_, credits, covered, expected) => {
    expect(Object.fromEntries(coverCredits(credits, covered))).toEqual(expected)
  })

  test('never counts more than there is, however the credits fall', () => {
    for (let covered = 0n; covered <= 60n; covered++) {
      const counted = coverCredits([due('a', 7n), due('b', 20n), due('c', 13n)], covered)
      const sum = [...counted.values()].reduce((all, units) => all + units, 0n)
      expect(sum).toBe(covered < 40n ? covered : 40n)
    }
  })
})

test('claims are what counts of the confirmed ones and the whole of the others', () => {
  expect(claimedUnits([confirmed(40n, 30n), due('a', 25n), dust(5n)])).toBe(55n)
})
