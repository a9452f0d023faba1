/**
 * Brings our view of one chain up to the node's, and with it payments, invoices and events:
 * observe, match, assess, advance, commit. Every turn begins from the store and ends in one commit,
 * so a crash anywhere loses nothing and repeats nothing.
 */
import type { BlockRef, VerifiedBlock } from '../core/chain/block.ts'
import { type ChainSettings, highestConfirmations } from '../core/chain/chain-settings.ts'
import {
  type BranchClaim,
  createLocalChain,
  type LocalChain,
  pruneLocalChain,
  tipOf,
} from '../core/chain/local-chain.ts'
import type { ChainAdvance, ChangeSet } from '../core/change-set.ts'
import { ChainSourceError } from '../errors.ts'
import type { ChainSource } from '../ports/chain-source.ts'
import type { StoredChain } from '../ports/store.ts'
import type { Deps } from './deps.ts'
import { observeBranch } from './observe-branch.ts'
import { settleBlocks } from './settle-blocks.ts'

export type SyncDeps = Omit<Deps, 'accounts' | 'rates' | 'indexes' | 'vault'> & {
  readonly source: ChainSource
}

export type SyncRequest = {
  readonly settings: ChainSettings
  readonly memory: SyncMemory
  readonly signal: AbortSignal
}

/**
 * What a watcher keeps from one turn to the next, to spare reads. A fresh one is always right: the
 * commit checks that the store still stands where the chain kept here does.
 */
export type SyncMemory = {
  /** Our chain after the last turn; null reads it from the store. */
  readonly chain: LocalChain | null
  /** A branch that was seen by the last turn and is not believed yet. */
  readonly claim: BranchClaim | null
  /** Invoices past their deadline that other chains hold back: so many were looked at already. */
  readonly expirySkip: number
}

export const FRESH_MEMORY: SyncMemory = { chain: null, claim: null, expirySkip: 0 }

export type SyncResult = {
  readonly state: 'current' | 'advanced' | 'halted'
  readonly head: number
  readonly tip: BlockRef
  /** True when the node has more blocks than this turn took: call again at once. */
  readonly more: boolean
  readonly memory: SyncMemory
  readonly haltReason: string | null
}

/** Blocks kept to follow reorgs by: at least this many, and at least this long in block time. */
const RING_MIN_BLOCKS = 300
const RING_MIN_S = 600
/** Fast chains make thousands of blocks in ten minutes; more than this is never loaded. */
const RING_MAX_BLOCKS = 3_000

export async function syncChain(deps: SyncDeps, request: SyncRequest): Promise<SyncResult> {
  const { settings, memory, signal } = request
  const stored = await recallChain(deps, settings, memory)
  const head = await deps.source.getHead(signal)
  if (stored === null) return startChain(deps, request, head)
  const { chain, haltReason } = stored
  if (haltReason !== null) return describe('halted', head, chain, haltReason)
  const observed = await observeBranch(deps.source, chain, head, {
    settings,
    signal,
    claim: memory.claim,
    nowMs: deps.clock.monotonicMs(),
  })
  switch (observed.kind) {
    case 'current':
    case 'claimed': {
      const settled = await settleAndCommit(deps, request, chain, [])
      const claim = observed.kind === 'claimed' ? observed.claim : null
      const kept: SyncMemory = { chain, claim, expirySkip: settled.expirySkip }
      return { ...describe('current', head, chain, null), memory: kept }
    }
    case 'below-floor':
      return haltChain(deps, settings, chain, head, observed.depth)
    case 'blocks': {
      const settled = await settleAndCommit(deps, request, chain, observed.blocks)
      const kept: SyncMemory = { ...settled, claim: null }
      const result = describe('advanced', head, settled.chain, null)
      return { ...result, more: observed.more, memory: kept }
    }
  }
}

function recallChain(
  { store }: SyncDeps,
  settings: ChainSettings,
  { chain }: SyncMemory,
): Promise<StoredChain | null> {
  return chain === null
    ? store.loadChain(settings.chainId, ringSize(settings))
    : Promise.resolve({ chain, haltReason: null })
}

/**
 * First start: watching begins at the head. The blocks below are read as headers only, so that a
 * reorg right after the start can be followed.
 */
async function startChain(
  deps: SyncDeps,
  { settings, signal }: SyncRequest,
  head: BlockRef,
): Promise<SyncResult> {
  const from = Math.max(0, head.number - ringSize(settings) + 1)
  const headers =
    from === head.number ? [head] : await deps.source.getHeaders(from, head.number, signal)
  const chain = createLocalChain(settings.chainId, headers)
  await commitOrGiveUp(deps, {
    chain: {
      chainId: settings.chainId,
      expectedTip: null,
      disconnected: [],
      connected: headers,
      pruneBelow: from,
      haltReason: null,
    },
  })
  deps.logger.info({ chain_id: settings.chainId, block: tipOf(chain).number }, 'watching begins')
  return describe('advanced', head, chain, null)
}

async function settleAndCommit(
  deps: SyncDeps,
  { settings, memory }: SyncRequest,
  chain: LocalChain,
  blocks: readonly VerifiedBlock[],
): Promise<{ chain: LocalChain; expirySkip: number }> {
  const settled = await settleBlocks(deps, settings, {
    before: chain,
    blocks,
    expirySkip: memory.expirySkip,
  })
  const { expirySkip } = settled
  if (settled.changes === null) return { chain, expirySkip }
  const pruned = pruneLocalChain(settled.chain, ringSize(settings), RING_MIN_S)
  const advance: ChainAdvance = {
    chainId: settings.chainId,
    expectedTip: tipOf(chain).hash,
    disconnected: settled.disconnected,
    connected: settled.connected,
    pruneBelow: (pruned.blocks[0] as BlockRef).number,
    haltReason: null,
  }
  await commitOrGiveUp(deps, { ...settled.changes, chain: advance })
  deps.metrics.count('blocks_connected_total', chainLabel(settings), advance.connected.length)
  if (advance.disconnected.length > 0) {
    deps.metrics.count(
      'blocks_disconnected_total',
      chainLabel(settings),
      advance.disconnected.length,
    )
    deps.logger.warn(
      {
        chain_id: settings.chainId,
        depth: advance.disconnected.length,
        from: advance.disconnected[0]?.hash,
        to: tipOf(settled.chain).hash,
      },
      'reorg followed',
    )
  }
  return { chain: pruned, expirySkip }
}

async function haltChain(
  deps: SyncDeps,
  settings: ChainSettings,
  chain: LocalChain,
  head: BlockRef,
  depth: number,
): Promise<SyncResult> {
  const haltReason =
    `a reorg of more than ${depth - 1} blocks reaches below the floor; nothing was rewritten. ` +
    'Make sure that the node is right before you go on.'
  await commitOrGiveUp(deps, {
    chain: {
      chainId: settings.chainId,
      expectedTip: tipOf(chain).hash,
      disconnected: [],
      connected: [],
      pruneBelow: 0,
      haltReason,
    },
  })
  deps.logger.error({ chain_id: settings.chainId, depth }, `ALARM: chain halted: ${haltReason}`)
  return describe('halted', head, chain, haltReason)
}

/** Another writer was first (an API decision on the same invoice): the next turn decides anew. */
async function commitOrGiveUp(deps: SyncDeps, changes: ChangeSet): Promise<void> {
  const result = await deps.store.commit(changes)
  if (result === 'conflict') {
    throw new ChainSourceError('conflict', 'another writer was first; this turn is taken again')
  }
}

function ringSize(settings: ChainSettings): number {
  const byTime = Math.ceil((RING_MIN_S * 1_000) / settings.blockTimeMs)
  const wanted = Math.max(
    RING_MIN_BLOCKS,
    settings.maxReorgBlocks + 1,
    highestConfirmations(settings) + 1,
    Math.min(byTime, RING_MAX_BLOCKS),
  )
  return wanted
}

function describe(
  state: SyncResult['state'],
  head: BlockRef,
  chain: LocalChain,
  haltReason: string | null,
): SyncResult {
  const memory = FRESH_MEMORY
  return { state, head: head.number, tip: tipOf(chain), more: false, memory, haltReason }
}

function chainLabel(settings: ChainSettings): { chain: string } {
  return { chain: String(settings.chainId) }
}
