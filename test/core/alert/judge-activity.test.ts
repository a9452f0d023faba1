import { describe, expect, test } from 'vitest'
import { ALERT_WINDOWS_MS, judgeActivity } from '../../../src/core/alert/judge-activity.ts'

const LIMITS = { invoicesPer5Min: 100, underpaidPerHour: 10, orphanedPerHour: 3 }
const FIVE_MINUTES_MS = 300_000

/** Events of the last five minutes, and of the last hour. */
const judge = (short: object, long: object = short, limits = LIMITS) =>
  judgeActivity(
    (windowMs) => new Map(Object.entries(windowMs === FIVE_MINUTES_MS ? short : long)),
    limits,
  )

test('the windows are those that are counted', () => {
  expect(ALERT_WINDOWS_MS).toEqual([FIVE_MINUTES_MS, 3_600_000])
})

// biome-ignore format: a table reads better in rows
test.each<[string, string, number]>([
  ['alert.invoice_burst', 'invoice.created', 100],
  ['alert.many_underpaid', 'invoice.underpaid', 10],
  ['alert.repeated_reorgs', 'payment.orphaned', 3],
])('%s: from its limit on, not one below', (type, counted, limit) => {
  expect(judge({ [counted]: limit - 1 })).toEqual([])
  expect(judge({ [counted]: limit })).toMatchObject([{ type, data: { count: limit, limit } }])
})

describe('an alert', () => {
  test('is told once in its window, and again in the next', () => {
    const burst = { 'invoice.created': 500 }
    expect(judge({ ...burst, 'alert.invoice_burst': 1 })).toEqual([])
    expect(judge(burst, { ...burst, 'alert.invoice_burst': 1 })).toHaveLength(1)
  })

  test('is of its own window: a quiet burst over an hour is none', () => {
    expect(judge({ 'invoice.created': 99 }, { 'invoice.created': 5_000 })).toEqual([])
  })

  test('says what was counted', () => {
    expect(judge({}, { 'payment.orphaned': 7 })[0]?.data).toEqual({
      ...{ object: 'alert', kind: 'repeated_reorgs', count: 7, limit: 3, window_s: 3_600 },
    })
  })

  test('is turned off by a limit of zero', () => {
    const all = { 'invoice.created': 9_000, 'invoice.underpaid': 900, 'payment.orphaned': 90 }
    const off = { invoicesPer5Min: 0, underpaidPerHour: 0, orphanedPerHour: 0 }
    expect(judge(all, all, off)).toEqual([])
    expect(judge(all)).toHaveLength(3)
  })
})
