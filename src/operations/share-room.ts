/**
 * Between match and advance: how much of the chain may still be credited before it is final, and who
 * has to wait for that. Reads nothing where there is no cap, or while nobody is as deep as asked.
 */
import type { ChainSettings } from '../core/chain/chain-settings.ts'
import { deepHeight } from '../core/chain/finality.ts'
import type { LocalChain } from '../core/chain/local-chain.ts'
import type { ChangeSet } from '../core/change-set.ts'
import type { Hash } from '../core/money/asset.ts'
import { fiatDecimals } from '../core/money/currency.ts'
import { formatDecimal } from '../core/money/decimal.ts'
import type { Payment } from '../core/payment/payment.ts'
import { isDeepEnough } from '../core/settlement/apply-step.ts'
import {
  type CreditRoom,
  closeRoom,
  giveBack,
  hasRoom,
  openRoom,
} from '../core/settlement/credit-room.ts'
import type { Settlement } from '../core/settlement/settlement.ts'
import type { InvoiceWithPayments } from '../ports/store.ts'
import type { Deps } from './deps.ts'

export type RoomRequest = {
  /** Our chain before the turn, and after each of its steps. */
  readonly chains: readonly [LocalChain, ...LocalChain[]]
  readonly lost: ReadonlySet<Hash>
  readonly invoices: readonly InvoiceWithPayments[]
  readonly payments: readonly Payment[]
  /** The turns of a watcher share the room, one after the other. Who writes beside them takes none. */
  readonly mayTake: boolean
}

export type SharedRoom = {
  /** For the steps of the turn; null where there is no cap. */
  readonly room: CreditRoom | null
  /** Will not be credited by any step, so that nobody needs to look at its balance. */
  isHeld(payment: Payment): boolean
}

const UNLIMITED: SharedRoom = { room: null, isHeld: () => false }

export async function shareRoom(
  { store }: Pick<Deps, 'store'>,
  settings: ChainSettings,
  { chains, lost, invoices, payments, mayTake }: RoomRequest,
): Promise<SharedRoom> {
  const open = openRoom(settings, [])
  if (open === null) return UNLIMITED
  const after = chains.at(-1) as LocalChain
  const isAsked = payments.some((payment) => isDeepEnough(payment, after))
  if (!isAsked || !mayTake) return { room: closeRoom(open), isHeld: () => false }
  const height = chains.reduce(
    (lowest, chain) => Math.min(lowest, deepHeight(chain, open.finality)),
    Number.POSITIVE_INFINITY,
  )
  const credits = await store.findCreditsAbove(settings.chainId, height)
  // As it is in the end, with nothing taken: where it does not fit then, it fits in no step.
  const most = openRoom(settings, credits) as CreditRoom
  giveBack(most, after, lost)
  const terms = new Map(invoices.map(({ invoice }) => [invoice.id, invoice.terms]))
  return {
    room: openRoom(settings, credits),
    isHeld: (payment) => !hasRoom(most, after, payment, terms.get(payment.invoiceId ?? '') ?? null),
  }
}

/** Whether payments are as deep as asked, and wait for what another look may bring. */
export function isAnyWaiting(settlement: Settlement, chain: LocalChain): boolean {
  return [...settlement.payments.values()].some(
    (payment) =>
      payment.observation.chainId === chain.chainId &&
      payment.position === 'included' &&
      // Room comes back with a block or a mark, and those are looked at anyway.
      !payment.heldByCap &&
      isDeepEnough(payment, chain),
  )
}

/** Payments of the chain that its cap holds back. */
export function countHeld({ payments }: Settlement, { chainId }: LocalChain): number {
  return [...payments.values()].filter(
    ({ observation, heldByCap }) => observation.chainId === chainId && heldByCap,
  ).length
}

/** Told once per payment, when it begins to wait. */
export function reportHeld(
  { logger, metrics }: Pick<Deps, 'logger' | 'metrics'>,
  { chainId, finalityCap }: ChainSettings,
  { payments = [] }: ChangeSet,
  { room }: SharedRoom,
  before: readonly Payment[],
): void {
  if (room === null || !room.isOpen || !finalityCap) return
  const knew = new Set(before.filter(isWaiting).map(({ observation }) => observation.id))
  const held = payments.filter((one) => isWaiting(one) && !knew.has(one.observation.id))
  if (held.length === 0) return
  metrics.count('payments_held_total', { chain: String(chainId) }, held.length)
  const { amount, currency } = finalityCap
  const taken = formatDecimal(room.sumUnits, fiatDecimals(currency) as number)
  logger.warn(
    {
      chain_id: chainId,
      cap: `${amount} ${currency}`,
      credited: `${taken} ${currency}`,
      payments: held.length,
      first: held[0]?.observation.id,
    },
    'what is credited and not final has reached finality_cap: payments wait for room, or until they are final',
  )
}

function isWaiting({ position, heldByCap }: Payment): boolean {
  return position === 'included' && heldByCap
}
