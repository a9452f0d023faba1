import { describe, expect, test } from 'vitest'
import {
  parseSchedule,
  planNextAttempt,
  STANDARD_SCHEDULE_MS,
} from '../../../src/core/webhook/retry-schedule.ts'

const FAILED_AT_MS = 1_800_000_000_000
const MIDDLE = 0.5

/** The wait after a failed attempt, in milliseconds. */
function waitMs(change: Partial<Parameters<typeof planNextAttempt>[0]>): number | 'exhausted' {
  const next = planNextAttempt({
    schedule: [0, 1000, 2000],
    attemptsMade: 1,
    failedAtMs: FAILED_AT_MS,
    jitter: MIDDLE,
    ...change,
  })
  return next === 'exhausted' ? next : next.atMs - FAILED_AT_MS
}

describe('the standard schedule', () => {
  const schedule = STANDARD_SCHEDULE_MS
  const MINUTE = 60_000
  const HOUR = 60 * MINUTE

  test.each([
    [1, 5_000],
    [2, 5 * MINUTE],
    [3, 30 * MINUTE],
    [4, 2 * HOUR],
    [5, 5 * HOUR],
    [6, 10 * HOUR],
    [7, 14 * HOUR],
    [8, 20 * HOUR],
    [9, 24 * HOUR],
    [10, 'exhausted'],
    [11, 'exhausted'],
  ])('after %i failed attempts: %s', (attemptsMade, expected) => {
    expect(waitMs({ schedule, attemptsMade })).toBe(expected)
  })

  test('jitter spreads a step by a fifth both ways', () => {
    expect(waitMs({ schedule, jitter: 0 })).toBe(4_000)
    expect(waitMs({ schedule, jitter: 1 - 2 ** -53 })).toBe(6_000)
  })
})

describe('Retry-After', () => {
  test.each([
    ['less than the step', 10, 1000],
    ['zero, past or unreadable', 0, 1000],
    ['negative', -5_000, 1000],
    ['not a number', Number.NaN, 1000],
    ['between', 1_500, 1500],
    ['more than twice the step', 3_000, 2000],
    ['without end', Number.POSITIVE_INFINITY, 2000],
  ])('%s stays within once and twice the step', (_name, retryAfterMs, expected) => {
    expect(waitMs({ retryAfterMs, jitter: 0 })).toBe(expected)
    for (const jitter of [0.3, 0.999]) {
      const wait = waitMs({ retryAfterMs, jitter })
      expect(wait).toBeGreaterThanOrEqual(expected)
      expect(wait).toBeLessThanOrEqual(2000)
    }
  })

  test('does not add attempts', () => {
    expect(waitMs({ attemptsMade: 3, retryAfterMs: 1 })).toBe('exhausted')
  })
})

test('times saturate at the last date there is, so that they can be written', () => {
  const next = planNextAttempt({
    schedule: [0, 1000],
    attemptsMade: 1,
    failedAtMs: Number.MAX_SAFE_INTEGER,
    jitter: MIDDLE,
  })
  expect(next).toEqual({ atMs: 8.64e15 })
  expect(next !== 'exhausted' && new Date(next.atMs).toISOString()).toBe(
    '+275760-09-13T00:00:00.000Z',
  )
})

test('a configured schedule lists the waits between attempts; nine waits make ten attempts', () => {
  const parsed = parseSchedule('1s,2s,3s,4s,5s,6s,7s,8s,9s')
  if (!parsed.ok) throw new Error(parsed.reason)
  const waits = Array.from({ length: 10 }, (_, i) =>
    waitMs({ schedule: parsed.schedule, attemptsMade: i + 1 }),
  )
  expect(waits).toEqual([1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000, 'exhausted'])
})

test.each([
  ['1s,2s,5s', [0, 1000, 2000, 5000]],
  ['0,1s', [0, 1000]],
  ['0s, 250ms , 2m', [0, 250, 120_000]],
  ['1h,1d', [0, 3_600_000, 86_400_000]],
  ['0', [0]],
])('parses %s', (text, schedule) => {
  expect(parseSchedule(text)).toEqual({ ok: true, schedule })
})

test.each([
  ['', 'step 1 is not'],
  ['1s,', 'step 2 is not'],
  ['5', 'step 1 is not'],
  ['1.5s', 'step 1 is not'],
  ['-1s', 'step 1 is not'],
  ['1s,2x', 'step 2 is not'],
  ['1 s', 'step 1 is not'],
  ['1s,0s', 'step 2 is zero'],
  ['1s,31d', 'step 2 is longer'],
  ['999999999d', 'step 1 is longer'],
  [Array(101).fill('1s').join(), 'more than 100'],
])('refuses %s', (text, reason) => {
  expect(parseSchedule(text)).toEqual({ ok: false, reason: expect.stringContaining(reason) })
})
