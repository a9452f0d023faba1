/**
 * A second look at what has become final: by the logs of a range, asked for by our addresses, and held
 * against the payments that are recorded. It shares nothing with the reading of blocks but the node, so
 * that a defect there does not hide a payment for ever; what it names is read again as any block.
 *
 *     ... looked at | to be looked at in this turn | final later ...  tip
 *               throughNumber              the final mark
 *
 * An order that nobody paid is asked for by its balance as well, before it expires (check-expiring.ts);
 * this finds what came to orders that had been paid, and finds it while the order is open.
 */
import { markedBlock } from '../core/chain/finality.ts'
import type { LocalChain } from '../core/chain/local-chain.ts'
import type { Address } from '../core/money/asset.ts'
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../core/time.ts'
import { type ChainFaultKind, ChainSourceError } from '../errors.ts'
import type { SweepCursor, SweepGroup } from '../ports/balance-store.ts'
import type { BlockPlace, TokenArrival } from '../ports/chain-source.ts'
import { type Rereading, readAgain } from './read-again.ts'
import type { SyncDeps } from './sync-chain.ts'

export type FinalLook = {
  /** Every block up to here was looked at in this process; null before the first look. */
  readonly throughNumber: number | null
  /** Monotonic time before which there is no other look. */
  readonly nextAtMs: number
}

export const FRESH_LOOK: FinalLook = { throughNumber: null, nextAtMs: Number.NEGATIVE_INFINITY }

/** Between two looks: on chains that are final at once one query answers for many blocks. */
const PACE_MS = MINUTE_MS
/**
 * On local chains, where nobody is billed for a request: for each query of a look, since thousands of
 * orders are not to be loaded every second.
 */
const PACE_TEST_MS = SECOND_MS
/** Of one look. After a start, and after a long way to catch up, what is older is left out. */
const BLOCKS_PER_LOOK = 5_000
/** Of one query; nodes take 1,000. */
const HOLDERS_PER_CALL = 500
/** Of one look. A shop with more open orders at once than this is not looked after here. */
const HOLDERS_MAX = 5_000
/** Blocks read again in one look. */
const REREAD_MAX = 20
const PAGE = 1_000
/** Finished orders are looked after for so long after their deadline. */
const RECENT_MS = HOUR_MS
const GROUPS: readonly SweepGroup[] = ['unfinished', 'recent']
/** Asked again by the next look; what a node does not serve is left out instead. */
const PASSING: ReadonlySet<ChainFaultKind> = new Set([
  'unreachable',
  'wrong_chain',
  'conflict',
  'not_there',
])

type Holders = ReadonlyMap<Address, number>

type Outcome = 'clear' | 'found' | 'crowded' | 'unread' | 'later'

/** Nothing waits for it: a fault of the nodes is counted and no more. */
export async function lookAtFinal(
  deps: SyncDeps,
  request: Rereading,
  memory: FinalLook,
): Promise<FinalLook> {
  const { settings, chain } = request
  const nowMs = deps.clock.monotonicMs()
  const final = markedBlock(chain, 'finalized')
  const tokens = settings.assets.flatMap(({ token }) => (token === null ? [] : [token]))
  if (final === null || tokens.length === 0) return memory
  if (nowMs < memory.nextAtMs) return memory
  const oldest = final.number - BLOCKS_PER_LOOK
  const throughNumber = Math.max(memory.throughNumber ?? firstHeld(chain) - 1, oldest)
  if (final.number <= throughNumber) return memory
  const holders = await loadHolders(deps, request)
  const nextAtMs = nowMs + paceMs(request, holders.size)
  const next = { throughNumber: final.number, nextAtMs }
  if (holders.size > HOLDERS_MAX) return tell(deps, request, 'crowded', next)
  try {
    const places = await findMissed(deps, request, tokens, holders, throughNumber + 1, final)
    let events = 0
    for (const place of places) events += await readAgain(deps, request, place)
    return tell(deps, request, events > 0 ? 'found' : 'clear', next)
  } catch (error) {
    request.signal.throwIfAborted()
    if (!(error instanceof ChainSourceError)) throw error
    if (!PASSING.has(error.kind)) return tell(deps, request, 'unread', next)
    return tell(deps, request, 'later', { ...memory, nextAtMs })
  }
}

function paceMs({ settings }: Rereading, holders: number): number {
  const queries = Math.max(1, Math.ceil(holders / HOLDERS_PER_CALL))
  return settings.test ? Math.min(PACE_TEST_MS * queries, PACE_MS) : PACE_MS
}

function firstHeld({ blocks }: LocalChain): number {
  return blocks[0]?.number ?? 0
}

/**
 * Addresses of orders, and the height at which each was given out: what came before is nobody's
 * payment, though a block that is read again would show it.
 */
async function loadHolders({ store, clock }: SyncDeps, { settings }: Rereading): Promise<Holders> {
  const { chainId, assets } = settings
  const sinceMs = clock.nowMs() - RECENT_MS
  const holders = new Map<Address, number>()
  for (const { id: assetId, token } of assets) {
    for (const group of token === null ? [] : GROUPS) {
      let after: SweepCursor | null = null
      do {
        const query = { chainId, assetId, group, sinceMs, after, limit: PAGE }
        const page = await store.findSweepTargets(query)
        for (const { deposit } of page.targets) {
          const issuedAt = deposit.issued?.tips[chainId]?.number
          if (issuedAt !== undefined) holders.set(deposit.address, issuedAt)
        }
        after = page.cursor
      } while (after !== null && holders.size <= HOLDERS_MAX)
    }
  }
  return holders
}

/** Blocks with a transfer to one of ours that is not recorded, each once. */
async function findMissed(
  deps: SyncDeps,
  { settings, signal }: Rereading,
  tokens: readonly Address[],
  holders: Holders,
  fromNumber: number,
  block: BlockPlace,
): Promise<BlockPlace[]> {
  const missed = new Map<string, BlockPlace>()
  const addresses = [...holders.keys()]
  for (let at = 0; at < addresses.length; at += HOLDERS_PER_CALL) {
    const asked = addresses.slice(at, at + HOLDERS_PER_CALL)
    const question = { tokens, holders: asked, fromNumber, block }
    const named = await deps.source.getTokenArrivals(question, signal)
    const arrivals = named.filter(({ holder, block: { number } }) => {
      return number >= (holders.get(holder) ?? Number.POSITIVE_INFINITY)
    })
    if (arrivals.length === 0) continue
    const payees = [...new Set(arrivals.map(({ holder }) => holder))]
    const known = await deps.store.findPaymentsTo(settings.chainId, payees)
    const recorded = new Set(
      known.map(({ observation }) => `${observation.blockHash}/${observation.logIndex}`),
    )
    for (const arrival of arrivals) {
      if (!recorded.has(placeOf(arrival))) missed.set(arrival.block.hash, arrival.block)
    }
  }
  return [...missed.values()].slice(0, REREAD_MAX)
}

function placeOf({ block, logIndex }: TokenArrival): string {
  return `${block.hash}/${logIndex}`
}

function tell(
  { logger, metrics }: SyncDeps,
  { settings }: Rereading,
  outcome: Outcome,
  next: FinalLook,
): FinalLook {
  const { chainId } = settings
  metrics.count('final_looks_total', { chain: String(chainId), outcome })
  const fields = { chain_id: chainId, through_block: next.throughNumber }
  if (outcome === 'found') {
    logger.error(fields, 'ALARM: a payment was missed in its block, and found once it was final')
  } else if (outcome !== 'clear') {
    logger.debug(fields, `final blocks are not looked at twice: ${outcome}`)
  }
  return next
}
