/**
 * Brings our view of one chain up to the node's, and with it payments, invoices and events:
 * observe, match, assess, advance, commit. Every turn begins from the store and ends in one commit,
 * so a crash anywhere loses nothing and repeats nothing.
 */
import type { BlockRef, VerifiedBlock } from '../core/chain/block.ts'
import type { ChainSettings } from '../core/chain/chain-settings.ts'
import {
  type BranchClaim,
  blockAt,
  connectBlocks,
  createLocalChain,
  type FinalityMarks,
  followFinality,
  type LocalChain,
  marksOf,
  pruneLocalChain,
  tipOf,
} from '../core/chain/local-chain.ts'
import type { ChainAdvance, ChangeSet } from '../core/change-set.ts'
import { SECOND_MS } from '../core/time.ts'
import { ChainSourceError } from '../errors.ts'
import type { FinalityHealth } from '../ports/chain-directory.ts'
import type { ChainSource } from '../ports/chain-source.ts'
import type { LogSource } from '../ports/log-source.ts'
import type { NativeSource } from '../ports/native-source.ts'
import type { StoredChain } from '../ports/store.ts'
import type { Deps } from './deps.ts'
import { findBlocks } from './find-blocks.ts'
import { findInternal } from './find-internal.ts'
import { observeBranch } from './observe-branch.ts'
import {
  describeFinality,
  type FinalityMemory,
  FRESH_FINALITY,
  observeFinality,
} from './observe-finality.ts'
import { planRing } from './ring.ts'
import { type SettledBlocks, settleBlocks } from './settle-blocks.ts'

export type SyncDeps = Omit<Deps, 'accounts' | 'rates' | 'indexes' | 'vault'> & {
  readonly source: ChainSource
  /** Absent where native coins are looked for in blocks alone. */
  readonly native?: NativeSource
  /** Absent where every block is read whole. */
  readonly logs?: LogSource
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
  /** Payments may be deep enough already, and wait for a balance that could not be read. */
  readonly isWaiting: boolean
  /** Payments that the cap of the chain holds back; null before anybody looked. */
  readonly held: number | null
  readonly finality: FinalityMemory
}

export const FRESH_MEMORY: SyncMemory = {
  chain: null,
  claim: null,
  expirySkip: 0,
  isWaiting: true,
  held: null,
  finality: FRESH_FINALITY,
}

export type SyncResult = {
  readonly state: 'current' | 'advanced' | 'halted'
  readonly head: number
  readonly tip: BlockRef
  /** True when the node has more blocks than this turn took: call again at once. */
  readonly more: boolean
  readonly memory: SyncMemory
  readonly haltReason: string | null
  /** How the tags stand; null where none is followed. */
  readonly finality: FinalityHealth | null
}

export async function syncChain(deps: SyncDeps, request: SyncRequest): Promise<SyncResult> {
  const { settings, memory, signal } = request
  const stored = await recallChain(deps, settings, memory)
  const head = await deps.source.getHead(signal)
  if (stored === null) return startChain(deps, request, head)
  const { chain, haltReason } = stored
  if (haltReason !== null) return describe('halted', request, head, chain, haltReason)
  const observed = await observeBranch(deps.source, chain, head, {
    settings,
    signal,
    claim: memory.claim,
    nowMs: deps.clock.monotonicMs(),
    read: (refs, until) => readOrFind(deps, settings, refs, until),
  })
  switch (observed.kind) {
    case 'claimed': {
      // What is final is judged by the branch that will be followed.
      const settled = await settleAndCommit(deps, request, chain, [], null)
      const kept: SyncMemory = { ...memory, ...settled, claim: observed.claim }
      return { ...describe('current', request, head, chain, null), memory: kept }
    }
    case 'below-floor':
      return haltChain(deps, request, chain, head, describeDeepReorg(chain, observed.depth))
    case 'current':
      return takeBlocks(deps, request, chain, head, [], false)
    case 'blocks':
      return takeBlocks(deps, request, chain, head, observed.blocks, observed.more)
  }
}

function readOrFind(
  { logs, ...deps }: SyncDeps,
  settings: ChainSettings,
  refs: readonly BlockRef[],
  signal: AbortSignal,
): Promise<VerifiedBlock[]> {
  if (logs === undefined) return deps.source.getBlocks(refs, signal)
  return findBlocks({ ...deps, logs }, settings, refs, signal)
}

/** Connects what was observed and sets the tags by it: one commit. */
async function takeBlocks(
  deps: SyncDeps,
  request: SyncRequest,
  chain: LocalChain,
  head: BlockRef,
  blocks: readonly VerifiedBlock[],
  more: boolean,
): Promise<SyncResult> {
  const { settings, memory, signal } = request
  const observed = await observeFinality(deps, {
    settings,
    chain: extend(chain, blocks, settings),
    head,
    memory: memory.finality,
    signal,
  })
  if (observed.kind === 'contradicted') {
    const { number, hash } = observed.mark
    const reason =
      `the nodes call block ${number} ${hash} final, and ours is another; nothing was rewritten. ` +
      WAY_OUT
    return haltChain(deps, request, chain, head, reason)
  }
  const settled = await settleAndCommit(deps, request, chain, blocks, observed.marks)
  const kept: SyncMemory = { ...settled, claim: null, finality: observed.memory }
  const state = blocks.length === 0 ? 'current' : 'advanced'
  const result = describe(state, request, head, settled.chain, null)
  const finality = describeFinality(settings, settled.chain, observed.memory)
  return { ...result, more, memory: kept, finality }
}

/** Our chain with these blocks. What does not connect is told when it is settled. */
function extend(
  chain: LocalChain,
  blocks: readonly VerifiedBlock[],
  settings: ChainSettings,
): LocalChain {
  const refs = blocks.map(({ ref }) => ref)
  const result = connectBlocks(chain, refs, settings.maxReorgBlocks)
  return result.kind === 'extended' ? result.chain : chain
}

async function recallChain(
  { store }: SyncDeps,
  settings: ChainSettings,
  { chain }: SyncMemory,
): Promise<StoredChain | null> {
  if (chain !== null) return { chain, haltReason: null, genesisHash: null }
  const stored = await store.loadChain(settings.chainId, planRing(settings).blocks)
  return stored === null ? null : { ...stored, chain: followFinality(stored.chain, settings) }
}

/**
 * First start: watching begins at the head. The blocks below are read as headers only, so that a
 * reorg right after the start can be followed.
 */
async function startChain(
  deps: SyncDeps,
  request: SyncRequest,
  head: BlockRef,
): Promise<SyncResult> {
  const { settings, signal } = request
  const from = Math.max(0, head.number - planRing(settings).startBlocks + 1)
  const headers =
    from === head.number ? [head] : await deps.source.getHeaders(from, head.number, signal)
  const chain = followFinality(createLocalChain(settings.chainId, headers), settings)
  await commitOrGiveUp(deps, {
    chain: {
      chainId: settings.chainId,
      expectedTip: null,
      disconnected: [],
      connected: headers,
      pruneBelow: from,
      haltReason: null,
      genesisHash: deps.source.genesisHash(),
    },
  })
  deps.logger.info({ chain_id: settings.chainId, block: tipOf(chain).number }, 'watching begins')
  return describe('advanced', request, head, chain, null)
}

async function settleAndCommit(
  deps: SyncDeps,
  { settings, memory, signal }: SyncRequest,
  chain: LocalChain,
  blocks: readonly VerifiedBlock[],
  marks: FinalityMarks | null,
): Promise<Pick<SettledBlocks, 'chain' | 'expirySkip' | 'isWaiting' | 'held'>> {
  const lowest = blocks[0]?.ref.number ?? Number.POSITIVE_INFINITY
  if (lowest <= tipOf(chain).number) {
    // No order expires by what was seen on a branch that is left.
    const throughMs = (blockAt(chain, lowest - 1)?.timestampS ?? 0) * SECOND_MS
    deps.chains.forgetLooksAfter(settings.chainId, throughMs)
  }
  const found = await findInternal(deps, { settings, before: chain, blocks, signal })
  const settled = await settleBlocks(deps, settings, {
    before: chain,
    blocks,
    marks,
    expirySkip: memory.expirySkip,
    found,
    isWaiting: memory.isWaiting,
    sharesRoom: true,
    signal,
  })
  const { expirySkip, isWaiting } = settled
  const held = settled.held ?? memory.held
  if (settled.changes === null) return { chain, expirySkip, isWaiting, held }
  const { keepBlocks, keepS } = planRing(settings)
  const pruned = pruneLocalChain(settled.chain, keepBlocks, keepS)
  const advance: ChainAdvance = {
    chainId: settings.chainId,
    expectedTip: tipOf(chain).hash,
    disconnected: settled.disconnected,
    connected: settled.connected,
    proofLevels: settled.proofLevels,
    corroborated: settled.corroborated,
    pruneBelow: (pruned.blocks[0] as BlockRef).number,
    haltReason: null,
    marks: marksOf(pruned),
    genesisHash: deps.source.genesisHash(),
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
  return { chain: pruned, expirySkip, isWaiting, held }
}

const WAY_OUT = 'Make sure that the node is right, then: quittance rescan --from N --unhalt.'

function describeDeepReorg(chain: LocalChain, depth: number): string {
  const final = marksOf(chain).finalized
  const isBelowFinal = final !== null && depth > tipOf(chain).number - final.number
  const what = isBelowFinal
    ? `a reorg reaches below block ${final.number}, which the nodes had called final`
    : `a reorg of more than ${depth - 1} blocks reaches below the floor`
  return `${what}; nothing was rewritten. ${WAY_OUT}`
}

async function haltChain(
  deps: SyncDeps,
  request: SyncRequest,
  chain: LocalChain,
  head: BlockRef,
  haltReason: string,
): Promise<SyncResult> {
  const { chainId } = request.settings
  await commitOrGiveUp(deps, {
    chain: {
      chainId,
      expectedTip: tipOf(chain).hash,
      disconnected: [],
      connected: [],
      pruneBelow: 0,
      haltReason,
    },
  })
  deps.logger.error({ chain_id: chainId }, `ALARM: chain halted: ${haltReason}`)
  return describe('halted', request, head, chain, haltReason)
}

/** Another writer was first (an API decision on the same invoice): the next turn decides anew. */
async function commitOrGiveUp(deps: SyncDeps, changes: ChangeSet): Promise<void> {
  const result = await deps.store.commit(changes)
  if (result === 'conflict') {
    throw new ChainSourceError('conflict', 'another writer was first; this turn is taken again')
  }
}

function describe(
  state: SyncResult['state'],
  { settings, memory: before }: SyncRequest,
  head: BlockRef,
  chain: LocalChain,
  haltReason: string | null,
): SyncResult {
  const finality = describeFinality(settings, chain, before.finality)
  const memory = FRESH_MEMORY
  const tip = tipOf(chain)
  return { state, head: head.number, tip, more: false, memory, haltReason, finality }
}

function chainLabel(settings: ChainSettings): { chain: string } {
  return { chain: String(settings.chainId) }
}
