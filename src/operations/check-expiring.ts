/**
 * Before an order expires unpaid its address is asked itself: what it has of each token against what
 * was found of it in blocks. Where it has more, a payment was missed; the blocks in which it came are
 * read again and settled by the normal path. Costs a question per token and order, once.
 *
 *     deadlines   ... asked before | asked in this turn | not passed by the tip yet ...
 *                                fromMs            throughMs
 *
 * Coins need no such look: their balances are compared all the time (sweep-balances.ts).
 */
import type { ChainSettings } from '../core/chain/chain-settings.ts'
import { type LocalChain, tipOf } from '../core/chain/local-chain.ts'
import type { Address, Asset } from '../core/money/asset.ts'
import type { Payment } from '../core/payment/payment.ts'
import { SECOND_MS } from '../core/time.ts'
import { type ChainFaultKind, ChainSourceError } from '../errors.ts'
import type { SweepCursor, SweepTarget } from '../ports/balance-store.ts'
import type { BalanceQuestion } from '../ports/chain-source.ts'
import { readAgain } from './read-again.ts'
import type { SyncDeps } from './sync-chain.ts'

export type ExpiryRequest = {
  readonly settings: ChainSettings
  /** Our chain as the store has it, up to the head. */
  readonly chain: LocalChain
  readonly signal: AbortSignal
}

/** Orders of one question to a node. */
const ORDERS_PER_CALL = 100
/** Blocks read again for one address; whoever sends more transfers is looked for no further. */
const BLOCKS_MAX = 20
/** Behind every order of a deadline. */
const LAST_POSITION = Number.MAX_SAFE_INTEGER

/** Whether orders of this chain wait for the look: those that take a token. */
export function isAskedBeforeExpiry({ assets }: ChainSettings): boolean {
  return assets.some(({ token }) => token !== null)
}

/**
 * Rejects with a `ChainSourceError` when the nodes cannot be asked: no order expires meanwhile, and
 * the next turn asks again.
 */
export async function checkExpiring(deps: SyncDeps, request: ExpiryRequest): Promise<void> {
  const { settings, chain } = request
  const { chainId } = settings
  const throughMs = Math.min(deps.clock.nowMs(), tipOf(chain).timestampS * SECOND_MS)
  const fromMs = deps.chains.checkedThroughMs(chainId)
  if (throughMs <= fromMs) return
  for (const asset of settings.assets) {
    if (asset.token === null) continue
    let after: SweepCursor | null = { deadlineMs: fromMs - 1, position: LAST_POSITION }
    while (after !== null) {
      const query = { chainId, assetId: asset.id, group: 'unfinished', sinceMs: 0 } as const
      const limit = ORDERS_PER_CALL
      const page = await deps.store.findSweepTargets({
        ...query,
        after,
        beforeMs: throughMs,
        limit,
      })
      if (page.targets.length > 0) await checkTargets(deps, request, asset, page.targets)
      after = page.cursor
    }
  }
  deps.chains.noteExpiryCheck(chainId, throughMs)
}

async function checkTargets(
  deps: SyncDeps,
  { settings, chain, signal }: ExpiryRequest,
  asset: Asset,
  targets: readonly SweepTarget[],
): Promise<void> {
  const { number, hash } = tipOf(chain)
  const questions = targets.map(({ deposit }): BalanceQuestion => {
    return { token: asset.token as Address, holder: deposit.address, block: { number, hash } }
  })
  const balances = await deps.source.getTokenBalances(questions, signal)
  const paid = questions.filter((_, place) => balances[place] !== 0n)
  const held =
    paid.length === 0
      ? []
      : await deps.store.findPaymentsTo(
          settings.chainId,
          paid.map(({ holder }) => holder),
        )
  const request = { settings, chain, signal }
  for (const [place, question] of questions.entries()) {
    const balance = balances[place] ?? null
    const knownUnits = sumKnown(held, asset, question.holder)
    if (balance === null) tell(deps, request, question, 'unread')
    else if (balance <= knownUnits) tell(deps, request, question, 'clear')
    else {
      const target = targets[place] as SweepTarget
      tell(deps, request, question, await lookForMissed(deps, request, question, target))
    }
  }
}

function sumKnown(held: readonly Payment[], asset: Asset, holder: Address): bigint {
  return held
    .filter(({ observation, position }) => {
      return (
        position !== 'orphaned' && observation.to === holder && observation.asset.id === asset.id
      )
    })
    .reduce((sum, { observation }) => sum + observation.amountUnits, 0n)
}

type Outcome = 'clear' | 'found' | 'unexplained' | 'unread'

/** Without a node there is no answer at all; what a node does not serve is no reason to wait. */
const PASSING: ReadonlySet<ChainFaultKind> = new Set(['unreachable', 'wrong_chain', 'conflict'])

async function lookForMissed(
  deps: SyncDeps,
  request: ExpiryRequest,
  question: BalanceQuestion,
  { deposit }: SweepTarget,
): Promise<Outcome> {
  const { settings, chain, signal } = request
  const from = deposit.issued?.tips[settings.chainId]?.number ?? chain.blocks[0]?.number ?? 0
  try {
    const { token, holder, block } = question
    const asked = { tokens: [token], holders: [holder], fromNumber: from, block }
    const arrivals = await deps.source.getTokenArrivals(asked, signal)
    const places = new Map(
      arrivals.map(({ block: { number, hash } }) => [number, { number, hash }]),
    )
    let found = 0
    for (const place of [...places.values()].slice(0, BLOCKS_MAX)) {
      found += await readAgain(deps, request, place)
    }
    return found > 0 ? 'found' : 'unexplained'
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof ChainSourceError) || PASSING.has(error.kind)) throw error
    return 'unread'
  }
}

function tell(
  { logger, metrics }: SyncDeps,
  { settings }: ExpiryRequest,
  { holder, token }: BalanceQuestion,
  outcome: Outcome,
): void {
  const { chainId } = settings
  metrics.count('expiry_checks_total', { chain: String(chainId), outcome })
  const fields = { chain_id: chainId, address: holder, token }
  if (outcome === 'found') {
    logger.error(fields, 'ALARM: a payment was missed in its block, and found at its address')
  } else if (outcome === 'unexplained') {
    const text = 'ALARM: an address has more than was found in blocks, and no block says why'
    logger.error(fields, text)
  } else if (outcome === 'unread') {
    logger.warn(fields, 'an order expires without a last look at its address: no node answers')
  }
}
