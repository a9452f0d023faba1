import { expect, test } from 'vitest'
import { judgeResponse, parseRetryAfter } from '../../../src/core/webhook/judge-response.ts'

const NOW_MS = Date.UTC(2026, 6, 1, 12, 0, 0)

function answered(status: number, retryAfter: string | null = null) {
  return { kind: 'answered' as const, status, retryAfter }
}

test.each([
  [200, 'delivered'],
  [202, 'delivered'],
  [204, 'delivered'],
  [299, 'delivered'],
  [0, 'retry'],
  [101, 'retry'],
  [199, 'retry'],
  [300, 'retry'],
  [301, 'retry'],
  [302, 'retry'],
  [304, 'retry'],
  [307, 'retry'],
  [308, 'retry'],
  [400, 'retry'],
  [401, 'retry'],
  [404, 'retry'],
  [409, 'retry'],
  [410, 'disable'],
  [429, 'retry'],
  [500, 'retry'],
  [503, 'retry'],
  [999, 'retry'],
])('status %i: %s', (status, verdict) => {
  expect(judgeResponse(answered(status), NOW_MS).verdict).toBe(verdict)
})

test('an attempt without an answer is retried', () => {
  expect(judgeResponse({ kind: 'failed' }, NOW_MS)).toEqual({ verdict: 'retry' })
})

test('a wish for a later attempt is handed on', () => {
  const judgement = judgeResponse(answered(503, '7'), NOW_MS)
  expect(judgement).toEqual({ verdict: 'retry', retryAfterMs: 7_000 })
})

test.each([
  [null, undefined],
  ['5', 5_000],
  [' 5 ', 5_000],
  ['0', 0],
  ['9'.repeat(400), Number.MAX_SAFE_INTEGER],
  ['-5', 0],
  ['1.5', 0],
  ['1e3', 0],
  ['soon', 0],
  ['', 0],
  ['Wed, 01 Jul 2026 12:00:30 GMT', 30_000],
  ['Wed, 01 Jul 2026 11:59:59 GMT', 0],
  ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
  ['Fri, 01 Jan 2100 00:00:00 GMT', Date.UTC(2100, 0, 1) - NOW_MS],
  ['Fri, 32 Jan 2100 00:00:00 GMT', 0],
  ['Fri, 01 anF 2100 00:00:00 GMT', 0],
  ['Fri, 01 Jan 2100 24:00:00 GMT', 0],
  ['Fri, 01 Jan 2100 00:00:00 CET', 0],
  ['2100-01-01T00:00:00Z', 0],
])('Retry-After: %s', (value, expected) => {
  expect(parseRetryAfter(value, NOW_MS)).toBe(expected)
})
