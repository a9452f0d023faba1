/**
 * Between observe and advance: how much of the payments that are about to be confirmed the balances
 * of their addresses cover. Asks nothing while no such payment of a verified token is due.
 */
import type { BlockRef, VerifiedBlock } from '../core/chain/block.ts'
import type { ChainSettings } from '../core/chain/chain-settings.ts'
import { type LocalChain, tipOf } from '../core/chain/local-chain.ts'
import type { ChangeSet } from '../core/change-set.ts'
import type { Address, Hash } from '../core/money/asset.ts'
import { claimedUnits, coverCredits } from '../core/payment/cover-credits.ts'
import type { Payment } from '../core/payment/payment.ts'
import { isDeepEnough } from '../core/settlement/apply-step.ts'
import { ChainSourceError } from '../errors.ts'
import type { BalanceQuestion, ChainSource } from '../ports/chain-source.ts'
import { type Audit, type AuditDeps, auditPayments } from './audit-payments.ts'
import { type CorroborateDeps, corroboratePayments } from './corroborate-payments.ts'
import type { Deps } from './deps.ts'

export type CoverageDeps = Pick<Deps, 'store' | 'logger' | 'metrics'> & {
  readonly source: Pick<
    ChainSource,
    'getTokenBalances' | 'getAgreedTokenBalance' | 'getTokenOutflow'
  >
}

export type CountDeps = CoverageDeps & AuditDeps & CorroborateDeps

export type CoverageRequest = {
  /** As deep as asked after this turn, not confirmed yet. */
  readonly due: readonly Payment[]
  /** Payments of this turn that the store does not have yet, or has as orphaned. */
  readonly arrived: readonly Payment[]
  /** Blocks that leave our chain in this turn. */
  readonly lost: ReadonlySet<Hash>
  /** Our tip after this turn: the balance is read here where older state is gone. */
  readonly tip: BlockRef
  readonly signal: AbortSignal
}

/** What a turn does to payments, before it is decided what of them counts. */
export type TurnPayments = {
  /** Those of the store that wait for depth, or stand in blocks of this turn. */
  readonly held: readonly Payment[]
  readonly matched: readonly Payment[]
  readonly lost: ReadonlySet<Hash>
  /** Our chain after this turn. */
  readonly chain: LocalChain
  /** Blocks of this turn that do not prove, and should. */
  readonly unproven: ReadonlySet<Hash>
  /** Read in this turn. */
  readonly blocks: readonly VerifiedBlock[]
  /** Cannot be credited by this turn anyway. */
  isHeld(payment: Payment): boolean
  readonly signal: AbortSignal
}

/** Counted units by payment id. What could not be asked is absent: those payments wait. */
export type Coverage = ReadonlyMap<string, bigint>

/** One address in one token: what is claimed of it, and the block its balance is asked for. */
type Account = {
  readonly token: Address
  readonly holder: Address
  readonly block: Pick<BlockRef, 'number' | 'hash'>
  /** In the order of the chain, orphaned ones left out. */
  readonly credits: readonly Payment[]
}

export async function readCoverage(
  deps: CoverageDeps,
  settings: ChainSettings,
  request: CoverageRequest,
): Promise<Coverage> {
  const verified = new Set(settings.verifyBalanceOf)
  const due = request.due.filter(({ observation, dust }) => {
    return !dust && verified.has(observation.asset.id)
  })
  const counted = new Map<string, bigint>()
  if (due.length === 0) return counted
  try {
    const accounts = await loadAccounts(deps, settings.chainId, due, request)
    for (const [account, balance] of await readBalances(deps, accounts, request)) {
      const units = await readCovered(deps, account, balance, request.signal)
      if (units === null) continue
      for (const [id, part] of coverCredits(creditsUpTo(account), units)) counted.set(id, part)
    }
  } catch (error) {
    reportUnread(deps, settings, error)
  }
  return counted
}

export type Counted = {
  readonly audit: Audit
  /** Blocks of which two nodes have the same transfers, as it turned out. */
  readonly corroborated: ReadonlySet<Hash>
  /** What counts of a payment that this turn may confirm; null where it has to wait. */
  countedUnitsOf(payment: Payment): bigint | null
}

/** What nothing proves is looked at twice, and what tokens say is held against balances. */
export async function readCounted(
  deps: CountDeps,
  settings: ChainSettings,
  { held, matched, lost, chain, unproven, blocks, isHeld, signal }: TurnPayments,
): Promise<Counted> {
  const positions = new Map(held.map((one) => [one.observation.id, one.position]))
  const arrived = matched.filter(({ observation }) => {
    return (positions.get(observation.id) ?? 'orphaned') === 'orphaned'
  })
  const waiting = held.filter(({ position }) => position === 'included')
  const due = [...waiting, ...arrived].filter(
    (payment) =>
      isDeepEnough(payment, chain) && !lost.has(payment.observation.blockHash) && !isHeld(payment),
  )
  const audited = await auditPayments(deps, settings, { due, unproven, signal })
  const { verdicts, corroborated } = await corroboratePayments(deps, settings, {
    due,
    blocks,
    signal,
  })
  const audit = new Map([...audited, ...verdicts])
  const request = { due, arrived, lost, tip: tipOf(chain), signal }
  const coverage = await readCoverage(deps, settings, request)
  const verified = new Set(settings.verifyBalanceOf)
  const countedUnitsOf = (payment: Payment): bigint | null => {
    const { id, asset } = payment.observation
    const verdict = audit.get(id)
    if (verdict !== undefined) return verdict === 'refuted' ? 0n : null
    if (payment.dust || !verified.has(asset.id)) return payment.countedUnits
    return coverage.get(id) ?? null
  }
  return { audit, corroborated, countedUnitsOf }
}

/** A token that says more than it moves is a matter for a person. */
export function reportShortfalls(
  { logger, metrics }: CoverageDeps,
  { chainId }: ChainSettings,
  changes: ChangeSet,
  audit: Audit,
): void {
  for (const { observation, position, countedUnits, dust } of changes.payments ?? []) {
    if (dust || position !== 'confirmed' || countedUnits >= observation.amountUnits) continue
    if (audit.has(observation.id)) continue
    metrics.count('payments_short_total', { chain: String(chainId) })
    const { id, asset, amountUnits } = observation
    const fields = { chain_id: chainId, payment: id, asset: asset.id, units: String(amountUnits) }
    logger.warn(
      { ...fields, counted_units: String(countedUnits) },
      'the balance does not cover a payment: what it does not cover is not counted',
    )
  }
}

/**
 * The balance of a credited block holds nothing of later blocks, which are less deep. Where a later one
 * counts already, it was found before this one was, and its balance is what both share.
 */
async function loadAccounts(
  { store }: CoverageDeps,
  chainId: number,
  due: readonly Payment[],
  { arrived, lost }: CoverageRequest,
): Promise<Account[]> {
  const holders = due.map(({ observation }) => observation.to)
  const stored = await store.findPaymentsTo(chainId, holders)
  const all = new Map(stored.map((payment) => [payment.observation.id, payment]))
  for (const payment of arrived) all.set(payment.observation.id, payment)
  const standing = [...all.values()].filter(
    ({ position, observation }) => position !== 'orphaned' && !lost.has(observation.blockHash),
  )
  const credits = Map.groupBy(standing, accountOf)
  return [...Map.groupBy(due, accountOf)].map(([account, ofAccount]) => {
    const counting = (credits.get(account) ?? []).filter(({ position }) => position === 'confirmed')
    const latest = [...ofAccount, ...counting].toSorted(byPlace).at(-1) as Payment
    const { asset, to, blockNumber, blockHash } = latest.observation
    return {
      token: asset.token as Address,
      holder: to,
      block: { number: blockNumber, hash: blockHash },
      credits: (credits.get(account) ?? []).toSorted(byPlace),
    }
  })
}

function accountOf({ observation }: Payment): string {
  return `${observation.asset.id}/${observation.to}`
}

function byPlace(a: Payment, b: Payment): number {
  const [one, other] = [a.observation, b.observation]
  return one.blockNumber - other.blockNumber || (one.logIndex ?? 0) - (other.logIndex ?? 0)
}

function creditsUpTo({ credits, block }: Account): Payment[] {
  return credits.filter(({ observation }) => observation.blockNumber <= block.number)
}

/**
 * All balances in one question; those whose state no node has any more in a second one, as of our
 * tip. Whose balance nobody knows is left out.
 */
async function readBalances(
  { source }: CoverageDeps,
  accounts: readonly Account[],
  { tip, signal }: CoverageRequest,
): Promise<[Account, bigint][]> {
  const found: [Account, bigint][] = []
  const ask = async (asked: readonly Account[]): Promise<Account[]> => {
    const balances = await source.getTokenBalances(asked, signal)
    return asked.filter((account, place) => {
      const balance = balances[place] ?? null
      if (balance !== null) found.push([account, balance])
      return balance === null
    })
  }
  const unknown = await ask(accounts)
  const older = unknown.filter(({ block }) => block.number < tip.number)
  if (older.length > 0) await ask(older.map((account) => ({ ...account, block: tip })))
  return found
}

/**
 * The balance; where it does not cover the claims, what all nodes say it is, and what the address sent
 * away too. Nothing is taken from an order by the word of one node.
 */
async function readCovered(
  deps: CoverageDeps,
  account: Account,
  balance: bigint,
  signal: AbortSignal,
): Promise<bigint | null> {
  const credits = creditsUpTo(account)
  const first = credits[0]
  if (first === undefined || balance >= claimedUnits(credits)) return balance
  const question: BalanceQuestion = account
  try {
    const agreed = await deps.source.getAgreedTokenBalance(question, signal)
    if (agreed === null || agreed >= claimedUnits(credits)) return agreed
    const from = first.observation.blockNumber
    return agreed + (await deps.source.getTokenOutflow(question, from, signal))
  } catch (error) {
    if (!(error instanceof ChainSourceError)) throw error
    const { chainId } = first.observation
    const fields = { chain_id: chainId, token: account.token, address: account.holder }
    const text = `what an address has is not agreed on, its payments wait: ${error.message}`
    if (error.kind === 'inconsistent')
      deps.logger.error({ ...fields, kind: error.kind }, `ALARM: ${text}`)
    else deps.logger.warn({ ...fields, kind: error.kind }, text)
    return null
  }
}

function reportUnread(
  { logger, metrics }: CoverageDeps,
  { chainId }: ChainSettings,
  error: unknown,
): void {
  if (!(error instanceof ChainSourceError)) throw error
  metrics.count('balance_faults_total', { chain: String(chainId), kind: error.kind })
  logger.warn(
    { chain_id: chainId, kind: error.kind },
    `balances not read, payments of verified tokens wait: ${error.message}`,
  )
}
