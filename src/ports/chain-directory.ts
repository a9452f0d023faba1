import type { ChainSettings } from '../core/chain/chain-settings.ts'
import type { FinalityFault } from '../core/chain/judge-finality.ts'

/** How a chain is doing right now. Written by its watcher, read by health and by order creation. */
export type ChainHealth = {
  readonly state: 'starting' | 'ok' | 'behind' | 'halted' | 'unreachable'
  /** Why it is not ok, in a word such as `wrong_chain`; null when it is. */
  readonly reason: string | null
  /** The reason in our own words, where a person must put something right. */
  readonly detail?: string | null
  /** Latest block the node showed; null before the first answer. */
  readonly head: number | null
  /** Latest block we followed to. */
  readonly cursor: number | null
  /** Age of the cursor's block by our clock, seconds. */
  readonly lagS: number | null
  /** How its tags stand; absent where none is followed, and before it was looked at. */
  readonly finality?: FinalityHealth | null
  /** The cap on what is credited before it is final; absent where there is none. */
  readonly finalityCap?: FinalityCapHealth | null
}

export type FinalityCapHealth = {
  /** Such as `10000 USD`. */
  readonly cap: string
  /** Payments that wait for room; null before the first look. */
  readonly waiting: number | null
}

export type FinalityHealth = {
  /** Heights of the last final and the last safe block; null before they are known. */
  readonly finalized: number | null
  readonly safe: number | null
  /** Why large amounts wait longer than usual; null when the tag moves as it should. */
  readonly fault: FinalityFault | null
}

/** The configured chains and their health. */
export type ChainDirectory = {
  list(): readonly ChainSettings[]
  get(chainId: number): ChainSettings | undefined
  healthOf(chainId: number): ChainHealth
  setHealth(chainId: number, health: ChainHealth): void
  /** Block time (ms) up to which balances are accounted for; infinite where none are compared. */
  sweptThroughMs(chainId: number): number
  noteSweep(chainId: number, throughMs: number): void
  /**
   * Deadlines (ms) before which every unpaid order was looked for at its own address; infinite where
   * nobody looks.
   */
  checkedThroughMs(chainId: number): number
  noteExpiryCheck(chainId: number, throughMs: number): void
  /** Blocks after this time (ms) are others now: what was looked at in them is to be looked at again. */
  forgetLooksAfter(chainId: number, throughMs: number): void
}
