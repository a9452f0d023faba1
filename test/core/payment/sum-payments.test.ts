import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { KeptOutflow } from '../../../src/core/payment/outflow.ts'
import type { Payment } from '../../../src/core/payment/payment.ts'
import {
  type AssetSums,
  addConfirmed,
  addOutflows,
  presentBalance,
} from '../../../src/core/payment/sum-payments.ts'
import { assertProperty, someUnits } from '../../support/assert-property.ts'
import {
  SAMPLE_COIN,
  SAMPLE_TOKEN,
  sampleAddress,
  sampleBlock,
  sampleObservation,
  sampleOutflow,
  samplePayment,
} from '../../support/fixtures.ts'

let placed = 0

function paid(n: number, units: bigint, overrides: Partial<Payment> = {}): Payment {
  placed += 1
  const moved = { to: sampleAddress(n), amountUnits: units }
  const observation = sampleObservation(placed, sampleBlock(10), moved)
  const counted = { position: 'confirmed' as const, countedUnits: units }
  return samplePayment(observation, { ...counted, invoiceId: 'inv_1', ...overrides })
}

function left(n: number, units: bigint, isCanonical = true): KeptOutflow {
  placed += 1
  const moved = { from: sampleAddress(n), amountUnits: units }
  return { outflow: sampleOutflow(placed, sampleBlock(11), moved), isCanonical }
}

function balanceOf(payments: readonly Payment[], outflows: readonly KeptOutflow[]) {
  const sums: AssetSums = new Map()
  addOutflows(sums, outflows)
  addConfirmed(sums, payments)
  const found = sums.get(SAMPLE_TOKEN.id)
  if (found === undefined) return null
  const { received_units, collected_units, uncounted_units, available_units } =
    presentBalance(found)
  return [received_units, collected_units, uncounted_units, available_units].map((text) =>
    BigInt(text as string),
  )
}

describe('received, collected, uncounted, available', () => {
  test('what left is no longer there; what is in a block that left is there again', () => {
    const payments = [paid(1, 40n), paid(2, 25n)]
    expect(balanceOf(payments, [])).toEqual([65n, 0n, 0n, 65n])
    expect(balanceOf(payments, [left(1, 40n)])).toEqual([65n, 40n, 0n, 25n])
    expect(balanceOf(payments, [left(1, 40n), left(2, 5n)])).toEqual([65n, 45n, 0n, 20n])
    expect(balanceOf(payments, [left(1, 40n, false)])).toEqual([65n, 0n, 0n, 65n])
  })

  test('what left with dust takes nothing from other addresses', () => {
    const dust = paid(1, 3n, { dust: true, countedUnits: 0n })
    const payments = [paid(1, 40n), dust, paid(2, 25n)]
    expect(balanceOf(payments, [left(1, 43n)])).toEqual([65n, 43n, 3n, 25n])
  })

  test('what left before it was confirmed is uncounted until it is', () => {
    const early = paid(1, 40n, { position: 'included' })
    expect(balanceOf([early], [left(1, 40n)])).toEqual([0n, 40n, 40n, 0n])
    const later = { ...early, position: 'confirmed' as const }
    expect(balanceOf([later], [left(1, 40n)])).toEqual([40n, 40n, 0n, 0n])
  })

  test('several payments and several outflows of one address are one account', () => {
    const payments = [paid(1, 10n), paid(1, 5n, { invoiceId: null })]
    expect(balanceOf(payments, [left(1, 4n), left(1, 8n)])).toEqual([15n, 12n, 0n, 3n])
    expect(balanceOf([], [left(1, 4n, false)])).toBeNull()
  })

  test('coins are not followed, and nothing is claimed of them', () => {
    const coin = sampleObservation(900, sampleBlock(10), { asset: SAMPLE_COIN, amountUnits: 7n })
    const sums: AssetSums = new Map()
    addConfirmed(sums, [samplePayment(coin, { position: 'confirmed', countedUnits: 7n })])
    const [sum] = sums.values()
    expect(sum && presentBalance(sum)).toMatchObject({
      received_units: '7',
      collected_units: null,
      uncounted_units: null,
      available_units: null,
    })
  })
})

test('available is the sum over addresses of what each has, never below zero', () => {
  const movements = fc.array(fc.record({ n: fc.integer({ min: 1, max: 4 }), units: someUnits }), {
    maxLength: 6,
  })
  assertProperty(
    fc.property(movements, movements, (arrived, gone) => {
      const payments = arrived.map(({ n, units }) => paid(n, units))
      const outflows = gone.map(({ n, units }) => left(n, units))
      const sum = (list: typeof arrived, n: number) =>
        list.reduce((total, one) => (one.n === n ? total + one.units : total), 0n)
      const there = [1, 2, 3, 4].reduce((total, n) => {
        const rest = sum(arrived, n) - sum(gone, n)
        return rest > 0n ? total + rest : total
      }, 0n)
      expect(balanceOf(payments, outflows)?.at(-1) ?? 0n).toBe(there)
    }),
  )
})
