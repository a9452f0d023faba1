import { expect, test } from 'vitest'
import { createSystemClock } from '../../../src/adapters/system/clock.ts'
import { createIdSource } from '../../../src/adapters/system/id-source.ts'

test('the wall clock shows the time of day, the monotonic clock never falls', () => {
  const clock = createSystemClock()
  expect(Math.abs(clock.nowMs() - Date.now())).toBeLessThan(1000)
  let last = clock.monotonicMs()
  for (let i = 0; i < 1000; i++) {
    const now = clock.monotonicMs()
    expect(now).toBeGreaterThanOrEqual(last)
    last = now
  }
})

test('random bytes have the asked length and do not repeat', () => {
  const ids = createIdSource()
  const drawn = Array.from({ length: 100 }, () => ids.randomBytes(16))
  expect(drawn.every((bytes) => bytes.constructor === Uint8Array && bytes.length === 16)).toBe(true)
  expect(new Set(drawn.map(String)).size).toBe(100)
})
