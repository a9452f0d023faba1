import { setTimeout as sleep } from 'node:timers/promises'
import { SECOND_MS } from '../../core/time.ts'
import {
  attemptDelivery,
  claimDeliveries,
  type DispatchDeps,
  handBackDelivery,
  MAX_IN_FLIGHT,
} from '../../operations/dispatch-webhooks.ts'
import type { ClaimedDelivery } from '../../ports/store.ts'
import { type RunLoop, startRunLoop } from './run-loop.ts'

/** Longest sleep without work: what another process queued is found within this time. */
const MAX_SLEEP_MS = SECOND_MS
/** Pause after the store failed, so that a full disk is not asked thousands of times a second. */
const FAULT_WAIT_MS = SECOND_MS

/** What attempts under way get at a stop; a slower one is handed back and made again after the start. */
const STOP_GRACE_MS = 5 * SECOND_MS

/** Delivers due webhooks for ever, many at a time; `wake` when something was queued. */
export function startWebhookDispatcher(deps: DispatchDeps): RunLoop {
  const inFlight = new Map<Promise<void>, ClaimedDelivery>()
  const loop = startRunLoop(async (signal) => {
    try {
      const capacity = MAX_IN_FLIGHT - inFlight.size
      const claimed = capacity > 0 ? await claimDeliveries(deps, capacity) : []
      for (const delivery of claimed) {
        const attempt = attemptDelivery(deps, delivery)
          .catch((error: unknown) => {
            deps.logger.error({ err: error, delivery: delivery.delivery.id }, 'an attempt failed')
          })
          .finally(() => {
            inFlight.delete(attempt)
            // The next event of the same invoice may be waiting for this one.
            if (!signal.aborted) loop.wake()
          })
        inFlight.set(attempt, delivery)
      }
      return { waitMs: claimed.length > 0 ? 0 : await sleepUntilDue(deps) }
    } catch (error) {
      deps.logger.error({ err: error }, 'webhooks could not be claimed')
      return { waitMs: FAULT_WAIT_MS }
    }
  })
  return {
    wake: loop.wake,
    async stop() {
      await loop.stop()
      // Without a ref: a process that has nothing else left to do ends at once.
      const grace = sleep(STOP_GRACE_MS, undefined, { ref: false })
      await Promise.race([Promise.all(inFlight.keys()), grace])
      await Promise.all([...inFlight.values()].map((claimed) => handBackDelivery(deps, claimed)))
    },
  }
}

async function sleepUntilDue({ store, clock }: DispatchDeps): Promise<number> {
  const dueMs = await store.nextDeliveryAtMs()
  if (dueMs === null) return MAX_SLEEP_MS
  return Math.min(Math.max(dueMs - clock.nowMs(), MIN_SLEEP_MS), MAX_SLEEP_MS)
}

/** A due delivery may be held back by its invoice or endpoint; the attempt under way wakes us. */
const MIN_SLEEP_MS = 50
