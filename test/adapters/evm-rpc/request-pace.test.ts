import { describe, expect, test } from 'vitest'
import { createPace } from '../../../src/adapters/evm-rpc/request-pace.ts'
import { createManualClock } from './support.ts'

/** Asks as fast as the pace allows for so long; how many requests that were. */
function countRequests(isLocal: boolean, ms: number, react: (n: number) => 'ok' | 'limit') {
  const clock = createManualClock()
  const pace = createPace(clock, isLocal)
  let requests = 0
  while (clock.monotonicMs() < ms && requests < 100_000) {
    clock.advance(pace.book())
    requests += 1
    if (react(requests) === 'ok') pace.noteSuccess()
    else pace.noteLimit()
  }
  return requests
}

describe('pace of requests', () => {
  test('a remote node: 20 a second at first, then by shares', () => {
    const clock = createManualClock()
    const pace = createPace(clock, false)
    expect(pace.ratePerS()).toBe(20)
    // Half a second's worth at once, and one more, before the first wait.
    const waits = Array.from({ length: 13 }, () => pace.book())
    clock.advance(1_000)
    expect(waits.filter((ms) => ms === 0)).toHaveLength(1)
    expect(waits.at(-1)).toBe(600)
    pace.noteSuccess()
    expect(pace.ratePerS()).toBeCloseTo(21)
    pace.noteError()
    expect(pace.ratePerS()).toBeCloseTo(19.95)
    pace.noteLimit()
    expect(pace.ratePerS()).toBeCloseTo(9.975)
  })

  test('unused time is made up for, half a second at most', () => {
    const clock = createManualClock()
    const pace = createPace(clock, false)
    clock.advance(60_000)
    const waits = Array.from({ length: 12 }, () => pace.book())
    expect(waits.filter((ms) => ms === 0)).toHaveLength(11)
  })

  test('a local node is not held back, until it says so, and again once it kept up', () => {
    const pace = createPace(createManualClock(), true)
    for (let i = 0; i < 10; i++) expect(pace.book()).toBe(0)
    pace.noteError()
    expect(pace.ratePerS()).toBeNull()
    pace.noteLimit()
    expect(pace.ratePerS()).toBe(10)
    let successes = 0
    for (; pace.ratePerS() !== null; successes++) pace.noteSuccess()
    expect(successes).toBe(62)
  })

  test('CR-22 less than 20 requests a second to a node that refuses, local or not', () => {
    for (const isLocal of [true, false]) {
      const floor = isLocal ? 5 : 1
      expect(countRequests(isLocal, 5_000, () => 'limit')).toBeLessThan(5 * floor + 5)
      expect(countRequests(isLocal, 5_000, (n) => (n % 10 === 0 ? 'limit' : 'ok'))).toBeLessThan(
        100,
      )
    }
  })

  test('never slower than one a second, never faster than a thousand', () => {
    const pace = createPace(createManualClock(), false)
    for (let i = 0; i < 50; i++) pace.noteLimit()
    expect(pace.ratePerS()).toBe(1)
    for (let i = 0; i < 500; i++) pace.noteSuccess()
    expect(pace.ratePerS()).toBe(1_000)
    const local = createPace(createManualClock(), true)
    for (let i = 0; i < 50; i++) local.noteLimit()
    expect(local.ratePerS()).toBe(5)
  })

  test('the wait a node asks for: paused, to the millisecond', () => {
    const clock = createManualClock()
    const pace = createPace(clock, true)
    pace.noteLimit(4_000)
    pace.noteLimit()
    clock.advance(3_999)
    expect(pace.isPaused()).toBe(true)
    clock.advance(1)
    expect(pace.isPaused()).toBe(false)
  })

  test('a request that is not made gives its place back', () => {
    const pace = createPace(createManualClock(), false)
    pace.book()
    const waitMs = pace.waitMs()
    pace.book()
    pace.unbook()
    expect(pace.waitMs()).toBe(waitMs)
  })
})
