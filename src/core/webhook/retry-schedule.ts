import { assert } from '../assert.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../time.ts'

/**
 * Delays in milliseconds. The first stands before the first attempt and is always 0; entry n is the
 * wait between attempt n and attempt n + 1. A schedule of ten entries therefore makes ten attempts.
 */
export type RetrySchedule = readonly number[]

/** The schedule Standard Webhooks 1.0 recommends: ten attempts over three days. */
export const STANDARD_SCHEDULE_MS: RetrySchedule = [
  0,
  5 * SECOND_MS,
  5 * MINUTE_MS,
  30 * MINUTE_MS,
  2 * HOUR_MS,
  5 * HOUR_MS,
  10 * HOUR_MS,
  14 * HOUR_MS,
  20 * HOUR_MS,
  24 * HOUR_MS,
]

/**
 * Share of a step by which an attempt may come earlier or later, so that a crowd of them spreads.
 */
export const JITTER_SHARE = 0.2

/**
 * `Retry-After` may stretch a step up to this factor: a receiver slows us down, it does not park
 * us.
 */
export const RETRY_AFTER_STRETCH = 2

/** Longest configurable step: beyond a month nobody waits for a webhook. Longer is refused. */
const STEP_MAX_MS = 30 * DAY_MS

/** Most configurable steps: keeps one dead endpoint from being tried for ever. More is refused. */
const STEPS_MAX = 100

/** Last moment a JavaScript date can express (ECMA-262, 21.4.1.1); times saturate here. */
const TIME_MAX_MS = 8.64e15

const STEP_FORM = /^([0-9]{1,9})(ms|s|m|h|d)?$/
const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: SECOND_MS,
  m: MINUTE_MS,
  h: HOUR_MS,
  d: DAY_MS,
}

export type ScheduleParse =
  | { readonly ok: true; readonly schedule: RetrySchedule }
  | { readonly ok: false; readonly reason: string }

/**
 * Reads `QUITTANCE_WEBHOOK_SCHEDULE`: the waits between attempts, such as `1s,2s,5s` (units ms, s,
 * m, h, d). The first attempt is immediate and need not be written; a leading `0` says the same.
 */
export function parseSchedule(text: string): ScheduleParse {
  const words = text.split(',').map((word) => word.trim())
  if (words.length > STEPS_MAX) return refuse(`more than ${STEPS_MAX} steps`)
  const schedule = [0]
  for (const [index, word] of words.entries()) {
    const stepMs = parseStep(word)
    if (stepMs === null) {
      return refuse(`step ${index + 1} is not a whole number with a unit (ms, s, m, h, d)`)
    }
    if (stepMs > STEP_MAX_MS) return refuse(`step ${index + 1} is longer than 30d`)
    if (stepMs > 0) schedule.push(stepMs)
    else if (index > 0) return refuse(`step ${index + 1} is zero: only the first may be`)
  }
  return { ok: true, schedule }
}

/**
 * When to try again after `attemptsMade` failures, or `exhausted`. `jitter` is a random fraction in
 * [0, 1). A `retryAfterMs` (from the failed answer) keeps the wait within once and twice the step
 * and never shortens it, whatever the receiver said.
 */
export function planNextAttempt(parameters: {
  readonly schedule: RetrySchedule
  readonly attemptsMade: number
  readonly failedAtMs: number
  readonly jitter: number
  readonly retryAfterMs?: number | undefined
}): { readonly atMs: number } | 'exhausted' {
  const { schedule, attemptsMade, failedAtMs, jitter, retryAfterMs } = parameters
  assert(schedule[0] === 0, 'a retry schedule starts with the immediate first attempt')
  assert(Number.isSafeInteger(attemptsMade) && attemptsMade >= 1, 'a retry follows an attempt')
  assert(jitter >= 0 && jitter < 1, 'jitter is a fraction below one')
  const stepMs = schedule[attemptsMade]
  if (stepMs === undefined) return 'exhausted'
  const delayMs =
    retryAfterMs === undefined
      ? stepMs * (1 - JITTER_SHARE + 2 * JITTER_SHARE * jitter)
      : stretchStep(stepMs, retryAfterMs, jitter)
  return { atMs: Math.min(Math.max(failedAtMs, 0) + Math.round(delayMs), TIME_MAX_MS) }
}

/** Within [1x, 2x] of the step. Jitter only delays: earlier than asked for would be rude. */
function stretchStep(stepMs: number, retryAfterMs: number, jitter: number): number {
  const longestMs = stepMs * RETRY_AFTER_STRETCH
  // NaN (nobody should send it) fails this comparison and counts as no wish.
  const wishedMs = retryAfterMs > stepMs ? Math.min(retryAfterMs, longestMs) : stepMs
  return Math.min(wishedMs + stepMs * JITTER_SHARE * jitter, longestMs)
}

function parseStep(word: string): number | null {
  const match = STEP_FORM.exec(word)
  if (match === null) return null
  const count = Number(match[1])
  if (match[2] === undefined) return count === 0 ? 0 : null
  return count * UNIT_MS[match[2]]!
}

function refuse(reason: string): ScheduleParse {
  return { ok: false, reason }
}
