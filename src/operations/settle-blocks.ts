/** Match, assess, advance: what new blocks of one chain mean, as a change set. Writes nothing. */
import type { BlockRef, ProofLevel, VerifiedBlock } from '../core/chain/block.ts'
import type { ChainSettings } from '../core/chain/chain-settings.ts'
import {
  connectBlocks,
  type FinalityMarks,
  holdsBlock,
  type LocalChain,
  markChain,
  tipOf,
} from '../core/chain/local-chain.ts'
import type { Transfer } from '../core/chain/transfer.ts'
import type { ChangeSet } from '../core/change-set.ts'
import type { Hash } from '../core/money/asset.ts'
import type { Payment } from '../core/payment/payment.ts'
import { applyStep, type ChainStep, expireInvoices } from '../core/settlement/apply-step.ts'
import { keepAssigned } from '../core/settlement/assign-payment.ts'
import { closeSettlement, openSettlement, storesTouched } from '../core/settlement/settlement.ts'
import type { DepositAddress } from '../core/store-account/store-account.ts'
import { ChainSourceError } from '../errors.ts'
import type { ChainSource } from '../ports/chain-source.ts'
import type { InvoiceWithPayments } from '../ports/store.ts'
import type { Deps } from './deps.ts'
import { findAssigned } from './find-assigned.ts'
import { findUnproven, reportUnproven } from './find-unproven.ts'
import { matchSteps } from './match-steps.ts'
import { type CountDeps, readCounted, reportShortfalls } from './read-coverage.ts'
import { readOurs } from './read-ours.ts'
import { RING_MAX_BLOCKS } from './ring.ts'
import { applyRefunds, invoicesOf, openRefunds } from './settle-refunds.ts'
import {
  chainsOf,
  createSettlementContext,
  type LoadedChains,
  loadChainsAndHalts,
} from './settlement-context.ts'
import { countHeld, isAnyWaiting, reportHeld, shareRoom } from './share-room.ts'

export type SettleDeps = Omit<Deps, 'accounts' | 'rates' | 'indexes' | 'vault'> & {
  readonly source: CountDeps['source'] & Pick<ChainSource, 'describeAgreement'>
}

export type BlocksToSettle = {
  readonly before: LocalChain
  /** Linked, oldest first; none to look at marks and deadlines alone. */
  readonly blocks: readonly VerifiedBlock[]
  /** Where the tags stand once the blocks are connected; null where they have not moved. */
  readonly marks: FinalityMarks | null
  readonly expirySkip: number
  /**
   * Transfers that the blocks themselves do not show, in blocks to be connected or already on our
   * chain (found by traces or by balance).
   */
  readonly found?: readonly Transfer[]
  /** Blocks already on our chain that were read for what was found in them, and for nothing else. */
  readonly foundIn?: readonly VerifiedBlock[]
  /** Blocks the caller has shown to be on our chain, also below the ring: read again. */
  readonly reread?: readonly VerifiedBlock[]
  /** An operator's decision in place of the rules of reorgs: `blocks` replace these of ours. */
  readonly replacement?: Replacement
  /** Payments deep enough wait for a balance: look at them also without a new block. */
  readonly isWaiting: boolean
  /** A turn of the watcher, which may credit up to the chain's cap; without it only what is final. */
  readonly sharesRoom?: true
  readonly signal: AbortSignal
}

export type Replacement = {
  /** Our chain afterwards; it ends with the blocks that come. */
  readonly chain: LocalChain
  /** Blocks that leave, newest first. */
  readonly left: readonly BlockRef[]
}

export type SettledBlocks = {
  readonly chain: LocalChain
  readonly connected: readonly BlockRef[]
  readonly disconnected: readonly BlockRef[]
  /** What speaks for each block that was handed in. */
  readonly proofLevels: ReadonlyMap<Hash, ProofLevel>
  /** Blocks of which two nodes turned out to have the same transfers. */
  readonly corroborated: ReadonlySet<Hash>
  /** Null when there is nothing to write: no block, and no invoice that expires. */
  readonly changes: ChangeSet | null
  /** Where the next turn goes on with invoices past their deadline. */
  readonly expirySkip: number
  readonly isWaiting: boolean
  /** Payments held back by the cap of the chain; null where nobody looked. */
  readonly held: number | null
}

/**
 * Open invoices past their deadline looked at in one turn, oldest first. The next turn goes on behind
 * them, so that those held back by a chain that is down do not keep others from expiring.
 */
const EXPIRING_PER_TURN = 200

/** Rejects with `inconsistent` when the blocks do not connect, which the observer excludes. */
export async function settleBlocks(
  deps: SettleDeps,
  settings: ChainSettings,
  request: BlocksToSettle,
): Promise<SettledBlocks> {
  const { before, blocks, expirySkip, reread = [], foundIn = [] } = request
  const ours = await readOurs(deps, settings, request)
  const { seen, again, found, addresses, outflows } = ours
  const { steps, known, isStill } = planTurn(settings, request, ours)
  const transfers = [...seen, ...found, ...again]
  const after = steps[steps.length - 1]?.chain ?? before
  const expiring = await findExpiring(deps, after, expirySkip)
  const refunds = await openRefunds(deps, settings, ours, steps)
  const assigned = await findAssigned(deps, settings, addresses, transfers)
  const loaded = await loadAffected(
    deps,
    settings,
    blocks,
    steps,
    [...addresses.values()],
    [...expiring, ...assigned.flatMap(({ invoiceId }) => invoiceId ?? []), ...invoicesOf(refunds)],
    [...found, ...again],
  )
  const result = {
    chain: after,
    connected: steps.flatMap((step) => step.connected),
    disconnected: steps.flatMap((step) => step.left),
    proofLevels: new Map([...blocks, ...reread].map((block) => [block.ref.hash, block.proofLevel])),
    expirySkip: expiring.length < EXPIRING_PER_TURN ? 0 : expirySkip + EXPIRING_PER_TURN,
    isWaiting: false,
    corroborated: new Set<Hash>(),
    held: steps.length === 0 ? null : 0,
  }
  const isNothing =
    loaded.invoices.length + loaded.unassigned.length + known.length + outflows.length === 0
  if (isStill && isNothing) return { ...result, changes: null }
  const { chains, halted } = await loadOtherChains(deps, settings.chainId, loaded.invoices)
  chains.set(settings.chainId, before)
  const context = createSettlementContext(deps, chains, halted)
  const unproven = findUnproven(deps.source, settings, [...blocks, ...reread, ...foundIn])
  const { invoices, payments: held } = loaded
  const matching = { settings, addresses, invoices, held, unproven, assigned }
  const matched = matchSteps(matching, steps, transfers)
  const turn = {
    held: loaded.payments,
    matched: matched.flat(),
    lost: new Set(steps.flatMap(({ disconnected }) => [...disconnected])),
    unproven,
    blocks: [...blocks, ...reread],
    signal: request.signal,
  }
  const shared = await shareRoom(deps, settings, {
    chains: [before, ...steps.map(({ chain }) => chain)],
    lost: turn.lost,
    invoices,
    payments: [...turn.held, ...turn.matched],
    mayTake: request.sharesRoom === true,
  })
  const { isHeld } = shared
  const { countedUnitsOf, audit, corroborated } = await readCounted(deps, settings, {
    ...turn,
    chain: after,
    isHeld,
  })
  const unassigned = ownReturning(loaded, assigned)
  const settlement = openSettlement(context, loaded.invoices, unassigned)
  for (const [place, step] of steps.entries()) {
    chains.set(settings.chainId, step.chain)
    applyStep(settlement, {
      ...step,
      matched: matched[place] ?? [],
      countedUnitsOf,
      room: shared.room,
    })
    applyRefunds(settlement, refunds, step)
  }
  expireInvoices(settlement)
  const endpoints = await deps.store.listEndpoints(storesTouched(settlement))
  const changes = closeSettlement(settlement, endpoints)
  reportShortfalls(deps, settings, changes, audit)
  reportUnproven(deps, settings, changes, unproven)
  reportHeld(deps, settings, changes, shared, loaded.payments)
  const isUntold = changes.events?.length === 0 && changes.payments?.length === 0
  const isIdle = isStill && isUntold && outflows.length === 0
  return {
    ...result,
    isWaiting: isAnyWaiting(settlement, after),
    corroborated,
    held: steps.length === 0 ? null : countHeld(settlement, after),
    changes: isIdle ? null : { ...changes, outflows },
  }
}

/** The steps of a turn, the last of them without a block where something waits or was found later. */
function planTurn(
  { maxReorgBlocks }: ChainSettings,
  { before, blocks, marks, reread = [], replacement, isWaiting }: BlocksToSettle,
  { found, again }: { readonly found: readonly Transfer[]; readonly again: readonly Transfer[] },
) {
  const steps =
    replacement === undefined
      ? planSteps(before, blocks, marks, maxReorgBlocks)
      : [replaceBlocks(replacement, blocks)]
  const isStill = steps.length === 0
  const known = [...findKnown(before, steps, found, reread), ...again]
  if (known.length > 0 || (isStill && isWaiting)) steps.push(standStill(before, steps, known))
  return { steps, known, isStill }
}

function replaceBlocks(
  { chain, left }: Replacement,
  blocks: readonly VerifiedBlock[],
): PlannedStep {
  const disconnected = new Set(left.map(({ hash }) => hash))
  return { chain, connected: blocks.map(({ ref }) => ref), left, disconnected }
}

/** Of what was found beside the blocks, that in blocks which this turn does not connect. */
function findKnown(
  before: LocalChain,
  steps: readonly PlannedStep[],
  found: readonly Transfer[],
  reread: readonly VerifiedBlock[],
): Transfer[] {
  const after = steps.at(-1)?.chain ?? before
  const shown = new Set(reread.map(({ ref }) => ref.hash))
  return found.filter(({ block }) => {
    return !isConnected(steps, block) && (holdsBlock(after, block) || shown.has(block.hash))
  })
}

/** A step in which no block comes: what was found later counts, and what waits is looked at again. */
function standStill(
  before: LocalChain,
  steps: readonly PlannedStep[],
  known: readonly Transfer[],
): PlannedStep {
  const chain = steps.at(-1)?.chain ?? before
  return { chain, connected: [], left: [], disconnected: new Set(), known }
}

type PlannedStep = Omit<ChainStep, 'matched' | 'countedUnitsOf' | 'room'> & {
  readonly connected: readonly BlockRef[]
  readonly left: readonly BlockRef[]
  /** Transfers in blocks that were on our chain before. */
  readonly known?: readonly Transfer[]
}

/**
 * A replaced stretch is one step, up to the height we had; every further block is a step of its own,
 * and tags that have moved are the last.
 */
function planSteps(
  before: LocalChain,
  blocks: readonly VerifiedBlock[],
  marks: FinalityMarks | null,
  maxReorgBlocks: number,
): PlannedStep[] {
  const refs = blocks.map((block) => block.ref)
  const tipNumber = tipOf(before).number
  const replacing = refs.filter((ref) => ref.number <= tipNumber)
  const extending = refs.filter((ref) => ref.number > tipNumber)
  const first = replacing.length > 0 ? [replacing] : []
  const steps: PlannedStep[] = []
  let chain = before
  for (const branch of [...first, ...extending.map((ref) => [ref])]) {
    const result = connectBlocks(chain, branch, maxReorgBlocks)
    if (result.kind === 'known') continue
    if (result.kind !== 'extended') {
      throw new ChainSourceError('inconsistent', `blocks do not connect: ${result.kind}`)
    }
    chain = result.chain
    steps.push({
      chain,
      connected: result.connected,
      left: result.disconnected,
      disconnected: new Set(result.disconnected.map((block) => block.hash)),
    })
  }
  if (marks !== null) {
    steps.push({
      chain: markChain(chain, marks),
      connected: [],
      left: [],
      disconnected: new Set(),
    })
  }
  return steps
}

function isConnected(steps: readonly PlannedStep[], { hash }: BlockRef): boolean {
  return steps.some((step) => step.connected.some((block) => block.hash === hash))
}

function findExpiring(deps: SettleDeps, after: LocalChain, skip: number): Promise<string[]> {
  const horizonMs = Math.min(deps.clock.nowMs(), tipOf(after).timestampS * 1_000)
  return deps.store.findInvoicesPastDeadline(horizonMs, EXPIRING_PER_TURN, skip)
}

type Affected = {
  readonly invoices: readonly InvoiceWithPayments[]
  readonly unassigned: readonly Payment[]
  /** All payments loaded that wait for depth or stand in the blocks of this turn. */
  readonly payments: readonly Payment[]
}

/** Everything the blocks may change: paid, waiting for depth, orphaned, or past the deadline. */
async function loadAffected(
  deps: SettleDeps,
  settings: ChainSettings,
  blocks: readonly VerifiedBlock[],
  steps: readonly PlannedStep[],
  addresses: readonly DepositAddress[],
  others: readonly string[],
  found: readonly Transfer[],
): Promise<Affected> {
  const hashes: Hash[] = [
    ...found.map((transfer) => transfer.block.hash),
    ...blocks.map((block) => block.ref.hash),
    ...steps.flatMap((step) => step.left.map((block) => block.hash)),
  ]
  // Without a new block or mark no payment gets deeper; only deadlines can pass.
  const waiting = steps.length === 0 ? [] : await deps.store.findIncludedPayments(settings.chainId)
  const there = await deps.store.findPaymentsInBlocks(settings.chainId, hashes)
  const payments = new Map([...waiting, ...there].map((one) => [one.observation.id, one]))
  const ids = new Set([
    ...others,
    ...[...payments.values()].flatMap(({ invoiceId }) => (invoiceId === null ? [] : [invoiceId])),
    ...addresses.flatMap(({ issued }) => (issued === null ? [] : [issued.invoiceId])),
  ])
  return {
    invoices: ids.size === 0 ? [] : await deps.store.loadInvoices([...ids]),
    unassigned: [...payments.values()].filter(({ invoiceId }) => invoiceId === null),
    payments: [...payments.values()],
  }
}

/** What left and belonged to nobody, and was assigned in another block meanwhile, comes back as that. */
function ownReturning(
  { unassigned, invoices }: Affected,
  assigned: readonly Payment[],
): readonly Payment[] {
  const byId = new Map(invoices.map(({ invoice }) => [invoice.id, invoice]))
  const left = unassigned.filter(({ position }) => position === 'orphaned')
  const others = unassigned.filter(({ position }) => position !== 'orphaned')
  return [...others, ...keepAssigned(left, assigned, byId, ({ finality }) => finality)]
}

/**
 * The other chains of these invoices: those that judge their deadlines, as deep as the terms ask, and
 * those their payments are on, to count confirmations.
 */
function loadOtherChains(
  deps: SettleDeps,
  chainId: number,
  invoices: readonly InvoiceWithPayments[],
): Promise<LoadedChains> {
  const ids = invoices.flatMap(chainsOf).filter((id) => id !== chainId)
  const depths = invoices.flatMap(({ invoice }) =>
    invoice.terms.options.map(({ finality }) =>
      finality.kind === 'depth' ? finality.confirmations : RING_MAX_BLOCKS,
    ),
  )
  return loadChainsAndHalts(
    deps,
    ids,
    depths.reduce((most, depth) => Math.max(most, depth), 1),
  )
}
