/** The status of an invoice against its money and the time that was observed (I4, I7). */
import type { FinalityRule } from '../../src/core/chain/finality.ts'
import { deadlineMs, type Invoice } from '../../src/core/invoice/invoice.ts'
import type { Payment } from '../../src/core/payment/payment.ts'
import type { Event } from '../../src/core/webhook/event.ts'
import { observedMs, type Standing } from './depth.ts'
import type { CommitView } from './invariants.ts'
import { type Ledger, standingOf } from './ledger.ts'
import { compareShares, isEnough, type Sum, shareOf } from './shares.ts'
import type { SimulatedChain } from './simulated-chain.ts'
import { demand } from './violation.ts'

export function paymentsOfInvoice(ledger: Ledger, invoiceId: string): Payment[] {
  return [...ledger.payments.values()].filter((payment) => payment.invoiceId === invoiceId)
}

export function sumsOf(payments: readonly Payment[]): Sum[] {
  return payments
    .filter(({ accepted, position, dust }) => accepted && position !== 'orphaned' && !dust)
    .map(({ observation, countedUnits }) => ({
      assetId: observation.asset.id,
      units: countedUnits,
    }))
}

/** Payments that count as in time: a deadline that the merchant waived counts for none. */
export function timely(invoice: Invoice, payments: readonly Payment[]): Payment[] {
  return payments.filter(({ inTime }) => inTime || invoice.acceptedShare !== null)
}

export function checkStanding(
  ledger: Ledger,
  invoice: Invoice,
  before: Invoice | undefined,
  events: readonly Event[],
): void {
  const payments = paymentsOfInvoice(ledger, invoice.id)
  const isConfirmed = ({ position }: Payment) => position === 'confirmed'
  const seen = isEnough(invoice, sumsOf(timely(invoice, payments)))
  const confirmed = isEnough(invoice, sumsOf(timely(invoice, payments).filter(isConfirmed)))
  const broken = (detail: string) => () => `${invoice.id} is ${invoice.status}: ${detail}`
  switch (invoice.status) {
    case 'open':
      demand(!seen, 'I4', broken('enough is seen'))
      break
    case 'processing':
      demand(seen, 'I4', broken('not enough is seen'))
      demand(!confirmed, 'I4', broken('enough is confirmed'))
      break
    case 'settled':
      demand(seen, 'I4', broken('not enough is seen'))
      break
    case 'reversed':
      demand(!confirmed, 'I4', broken('enough is confirmed'))
      break
    case 'canceled': {
      const hasMoney = payments.some(({ position, dust }) => position !== 'orphaned' && !dust)
      demand(before?.status === 'canceled' || !hasMoney, 'I4', broken('money had come'))
      break
    }
    default:
  }
  if (invoice.acceptedShare !== null && before?.acceptedShare === null) {
    const { numerator, denominator } = invoice.acceptedShare
    const share = shareOf(invoice, sumsOf(payments.filter(isConfirmed)))
    const isSame = compareShares(share, { over: numerator, unit: denominator }) === 0
    demand(isSame, 'I2', broken('accepted is not what was confirmed'))
  }
  const tells = events.filter(({ invoiceId, type }) => {
    return invoiceId === invoice.id && type === 'invoice.settled'
  })
  for (const event of tells) checkSettledEvent(invoice, event)
}

type ToldPayment = {
  readonly asset: Sum['assetId']
  readonly counted_units: string
  readonly position: string
  readonly in_time: boolean
  readonly accepted: boolean
}

/** Payments an invoice resource shows; a longer list is cut and cannot be summed. */
const PAYMENTS_SHOWN = 20

/** I7: what the event itself shows is enough and confirmed, at the very moment it tells of. */
function checkSettledEvent(invoice: Invoice, event: Event): void {
  const { data } = JSON.parse(event.payload) as {
    data: {
      readonly payments: readonly ToldPayment[]
      readonly payments_total: number
      readonly accepted_by_merchant: boolean
    }
  }
  if (data.payments_total > PAYMENTS_SHOWN) return
  const sums = data.payments
    .filter(({ accepted, position }) => accepted && position === 'confirmed')
    .filter(({ in_time }) => in_time || data.accepted_by_merchant)
    .map(({ asset, counted_units }) => ({ assetId: asset, units: BigInt(counted_units) }))
  const judged = data.accepted_by_merchant ? invoice : { ...invoice, acceptedShare: null }
  demand(isEnough(judged, sums), 'I7', () => `${invoice.id} settled before enough was confirmed`)
}

/**
 * How far each chain was observed, per depth, during the step under way: another chain may move
 * between the decision to expire and its commit. One that was halted all the while says nothing.
 */
export type DeadlineWindow = {
  note(ledger: Ledger): void
  restart(ledger: Ledger): void
  observedMs(chainId: number, rule: FinalityRule): number
}

export function createDeadlineWindow(chains: ReadonlyMap<number, SimulatedChain>): DeadlineWindow {
  let views: { readonly chainId: number; readonly standing: Standing }[] = []
  const note = (ledger: Ledger): void => {
    for (const [chainId, committed] of ledger.chains) {
      const standing = standingOf(committed)
      if (standing !== null && committed.haltReason === null) views.push({ chainId, standing })
    }
  }
  return {
    note,
    restart(ledger) {
      views = []
      note(ledger)
    },
    observedMs(chainId, rule) {
      const times = views
        .filter((view) => view.chainId === chainId)
        .map(({ standing }) => observedMs(chains.get(chainId), rule, standing))
      return Math.max(-1, ...times)
    },
  }
}

/** An invoice expires only when the clock and every accepted chain are past its deadline. */
export function checkDeadline(invoice: Invoice, view: CommitView): void {
  if (invoice.status !== 'expired') return
  const deadline = deadlineMs(invoice.terms)
  demand(view.nowMs > deadline, 'expiry', () => `${invoice.id} expired before its deadline`)
  for (const { asset, finality } of invoice.terms.options) {
    demand(
      view.deadlines.observedMs(asset.chainId, finality) > deadline,
      'expiry',
      () => `${invoice.id} expired, chain ${asset.chainId} was not observed past its deadline`,
    )
  }
}
