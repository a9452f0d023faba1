/** Unassigned money that merchants gave to orders: who gave what, and what follows from it. */
import type { ChangeSet } from '../../src/core/change-set.ts'
import { deadlineMs, type Invoice } from '../../src/core/invoice/invoice.ts'
import type { Hash } from '../../src/core/money/asset.ts'
import type { Observation, Payment } from '../../src/core/payment/payment.ts'
import type { Event } from '../../src/core/webhook/event.ts'
import { GatewayError } from '../../src/errors.ts'
import { assignPayment } from '../../src/operations/assign-payment.ts'
import type { Deps } from '../../src/operations/deps.ts'
import type { Ledger } from './ledger.ts'
import { createRandom } from './random.ts'
import type { Movement, SimulatedBlock } from './simulated-chain.ts'
import type { SimulatedProcess } from './simulated-process.ts'
import type { World } from './simulated-world.ts'
import { count } from './tally.ts'
import { demand } from './violation.ts'

/** What was given, by the money: a transfer of a transaction, in whatever block. */
export type Assignments = Map<string, { readonly invoiceId: string; readonly at: number }>

function moneyKey(
  chainId: number,
  txHash: Hash | null,
  { asset, to }: Pick<Movement, 'asset' | 'to'>,
  units: bigint,
): string {
  return `${chainId}/${txHash}/${asset.id}/${to}/${units}`
}

function keyOf(observation: Observation): string {
  const { chainId, txHash, amountUnits } = observation
  return moneyKey(chainId, txHash, observation, amountUnits)
}

export function noteAssignments(ledger: Ledger, { audit = [], payments = [] }: ChangeSet): void {
  for (const { action, target, after } of audit) {
    if (action !== 'payment.assign') continue
    const payment = payments.find(({ observation }) => observation.id === target)
    demand(payment?.invoiceId === after, 'assigned', () => `${target} is not of ${after}`)
    if (payment !== undefined && after !== null) {
      ledger.assignments.set(keyOf(payment.observation), { invoiceId: after, at: ledger.count })
    }
  }
}

/** The invoice to which a merchant gave this money; null if to none. */
export function givenTo({ assignments }: Ledger, observation: Observation): string | null {
  return assignments.get(keyOf(observation))?.invoiceId ?? null
}

/** Commits there were when that was decided. */
export function givenAt({ assignments }: Ledger, observation: Observation): number {
  return assignments.get(keyOf(observation))?.at ?? Number.NEGATIVE_INFINITY
}

/** The same of what a block moved. What had an order in that very block before keeps it. */
export function movementGivenTo(
  { assignments, firstSeenAt }: Ledger,
  chainId: number,
  { transactions, logs }: SimulatedBlock,
  movement: Movement,
  payment: { readonly id: string; readonly ownInvoiceId: string | null },
): string | null {
  const [kind, index] = movement.place.split(':')
  const txHash =
    kind === 'tx'
      ? transactions[Number(index)]?.hash
      : logs.find((log) => log.index === Number(index))?.transactionHash
  const given = assignments.get(moneyKey(chainId, txHash ?? null, movement, movement.units))
  if (given === undefined) return null
  const wasSeen = (firstSeenAt.get(payment.id) ?? given.at) < given.at
  return wasSeen && payment.ownInvoiceId !== null ? null : given.invoiceId
}

/** What an order says of money that is given to it. */
export function termsFor(
  { terms }: Invoice,
  assetId: string,
  blockTimestampS: number,
): Pick<Payment, 'accepted' | 'inTime'> {
  return {
    accepted: terms.options.some(({ asset }) => asset.id === assetId),
    inTime: blockTimestampS * 1_000 <= deadlineMs(terms),
  }
}

/**
 * A payment without an order has one now. By a decision of the merchant in this commit it stays where
 * it is, and is told of once more; else it came back, and the decision was about another block of it.
 */
export function checkAssigned(
  ledger: Ledger,
  changes: ChangeSet,
  before: Payment,
  payment: Payment,
  events: readonly Event[],
): void {
  const { id, asset, blockTimestampS } = payment.observation
  const broken = (detail: string) => () => `payment ${id}: ${detail}`
  const invoice = ledger.invoices.get(payment.invoiceId ?? '')
  demand(before.invoiceId === null, 'assigned', broken('was taken from its order'))
  demand(invoice !== undefined, 'assigned', broken('was given to nobody'))
  const wanted = termsFor(invoice, asset.id, blockTimestampS)
  demand(
    payment.accepted === wanted.accepted && payment.inTime === wanted.inTime,
    'assigned',
    broken(`accepted ${payment.accepted}, in time ${payment.inTime}`),
  )
  const isDecided = (changes.audit ?? []).some(
    ({ action, target }) => action === 'payment.assign' && target === id,
  )
  if (!isDecided) {
    const given = givenTo(ledger, payment.observation)
    demand(given === payment.invoiceId, 'assigned', broken('nobody decided that'))
    demand(before.position === 'orphaned', 'assigned', broken('it had not left'))
    return
  }
  demand(before.position !== 'orphaned' && !before.dust, 'assigned', broken('it counts nothing'))
  demand(before.position === payment.position, 'assigned', broken('it moved'))
  const told = events.map(({ type }) => type).join()
  const first = payment.accepted ? 'payment.detected' : 'payment.unexpected'
  const all = payment.position === 'confirmed' ? `${first},payment.confirmed` : first
  demand(told === all, 'I5', broken(`told as ${told}`))
  demand(
    events.every(({ invoiceId }) => invoiceId === payment.invoiceId),
    'I5',
    broken('told of another order'),
  )
}

/** Mostly what may be given to an order that wants it; sometimes anything, to try the refusal. */
export async function assignOne(
  world: World,
  process: SimulatedProcess,
  deps: Deps,
  pick: number,
  isAlone: boolean,
): Promise<string> {
  const { ledger, tally } = world
  const random = createRandom(pick)
  const all = [...ledger.payments.values()]
  const free = all.filter(mayAssign)
  const payments = random.chance(0.9) && free.length > 0 ? free : all
  const invoices = [...ledger.invoices.values()]
  if (payments.length === 0 || invoices.length === 0) return 'nothing to give'
  const { id, asset } = random.pick(payments.slice(-4)).observation
  const fitting = invoices.filter(({ terms }) => {
    return terms.options.some((option) => option.asset.id === asset.id)
  })
  const invoice = random.pick(random.chance(0.8) && fitting.length > 0 ? fitting : invoices)
  const may = mayAssign(ledger.payments.get(id) as Payment)
  const request = { storeId: process.account.id, paymentId: id, invoiceId: invoice.id }
  try {
    await assignPayment(deps, { ...request, actor: 'merchant', idempotency: null })
    demand(!isAlone || may, 'decision', () => `assigning ${id} was not refused`)
    count(tally, 'assigned')
    return `${id} to ${invoice.id}`
  } catch (error) {
    const isRefused = error instanceof GatewayError && error.code === 'not_acceptable_state'
    demand(!(isAlone && isRefused && may), 'decision', () => `assigning ${id} was refused`)
    throw error
  }
}

function mayAssign({ invoiceId, position, dust }: Payment): boolean {
  return invoiceId === null && position !== 'orphaned' && !dust
}
