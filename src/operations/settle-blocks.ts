/** Match, assess, advance: what new blocks of one chain mean, as a change set. Writes nothing. */
import type { BlockRef, VerifiedBlock } from '../core/chain/block.ts'
import { type ChainSettings, highestConfirmations } from '../core/chain/chain-settings.ts'
import { connectBlocks, type LocalChain, tipOf } from '../core/chain/local-chain.ts'
import { extractTransfers, type Transfer, type WatchedAssets } from '../core/chain/transfer.ts'
import type { ChangeSet } from '../core/change-set.ts'
import { deadlineMs, type Invoice } from '../core/invoice/invoice.ts'
import type { Address, Hash } from '../core/money/asset.ts'
import { matchTransfers, type Recipient } from '../core/payment/match-transfers.ts'
import type { Payment } from '../core/payment/payment.ts'
import { applyStep, type ChainStep, expireInvoices } from '../core/settlement/apply-step.ts'
import {
  closeSettlement,
  openSettlement,
  type Settlement,
  storesTouched,
} from '../core/settlement/settlement.ts'
import { type DepositAddress, isAfterIssue } from '../core/store-account/store-account.ts'
import { ChainSourceError } from '../errors.ts'
import type { InvoiceWithPayments } from '../ports/store.ts'
import type { Deps } from './deps.ts'
import { chainsOf, createSettlementContext, loadChains } from './settlement-context.ts'
import { isDerived } from './verify-address.ts'

type SettleDeps = Omit<Deps, 'accounts' | 'rates' | 'indexes' | 'vault'>

export type BlocksToSettle = {
  readonly before: LocalChain
  /** Linked, oldest first; none to look at deadlines alone. */
  readonly blocks: readonly VerifiedBlock[]
  readonly expirySkip: number
}

export type SettledBlocks = {
  readonly chain: LocalChain
  readonly connected: readonly BlockRef[]
  readonly disconnected: readonly BlockRef[]
  /** Null when there is nothing to write: no block, and no invoice that expires. */
  readonly changes: ChangeSet | null
  /** Where the next turn goes on with invoices past their deadline. */
  readonly expirySkip: number
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
  { before, blocks, expirySkip }: BlocksToSettle,
): Promise<SettledBlocks> {
  const steps = planSteps(before, blocks, settings.maxReorgBlocks)
  const transfers = extractAll(deps, settings, blocks)
  const addresses = await findRecipients(deps, transfers)
  const after = steps[steps.length - 1]?.chain ?? before
  const expiring = await findExpiring(deps, after, expirySkip)
  const loaded = await loadAffected(
    deps,
    settings,
    blocks,
    steps,
    [...addresses.values()],
    expiring,
  )
  const result = {
    chain: after,
    connected: steps.flatMap((step) => step.connected),
    disconnected: steps.flatMap((step) => step.left),
    expirySkip: expiring.length < EXPIRING_PER_TURN ? 0 : expirySkip + EXPIRING_PER_TURN,
  }
  if (steps.length === 0 && loaded.invoices.length === 0) return { ...result, changes: null }
  const chains = await loadOtherChains(deps, settings.chainId, loaded.invoices)
  chains.set(settings.chainId, before)
  const context = createSettlementContext(deps, chains)
  const settlement = openSettlement(context, loaded.invoices, loaded.unassigned)
  const transfersOf = Map.groupBy(transfers, (transfer) => transfer.block.hash)
  for (const step of steps) {
    chains.set(settings.chainId, step.chain)
    const arrived = step.connected.flatMap(({ hash }) => transfersOf.get(hash) ?? [])
    const matched = match(settings, settlement, arrived, addresses, step.chain)
    applyStep(settlement, { ...step, matched })
  }
  expireInvoices(settlement)
  const endpoints = await deps.store.listEndpoints(storesTouched(settlement))
  const changes = closeSettlement(settlement, endpoints)
  const isIdle = steps.length === 0 && changes.events?.length === 0
  return { ...result, changes: isIdle ? null : changes }
}

type PlannedStep = Omit<ChainStep, 'matched'> & {
  readonly connected: readonly BlockRef[]
  readonly left: readonly BlockRef[]
}

/** A replaced stretch is one step, up to the height we had; every further block is a step of its own. */
function planSteps(
  before: LocalChain,
  blocks: readonly VerifiedBlock[],
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
  return steps
}

function extractAll(
  deps: SettleDeps,
  settings: ChainSettings,
  blocks: readonly VerifiedBlock[],
): Transfer[] {
  const watched: WatchedAssets = {
    chainId: settings.chainId,
    tokens: new Set(settings.assets.flatMap(({ token }) => (token === null ? [] : [token]))),
    native: settings.assets.some(({ token }) => token === null),
  }
  const labels = { chain: String(settings.chainId) }
  return blocks.flatMap((block) => {
    const { transfers, malformed } = extractTransfers(block, watched)
    deps.metrics.count('transfers_seen_total', labels, transfers.length)
    if (malformed > 0) deps.metrics.count('transfers_malformed_total', labels, malformed)
    return transfers
  })
}

/** Our addresses among the recipients. One whose row does not derive from its key is nobody's. */
async function findRecipients(
  deps: SettleDeps,
  transfers: readonly Transfer[],
): Promise<Map<Address, DepositAddress>> {
  const candidates = [...new Set(transfers.map((transfer) => transfer.to))]
  if (candidates.length === 0) return new Map()
  const found = await deps.store.findDepositAddresses(candidates)
  return new Map(
    found
      .filter((row) => isDerived(deps, { ...row, derivationIndex: row.index }))
      .map((row) => [row.address, row]),
  )
}

function findExpiring(deps: SettleDeps, after: LocalChain, skip: number): Promise<string[]> {
  const horizonMs = Math.min(deps.clock.nowMs(), tipOf(after).timestampS * 1_000)
  return deps.store.findInvoicesPastDeadline(horizonMs, EXPIRING_PER_TURN, skip)
}

type Affected = {
  readonly invoices: readonly InvoiceWithPayments[]
  readonly unassigned: readonly Payment[]
}

/** Everything the blocks may change: paid, waiting for depth, orphaned, or past the deadline. */
async function loadAffected(
  deps: SettleDeps,
  settings: ChainSettings,
  blocks: readonly VerifiedBlock[],
  steps: readonly PlannedStep[],
  addresses: readonly DepositAddress[],
  expiring: readonly string[],
): Promise<Affected> {
  const hashes: Hash[] = [
    ...blocks.map((block) => block.ref.hash),
    ...steps.flatMap((step) => step.left.map((block) => block.hash)),
  ]
  // Without a new block no payment gets deeper; only deadlines can pass.
  const waiting = blocks.length === 0 ? [] : await deps.store.findIncludedPayments(settings.chainId)
  const there = await deps.store.findPaymentsInBlocks(settings.chainId, hashes)
  const payments = new Map([...waiting, ...there].map((one) => [one.observation.id, one]))
  const ids = new Set([
    ...expiring,
    ...[...payments.values()].flatMap(({ invoiceId }) => (invoiceId === null ? [] : [invoiceId])),
    ...addresses.flatMap(({ issued }) => (issued === null ? [] : [issued.invoiceId])),
  ])
  return {
    invoices: ids.size === 0 ? [] : await deps.store.loadInvoices([...ids]),
    unassigned: [...payments.values()].filter(({ invoiceId }) => invoiceId === null),
  }
}

/**
 * The other chains of these invoices: those that judge their deadlines, as deep as the terms ask, and
 * those their payments are on, to count confirmations.
 */
function loadOtherChains(
  deps: SettleDeps,
  chainId: number,
  invoices: readonly InvoiceWithPayments[],
): Promise<Map<number, LocalChain>> {
  const ids = invoices.flatMap(chainsOf).filter((id) => id !== chainId)
  const depths = invoices.flatMap(({ invoice }) =>
    invoice.terms.options.map((option) => option.finality.confirmations),
  )
  return loadChains(
    deps,
    ids,
    depths.reduce((most, depth) => Math.max(most, depth), 1),
  )
}

function match(
  settings: ChainSettings,
  settlement: Settlement,
  transfers: readonly Transfer[],
  addresses: ReadonlyMap<Address, DepositAddress>,
  chain: LocalChain,
): Payment[] {
  if (transfers.length === 0) return []
  return matchTransfers(transfers, {
    assets: new Map(settings.assets.map((asset) => [asset.id, asset])),
    highestConfirmations: highestConfirmations(settings),
    recipientOf: (address) => {
      const row = addresses.get(address)
      return row === undefined ? null : describeRecipient(row, settlement, chain)
    },
  })
}

function describeRecipient(
  row: DepositAddress,
  settlement: Settlement,
  chain: LocalChain,
): Recipient {
  const { issued, storeId } = row
  const invoice = issued === null ? undefined : settlement.invoices.get(issued.invoiceId)
  if (issued === null || invoice === undefined) return { storeId, order: null }
  return {
    storeId,
    order: {
      invoiceId: invoice.id,
      deadlineMs: deadlineMs(invoice.terms),
      isAfterIssue: (number) => isAfterIssue(issued, chain, number),
      confirmationsFor: (assetId) => depthFor(invoice, assetId),
    },
  }
}

function depthFor(invoice: Invoice, assetId: string): number | null {
  const option = invoice.terms.options.find(({ asset }) => asset.id === assetId)
  return option?.finality.confirmations ?? null
}
