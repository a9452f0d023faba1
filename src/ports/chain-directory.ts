import type { ChainSettings } from '../core/chain/chain-settings.ts'

/** How a chain is doing right now. Written by its watcher, read by health and by order creation. */
export type ChainHealth = {
  readonly state: 'starting' | 'ok' | 'behind' | 'halted' | 'unreachable'
  /** Why it is not ok, in a word such as `wrong_chain`; null when it is. */
  readonly reason: string | null
  /** Latest block the node showed; null before the first answer. */
  readonly head: number | null
  /** Latest block we followed to. */
  readonly cursor: number | null
  /** Age of the cursor's block by our clock, seconds. */
  readonly lagS: number | null
}

/** The configured chains and their health. */
export type ChainDirectory = {
  list(): readonly ChainSettings[]
  get(chainId: number): ChainSettings | undefined
  healthOf(chainId: number): ChainHealth
  setHealth(chainId: number, health: ChainHealth): void
}
