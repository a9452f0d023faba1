/** Refunds and the blocks of a turn: which transfers pay them, and how deep those are. */
import type { ChainSettings } from '../core/chain/chain-settings.ts'
import type { LocalChain } from '../core/chain/local-chain.ts'
import type { Transfer } from '../core/chain/transfer.ts'
import type { Address, Hash } from '../core/money/asset.ts'
import { fits, followRefund, matchRefunds } from '../core/refund/follow-refund.ts'
import type { Refund } from '../core/refund/refund.ts'
import { recordRefund, type Settlement } from '../core/settlement/settlement.ts'
import type { Deps } from './deps.ts'
import { recogniseOwn } from './recognise-own.ts'

type RefundDeps = Pick<Deps, 'store' | 'addressBook'>

export type RefundBook = {
  readonly refunds: Map<string, Refund>
  /** Transfers that may pay one of them, by block. */
  readonly transfersOf: ReadonlyMap<Hash, readonly Transfer[]>
  readonly own: ReadonlySet<Address>
}

/** Transfers to where refunds go, by whomever, and all refunds that go there. */
type RefundSightings = { readonly refunds: readonly Refund[]; readonly sent: readonly Transfer[] }

type Step = {
  readonly chain: LocalChain
  readonly connected: readonly { readonly hash: Hash }[]
  readonly disconnected: ReadonlySet<Hash>
}

/** Refunds of this chain that go to where these transfers go. */
export async function findRefundsPaid(
  { store }: Pick<Deps, 'store'>,
  { chainId }: ChainSettings,
  transfers: readonly Transfer[],
): Promise<Refund[]> {
  const recipients = new Set(transfers.map(({ to }) => to))
  return recipients.size === 0 ? [] : store.findRefundsTo(chainId, [...recipients])
}

/**
 * The refunds that blocks may move: paid by a transfer in them, waiting for depth, or paid in a block
 * that leaves.
 */
export async function openRefunds(
  deps: RefundDeps,
  settings: ChainSettings,
  { refunds: candidates, sent }: RefundSightings,
  steps: readonly Pick<Step, 'disconnected'>[],
): Promise<RefundBook> {
  // Without a block nothing is paid, and nothing gets deeper.
  if (steps.length === 0) return { refunds: new Map(), transfersOf: new Map(), own: new Set() }
  const left = steps.flatMap(({ disconnected }) => [...disconnected])
  const paying = sent.filter((transfer) => candidates.some((one) => fits(one, transfer)))
  const paid = candidates.filter((refund) => paying.some((one) => fits(refund, one)))
  const moving = await deps.store.findRefundsInBlocks(settings.chainId, left)
  return {
    refunds: new Map([...paid, ...moving].map((refund) => [refund.id, refund])),
    transfersOf: Map.groupBy(paying, ({ block }) => block.hash),
    own: await findOwn(deps, settings, paying),
  }
}

/** Of the senders, the merchant's: configured, derived to pay, or a deposit address. */
async function findOwn(
  deps: RefundDeps,
  settings: ChainSettings,
  transfers: readonly Transfer[],
): Promise<Set<Address>> {
  const senders = [...new Set(transfers.flatMap(({ from }) => from ?? []))]
  if (senders.length === 0) return new Set()
  const deposits = await deps.store.findDepositAddresses(senders)
  const isOwn = recogniseOwn(deps, settings)
  return new Set([...senders.filter(isOwn), ...deposits.map(({ address }) => address)])
}

/** The invoices that these refunds are of. */
export function invoicesOf({ refunds }: RefundBook): string[] {
  return [...refunds.values()].map(({ invoiceId }) => invoiceId)
}

/** Moves refunds by one step of the chain, each with its event. */
export function applyRefunds(settlement: Settlement, book: RefundBook, step: Step): void {
  if (book.refunds.size === 0) return
  const { chain, connected, disconnected } = step
  const transfers = connected.flatMap(({ hash }) => book.transfersOf.get(hash) ?? [])
  const paid = matchRefunds([...book.refunds.values()], transfers, {
    isOwn: ({ from }) => from !== null && book.own.has(from),
    disconnected,
  })
  for (const refund of [...book.refunds.values()]) {
    for (const next of followRefund(refund, { chain, disconnected, paid })) {
      book.refunds.set(next.id, next)
      recordRefund(settlement, next)
    }
  }
}
