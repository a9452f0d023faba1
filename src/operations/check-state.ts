/** `quittance check`: the stored state against itself, by the invariants of docs/security. */
import { type ChainSettings, expectsProof } from '../core/chain/chain-settings.ts'
import { blockAt, type LocalChain } from '../core/chain/local-chain.ts'
import { assessPayments } from '../core/invoice/assess-payments.ts'
import type { Invoice } from '../core/invoice/invoice.ts'
import { transactionOf } from '../core/payment/attribution.ts'
import { observationId, type Payment } from '../core/payment/payment.ts'
import { isDeepEnough } from '../core/settlement/apply-step.ts'
import { ASSIGN_ACTION } from '../core/settlement/assign-payment.ts'
import type { Event } from '../core/webhook/event.ts'
import type { InvoiceWithPayments } from '../ports/store.ts'
import type { Deps } from './deps.ts'
import { PROVEN_LEVEL } from './find-unproven.ts'
import { loadChains } from './settlement-context.ts'
import { walkAudit } from './walk-audit.ts'

export type CheckDeps = Pick<Deps, 'store' | 'chains' | 'addressBook' | 'clock'>

/** One broken invariant: which, where, and what was found. */
export type Violation = { readonly rule: string; readonly target: string; readonly detail: string }

export type CheckReport = {
  readonly invoices: number
  readonly payments: number
  readonly events: number
  readonly violations: readonly Violation[]
}

const PAGE = 100
/** Enough of each chain to place every payment that a reorg could still move. */
const RING_BLOCKS = 3_000

type Report = {
  invoices: number
  payments: number
  events: number
  violations: Violation[]
  /** Payments to another address than their invoice's: the audit log must tell of each. */
  readonly given: Payment[]
  /** Deep enough, and not confirmed: there must be a reason. */
  readonly waiting: Payment[]
}

export async function checkState(deps: CheckDeps): Promise<CheckReport> {
  const counted = { invoices: 0, payments: 0, events: 0 }
  const report: Report = { ...counted, violations: [], given: [], waiting: [] }
  const chainIds = deps.chains.list().map(({ chainId }) => chainId)
  const chains = await loadChains(deps, chainIds, RING_BLOCKS)
  const addresses = new Map<string, string>()
  for (const store of await deps.store.listStores()) {
    let before: number | null = null
    do {
      const page = await deps.store.listInvoices({ storeId: store.id }, { limit: PAGE, before })
      for (const loaded of page.items) {
        checkInvoice(deps, report, loaded, chains, addresses)
        await checkEvents(deps, report, loaded)
      }
      before = page.cursor
    } while (before !== null)
  }
  await checkAssigned(deps, report, await checkAudit(deps, report))
  await checkWaiting(deps, report)
  const { given, waiting, ...counts } = report
  return counts
}

/** Invoices by the ids of payments that merchants gave to them. */
type Assignments = ReadonlyMap<string, string>

/** Each row of the audit log holds the hash of the one before. */
async function checkAudit(deps: CheckDeps, report: Report): Promise<Assignments> {
  const assignments = new Map<string, string>()
  for await (const { rows, broken } of walkAudit(deps, 0)) {
    for (const { action, target, after } of rows) {
      if (action === ASSIGN_ACTION && after !== null) assignments.set(target, after)
    }
    if (broken === null) continue
    const detail = 'the audit log was changed here: the hash does not follow from the row before'
    report.violations.push({ rule: 'audit', target: `row ${broken}`, detail })
  }
  return assignments
}

/** What a merchant assigned stays assigned, and nothing else gives an invoice foreign money. */
async function checkAssigned(
  { store }: CheckDeps,
  { given, violations }: Report,
  assignments: Assignments,
): Promise<void> {
  const explained = new Set<string>()
  for (const [id, invoiceId] of assignments) {
    const payment = await store.getPayment(id)
    if (payment !== null) explained.add(describeMoney(payment, invoiceId))
    if (payment?.invoiceId === invoiceId) continue
    const detail = `${id}: was assigned to ${invoiceId}, and is not there`
    violations.push({ rule: 'I2', target: invoiceId, detail })
  }
  for (const payment of given) {
    const { invoiceId, observation } = payment
    if (explained.has(describeMoney(payment, invoiceId))) continue
    const detail = `${observation.id}: went to another address`
    violations.push({ rule: 'I2', target: invoiceId ?? '', detail })
  }
}

/** A transaction that was mined again is another payment, and the same money. */
function describeMoney(payment: Payment, invoiceId: string | null): string {
  const { id, chainId, to, asset } = payment.observation
  return JSON.stringify([invoiceId, chainId, transactionOf(payment) ?? id, to, asset.id])
}

function checkInvoice(
  deps: CheckDeps,
  report: Report,
  { invoice, payments }: InvoiceWithPayments,
  chains: ReadonlyMap<number, LocalChain>,
  addresses: Map<string, string>,
): void {
  report.invoices += 1
  report.payments += payments.length
  const broken = (rule: string, detail: string) =>
    report.violations.push({ rule, target: invoice.id, detail })
  const derived = deps.addressBook.derive(invoice.fingerprint, invoice.derivationIndex)
  if (derived !== invoice.address) broken('I6', 'the address does not derive from its account key')
  const other = addresses.get(invoice.address)
  if (other !== undefined) broken('I6', `the address is shared with ${other}`)
  addresses.set(invoice.address, invoice.id)
  for (const payment of payments) {
    const settings = deps.chains.get(payment.observation.chainId)
    checkPayment(broken, payment, chains)
    if (mustCount(payment, chains, settings)) report.waiting.push(payment)
    if (payment.observation.to !== invoice.address) report.given.push(payment)
  }
  checkStatus(broken, invoice, payments, deps.clock.nowMs())
}

function checkPayment(
  broken: (rule: string, detail: string) => void,
  payment: Payment,
  chains: ReadonlyMap<number, LocalChain>,
): void {
  const { observation, position, countedUnits } = payment
  const { id, amountUnits, blockNumber, blockHash, chainId } = observation
  if (amountUnits <= 0n || amountUnits >= 2n ** 256n) broken('I9', `${id}: amount out of range`)
  if (countedUnits < 0n || countedUnits > amountUnits) broken('I2', `${id}: more counts than came`)
  if (id !== observationId(observation)) broken('I1', `${id}: its id is not that of its place`)
  if (!isWhole(payment)) broken('I2', `${id}: the calls that made it do not add up to it`)
  const chain = chains.get(chainId)
  if (chain === undefined) return
  const block = blockAt(chain, blockNumber)
  const isHeld = block?.hash === blockHash
  if (block !== null && position !== 'orphaned' && !isHeld) {
    broken('I1', `${id}: counted, but its block is not canonical`)
  }
  if (position === 'orphaned' && isHeld) broken('I1', `${id}: orphaned in a canonical block`)
}

/** What was learned later of a payment explains it to the last unit, or nothing was learned. */
function isWhole({ observation, attributions }: Payment): boolean {
  if (attributions.length === 0) return true
  const units = attributions.reduce((sum, { amountUnits }) => sum + amountUnits, 0n)
  return units === observation.amountUnits && observation.txHash === null
}

/** One of a verified token may wait for a node that knows the balance. */
function mustCount(
  payment: Payment,
  chains: ReadonlyMap<number, LocalChain>,
  settings: ChainSettings | undefined,
): boolean {
  const { asset, chainId } = payment.observation
  const chain = chains.get(chainId)
  if (payment.position !== 'included' || payment.heldByCap || chain === undefined) return false
  const mayWait = settings?.verifyBalanceOf.includes(asset.id) === true
  return isDeepEnough(payment, chain) && !mayWait
}

/** Where blocks prove, money in one that does not waits for a second look. */
async function checkWaiting(
  { store, chains }: CheckDeps,
  { waiting, violations }: Report,
): Promise<void> {
  for (const { observation, invoiceId } of waiting) {
    const { id, chainId, blockHash } = observation
    const settings = chains.get(chainId)
    const [kept] = await store.findBlocks(chainId, [blockHash])
    const level = kept?.proofLevel ?? PROVEN_LEVEL
    const isExpected = settings !== undefined && expectsProof(settings.proofs)
    // Where none is expected, what one node says may wait for another one.
    if (level === 0 || (isExpected && level < PROVEN_LEVEL)) continue
    const detail = `${id}: deep enough, but not confirmed`
    violations.push({ rule: 'I3', target: invoiceId ?? '', detail })
  }
}

/** What the money says must agree with the status, as far as the status is not history. */
function checkStatus(
  broken: (rule: string, detail: string) => void,
  invoice: Invoice,
  payments: readonly Payment[],
  nowMs: number,
): void {
  const evidence = assessPayments(invoice, payments, { nowMs, chainOf: () => null })
  const { standing } = evidence
  const isEnough = standing === 'seen-enough' || standing === 'confirmed-enough'
  if (invoice.status === 'settled' && !isEnough) broken('I4', 'settled without enough money')
  if (invoice.status === 'settled' && invoice.settledAtMs === null)
    broken('I4', 'no time of settling')
  if (invoice.status === 'processing' && standing !== 'seen-enough') {
    broken('I4', `processing, but the money is ${standing}`)
  }
  if (invoice.status === 'open' && isEnough) broken('I4', `open, but the money is ${standing}`)
  if (invoice.status === 'reversed' && standing === 'confirmed-enough') {
    broken('I4', 'reversed, but the money is confirmed')
  }
}

async function checkEvents(
  deps: CheckDeps,
  report: Report,
  { invoice, payments }: InvoiceWithPayments,
): Promise<void> {
  const filter = { storeId: invoice.storeId, invoiceId: invoice.id }
  const told: Event[] = []
  let after: string | null = null
  for (;;) {
    const events = await deps.store.readEventsAfter(filter, after, PAGE)
    if (events.length === 0) break
    told.push(...events)
    after = events[events.length - 1]?.id ?? null
  }
  report.events += told.length
  // Beside a running gateway an event may have come between the two reads.
  const [now] = await deps.store.loadInvoices([invoice.id])
  if (now !== undefined && now.invoice.sequence !== invoice.sequence) return
  const broken = (rule: string, detail: string) =>
    report.violations.push({ rule, target: invoice.id, detail })
  const sequences = told.map(({ sequence }) => sequence ?? -1)
  const isGapless = sequences.every((sequence, i) => sequence === i + 1)
  if (!isGapless || sequences.length !== invoice.sequence) {
    broken('I5', `events ${sequences.join(',')} do not count 1..${invoice.sequence}`)
  }
  const byId = new Map(payments.map((payment) => [payment.observation.id, payment]))
  for (const event of told) checkTold(broken, event, invoice, byId)
}

type ToldData = {
  readonly id?: string
  readonly address?: string
  readonly to?: string
  readonly amount_units?: string
}

/** What was told when it happened is a second copy of what is stored: they must agree for ever. */
function checkTold(
  broken: (rule: string, detail: string) => void,
  { id, type, payload }: Event,
  invoice: Invoice,
  payments: ReadonlyMap<string, Payment>,
): void {
  const { data } = JSON.parse(payload) as { data: ToldData }
  if (type.startsWith('invoice.') && data.address?.toLowerCase() !== invoice.address) {
    broken('I6', `${id} told another address`)
  }
  if (!type.startsWith('payment.')) return
  const observation = payments.get(data.id ?? '')?.observation
  if (observation === undefined) {
    broken('I3', `${id} told of payment ${data.id}, which is not there`)
  } else if (data.amount_units !== observation.amountUnits.toString()) {
    broken('I2', `${observation.id}: ${id} told another amount`)
  } else if (data.to?.toLowerCase() !== observation.to) {
    broken('I2', `${observation.id}: ${id} told another recipient`)
  }
}
