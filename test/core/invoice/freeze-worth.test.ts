import { expect, test } from 'vitest'
import { freezeWorth } from '../../../src/core/invoice/freeze-worth.ts'
import { createFraction, type Fraction } from '../../../src/core/money/fraction.ts'

const CAP = { finalityCap: { amount: '10000', currency: 'USD' } }
const worth = (value: Fraction | null, currency = 'EUR', chain: object = CAP) =>
  freezeWorth(chain, currency, () => value)

test('is the value at creation, in the currency of the cap, rounded up to a cent', () => {
  expect(worth(createFraction(27n, 1n))).toEqual({ worth: { amount: '27', currency: 'USD' } })
  expect(worth(createFraction(2_001n, 1_000n))).toEqual({
    worth: { amount: '2.01', currency: 'USD' },
  })
  const yen = { finalityCap: { amount: '1000000', currency: 'JPY' } }
  expect(worth(createFraction(1_501n, 10n), 'EUR', yen)).toEqual({
    worth: { amount: '151', currency: 'JPY' },
  })
})

test('is left out where the price says it, without a cap, and where nobody knows', () => {
  expect(worth(createFraction(1n, 1n), 'USD')).toEqual({})
  expect(worth(createFraction(1n, 1n), 'EUR', {})).toEqual({})
  expect(worth(createFraction(1n, 1n), 'EUR', { finalityCap: null })).toEqual({})
  expect(worth(null)).toEqual({})
})
