/**
 * Compares the coins at the addresses of orders with what is known to have arrived, after one block
 * of our chain. What the balance has more was sent by contracts, or came without any transaction:
 * it is found (search-credits.ts), matched and settled like any payment. Costs one call for each 500
 * addresses of a round; rounds are a minute apart, half a state window on fast chains, a poll on test
 * chains.
 */
import type { BlockRef } from '../core/chain/block.ts'
import type { ChainSettings } from '../core/chain/chain-settings.ts'
import type { KnownBalance } from '../core/chain/known-balance.ts'
import { blockAt, type LocalChain, tipOf } from '../core/chain/local-chain.ts'
import type { ChangeSet } from '../core/change-set.ts'
import { type Address, nativeAssetId } from '../core/money/asset.ts'
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../core/time.ts'
import { ChainSourceError } from '../errors.ts'
import type { SweepCursor, SweepGroup, SweepTarget } from '../ports/balance-store.ts'
import type { NativeSource } from '../ports/native-source.ts'
import { type Comparing, findBegins, readOrLeave } from './find-begins.ts'
import { readOnce } from './read-once.ts'
import { recogniseOwn } from './recognise-own.ts'
import { countSweep, tellFound, tellShortfall } from './report-sweep.ts'
import {
  type CreditSearch,
  expectBalance,
  type FoundCredits,
  searchCredits,
} from './search-credits.ts'
import { settleBlocks } from './settle-blocks.ts'
import type { SyncDeps } from './sync-chain.ts'

export type SweepRequest = {
  readonly settings: ChainSettings
  /** Our chain as the store has it: the commit checks that it still stands there. */
  readonly chain: LocalChain
  readonly memory: SweepMemory
  readonly signal: AbortSignal
}

/** What a watcher keeps from one turn to the next. A fresh one begins a round at once. */
export type SweepMemory = {
  /** Monotonic time before which no new round begins. */
  readonly nextRoundAtMs: number
  /** Where the round goes on; null between rounds. */
  readonly place: RoundPlace | null
  /** The block of the last whole round: nothing changed while it is the tip. */
  readonly sweptTip: BlockRef | null
  /** Finished orders are looked at once a day, a page with each round. */
  readonly idle: { readonly after: SweepCursor | null; readonly nextAtMs: number }
  /** Turns in a row that failed; kept by the watcher. */
  readonly faultsInRow: number
  /** Units by which a balance is too low, told once. */
  readonly shortfalls: ReadonlyMap<Address, bigint>
}

type RoundPlace = {
  readonly group: SweepGroup
  readonly after: SweepCursor | null
  /** Our tip when the round began: what it finds is complete up to there. */
  readonly from: BlockRef
  /** Made so far. */
  readonly calls: number
  /** Addresses of which the turns so far could not tell: nothing expires by this round. */
  readonly leftOut: ReadonlySet<Address>
}

export const FRESH_SWEEP: SweepMemory = {
  nextRoundAtMs: 0,
  place: null,
  sweptTip: null,
  idle: { after: null, nextAtMs: 0 },
  faultsInRow: 0,
  shortfalls: new Map(),
}

/** Addresses read by one call: what every node answers (EIP-170 bounds the answer to 765). */
const ADDRESSES_PER_CALL = 500
/** Calls of one turn, so that a long round does not hold up the blocks. */
const CALLS_PER_TURN = 20
/** Full nodes keep the states of so many blocks. */
const STATE_WINDOW_BLOCKS = 128
/** Between two rounds on chains where calls cost money; less where blocks come faster. */
const ROUND_INTERVAL_MS = MINUTE_MS
/**
 * On test chains a round follows every poll, unless it was a long one: then the next waits for so long
 * for each call, so that thousands of open orders do not keep the gateway busy with nothing else. No
 * longer than a second, which is what a payment may take beside the polls.
 */
const REST_PER_CALL_MS = 50
const REST_MAX_MS = SECOND_MS
/** Finished orders stay in every round for so long after their deadline. */
const RECENT_MS = HOUR_MS
const IDLE_INTERVAL_MS = 24 * HOUR_MS
/** A chain whose nodes serve no states by block is asked again after this. */
const UNSUPPORTED_INTERVAL_MS = 10 * MINUTE_MS

/** One turn of a round. Rejects with a `ChainSourceError`; what was committed before stays. */
export async function sweepBalances(
  deps: SyncDeps & { readonly native: NativeSource },
  { settings, chain, memory: kept, signal }: SweepRequest,
): Promise<SweepMemory> {
  const nowMs = deps.clock.monotonicMs()
  const tip = tipOf(chain)
  const memory = forgetLeft(kept, chain)
  const isNew = memory.place === null
  if (isNew && (nowMs < memory.nextRoundAtMs || memory.sweptTip?.hash === tip.hash)) return memory
  const shortfalls = new Map(memory.shortfalls)
  const leftOut = new Set<Address>(memory.place?.leftOut)
  const { source, native } = deps
  const reads = {
    source: { getBlock: readOnce(source.getBlock) },
    native: { ...native, getFrames: readOnce(native.getFrames) },
  }
  const sweep: Sweep = { deps, reads, settings, chain, tip, shortfalls, leftOut, signal }
  const begin: RoundPlace = memory.place ?? {
    group: 'unfinished',
    after: null,
    from: tip,
    calls: 0,
    leftOut,
  }
  const { from } = begin
  let place: RoundPlace | null = begin
  let { calls } = begin
  while (calls < begin.calls + CALLS_PER_TURN && place !== null) {
    const after = await sweepPage(sweep, place.group, place.after)
    if (after === 'unsupported') return waitForSupport(deps, settings, memory, nowMs)
    calls += 1
    if (after !== null) place = { ...place, after, calls }
    else
      place =
        place.group === 'unfinished' ? { ...place, group: 'recent', after: null, calls } : null
  }
  if (place !== null) return { ...memory, place: { ...place, leftOut }, shortfalls }
  const idle = await sweepIdle(sweep, memory.idle, nowMs)
  const nextRoundAtMs = nowMs + roundIntervalMs(settings, calls)
  if (leftOut.size > 0) return { ...memory, nextRoundAtMs, place: null, idle, shortfalls }
  deps.chains.noteSweep(settings.chainId, from.timestampS * 1_000)
  return { ...memory, nextRoundAtMs, place: null, sweptTip: from, idle, shortfalls }
}

/**
 * A round that began on a branch which left begins anew: pages before were compared with coins that
 * came elsewhere, or not at all, and no order may expire by them.
 */
function forgetLeft(memory: SweepMemory, chain: LocalChain): SweepMemory {
  const from = memory.place?.from
  if (from === undefined) return memory
  const isBelow = from.number < (chain.blocks[0] as BlockRef).number
  const isOurs = isBelow || blockAt(chain, from.number)?.hash === from.hash
  return isOurs ? memory : { ...memory, place: null }
}

/**
 * Half the time for which nodes keep states, so that the blocks since the last round can be read;
 * soon on test chains, by what the round cost.
 */
function roundIntervalMs(settings: ChainSettings, calls: number): number {
  const { test, pollIntervalMs, blockTimeMs } = settings
  if (test) return Math.max(pollIntervalMs / 2, Math.min(REST_PER_CALL_MS * calls, REST_MAX_MS))
  return Math.min(ROUND_INTERVAL_MS, (STATE_WINDOW_BLOCKS * blockTimeMs) / 2)
}

/** Without states nothing can be compared: orders do not wait for it. */
function waitForSupport(
  deps: SyncDeps,
  settings: ChainSettings,
  memory: SweepMemory,
  nowMs: number,
): SweepMemory {
  countSweep({ deps, settings }, 'unsupported')
  deps.chains.noteSweep(settings.chainId, Number.POSITIVE_INFINITY)
  deps.logger.warn(
    { chain_id: settings.chainId },
    'no node serves balances by block: coins sent by contracts are not found',
  )
  return { ...memory, place: null, nextRoundAtMs: nowMs + UNSUPPORTED_INTERVAL_MS }
}

type Sweep = Comparing & {
  /** Of this turn: what many addresses have to do with is read once. */
  readonly reads: Pick<CreditSearch, 'source' | 'native'>
  /** Filled while sweeping. */
  readonly shortfalls: Map<Address, bigint>
}

async function sweepIdle(
  sweep: Sweep,
  { after, nextAtMs }: SweepMemory['idle'],
  nowMs: number,
): Promise<SweepMemory['idle']> {
  if (after === null && nowMs < nextAtMs) return { after, nextAtMs }
  const next = await sweepPage(sweep, 'idle', after)
  if (next !== null && next !== 'unsupported') return { after: next, nextAtMs }
  return { after: null, nextAtMs: nowMs + IDLE_INTERVAL_MS }
}

/** One page of addresses and its commit; returns where the next begins. */
async function sweepPage(
  sweep: Sweep,
  group: SweepGroup,
  after: SweepCursor | null,
): Promise<SweepCursor | null | 'unsupported'> {
  const { deps, settings, tip, signal } = sweep
  const { targets, cursor } = await deps.store.findSweepTargets({
    chainId: settings.chainId,
    assetId: nativeAssetId(settings.chainId),
    group,
    sinceMs: deps.clock.nowMs() - RECENT_MS,
    after,
    limit: ADDRESSES_PER_CALL,
  })
  if (targets.length === 0) return cursor
  const addresses = targets.map(({ deposit }) => deposit.address)
  const balances = await deps.native.getBalances(tip, addresses, signal)
  if (balances === null) return 'unsupported'
  countSweep(sweep, 'ok')
  const begins = await findBegins(sweep, targets, balances)
  const found: Pick<FoundCredits, 'transfers' | 'blocks'>[] = []
  const known: KnownBalance[] = []
  for (const [index, target] of targets.entries()) {
    const begin = begins[index] ?? null
    if (begin === null) continue
    const tipUnits = balances[index] as bigint
    const result = await compareBalance(sweep, target, begin, tipUnits)
    found.push(result)
    if (result.known.balanceUnits !== target.known?.balanceUnits) known.push(result.known)
    else if (!isSameBlock(target.known, begin)) known.push(result.known)
  }
  await commitSweep(sweep, found, known)
  return cursor
}

type Compared = Omit<FoundCredits, 'shortUnits'>

async function compareBalance(
  sweep: Sweep,
  { deposit, credits }: SweepTarget,
  begin: KnownBalance,
  tipUnits: bigint,
): Promise<Compared> {
  const { deps, reads, chain, tip, shortfalls, signal } = sweep
  const { address } = deposit
  const block = { number: tip.number, hash: tip.hash }
  const differsBy = tipUnits - expectBalance(begin, credits)(tip.number)
  if (differsBy === 0n) {
    shortfalls.delete(address)
    return { ...NOTHING, known: { ...begin, block, balanceUnits: tipUnits } }
  }
  if (shortfalls.get(address) === -differsBy) return { ...NOTHING, known: begin }
  const isOwn = recogniseOwn(deps, sweep.settings)
  const search = { ...reads, isOwn, chain, known: begin, credits, tip, tipUnits, signal }
  const found = await readOrLeave(sweep, address, () => searchCredits(search))
  if (found === null) return { ...NOTHING, known: begin }
  const { shortUnits, ...compared } = found
  if (shortUnits > 0n) {
    shortfalls.set(address, -differsBy)
    tellShortfall(sweep, address, shortUnits)
  }
  return compared
}

const NOTHING = { transfers: [], blocks: [] } as const

async function commitSweep(
  { deps, settings, chain, tip, signal }: Sweep,
  credits: readonly Pick<FoundCredits, 'transfers' | 'blocks'>[],
  known: readonly KnownBalance[],
): Promise<void> {
  const found = credits.flatMap(({ transfers }) => transfers)
  if (found.length === 0 && known.length === 0) return
  const settled =
    found.length === 0
      ? null
      : await settleBlocks(deps, settings, {
          before: chain,
          blocks: [],
          marks: null,
          expirySkip: 0,
          isWaiting: false,
          found,
          foundIn: credits.flatMap((one) => one.blocks),
          sharesRoom: true,
          signal,
        })
  const changes: ChangeSet = {
    ...settled?.changes,
    balances: known,
    chain: {
      chainId: settings.chainId,
      expectedTip: tip.hash,
      disconnected: [],
      connected: [],
      pruneBelow: 0,
      haltReason: null,
    },
  }
  if ((await deps.store.commit(changes)) === 'conflict') {
    throw new ChainSourceError('conflict', 'another writer was first; this sweep is made again')
  }
  for (const transfer of found) tellFound({ deps, settings }, transfer)
}

function isSameBlock(known: KnownBalance, begin: KnownBalance | undefined): boolean {
  return known.block.hash === begin?.block.hash
}
