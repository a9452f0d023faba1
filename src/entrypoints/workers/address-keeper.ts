import { SECOND_MS } from '../../core/time.ts'
import { type DeriveAheadDeps, deriveAhead } from '../../operations/derive-ahead.ts'
import { type RunLoop, startRunLoop } from './run-loop.ts'

/** How soon a store made by the command line is watched, and the look-ahead is filled up again. */
const INTERVAL_MS = SECOND_MS

/** Keeps the next addresses of every store derived and watched, also of stores made meanwhile. */
export function startAddressKeeper(deps: DeriveAheadDeps): RunLoop {
  return startRunLoop(async () => {
    try {
      for (const account of await deps.store.listStores()) await deriveAhead(deps, account)
    } catch (error) {
      deps.logger.error({ err: error }, 'addresses could not be derived ahead')
    }
    return { waitMs: INTERVAL_MS }
  })
}
