import { type ChainSettings, isSwept, staleHeadMs } from '../../core/chain/chain-settings.ts'
import type { LocalChain } from '../../core/chain/local-chain.ts'
import { SECOND_MS } from '../../core/time.ts'
import { ChainSourceError, GatewayError } from '../../errors.ts'
import { auditBooks, type BooksMemory, FRESH_BOOKS, putOff } from '../../operations/audit-books.ts'
import { checkExpiring, isAskedBeforeExpiry } from '../../operations/check-expiring.ts'
import { FRESH_LOOK, lookAtFinal } from '../../operations/look-at-final.ts'
import { FRESH_SWEEP, type SweepMemory, sweepBalances } from '../../operations/sweep-balances.ts'
import {
  FRESH_MEMORY,
  type SyncDeps,
  type SyncMemory,
  type SyncResult,
  syncChain,
} from '../../operations/sync-chain.ts'
import { verifyTokens } from '../../operations/verify-tokens.ts'
import type { ChainHealth, FinalityCapHealth } from '../../ports/chain-directory.ts'
import { type RunLoop, startRunLoop } from './run-loop.ts'

/** Longest wait after faults in a row: a node that comes back is noticed within this time. */
const MAX_WAIT_MS = 30 * SECOND_MS
/** On local chains, where nobody is billed for a request. */
const MAX_WAIT_TEST_MS = 2 * SECOND_MS
/** Polls vary by this share, so that many gateways do not ask a node in step. */
const POLL_JITTER = 0.1
/** Nodes on two branches for this many block times or polls disagree; for less, it is usual. */
const CONFLICT_SPANS = 2

/**
 * Faults that a healthy node shows when a block is replaced between two calls, or when it lags: only
 * this many in a row make the chain unready.
 */
const PASSING_FAULTS = 3
const PASSING_KINDS: ReadonlySet<string> = new Set([
  'inconsistent',
  'not_there',
  'providers_disagree',
])

/** Mistakes that only a person can mend; their text is ours and holds no secret. */
const TOLD_KINDS: ReadonlySet<string> = new Set(['wrong_chain', 'wrong_token'])

/** Another writer may be first now and then; this often in a row is a fault, and waits like one. */
const CONFLICTS_MAX = 10

/** For health, while no node serves blocks that prove. */
const UNPROVEN =
  'No node serves blocks that prove to be under their hash: they are followed unproven. Upgrade ' +
  'the gateway if the chain has forked.'

type WatchedFault = { readonly kind: string; readonly message: string }

/** Follows one chain for ever: a turn per poll, faster while behind, slower after faults. */
export function startChainWatcher(deps: SyncDeps, settings: ChainSettings): RunLoop {
  let memory = FRESH_MEMORY
  let sweep = FRESH_SWEEP
  let books = FRESH_BOOKS
  let look = FRESH_LOOK
  let faultsInRow = 0
  let conflictsInRow = 0
  let isVerified = false
  const labels = { chain: String(settings.chainId) }
  // Nothing was looked for yet in this process.
  if (isAskedBeforeExpiry(settings)) deps.chains.noteExpiryCheck(settings.chainId, 0)

  return startRunLoop(async (signal) => {
    try {
      if (!isVerified) {
        await verifyTokens(deps, settings, signal)
        isVerified = true
      }
      const result = await syncChain(deps, { settings, memory, signal })
      memory = result.memory
      if (faultsInRow > 0) deps.logger.info({ chain_id: settings.chainId }, 'chain is back')
      faultsInRow = 0
      conflictsInRow = 0
      deps.chains.setHealth(settings.chainId, judgeHealth(deps, settings, result))
      const chain = wholeChain(result)
      if (chain !== null) {
        const request = { settings, chain, signal }
        await tryCheckExpiring(deps, request)
        look = await lookAtFinal(deps, request, look)
        sweep = await trySweep(deps, request, sweep)
        books = await tryAuditBooks(deps, request, books)
      }
      return { waitMs: result.more ? 0 : jitter(deps, settings.pollIntervalMs) }
    } catch (error) {
      if (signal.aborted) return { waitMs: 0 }
      memory = { ...FRESH_MEMORY, claim: memory.claim }
      const fault = describeFault(error)
      deps.metrics.count('chain_faults_total', { ...labels, kind: fault.kind })
      if (fault.kind === 'conflict' && ++conflictsInRow < CONFLICTS_MAX) return { waitMs: 0 }
      faultsInRow += 1
      reportFault(deps, settings, fault, faultsInRow, error)
      return { waitMs: waitAfter(settings, faultsInRow, error) }
    }
  })
}

/** What is asked of a chain beside its blocks. */
type CheckRequest = {
  readonly settings: ChainSettings
  readonly chain: LocalChain
  readonly signal: AbortSignal
}

/**
 * Our chain where the nodes can be asked about its tip; null while it is halted, or while blocks are
 * missing: the state of an old block may be gone.
 */
function wholeChain({ state, more, memory }: SyncResult): LocalChain | null {
  return state === 'halted' || more ? null : memory.chain
}

/** A balance that cannot be read now is read by the next turn; the blocks go on meanwhile. */
async function trySweep(
  deps: SyncDeps,
  request: CheckRequest,
  sweep: SweepMemory,
): Promise<SweepMemory> {
  const { native } = deps
  const { settings, signal } = request
  if (native === undefined || !isSwept(settings)) return sweep
  try {
    const swept = await sweepBalances({ ...deps, native }, { ...request, memory: sweep })
    return { ...swept, faultsInRow: 0 }
  } catch (error) {
    if (signal.aborted || !(error instanceof ChainSourceError)) throw error
    const labels = { chain: String(settings.chainId), outcome: error.kind }
    deps.metrics.count('balance_sweeps_total', labels)
    const faultsInRow = sweep.faultsInRow + 1
    const fields = { chain_id: settings.chainId, kind: error.kind, faults_in_row: faultsInRow }
    // A block that was replaced meanwhile is nothing; then 4, 8, 16, ...: as for turns.
    if (faultsInRow >= PASSING_FAULTS && (faultsInRow & (faultsInRow - 1)) === 0) {
      const text = 'balances are not compared, and orders that take the coin do not expire'
      deps.logger.warn(fields, `${text}: ${error.message}`)
    }
    return { ...sweep, faultsInRow }
  }
}

/** Orders wait for it; the blocks go on meanwhile. */
async function tryCheckExpiring(deps: SyncDeps, request: CheckRequest): Promise<void> {
  const { settings, signal } = request
  if (!isAskedBeforeExpiry(settings)) return
  try {
    await checkExpiring(deps, request)
  } catch (error) {
    if (signal.aborted || !(error instanceof ChainSourceError)) throw error
    const { kind, message } = error
    const fields = { chain_id: settings.chainId, kind }
    deps.metrics.count('chain_faults_total', { chain: String(settings.chainId), kind })
    deps.logger.warn(fields, `orders wait for a look at their addresses: ${message}`)
  }
}

/** A balance that cannot be read now is read by a later turn: nobody waits for it. */
async function tryAuditBooks(
  deps: SyncDeps,
  request: CheckRequest,
  books: BooksMemory,
): Promise<BooksMemory> {
  const { settings, signal } = request
  try {
    return await auditBooks(deps, { ...request, memory: books })
  } catch (error) {
    if (signal.aborted || !(error instanceof ChainSourceError)) throw error
    const labels = { chain: String(settings.chainId), outcome: 'failed' }
    deps.metrics.count('books_checks_total', labels)
    return putOff(deps, settings, books)
  }
}

function judgeHealth(deps: SyncDeps, settings: ChainSettings, result: SyncResult): ChainHealth {
  const ageMs = deps.clock.nowMs() - result.tip.timestampS * SECOND_MS
  const facts = {
    head: result.head,
    cursor: result.tip.number,
    lagS: Math.max(0, Math.round(ageMs / SECOND_MS)),
    finality: result.finality,
    finalityCap: describeCap(settings, result.memory),
    detail: deps.source.describeAgreement().isProofLowered ? UNPROVEN : null,
  }
  if (result.state === 'halted') return { state: 'halted', reason: result.haltReason, ...facts }
  if (result.more) return { state: 'behind', reason: 'catching_up', ...facts }
  if (isInConflict(deps, settings))
    return { state: 'behind', reason: 'providers_disagree', ...facts }
  const staleMs = staleHeadMs(settings.blockTimeMs)
  if (!settings.test && ageMs > staleMs) return { state: 'behind', reason: 'stale_head', ...facts }
  return { state: 'ok', reason: null, ...facts }
}

function describeCap(
  { finalityCap = null }: ChainSettings,
  { held }: SyncMemory,
): FinalityCapHealth | null {
  if (finalityCap === null) return null
  return { cap: `${finalityCap.amount} ${finalityCap.currency}`, waiting: held }
}

function isInConflict({ source, clock }: SyncDeps, settings: ChainSettings): boolean {
  const { conflict } = source.describeAgreement()
  if (conflict === null) return false
  const usualMs = CONFLICT_SPANS * Math.max(settings.blockTimeMs, settings.pollIntervalMs)
  return clock.monotonicMs() - conflict.sinceMs >= usualMs
}

function describeFault(error: unknown): WatchedFault {
  if (error instanceof ChainSourceError) return { kind: error.kind, message: error.message }
  if (error instanceof GatewayError) return { kind: error.code, message: error.message }
  return { kind: 'bug', message: error instanceof Error ? error.message : 'unknown' }
}

function reportFault(
  deps: SyncDeps,
  settings: ChainSettings,
  { kind, message }: WatchedFault,
  faultsInRow: number,
  error: unknown,
): void {
  if (!PASSING_KINDS.has(kind) || faultsInRow >= PASSING_FAULTS) {
    const before = deps.chains.healthOf(settings.chainId)
    const detail = TOLD_KINDS.has(kind) ? message : null
    const health = { ...before, state: 'unreachable' as const, reason: kind, detail }
    deps.chains.setHealth(settings.chainId, health)
  }
  const fields = { chain_id: settings.chainId, kind, faults_in_row: faultsInRow }
  if (kind === 'bug') deps.logger.error({ ...fields, err: error }, 'a turn of the watcher failed')
  // The first fault, then 2, 4, 8, ...: a node that stays away does not fill the log.
  else if ((faultsInRow & (faultsInRow - 1)) === 0) deps.logger.warn(fields, message)
}

/** Doubles from the poll interval; what the node asked for is honoured up to the same bound. */
function waitAfter(settings: ChainSettings, faultsInRow: number, error: unknown): number {
  const longest = settings.test ? MAX_WAIT_TEST_MS : MAX_WAIT_MS
  const doubled = settings.pollIntervalMs * 2 ** Math.min(faultsInRow - 1, 10)
  const asked = error instanceof ChainSourceError ? (error.retryAfterMs ?? 0) : 0
  return Math.min(Math.max(doubled, asked), longest)
}

function jitter({ ids }: SyncDeps, intervalMs: number): number {
  const share = (ids.randomBytes(1)[0] as number) / 255
  return intervalMs * (1 - POLL_JITTER + 2 * POLL_JITTER * share)
}
