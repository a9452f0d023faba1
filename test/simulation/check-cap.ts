/**
 * What a chain has credited and does not call final is never worth more than its cap, and who is held
 * back for that has no room. Worth is counted anew here, from what orders were made for.
 */
import { type ChainSettings, strictestFinality } from '../../src/core/chain/chain-settings.ts'
import type { FinalityRule } from '../../src/core/chain/finality.ts'
import type { ChangeSet } from '../../src/core/change-set.ts'
import type { Invoice } from '../../src/core/invoice/invoice.ts'
import type { Payment } from '../../src/core/payment/payment.ts'
import { isDeep, type Standing } from './depth.ts'
import { type CommittedChain, type Ledger, standingOf } from './ledger.ts'
import { PRICES } from './setting.ts'
import type { SimulatedChain } from './simulated-chain.ts'
import { demand } from './violation.ts'

/** Cents of a decimal, rounded up where it has more digits. */
function centsOf(text: string): bigint {
  const [whole = '0', fraction = ''] = text.split('.')
  const digits = fraction.padEnd(2, '0')
  const isMore = /[1-9]/.test(digits.slice(2))
  return BigInt(whole + digits.slice(0, 2)) + (isMore ? 1n : 0n)
}

/** What an order over `amount` is worth in cents, rounded up; null where no rate leads there. */
function dueCents({ terms: { price } }: Invoice, currency: string): bigint | null {
  const { amount, currency: from } = price
  if (from === currency) return centsOf(amount)
  const rate = PRICES[`${from}/${currency}`]
  if (rate === undefined) return null
  const [value, each] = [partsOf(amount), partsOf(rate)]
  const [over, unit] = [value.over * each.over * 100n, value.unit * each.unit]
  return (over + unit - 1n) / unit
}

function partsOf(text: string): { over: bigint; unit: bigint } {
  const [whole = '0', fraction = ''] = text.split('.')
  return { over: BigInt(whole + fraction), unit: 10n ** BigInt(fraction.length) }
}

/** What is frozen with an option of a new invoice is the value it had then. */
export function checkWorth(invoice: Invoice, settings: readonly ChainSettings[]): void {
  for (const option of invoice.terms.options) {
    const cap = settings.find(({ chainId }) => chainId === option.asset.chainId)?.finalityCap
    const isPriced = invoice.terms.price.currency === cap?.currency
    const frozen = option.worth === undefined ? null : centsOf(option.worth.amount)
    const wanted = cap && !isPriced ? dueCents(invoice, cap.currency) : null
    demand(
      frozen === wanted,
      'cap',
      () => `${invoice.id} keeps a worth of ${frozen} cents, should be ${wanted}`,
    )
  }
}

function centsOfPayment(ledger: Ledger, payment: Payment, currency: string): bigint | null {
  const { accepted, countedUnits, dust, invoiceId, observation } = payment
  const invoice = ledger.invoices.get(invoiceId ?? '')
  const option = invoice?.terms.options.find(({ asset }) => asset.id === observation.asset.id)
  if (invoice === undefined || option === undefined || !accepted || dust) return 0n
  const due = dueCents(invoice, currency)
  const { amountDueUnits } = option
  // What came, which check-backed.ts holds against the chain: a token may say more.
  return due === null ? null : (countedUnits * due + amountDueUnits - 1n) / amountDueUnits
}

export type CapView = {
  readonly settings: ChainSettings
  readonly truth: SimulatedChain
  readonly wasConfirmed: ReadonlySet<string>
}

/** After the commit: who was credited by it, and who is held. */
export function checkCap(
  ledger: Ledger,
  changes: ChangeSet,
  { settings, truth, wasConfirmed }: CapView,
): void {
  const cap = settings.finalityCap ?? null
  const own = [...ledger.payments.values()].filter(
    ({ observation }) => observation.chainId === settings.chainId,
  )
  if (cap === null) {
    const held = own.find(({ heldByCap }) => heldByCap)
    demand(held === undefined, 'cap', () => `${held?.observation.id} is held without a cap`)
    return
  }
  const chain = ledger.chains.get(settings.chainId) as CommittedChain
  const standing = standingOf(chain) as Standing
  const rule = settings.finalizedTag ? FINALIZED : strictestFinality(settings)
  const isFinal = ({ observation }: Payment) => {
    return isDeep(truth, rule, standing, observation.blockNumber)
  }
  // Where depth says what is final, a shorter branch does not take back what was final once.
  const wasFinal = (payment: Payment) =>
    isFinal(payment) ||
    (rule.kind === 'depth' &&
      payment.observation.blockNumber <= chain.highest - rule.confirmations + 1)
  const cents = (payment: Payment) => centsOfPayment(ledger, payment, cap.currency)
  const capCents = centsOf(cap.amount)
  /** What nobody can value is more than any cap. */
  const sum = (some: readonly Payment[]) =>
    some.reduce((all, one) => all + (cents(one) ?? capCents + 1n), 0n)
  const credited = own.filter(({ position }) => position === 'confirmed')
  const most = sum(credited.filter((one) => !wasFinal(one)))
  demand(most <= capCents, 'cap', () => `${most} cents are credited and not final, of ${capCents}`)
  const now = sum(credited.filter((one) => !isFinal(one)))
  const added = (changes.payments ?? []).find(
    (one) =>
      one.position === 'confirmed' &&
      !wasConfirmed.has(one.observation.id) &&
      !isFinal(one) &&
      cents(one) !== 0n,
  )
  demand(
    added === undefined || now <= capCents,
    'cap',
    () => `${added?.observation.id} was credited, ${now} cents are not final, of ${capCents}`,
  )
  for (const payment of own.filter(({ heldByCap }) => heldByCap)) {
    const { observation, position, finality } = payment
    const isDue = isDeep(truth, finality, standing, observation.blockNumber)
    const hasNoRoom = sum([payment]) + now > capCents
    demand(
      position === 'included' && isDue && !isFinal(payment) && hasNoRoom,
      'cap',
      () => `${observation.id} is ${position} and held, ${now} of ${capCents} cents are taken`,
    )
  }
}

const FINALIZED: FinalityRule = { kind: 'finalized', plusBlocks: 0, plusS: 0 }
