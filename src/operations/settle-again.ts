/** Blocks of our chain once more: what was missed in them is settled by the normal path. */
import type { BlockRef, VerifiedBlock } from '../core/chain/block.ts'
import type { ChainSettings } from '../core/chain/chain-settings.ts'
import { createLocalChain, type LocalChain, tipOf } from '../core/chain/local-chain.ts'
import type { ChainAdvance, CommitResult } from '../core/change-set.ts'
import type { Event } from '../core/webhook/event.ts'
import { findInternal } from './find-internal.ts'
import { settleBlocks } from './settle-blocks.ts'
import type { SyncDeps } from './sync-chain.ts'

export type BlocksAgain = {
  readonly settings: ChainSettings
  /** Our chain, as the store has it. */
  readonly chain: LocalChain
  /** Linked, oldest first. The caller has shown that they are on our chain. */
  readonly blocks: readonly VerifiedBlock[]
  /** The block below the first; null where nobody has it: coins sent by contracts are left out. */
  readonly parent: BlockRef | null
  /** For the turns of a watcher. */
  readonly sharesRoom?: true
  readonly signal: AbortSignal
}

export type SettledAgain = { readonly result: CommitResult; readonly events: readonly Event[] }

/** One commit, or none when nothing is new. `conflict`: load the chain and try again. */
export async function settleAgain(deps: SyncDeps, again: BlocksAgain): Promise<SettledAgain> {
  const { settings, chain, blocks, parent, signal, ...taking } = again
  const refs = blocks.map(({ ref }) => ref)
  const before = createLocalChain(settings.chainId, parent === null ? refs : [parent])
  const settled = await settleBlocks(deps, settings, {
    before: chain,
    blocks: [],
    marks: null,
    reread: blocks,
    found: await findInternal(deps, { settings, before, blocks, signal }),
    expirySkip: 0,
    isWaiting: false,
    ...taking,
    signal,
  })
  const { changes, proofLevels, corroborated } = settled
  if (changes === null) return { result: 'committed', events: [] }
  // Where something is written for the first time, the block may have been forgotten.
  const payments = (changes.payments ?? []).map(({ observation }) => observation)
  const written = [...payments, ...(changes.outflows ?? [])]
  const hashes = new Set(written.map(({ blockHash }) => blockHash))
  const restored = refs.filter(({ hash }) => hashes.has(hash))
  const advance = advanceOf(chain, { restored, proofLevels, corroborated })
  const result = await deps.store.commit({ ...changes, chain: advance })
  return { result, events: result === 'committed' ? (changes.events ?? []) : [] }
}

/** A chain that stays where it is, but for these parts. */
export function advanceOf(chain: LocalChain, parts: Partial<ChainAdvance>): ChainAdvance {
  return {
    chainId: chain.chainId,
    expectedTip: tipOf(chain).hash,
    disconnected: [],
    connected: [],
    pruneBelow: 0,
    haltReason: null,
    ...parts,
  }
}
