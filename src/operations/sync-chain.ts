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
  /** A branch that was seen by the last turn and is not believed yet. */
  readonly claim: BranchClaim | null
  readonly signal: AbortSignal
}

export type SyncResult = {
  readonly state: 'current' | 'advanced' | 'halted'
  readonly head: number
  readonly tip: BlockRef
  /** True when the node has more blocks than this turn took: call again at once. */
  readonly more: boolean
  readonly claim: BranchClaim | null
  readonly haltReason: string | null
}

/** Blocks kept to follow reorgs by: at least this many, and at least this long in block time. */
const RING_MIN_BLOCKS = 300
const RING_MIN_S = 600
/** Fast chains make thousands of blocks in ten minutes; more than this is never loaded. */
const RING_MAX_BLOCKS = 3_000

export async function syncChain(deps: SyncDeps, request: SyncRequest): Promise<SyncResult> {
  const { chainId } = request.settings
  const stored = await deps.store.loadChain(chainId, ringSize(request.settings))
  const head = await deps.source.getHead(request.signal)
  if (stored === null) return startChain(deps, request, head)
  if (stored.haltReason !== null) return describe('halted', head, stored.chain, stored.haltReason)
  const observed = await observeBranch(deps.source, stored.chain, head, {
    ...request,
    nowMs: deps.clock.monotonicMs(),
  })
  switch (observed.kind) {
    case 'current':
      await settleAndCommit(deps, request.settings, stored.chain, [])
      return describe('current', head, stored.chain, null)
    case 'claimed':
      return { ...describe('current', head, stored.chain, null), claim: observed.claim }
    case 'below-floor':
      return haltChain(deps, request.settings, stored, head, observed.depth)
    case 'blocks': {
      const chain = await settleAndCommit(deps, request.settings, stored.chain, observed.blocks)
      return { ...describe('advanced', head, chain, null), more: observed.more }
    }
  }
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
  settings: ChainSettings,
  chain: LocalChain,
  blocks: readonly VerifiedBlock[],
): Promise<LocalChain> {
  const settled = await settleBlocks(deps, settings, chain, blocks)
  if (settled === null) return chain
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
  return pruned
}

async function haltChain(
  deps: SyncDeps,
  settings: ChainSettings,
  stored: StoredChain,
  head: BlockRef,
  depth: number,
): Promise<SyncResult> {
  const haltReason =
    `a reorg of more than ${depth - 1} blocks reaches below the floor; nothing was rewritten. ` +
    'Make sure that the node is right before you go on.'
  await commitOrGiveUp(deps, {
    chain: {
      chainId: settings.chainId,
      expectedTip: tipOf(stored.chain).hash,
      disconnected: [],
      connected: [],
      pruneBelow: 0,
      haltReason,
    },
  })
  deps.logger.error({ chain_id: settings.chainId, depth }, `ALARM: chain halted: ${haltReason}`)
  return describe('halted', head, stored.chain, haltReason)
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
  return { state, head: head.number, tip: tipOf(chain), more: false, claim: null, haltReason }
}

function chainLabel(settings: ChainSettings): { chain: string } {
  return { chain: String(settings.chainId) }
}
