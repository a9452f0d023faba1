/**
 * A fresh replay: from the best branch of each chain and the list of issued addresses alone, which
 * payments exist, whose they are, which are deep enough, and what every invoice must show. Then the
 * store is held against it. What only the log knows (reversed, expired, canceled, accepted) is
 * history and taken from there.
 */
import { type ChainSettings, strictestFinality } from '../../src/core/chain/chain-settings.ts'
import { deadlineMs, type Invoice } from '../../src/core/invoice/invoice.ts'
import { presentInvoice } from '../../src/core/invoice/present-invoice.ts'
import type { Address, Asset } from '../../src/core/money/asset.ts'
import { observationId, type Payment } from '../../src/core/payment/payment.ts'
import { listBalances } from '../../src/operations/list-balances.ts'
import type { Store } from '../../src/ports/store.ts'
import { givenAt, givenTo, movementGivenTo } from './assignments.ts'
import { isBeyondBlock } from './check-coins.ts'
import { isUnseen } from './check-hidden.ts'
import { isDeep, observedMs, ruleFor, type Standing } from './depth.ts'
import { isHaltedIn, type KnownAddress, type Ledger } from './ledger.ts'
import { judgeRefunds } from './refunds.ts'
import { PUBLIC_URL } from './setting.ts'
import { isEnough, isOver, remaindersOf, type Sum } from './shares.ts'
import type { Movement, SimulatedBlock, SimulatedChain } from './simulated-chain.ts'
import { demand } from './violation.ts'

export type Truth = {
  readonly ledger: Ledger
  readonly chains: ReadonlyMap<number, SimulatedChain>
  /** Where each chain stands in the end: its best tip, or our own tip when it was halted. */
  readonly standings: ReadonlyMap<number, Standing>
  readonly settings: readonly ChainSettings[]
  readonly storeId: string
  /** By the clock of the last poll but one: that one asks an address, the next one expires its order. */
  readonly askedMs: number
}

type Replayed = {
  readonly key: string
  readonly movement: Movement
  readonly invoiceId: string | null
  readonly accepted: boolean
  readonly inTime: boolean
  readonly position: 'included' | 'confirmed'
  /** As stored: whether so little was the rest of what is due depends on what was there then. */
  readonly dust: boolean
  /** As stored, where it is confirmed: what was there then was held against that commit. */
  readonly units: bigint
}

const PAGE = { limit: 1_000, before: null }

export async function judgeEnd(store: Store, truth: Truth): Promise<void> {
  const replayed = replayChains(truth)
  const listed = await store.listPayments({ storeId: truth.storeId }, PAGE)
  const stored = new Map<string, Payment>()
  for (const payment of listed.items) {
    if (payment.position === 'orphaned') continue
    stored.set(keyOf(payment.observation), payment)
  }
  for (const expected of replayed) {
    const found = stored.get(expected.key)
    // Whether somebody should have looked is for `judgeHidden` to say.
    demand(found !== undefined, 'replay-missing', () => `${describe(expected)} is not there`)
    comparePayment(found, expected)
    stored.delete(expected.key)
  }
  const extra = [...stored.values()][0]
  demand(extra === undefined, 'replay-invented', () => `${extra?.observation.id} is on no chain`)
  await judgeBalances(store, truth, replayed)
  const refunds = await store.listRefunds({ storeId: truth.storeId }, PAGE)
  judgeRefunds(truth.ledger, refunds.items, truth.chains, truth.standings)
  const invoices = await store.listInvoices({ storeId: truth.storeId }, PAGE)
  demand(
    invoices.items.length === truth.ledger.invoices.size,
    'replay-invoices',
    () => `${invoices.items.length} invoices are stored`,
  )
  for (const { invoice, payments } of invoices.items) {
    const own = replayed.filter(({ invoiceId }) => invoiceId === invoice.id)
    compareFacts(invoice, payments, own)
    checkEndStatus(invoice, own, truth)
  }
}

/** What lies at our addresses by the books, against what came and left on the best branches. */
async function judgeBalances(
  store: Store,
  truth: Truth,
  replayed: readonly Replayed[],
): Promise<void> {
  const balances = await listBalances({ store }, { storeId: truth.storeId })
  for (const settings of truth.settings) {
    const left = replayOutflows(truth, settings)
    const asset = settings.assets.find(({ token }) => token !== null) as Asset
    const received = replayed.filter(({ movement, position, dust }) => {
      return movement.asset.id === asset.id && position === 'confirmed' && !dust
    })
    const holders = new Set([...received.map(({ movement }) => movement.to), ...left.keys()])
    let available = 0n
    for (const holder of holders) {
      const came = received.filter(({ movement }) => movement.to === holder)
      const units = came.reduce((sum, one) => sum + one.units, 0n)
      const rest = units - (left.get(holder) ?? 0n)
      if (rest > 0n) available += rest
    }
    const collected = [...left.values()].reduce((sum, units) => sum + units, 0n)
    const found = balances.find((balance) => balance.asset === asset.id)
    const told = `${found?.collected_units ?? 0}, available ${found?.available_units ?? 0}`
    const wanted = `${collected}, available ${available}`
    demand(told === wanted, 'replay-balances', () => `collected ${told}, should be ${wanted}`)
  }
}

/** Units of tokens that left each of our addresses, in the blocks that were searched. */
function replayOutflows(truth: Truth, settings: ChainSettings): Map<Address, bigint> {
  const chain = truth.chains.get(settings.chainId) as SimulatedChain
  const left = new Map<Address, bigint>()
  let block = chain.getBlock((truth.standings.get(settings.chainId) as Standing).tip)
  while (block !== undefined) {
    const { hash, parentHash } = block.ref
    const isUnsearched = truth.ledger.chains.get(chain.chainId)?.unsearched.has(hash)
    for (const { from, units, asset } of isUnsearched ? [] : block.movements) {
      if (asset.token === null || !truth.ledger.addresses.has(from)) continue
      left.set(from, (left.get(from) ?? 0n) + units)
    }
    block = chain.getBlock(parentHash)
  }
  return left
}

function replayChains(truth: Truth): Replayed[] {
  return truth.settings.flatMap((settings) => {
    const chain = truth.chains.get(settings.chainId) as SimulatedChain
    const standing = truth.standings.get(settings.chainId) as Standing
    const found: Replayed[] = []
    let block = chain.getBlock(standing.tip)
    while (block !== undefined) {
      found.push(...replayBlock(truth, settings, standing, block))
      block = chain.getBlock(block.ref.parentHash)
    }
    if (settings.nativeMode !== 'direct') found.push(...replayCoins(truth, settings, standing))
    return found
  })
}

/** What was found beyond blocks, as found: that it came was held against each commit. */
function replayCoins(truth: Truth, settings: ChainSettings, standing: Standing): Replayed[] {
  const { ledger, chains } = truth
  const chain = chains.get(settings.chainId) as SimulatedChain
  return [...ledger.payments.values()].flatMap((stored) => {
    const { observation } = stored
    const { id, chainId, blockHash, blockNumber, amountUnits: units, asset, to } = observation
    const isThere = chain.ancestorAt(standing.tip, blockNumber)?.ref.hash === blockHash
    if (chainId !== settings.chainId || !isBeyondBlock(observation) || !isThere) return []
    const block = chain.getBlock(blockHash) as SimulatedBlock
    const known = ledger.addresses.get(to) as KnownAddress
    const searchedAt = ledger.firstLookedUpAt.get(id) as number
    const own = ownerOf(known, chain, standing, block, searchedAt)
    const given = givenTo(ledger, observation)
    const wasOwn =
      own !== null && (ledger.firstSeenAt.get(id) as number) < givenAt(ledger, observation)
    const invoiceId = given === null || wasOwn ? own : given
    const invoice = ledger.invoices.get(invoiceId ?? '')
    const isDue = isDeep(chain, stored.finality, standing, blockNumber)
    return [
      {
        key: keyOf(observation),
        movement: { place: observation.place, asset, from: to, to, units },
        dust: false,
        units: stored.position === 'confirmed' ? stored.countedUnits : units,
        invoiceId,
        ...termsOf(invoice, asset, block),
        position: wherePaymentIs(truth, stored, isDue && !waitsFor(truth, stored, block)),
      },
    ]
  })
}

/** The order of an address; null for money that was found before it was given out, or came before. */
function ownerOf(
  known: KnownAddress,
  chain: SimulatedChain,
  { tip }: Standing,
  { ref }: SimulatedBlock,
  searchedAt: number,
): string | null {
  const { issued } = known.row
  // Found while the address was only looked ahead: it was nobody's money, and stays so.
  const wasWaiting = known.issuedAt === null || searchedAt < known.issuedAt
  const issueTip = issued?.tips[chain.chainId]
  const wasThere =
    issueTip !== undefined &&
    ref.number <= issueTip.number &&
    chain.ancestorAt(tip, issueTip.number)?.ref.hash === issueTip.hash
  return issued === null || wasWaiting || wasThere ? null : issued.invoiceId
}

function termsOf(
  invoice: Invoice | undefined,
  asset: Asset,
  { ref }: SimulatedBlock,
): Pick<Payment, 'accepted' | 'inTime'> {
  const accepts = invoice?.terms.options.some((option) => option.asset.id === asset.id)
  return {
    accepted: accepts === true,
    inTime: invoice !== undefined && ref.timestampS * 1_000 <= deadlineMs(invoice.terms),
  }
}

function replayBlock(
  truth: Truth,
  settings: ChainSettings,
  standing: Standing,
  block: SimulatedBlock,
): Replayed[] {
  const { ref, movements } = block
  const chain = truth.chains.get(settings.chainId) as SimulatedChain
  const isUnsearched = truth.ledger.chains.get(chain.chainId)?.unsearched.has(ref.hash)
  if (isUnsearched === true) return []
  return movements.flatMap((movement) => {
    const known = truth.ledger.addresses.get(movement.to)
    if (known === undefined || isUnseen(truth.ledger, chain.chainId, ref.hash, movement)) return []
    const searchedAt = truth.ledger.searchedAt.get(ref.hash) ?? Number.POSITIVE_INFINITY
    const own = ownerOf(known, chain, standing, block, searchedAt)
    const place = { chainId: chain.chainId, blockHash: ref.hash, place: movement.place }
    const id = observationId(place)
    const stored = truth.ledger.payments.get(id)
    const payment = { id, ownInvoiceId: own }
    const given = movementGivenTo(truth.ledger, chain.chainId, block, movement, payment)
    const invoiceId = given ?? own
    const invoice = invoiceId === null ? undefined : truth.ledger.invoices.get(invoiceId)
    const option = invoice?.terms.options.find(({ asset }) => asset.id === movement.asset.id)
    const isOwn = option !== undefined && given === null
    const asked = isOwn ? option.finality : strictestFinality(settings)
    const rule = ruleFor(asked, block, settings.finalizedTag)
    const isDue = isDeep(chain, rule, standing, ref.number) && !waitsFor(truth, stored, block)
    return [
      {
        key: `${chain.chainId}/${ref.hash}/${movement.place}`,
        movement,
        dust: stored?.dust === true,
        units: stored?.position === 'confirmed' ? stored.countedUnits : movement.units,
        invoiceId,
        ...termsOf(invoice, movement.asset, block),
        position: wherePaymentIs(truth, stored, isDue),
      },
    ]
  })
}

/**
 * What a commit said of it is held against that commit: that there was no room, and that it was deep
 * enough on a chain which a shorter branch has lowered since, and which halted there.
 */
function wherePaymentIs(
  { ledger }: Truth,
  stored: Payment | undefined,
  isDue: boolean,
): Replayed['position'] {
  const wasDeep = stored?.position === 'confirmed' && isHaltedIn(ledger, stored.observation.chainId)
  return wasDeep || (isDue && stored?.heldByCap !== true) ? 'confirmed' : 'included'
}

/** A second look, or a balance, that a chain owed when it halted stays owed. */
function waitsFor(
  { ledger }: Truth,
  stored: Payment | undefined,
  { proofLevel }: SimulatedBlock,
): boolean {
  if (stored?.position !== 'included' || !isHaltedIn(ledger, stored.observation.chainId))
    return false
  return proofLevel !== 2 || stored.observation.asset.token !== null
}

function keyOf({ chainId, blockHash, place }: Payment['observation']): string {
  return `${chainId}/${blockHash}/${place}`
}

function describe({ key, movement, invoiceId }: Replayed): string {
  const of = invoiceId === null ? 'unassigned' : `of ${invoiceId}`
  return `${movement.units} ${movement.asset.symbol} ${of} at ${key}`
}

function comparePayment(found: Payment, expected: Replayed): void {
  const { observation } = found
  const facts = (one: Pick<Payment, 'invoiceId' | 'accepted' | 'inTime' | 'position'>) =>
    `invoice ${one.invoiceId}, accepted ${one.accepted}, in time ${one.inTime}, ${one.position}`
  demand(
    facts(found) === facts(expected),
    found.invoiceId === expected.invoiceId ? 'replay-payment' : 'replay-assigned',
    () => `${describe(expected)}: stored as ${facts(found)}, should be ${facts(expected)}`,
  )
  const { movement } = expected
  demand(
    observation.amountUnits === movement.units &&
      observation.to === movement.to &&
      observation.asset.id === movement.asset.id,
    'replay-amount',
    () => `${describe(expected)}: stored as ${observation.amountUnits} to ${observation.to}`,
  )
}

/** One of which nothing arrived is shown, and is neither too little nor late. */
const counts = ({ accepted, dust, units }: Replayed) => accepted && !dust && units > 0n

const toSums = (payments: readonly Replayed[]): Sum[] =>
  payments.filter(counts).map(({ movement, units }) => ({ assetId: movement.asset.id, units }))

function timely(invoice: Invoice, payments: readonly Replayed[]): Replayed[] {
  return payments.filter(({ inTime }) => inTime || invoice.acceptedShare !== null)
}

/** What the API shows of the stored invoice, against what the replay says. */
function compareFacts(
  invoice: Invoice,
  stored: readonly Payment[],
  replayed: readonly Replayed[],
): void {
  const shown = presentInvoice(invoice, stored, { publicUrl: PUBLIC_URL, tipNumber: () => 0 })
  const seen = toSums(timely(invoice, replayed))
  const all = toSums(replayed)
  const expected = {
    underpaid: seen.length > 0 && !isEnough(invoice, seen),
    overpaid: isOver(invoice, all),
    late: replayed.some((payment) => counts(payment) && !payment.inTime),
  }
  const facts = (one: typeof expected) => `${one.underpaid} ${one.overpaid} ${one.late}`
  demand(
    facts(shown.paid) === facts(expected),
    'replay-facts',
    () => `${invoice.id} shows ${facts(shown.paid)}, should be ${facts(expected)}`,
  )
  for (const [i, option] of invoice.terms.options.entries()) {
    const told = shown.payment_options[i]
    const { due, outstanding, excess } = remaindersOf(invoice, option, all)
    const wanted = `${due} ${outstanding} ${excess}`
    const got = `${told?.amount_due_units} ${told?.outstanding_units} ${told?.excess_units}`
    demand(
      got === wanted,
      'replay-amounts',
      () => `${invoice.id} due, outstanding, excess: ${got}, should be ${wanted}`,
    )
  }
}

/** Expired, canceled, reversed and accepted are history; the rest follows from the replay. */
function checkEndStatus(invoice: Invoice, replayed: readonly Replayed[], truth: Truth): void {
  const inTime = timely(invoice, replayed)
  const seen = isEnough(invoice, toSums(inTime))
  const confirmed = isEnough(
    invoice,
    toSums(inTime.filter(({ position }) => position === 'confirmed')),
  )
  const passed = hasPassed(invoice, truth)
  const fits: Record<Invoice['status'], boolean> = {
    open: !seen && !passed,
    processing: seen && !confirmed,
    settled: seen,
    reversed: !confirmed,
    expired: invoice.acceptedShare === null,
    canceled: invoice.acceptedShare === null,
  }
  demand(
    fits[invoice.status],
    'replay-status',
    () =>
      `${invoice.id} is ${invoice.status}; replay: enough seen ${seen}, confirmed ${confirmed}, ` +
      `deadline passed ${passed}`,
  )
}

function hasPassed(invoice: Invoice, truth: Truth): boolean {
  const deadline = deadlineMs(invoice.terms)
  if (invoice.acceptedShare !== null || truth.askedMs <= deadline) return false
  return invoice.terms.options.every(({ asset, finality }) => {
    const standing = truth.standings.get(asset.chainId)
    // A halted chain says nothing of a deadline, not even what it showed before.
    const isHalted = isHaltedIn(truth.ledger, asset.chainId)
    if (standing === undefined || isHalted) return false
    return observedMs(truth.chains.get(asset.chainId), finality, standing) > deadline
  })
}
