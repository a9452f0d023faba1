import { performance } from 'node:perf_hooks'
import type { Clock } from '../../ports/clock.ts'

/** The machine's clocks. The one place where the program asks for the time. */
export function createSystemClock(): Clock {
  return { nowMs: () => Date.now(), monotonicMs: () => performance.now() }
}
