import { DAY_MS } from '../core/time.ts'
import type { Deps } from './deps.ts'

/** How long a repeated request gets its first answer. At least seven days are promised. */
export const ANSWERS_KEPT_MS = 30 * DAY_MS
/** How long attempts of deliveries can be read; the deliveries and their outcome stay. */
export const ATTEMPTS_KEPT_MS = 90 * DAY_MS
/** Removed in one transaction of each kind: a few milliseconds, so that requests do not notice. */
const REMOVED_AT_ONCE = 200

/** Removes the oldest of what is kept for a time only. True when there may be more of it. */
export async function removeOutdated({
  store,
  clock,
}: Pick<Deps, 'store' | 'clock'>): Promise<boolean> {
  const nowMs = clock.nowMs()
  const removed = await store.removeOutdated({
    answersSinceMs: nowMs - ANSWERS_KEPT_MS,
    attemptsSinceMs: nowMs - ATTEMPTS_KEPT_MS,
    limit: REMOVED_AT_ONCE,
  })
  return removed >= REMOVED_AT_ONCE
}
