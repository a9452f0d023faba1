import type { AlertLimits } from '../../core/alert/judge-activity.ts'
import { MINUTE_MS, SECOND_MS } from '../../core/time.ts'
import type { Deps } from '../../operations/deps.ts'
import { raiseAlerts } from '../../operations/raise-alerts.ts'
import { type KeyUses, recordKeyUses } from '../../operations/record-key-uses.ts'
import { removeOutdated } from '../../operations/remove-outdated.ts'
import { type RunLoop, startRunLoop } from './run-loop.ts'

/** How exact the last use of an API key is, and how soon something outdated goes. */
const INTERVAL_MS = MINUTE_MS
/** Pause while there is more to remove: requests go first. */
const BETWEEN_REMOVALS_MS = SECOND_MS

type HousekeeperDeps = Pick<Deps, 'store' | 'clock' | 'ids' | 'logger' | 'metrics'> & {
  readonly keyUses: KeyUses
  readonly alertLimits: AlertLimits
}

/**
 * Writes down when keys were used, tells of unusual activity, and removes what is outdated, a little at
 * a time.
 */
export function startHousekeeper(deps: HousekeeperDeps, intervalMs = INTERVAL_MS): RunLoop {
  // A start has better things to do.
  let isDue = false
  return startRunLoop(async () => {
    if (!isDue) {
      isDue = true
      return { waitMs: intervalMs }
    }
    try {
      await recordKeyUses(deps, deps.keyUses)
      await raiseAlerts(deps, deps.alertLimits)
      if (await removeOutdated(deps)) return { waitMs: BETWEEN_REMOVALS_MS }
    } catch (error) {
      deps.logger.error({ err: error }, 'housekeeping failed')
    }
    return { waitMs: intervalMs }
  })
}
