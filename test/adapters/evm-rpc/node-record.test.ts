import { describe, expect, test } from 'vitest'
import {
  BREAKER_ERRORS,
  createNodeRecord,
  isOpen,
  isQuarantined,
  mayAsk,
  quarantine,
  recordAnswer,
  recordFault,
  recordLatency,
  STANDARD_RULES,
  TEST_RULES,
} from '../../../src/adapters/evm-rpc/node-record.ts'

const RULES = STANDARD_RULES

function fail(record: ReturnType<typeof createNodeRecord>, times: number, nowMs = 0) {
  for (let i = 0; i < times; i++) recordFault(record, 'unreachable', nowMs, RULES)
}

describe('breaker', () => {
  test('opens after errors in a row, and an answer in between starts anew', () => {
    const record = createNodeRecord()
    fail(record, BREAKER_ERRORS - 1)
    recordAnswer(record)
    fail(record, BREAKER_ERRORS - 1)
    expect([isOpen(record), mayAsk(record, 0)]).toEqual([false, true])
    fail(record, 1)
    expect([isOpen(record), mayAsk(record, 0)]).toEqual([true, false])
  })

  test('lets one question through after its time; each failure doubles it, up to a bound', () => {
    const record = createNodeRecord()
    fail(record, BREAKER_ERRORS)
    const waits: number[] = []
    let nowMs = 0
    for (let probe = 0; probe < 8; probe++) {
      const probeAtMs = record.probeAtMs!
      waits.push(probeAtMs - nowMs)
      expect(mayAsk(record, probeAtMs - 1)).toBe(false)
      expect(mayAsk(record, probeAtMs)).toBe(true)
      nowMs = probeAtMs
      fail(record, 1, nowMs)
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60].map((s) => s * 1_000))
    recordAnswer(record)
    expect([isOpen(record), mayAsk(record, nowMs)]).toEqual([false, true])
    fail(record, BREAKER_ERRORS, nowMs)
    expect(record.probeAtMs).toBe(nowMs + 1_000)
  })

  test('what was under way when it opened does not prolong it', () => {
    const record = createNodeRecord()
    fail(record, BREAKER_ERRORS + 5)
    expect(record.probeAtMs).toBe(1_000)
  })

  test.each(['not_there', 'capacity', 'wrong_chain', 'disproven'] as const)(
    '%s does not open it',
    (kind) => {
      const record = createNodeRecord()
      for (let i = 0; i < 10; i++) recordFault(record, kind, 0, RULES)
      expect(isOpen(record)).toBe(false)
      expect(record.errors.get(kind)).toBe(10)
    },
  )
})

describe('quarantine', () => {
  test('lasts minutes, on a test chain seconds, whatever else is answered', () => {
    for (const [rules, ms] of [
      [STANDARD_RULES, 300_000],
      [TEST_RULES, 5_000],
    ] as const) {
      const record = createNodeRecord()
      quarantine(record, 'disproven', 1_000, rules)
      recordAnswer(record)
      expect([isQuarantined(record, ms + 999), mayAsk(record, ms + 999)]).toEqual([true, false])
      expect([isQuarantined(record, ms + 1_000), mayAsk(record, ms + 1_000)]).toEqual([false, true])
    }
  })
})

test('averages follow what is new', () => {
  const record = createNodeRecord()
  recordLatency(record, 100)
  expect(record.latencyMs).toBe(100)
  for (let i = 0; i < 30; i++) recordLatency(record, 200)
  expect(record.latencyMs).toBeCloseTo(200, 0)
  fail(record, 30)
  expect(record.errorShare).toBeCloseTo(1, 2)
  for (let i = 0; i < 30; i++) recordAnswer(record)
  expect(record.errorShare).toBeCloseTo(0, 2)
})
