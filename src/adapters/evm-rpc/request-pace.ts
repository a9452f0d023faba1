/**
 * How fast one node is asked: additive growth would take minutes to find what a plan allows, so the
 * rate grows and falls by shares, and halves when the node says that it is too much. Reads the
 * clock; waiting is the caller's part.
 */
import type { Clock } from '../../ports/clock.ts'

export type Pace = {
  /** Books the next request and says how long to wait before it, milliseconds. */
  book(): number
  /** The request that was booked last will not be made. */
  unbook(): void
  /** How long the next request would wait, milliseconds. */
  waitMs(): number
  noteSuccess(): void
  /** No answer, or none of use: a little slower. */
  noteError(): void
  /** The node asks to slow down. Without `retryAfterMs` it did not say for how long. */
  noteLimit(retryAfterMs?: number): void
  /** Whether the wait the node asked for is not over. */
  isPaused(): boolean
  /** Requests a second; null when nothing holds them back. */
  ratePerS(): number | null
}

/** Requests a second. The smallest plans allow 25; an HTTP batch counts once. */
const START_PER_S = 20
const MIN_PER_S = 1
/** A node of our own is never as short of breath as a plan, and soon well again. */
const MIN_LOCAL_PER_S = 5
/** Faster than this no plan can be exceeded by one gateway. */
const MAX_PER_S = 1_000
/** A node of our own that refused is asked freely again once it kept up with this. */
const UNLIMITED_PER_S = 200
const GROWTH = 1.05
const DECLINE = 0.95
const HALF = 0.5
/** Unused time that may be made up for at once: a poll asks several things together. */
const BURST_MS = 500

/** The pace of one node; one on this machine is not held back until it says so. */
export function createPace(clock: Clock, isLocal: boolean): Pace {
  let ratePerS: number | null = isLocal ? null : START_PER_S
  let pausedUntilMs = 0
  /** When the next request is due, by the rate alone. */
  let dueMs = 0

  const minPerS = isLocal ? MIN_LOCAL_PER_S : MIN_PER_S

  const scale = (factor: number) => {
    if (ratePerS === null) return
    ratePerS = Math.min(Math.max(ratePerS * factor, minPerS), MAX_PER_S)
    if (isLocal && ratePerS >= UNLIMITED_PER_S) ratePerS = null
  }

  const getWaitMs = () => (ratePerS === null ? 0 : Math.max(0, dueMs - clock.monotonicMs()))

  return {
    book() {
      if (ratePerS === null) return 0
      const waitMs = getWaitMs()
      dueMs = Math.max(dueMs, clock.monotonicMs() - BURST_MS) + 1_000 / ratePerS
      return waitMs
    },
    unbook() {
      if (ratePerS !== null) dueMs -= 1_000 / ratePerS
    },
    waitMs: getWaitMs,
    noteSuccess: () => scale(GROWTH),
    noteError: () => scale(DECLINE),
    noteLimit(retryAfterMs = 0) {
      const nowMs = clock.monotonicMs()
      ratePerS ??= START_PER_S
      scale(HALF)
      dueMs = Math.max(dueMs, nowMs + 1_000 / ratePerS)
      pausedUntilMs = Math.max(pausedUntilMs, nowMs + retryAfterMs)
    },
    isPaused: () => clock.monotonicMs() < pausedUntilMs,
    ratePerS: () => ratePerS,
  }
}
