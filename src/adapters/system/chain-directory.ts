import { type ChainSettings, isSwept } from '../../core/chain/chain-settings.ts'
import { MINUTE_MS, SECOND_MS } from '../../core/time.ts'
import type { ChainDirectory, ChainHealth } from '../../ports/chain-directory.ts'
import type { Clock } from '../../ports/clock.ts'

const STARTING: ChainHealth = {
  state: 'starting',
  reason: 'not_observed_yet',
  head: null,
  cursor: null,
  lagS: null,
}

/**
 * A watcher reports after every turn. One that has been silent for longer hangs on its node or is dead:
 * what it said last is no longer believed.
 */
const SILENT_MAX_MS = MINUTE_MS

/** Settings from the configuration, health as the watchers of this process last reported it. */
export function createChainDirectory(
  clock: Clock,
  settings: readonly ChainSettings[],
): ChainDirectory {
  const byId = new Map(settings.map((chain) => [chain.chainId, chain]))
  const swept = new Map<number, number>()
  const checked = new Map<number, number>()
  const reports = new Map<number, { health: ChainHealth; atMs: number }>()
  return {
    list: () => settings,
    get: (chainId) => byId.get(chainId),
    healthOf(chainId) {
      const report = reports.get(chainId)
      if (report === undefined) return STARTING
      const silentMs = clock.monotonicMs() - report.atMs
      const { health } = report
      if (health.state !== 'ok' || silentMs <= SILENT_MAX_MS) return health
      const lagS = (health.lagS ?? 0) + Math.round(silentMs / SECOND_MS)
      return { ...health, lagS, state: 'behind', reason: 'watcher_silent' }
    },
    sweptThroughMs(chainId) {
      const chain = byId.get(chainId)
      const unswept = chain !== undefined && isSwept(chain) ? 0 : Number.POSITIVE_INFINITY
      return swept.get(chainId) ?? unswept
    },
    noteSweep: (chainId, throughMs) => void swept.set(chainId, throughMs),
    checkedThroughMs: (chainId) => checked.get(chainId) ?? Number.POSITIVE_INFINITY,
    noteExpiryCheck: (chainId, throughMs) => void checked.set(chainId, throughMs),
    forgetLooksAfter(chainId, throughMs) {
      // Where nobody looks, nothing is waited for.
      for (const looks of [swept, checked]) {
        const lookedMs = looks.get(chainId) ?? Number.POSITIVE_INFINITY
        if (lookedMs < Number.POSITIVE_INFINITY) looks.set(chainId, Math.min(lookedMs, throughMs))
      }
    },
    setHealth: (chainId, health) =>
      void reports.set(chainId, { health, atMs: clock.monotonicMs() }),
  }
}
