/**
 * An operator's second look at a chain: blocks from a height on are read again and settled by the
 * normal path. What was missed is found; what is held already stays as it is, so that a second run
 * changes nothing. With `unhalt` the node's branch replaces ours however deep it forks, and the halt
 * ends. Nothing is deleted: blocks that leave stay as not canonical, their payments as orphaned.
 */
import type { BlockRef, VerifiedBlock } from '../core/chain/block.ts'
import type { ChainSettings } from '../core/chain/chain-settings.ts'
import {
  createLocalChain,
  followFinality,
  type LocalChain,
  lowerMarks,
  marksOf,
  tipOf,
} from '../core/chain/local-chain.ts'
import type { AuditEntry, ChangeSet } from '../core/change-set.ts'
import type { Event } from '../core/webhook/event.ts'
import { GatewayError } from '../errors.ts'
import { findInternal } from './find-internal.ts'
import { advanceOf, settleAgain } from './settle-again.ts'
import { settleBlocks } from './settle-blocks.ts'
import type { SyncDeps } from './sync-chain.ts'

export type RescanRequest = {
  readonly settings: ChainSettings
  readonly fromNumber: number
  readonly unhalt: boolean
  readonly signal: AbortSignal
  /** Told now and then; `of` is the last block that is read. */
  progress(what: 'headers' | 'blocks', number: number, of: number): void
}

export type RescanReport = {
  readonly from: number
  readonly to: number
  /** Blocks of ours that left, and blocks that came in their place. */
  readonly disconnected: number
  readonly connected: number
  /** The height at which the node leaves our chain, where that was not followed. */
  readonly departure: number | null
  readonly endedHalt: string | null
  /** Everything that changed, as events tell it. */
  readonly events: readonly Event[]
}

/** Headers asked for at once, and blocks settled in one commit. */
const HEADERS_PER_READ = 500
const BLOCKS_PER_COMMIT = 64
/** Blocks kept below a replaced stretch, so that the next reorg has something to fork from. */
const RING_BLOCKS = 300
/** All of a replaced stretch is one decision, and in memory. Longer ones need a new database. */
const REPLACED_MAX = 10_000

const WRITTEN = 'Somebody else wrote meanwhile. Try again.'
const CHANGED = 'The node changed its branch meanwhile. Try again.'

type Kept = { chain: LocalChain; events: Event[] }

/**
 * Rejects with `not_acceptable_state` when the request does not fit the chain (never watched, halted
 * without `unhalt`, begins above our tip or above a fork), and with a `ChainSourceError`.
 */
export async function rescanChain(deps: SyncDeps, request: RescanRequest): Promise<RescanReport> {
  const { settings, fromNumber, unhalt, signal } = request
  const stored = await deps.store.loadChain(settings.chainId, RING_BLOCKS)
  if (stored === null) throw refuse('The chain was never watched; there is nothing to scan again.')
  const { haltReason } = stored
  const chain = followFinality(stored.chain, settings)
  const tip = tipOf(chain)
  if (fromNumber > tip.number) throw refuse(`Our chain ends at block ${tip.number}.`)
  if (haltReason !== null && !unhalt) {
    throw refuse(
      `The chain is halted: ${haltReason} Add --unhalt once you are sure that the node is right.`,
    )
  }
  const head = await deps.source.getHead(signal)
  const end = Math.min(tip.number, head.number)
  if (fromNumber > end) throw refuse(`The node has no block above ${head.number} yet.`)
  const theirs = await readHeaders(deps, request, end)
  const departure = await findDeparture(deps, request, theirs, end)
  const kept: Kept = { chain, events: [] }
  const counts = { connected: 0, disconnected: 0 }
  if (unhalt && departure !== null) {
    Object.assign(counts, await replaceFrom(deps, request, theirs, kept, departure, haltReason))
  } else if (haltReason !== null) {
    await commit(deps, kept, {
      chain: advanceOf(chain, {}),
      audit: [auditOf(deps, request, haltReason)],
    })
  }
  const to = departure === null ? end : departure - 1
  await readAgain(deps, request, theirs, kept, to)
  return {
    from: fromNumber,
    to: end,
    ...counts,
    departure: unhalt ? null : departure,
    endedHalt: haltReason,
    events: kept.events,
  }
}

/** The node's headers from the one below the first block on, each linked to the one before. */
async function readHeaders(
  { source }: SyncDeps,
  { fromNumber, signal, progress }: RescanRequest,
  end: number,
): Promise<Map<number, BlockRef>> {
  const headers = new Map<number, BlockRef>()
  let before: BlockRef | null = null
  for (let from = Math.max(0, fromNumber - 1); from <= end; from += HEADERS_PER_READ) {
    const to = Math.min(end, from + HEADERS_PER_READ - 1)
    const part = await source.getHeaders(from, to, signal)
    if (before !== null && part[0]?.parentHash !== before.hash) {
      throw refuse(CHANGED)
    }
    for (const header of part) headers.set(header.number, header)
    before = part.at(-1) ?? null
    progress('headers', to, end)
  }
  return headers
}

/** The lowest height at which the node has another block than we do; null when there is none. */
async function findDeparture(
  { store, source }: SyncDeps,
  { settings, fromNumber, signal }: RescanRequest,
  theirs: ReadonlyMap<number, BlockRef>,
  end: number,
): Promise<number | null> {
  const ours = await store.findCanonicalBlocks(settings.chainId, fromNumber)
  const [lowest] = ours
  if (lowest !== undefined && lowest.number < fromNumber) {
    const same =
      theirs.get(lowest.number) ?? (await source.getHeaderByNumber(lowest.number, signal))
    if (same?.hash !== lowest.hash) {
      throw refuse(`The node leaves our chain at block ${lowest.number} already. Begin below it.`)
    }
  }
  const other = ours.find(({ number, hash }) => {
    return number >= fromNumber && number <= end && theirs.get(number)?.hash !== hash
  })
  return other?.number ?? null
}

/** One decision, however deep: our blocks from this height on leave, the node's come. */
async function replaceFrom(
  deps: SyncDeps,
  request: RescanRequest,
  theirs: ReadonlyMap<number, BlockRef>,
  kept: Kept,
  departure: number,
  haltReason: string | null,
): Promise<{ connected: number; disconnected: number }> {
  const { settings, signal, progress } = request
  const ours = await deps.store.findCanonicalBlocks(settings.chainId, departure)
  const left = ours.filter(({ number }) => number >= departure).reverse()
  const refs = [...theirs.values()].filter(({ number }) => number >= departure)
  if (refs.length > REPLACED_MAX) throw refuse(`More than ${REPLACED_MAX} blocks would change.`)
  const lowest = Math.max(0, departure - RING_BLOCKS)
  const below = departure === 0 ? [] : await deps.source.getHeaders(lowest, departure - 1, signal)
  if (below.length > 0 && below.at(-1)?.hash !== refs[0]?.parentHash) throw refuse(CHANGED)
  const marks = lowerMarks(marksOf(kept.chain), below.at(-1) ?? null)
  const replaced = createLocalChain(settings.chainId, [...below, ...refs], { kind: 'tag', marks })
  const chain = followFinality(replaced, settings)
  const blocks: VerifiedBlock[] = []
  for (const ref of refs) {
    blocks.push(await deps.source.getBlock(ref, signal))
    progress('blocks', ref.number, tipOf(chain).number)
  }
  const found = await findInternal(deps, { settings, before: chain, blocks, signal })
  const settled = await settleBlocks(deps, settings, {
    before: kept.chain,
    blocks,
    marks: null,
    found,
    expirySkip: 0,
    isWaiting: false,
    signal,
    replacement: { chain, left },
  })
  await commit(deps, kept, {
    ...settled.changes,
    chain: advanceOf(kept.chain, {
      disconnected: left,
      connected: [...below, ...refs],
      proofLevels: settled.proofLevels,
      corroborated: settled.corroborated,
      marks,
      mayLowerFinal: true,
    }),
    audit: [auditOf(deps, request, haltReason)],
  })
  kept.chain = settled.chain
  return { connected: refs.length, disconnected: left.length }
}

/** Blocks that both have, in chunks; each is a commit of its own, or none when nothing is new. */
async function readAgain(
  deps: SyncDeps,
  request: RescanRequest,
  theirs: ReadonlyMap<number, BlockRef>,
  kept: Kept,
  to: number,
): Promise<void> {
  const { settings, fromNumber, signal, progress } = request
  for (let from = fromNumber; from <= to; from += BLOCKS_PER_COMMIT) {
    const last = Math.min(to, from + BLOCKS_PER_COMMIT - 1)
    const refs = [...theirs.values()].filter(({ number }) => number >= from && number <= last)
    const reread: VerifiedBlock[] = []
    for (const ref of refs) reread.push(await deps.source.getBlock(ref, signal))
    const parent = theirs.get(from - 1) ?? null
    const again = { settings, chain: kept.chain, blocks: reread, parent, signal }
    const { result, events } = await settleAgain(deps, again)
    if (result === 'conflict') throw refuse(WRITTEN)
    kept.events.push(...events)
    progress('blocks', last, to)
  }
}

function auditOf(
  { clock }: SyncDeps,
  { settings, fromNumber }: RescanRequest,
  haltReason: string | null,
): AuditEntry {
  return {
    atMs: clock.nowMs(),
    actor: 'cli',
    action: 'chain.rescan',
    target: `chain ${settings.chainId}`,
    before: haltReason,
    after: `followed the node from block ${fromNumber}`,
  }
}

async function commit({ store }: SyncDeps, kept: Kept, changes: ChangeSet): Promise<void> {
  const result = await store.commit(changes)
  if (result === 'conflict') throw refuse(WRITTEN)
  kept.events.push(...(changes.events ?? []))
}

function refuse(detail: string): GatewayError {
  return new GatewayError('not_acceptable_state', detail)
}
