/**
 * The invariants of the ledger, held at every commit against the truth of the simulated chains:
 * I1 to I9, one event per transition, and that what is frozen stays as it is.
 */
import { isDeepStrictEqual } from 'node:util'
import { type ChainSettings, strictestFinality } from '../../src/core/chain/chain-settings.ts'
import type { ChangeSet } from '../../src/core/change-set.ts'
import type { Invoice } from '../../src/core/invoice/invoice.ts'
import type { Hash } from '../../src/core/money/asset.ts'
import type { Payment } from '../../src/core/payment/payment.ts'
import type { DepositAddress } from '../../src/core/store-account/store-account.ts'
import { isSubscribed } from '../../src/core/webhook/delivery.ts'
import type { Event } from '../../src/core/webhook/event.ts'
import { checkAssigned, givenTo } from './assignments.ts'
import { checkAttributions } from './check-attributions.ts'
import { checkBacked } from './check-backed.ts'
import { checkBranch, checkFinal, checkHalt } from './check-branch.ts'
import { checkCap, checkWorth } from './check-cap.ts'
import { checkCoin, checkCoinSums, checkExpiredCoins, isBeyondBlock } from './check-coins.ts'
import { checkExpiredTokens } from './check-hidden.ts'
import { checkDeadline, checkStanding, type DeadlineWindow } from './check-standing.ts'
import { isDeep, ruleFor, type Standing } from './depth.ts'
import { type CommittedChain, type Ledger, recordChanges, standingOf } from './ledger.ts'
import { checkRefunds } from './refunds.ts'
import { deriveForCheck } from './setting.ts'
import type { Movement, SimulatedChain } from './simulated-chain.ts'
import { foldPaymentEvents, foldStatus } from './transitions.ts'
import { demand } from './violation.ts'

export type CommitView = {
  readonly chains: ReadonlyMap<number, SimulatedChain>
  readonly settings: readonly ChainSettings[]
  /** Blocks that the node of a chain ever called final. */
  calledFinal(chainId: number): ReadonlySet<Hash>
  readonly nowMs: number
  readonly maxReorgBlocks: number
  /** Commits there were when the writer of this one looked addresses up. */
  readonly lookedUpAt: number
  readonly deadlines: DeadlineWindow
  /** Whether the node did not serve the balances it was last asked for: payments may wait then. */
  hasRefusedBalances(chainId: number): boolean
  /** Whether the node ever refused to tell of an address for good: orders expire unasked then. */
  hasRefusedLooks(chainId: number): boolean
  /** How long ago a node first showed this block as its head; -1 if it never did. */
  shownForMs(chainId: number, hash: Hash): number
}

export function acceptCommit(ledger: Ledger, changes: ChangeSet, view: CommitView): void {
  checkEvents(ledger, changes)
  for (const invoice of changes.invoices ?? []) {
    checkInvoice(ledger, changes, invoice)
    if (!ledger.invoices.has(invoice.id)) checkWorth(invoice, view.settings)
  }
  for (const payment of changes.payments ?? []) checkPayment(ledger, changes, payment, view)
  for (const row of changes.addresses ?? []) checkAddress(ledger, row)
  const before = new Map(
    (changes.invoices ?? []).map(({ id }) => [id, ledger.invoices.get(id)] as const),
  )
  const wasConfirmed = new Set(
    [...ledger.payments.values()]
      .filter(({ position }) => position === 'confirmed')
      .map(({ observation }) => observation.id),
  )
  const chainBefore = ledger.chains.get(changes.chain?.chainId ?? 0)
  const tipBefore = chainBefore?.tip ?? -1
  const finalBefore = chainBefore?.final ?? null
  recordChanges(ledger, changes, view.lookedUpAt)
  checkAttributions(ledger, changes, view.chains)
  checkRefunds(ledger, changes, view.chains)
  view.deadlines.note(ledger)
  for (const invoice of changes.invoices ?? []) {
    checkStanding(ledger, invoice, before.get(invoice.id), changes.events ?? [])
    if (before.get(invoice.id)?.status === 'expired') continue
    checkDeadline(invoice, view)
    if (invoice.status === 'expired') {
      checkExpiredCoins(ledger, invoice, view.settings, view.chains)
      checkExpiredTokens(ledger, invoice, view)
    }
  }
  if (changes.chain === undefined) return
  checkChain(ledger, changes.chain.chainId, view)
  for (const payment of changes.payments ?? []) {
    if (!wasConfirmed.has(payment.observation.id)) checkDepth(ledger, payment, view)
  }
  const { chainId } = changes.chain
  const settings = view.settings.find((one) => one.chainId === chainId) as ChainSettings
  const truth = view.chains.get(chainId) as SimulatedChain
  checkBacked(ledger, truth, changes.payments ?? [])
  checkCap(ledger, changes, { settings, truth, wasConfirmed })
  checkBranch(changes.chain, tipBefore, view)
  checkFinal(ledger, changes.chain, finalBefore, view)
  if (changes.chain.haltReason !== null) checkHalt(ledger, changes.chain.chainId, view)
}

/** I5, and what is told is what was written: ids are new, every subscriber has its delivery. */
function checkEvents(ledger: Ledger, changes: ChangeSet): void {
  // As the commit leaves them: one that it disables is told of, and not told.
  const left = (changes.endpoints ?? []).map((endpoint) => [endpoint.id, endpoint] as const)
  const all = new Map([...ledger.endpoints, ...left])
  const endpoints = [...all.values()].filter(({ status }) => status === 'enabled')
  const planned = new Set(
    (changes.deliveries ?? []).map(({ eventId, endpointId }) => `${eventId} ${endpointId}`),
  )
  for (const event of changes.events ?? []) {
    const told = JSON.parse(event.payload) as Record<string, unknown>
    demand(
      told.type === event.type &&
        told.sequence === event.sequence &&
        told.invoice === event.invoiceId,
      'I5',
      () => `the payload of ${event.id} tells of another event`,
    )
    for (const endpoint of endpoints) {
      if (!isSubscribed(endpoint, event.type)) continue
      demand(
        planned.has(`${event.id} ${endpoint.id}`),
        'I5',
        () => `${event.type} has no delivery to ${endpoint.url}`,
      )
    }
  }
}

function eventsOf(changes: ChangeSet, invoiceId: string): Event[] {
  return (changes.events ?? []).filter((event) => event.invoiceId === invoiceId)
}

/** I4 and I5: the sequence goes on without a gap, the status follows from the events, terms stay. */
function checkInvoice(ledger: Ledger, changes: ChangeSet, invoice: Invoice): void {
  const before = ledger.invoices.get(invoice.id)
  const events = eventsOf(changes, invoice.id)
  const first = (before?.sequence ?? 0) + 1
  const sequences = events.map(({ sequence }) => sequence)
  demand(
    sequences.every((sequence, i) => sequence === first + i) &&
      invoice.sequence === first + sequences.length - 1,
    'I5',
    () => `${invoice.id}: events ${sequences.join()} after ${first - 1}, now ${invoice.sequence}`,
  )
  const status = foldStatus(before?.status ?? null, events, invoice.id)
  demand(
    status === invoice.status,
    'I4',
    () => `${invoice.id} is ${invoice.status}, its events say ${status}`,
  )
  if (before === undefined) {
    const derived = deriveForCheck(invoice.fingerprint, invoice.derivationIndex)
    demand(derived === invoice.address, 'I6', () => `${invoice.id}: address does not derive`)
    const twin = [...ledger.invoices.values()].find(({ address }) => address === invoice.address)
    demand(twin === undefined, 'I6', () => `${invoice.id} shares its address with ${twin?.id}`)
    return
  }
  const frozen = (one: Invoice) => [one.terms, one.address, one.derivationIndex, one.token]
  demand(
    isDeepStrictEqual(frozen(invoice), frozen(before)),
    'I4',
    () => `${invoice.id}: terms or address changed`,
  )
}

/** One event per transition; observation and assignment never change; I7 and I9. */
function checkPayment(
  ledger: Ledger,
  changes: ChangeSet,
  payment: Payment,
  view: CommitView,
): void {
  const { id, amountUnits } = payment.observation
  const before = ledger.payments.get(id)
  const events = (changes.events ?? []).filter(
    (event) => event.type.startsWith('payment.') && dataOf(event).id === id,
  )
  const isAssigned = before !== undefined && before.invoiceId !== payment.invoiceId
  if (isAssigned) checkAssigned(ledger, changes, before, payment, events)
  const isGivenNow = isAssigned && before.position !== 'orphaned'
  if (payment.dust) {
    demand(events.length === 0, 'I5', () => `dust ${id} was told of`)
  } else if (!isGivenNow) {
    const position = foldPaymentEvents(before?.position ?? null, events, payment)
    demand(
      position === payment.position,
      'I5',
      () => `payment ${id} is ${payment.position}, its events say ${position}`,
    )
  }
  checkDust(payment, view)
  demand(amountUnits > 0n && amountUnits < 2n ** 256n, 'I9', () => `payment ${id}: ${amountUnits}`)
  for (const event of events) {
    if (event.type !== 'payment.confirmed' || isGivenNow) continue
    const depth = dataOf(event).confirmations as number
    const { finality } = payment
    demand(
      finality.kind !== 'depth' || depth >= finality.confirmations,
      'I7',
      () => `payment ${id} confirmed at depth ${depth} of ${JSON.stringify(finality)}`,
    )
  }
  if (before === undefined) {
    checkRule(ledger, changes, payment, view)
    return
  }
  const fixed = fixedOf(payment)
  const earlier = fixedOf(before)
  const { invoiceId, accepted, inTime } = payment
  const given = isAssigned ? { ...earlier, invoiceId, accepted, inTime } : earlier
  // What counts is judged when it is confirmed, and anew when it comes back.
  const isJudged = payment.position !== 'orphaned' && before.position !== payment.position
  const fixedBefore = isJudged ? { ...given, countedUnits: payment.countedUnits } : given
  demand(isDeepStrictEqual(fixed, fixedBefore), 'I3', () => `payment ${id} changed more than place`)
}

function fixedOf({ position: _at, heldByCap: _held, revision: _count, ...fixed }: Payment) {
  return fixed
}

/** Dust is below the bound, and counts nothing; what is below it may be the rest of what is due. */
function checkDust({ observation, dust, countedUnits, position }: Payment, view: CommitView): void {
  const { id, amountUnits } = observation
  const isSmall = isBelowDust(observation, view)
  demand(!dust || isSmall, 'I9', () => `payment ${id} of ${amountUnits} is called dust`)
  const most = dust ? 0n : amountUnits
  // What a balance does not cover is found when it is confirmed: see `checkBacked`.
  const fits = countedUnits === most || (position !== 'included' && countedUnits < most)
  demand(fits, 'I9', () => `payment ${id} counts ${countedUnits}, dust ${dust}`)
}

function isBelowDust(
  { chainId, asset, amountUnits }: Payment['observation'],
  { settings }: CommitView,
): boolean {
  const chain = settings.find((one) => one.chainId === chainId)
  return amountUnits < (chain?.dustUnits.get(asset.id) ?? 0n)
}

/** I7: it has to be as deep as its order asks, or the strictest tier; final if nothing proves it. */
function checkRule(
  ledger: Ledger,
  changes: ChangeSet,
  { observation, invoiceId, finality }: Payment,
  { chains, settings }: CommitView,
): void {
  const { id, chainId, blockHash, asset } = observation
  const chain = settings.find((one) => one.chainId === chainId) as ChainSettings
  const block = chains.get(chainId)?.getBlock(blockHash)
  const own = (changes.invoices ?? []).find((one) => one.id === invoiceId)
  const invoice = own ?? ledger.invoices.get(invoiceId ?? '')
  const option = invoice?.terms.options.find((one) => one.asset.id === asset.id)
  // Whoever has it now, it was nobody's.
  const isGiven = givenTo(ledger, observation) !== null
  // What only a balance tells waits for the strictest tier, whatever the order asks.
  const isPlain = !isGiven && observation.txHash !== null
  const asked = (isPlain ? option?.finality : undefined) ?? strictestFinality(chain)
  const rule = block === undefined ? null : ruleFor(asked, block, chain.finalizedTag)
  demand(
    isDeepStrictEqual(finality, rule),
    'I7',
    () => `payment ${id} asks for ${JSON.stringify(finality)}, not ${JSON.stringify(rule)}`,
  )
}

function dataOf(event: Event): Record<string, unknown> {
  return (JSON.parse(event.payload) as { data: Record<string, unknown> }).data
}

/** I6: an address derives, has one index, and is given out once for ever. */
function checkAddress(ledger: Ledger, row: DepositAddress): void {
  const derived = deriveForCheck(row.fingerprint, row.index)
  demand(derived === row.address, 'I6', () => `address ${row.index} does not derive`)
  const issued = ledger.addresses.get(row.address)?.row.issued ?? null
  demand(issued === null, 'I6', () => `address ${row.index} was given to ${issued?.invoiceId}`)
}

/** I1, I2, I3: the payments that count are the movements of our canonical blocks, each once. */
function checkChain(ledger: Ledger, chainId: number, view: CommitView): void {
  const chain = ledger.chains.get(chainId) as CommittedChain
  const truth = view.chains.get(chainId) as SimulatedChain
  const standing = standingOf(chain) as Standing
  const expected = findMovements(ledger, chain, truth)
  const mode = view.settings.find((one) => one.chainId === chainId)?.nativeMode
  for (const payment of ledger.payments.values()) {
    if (payment.observation.chainId !== chainId) continue
    if (mode !== 'direct' && isBeyondBlock(payment.observation)) checkCoin(payment, chain, truth)
    else checkMovement(payment, expected)
    if (payment.position !== 'orphaned') checkConfirmed(payment, truth, standing, view)
  }
  const [, missed] = [...expected].find(([key]) => !ledger.hidden.has(key)) ?? []
  demand(missed === undefined, 'I2', () => `a movement of ${missed?.units} is not recorded`)
  checkCoinSums(ledger, truth)
  checkOutflows(ledger, chain, truth)
}

function checkMovement({ observation, position }: Payment, expected: Map<string, Expected>): void {
  const key = `${observation.blockHash}/${observation.place}`
  const movement = expected.get(key)
  if (position === 'orphaned') {
    demand(movement === undefined, 'I1', () => `${observation.id} is orphaned, and canonical`)
    return
  }
  demand(
    movement !== undefined &&
      movement.to === observation.to &&
      movement.units === observation.amountUnits &&
      movement.asset.id === observation.asset.id,
    'I1',
    () => `${observation.id} counts, and is no movement of a canonical block`,
  )
  expected.delete(key)
}

function checkConfirmed(
  { observation, position, finality, heldByCap }: Payment,
  truth: SimulatedChain,
  standing: Standing,
  view: CommitView,
): void {
  // Dust that turned out to be the rest of what is due is asked for its balance by the next turn.
  const isLifted = isBelowDust(observation, view)
  const isUnread =
    observation.asset.token !== null && (isLifted || view.hasRefusedBalances(truth.chainId))
  // What nothing proves is looked at once more before it counts, in a later turn.
  const isUnproven = truth.getBlock(observation.blockHash)?.proofLevel !== 2
  const mayWait = isUnread || (isUnproven && !isBeyondBlock(observation))
  const isDue = isDeep(truth, finality, standing, observation.blockNumber)
  demand(
    // Whether there was no room is for `checkCap` to say.
    position === 'confirmed' || !isDue || mayWait || heldByCap,
    'I3',
    () => `${observation.id} is deep enough, and not confirmed`,
  )
}

/** I8: what counts as having left is what left in our canonical blocks, each once, to the unit. */
function checkOutflows(ledger: Ledger, chain: CommittedChain, truth: SimulatedChain): void {
  const expected = findMovements(ledger, chain, truth, 'from')
  for (const outflow of ledger.outflows.values()) {
    const { id, chainId, blockHash, blockNumber, place } = outflow
    if (chainId !== truth.chainId || chain.blocks.get(blockNumber) !== blockHash) continue
    const movement = expected.get(`${blockHash}/${place}`)
    demand(
      movement !== undefined &&
        movement.from === outflow.from &&
        movement.to === outflow.to &&
        movement.units === outflow.amountUnits &&
        movement.asset.id === outflow.asset.id,
      'I8',
      () => `${id} left, and is no movement of a canonical block`,
    )
    expected.delete(`${blockHash}/${place}`)
  }
  const missed = [...expected.values()][0]
  demand(missed === undefined, 'I8', () => `${missed?.units} left and are not written down`)
}

type Expected = Pick<Movement, 'from' | 'to' | 'units' | 'asset'>

/** Movements to (or from) addresses we knew, in the canonical blocks that were searched. */
function findMovements(
  ledger: Ledger,
  chain: CommittedChain,
  truth: SimulatedChain,
  party: 'from' | 'to' = 'to',
): Map<string, Expected> {
  const found = new Map<string, Expected>()
  for (const hash of chain.blocks.values()) {
    const block = truth.getBlock(hash)
    if (block === undefined || block.movements.length === 0 || chain.unsearched.has(hash)) continue
    for (const movement of block.movements) {
      const known = ledger.addresses.get(movement[party])
      if (known !== undefined && known.knownAt <= (ledger.searchedAt.get(hash) as number)) {
        found.set(`${hash}/${movement.place}`, movement)
      }
    }
  }
  return found
}

/** I7: what became confirmed is as deep as asked on the chain that was committed with it. */
function checkDepth(
  ledger: Ledger,
  { observation, position, finality }: Payment,
  { chains }: CommitView,
): void {
  if (position !== 'confirmed') return
  const truth = chains.get(observation.chainId) as SimulatedChain
  const standing = standingOf(ledger.chains.get(observation.chainId) as CommittedChain) as Standing
  demand(
    isDeep(truth, finality, standing, observation.blockNumber),
    'I7',
    () => `${observation.id} is confirmed, and less deep than ${JSON.stringify(finality)}`,
  )
}
