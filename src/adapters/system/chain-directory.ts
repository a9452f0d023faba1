import type { ChainSettings } from '../../core/chain/chain-settings.ts'
import type { ChainDirectory, ChainHealth } from '../../ports/chain-directory.ts'

const STARTING: ChainHealth = {
  state: 'starting',
  reason: 'not_observed_yet',
  head: null,
  cursor: null,
  lagS: null,
}

/** Settings from the configuration, health as the watchers of this process last reported it. */
export function createChainDirectory(settings: readonly ChainSettings[]): ChainDirectory {
  const byId = new Map(settings.map((chain) => [chain.chainId, chain]))
  const health = new Map<number, ChainHealth>()
  return {
    list: () => settings,
    get: (chainId) => byId.get(chainId),
    healthOf: (chainId) => health.get(chainId) ?? STARTING,
    setHealth: (chainId, state) => void health.set(chainId, state),
  }
}
