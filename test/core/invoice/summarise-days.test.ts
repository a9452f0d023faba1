import { expect, test } from 'vitest'
import {
  addInvoice,
  type DayTally,
  medianOf,
  presentDay,
} from '../../../src/core/invoice/summarise-days.ts'
import { CREATED_AT_MS, ETH, makeInvoice, makePayment, USDC } from './make-invoice.ts'

const NIGHT_MS = Date.UTC(2026, 10, 22, 23, 59, 59, 999)

test('invoices stand on the day of UTC they were made', () => {
  const days = new Map<string, DayTally>()
  for (const createdAtMs of [CREATED_AT_MS, NIGHT_MS, NIGHT_MS + 1]) {
    addInvoice(days, makeInvoice({ createdAtMs }), [])
  }
  expect([...days].map(([date, { invoices }]) => [date, invoices])).toEqual([
    ['2026-11-22', 2],
    ['2026-11-23', 1],
  ])
})

test('counts what is settled, underpaid and late, and sums what is confirmed and accepted', () => {
  const days = new Map<string, DayTally>()
  const settledAtMs = CREATED_AT_MS + 30_000
  addInvoice(days, makeInvoice({ status: 'settled', settledAtMs }), [
    makePayment(USDC, 20_000_000n, { place: 'log:1' }),
    makePayment(USDC, 5_000_000n, { place: 'log:2' }),
    makePayment(ETH, 1n, { place: 'tx:3', accepted: false }),
  ])
  addInvoice(days, makeInvoice({ status: 'settled', settledAtMs: settledAtMs + 60_000 }), [
    makePayment(USDC, 30_000_000n, { countedUnits: 25_000_000n }),
  ])
  addInvoice(days, makeInvoice(), [
    makePayment(USDC, 1_000_000n, { place: 'log:1' }),
    makePayment(USDC, 9n, { place: 'log:2', position: 'orphaned' }),
    makePayment(USDC, 9n, { place: 'log:3', position: 'included' }),
  ])
  addInvoice(days, makeInvoice({ status: 'expired' }), [
    makePayment(ETH, 10n ** 16n, { inTime: false }),
  ])
  const [[date, day] = ['', undefined]] = [...days]
  expect(presentDay(date, day as DayTally)).toEqual({
    object: 'day_summary',
    date: '2026-11-22',
    invoices: 4,
    settled: 2,
    underpaid_share: 0.25,
    late_share: 0.25,
    median_settle_s: 60,
    volumes: [
      {
        asset: USDC.id,
        symbol: 'USDC',
        decimals: 6,
        invoices: 3,
        volume: '51',
        volume_units: '51000000',
      },
      {
        asset: ETH.id,
        symbol: 'ETH',
        decimals: 18,
        invoices: 1,
        volume: '0.01',
        volume_units: '10000000000000000',
      },
    ],
  })
})

test.each([
  [[], null],
  [[3], 3],
  [[9, 1, 5], 5],
  [[4, 1, 10, 2], 3],
])('the median of %j is %j', (values, median) => {
  expect(medianOf(values)).toBe(median)
})
