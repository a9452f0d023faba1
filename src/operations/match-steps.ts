/** Match: which transfers of each step are payments, and of which orders. */
import type { BlockRef } from '../core/chain/block.ts'
import { type ChainSettings, strictestFinality } from '../core/chain/chain-settings.ts'
import { atLeastFinal, type FinalityRule } from '../core/chain/finality.ts'
import type { LocalChain } from '../core/chain/local-chain.ts'
import type { Transfer } from '../core/chain/transfer.ts'
import { deadlineMs, type Invoice } from '../core/invoice/invoice.ts'
import type { Address, Hash } from '../core/money/asset.ts'
import { matchTransfers, type Recipient } from '../core/payment/match-transfers.ts'
import type { Observation, Payment } from '../core/payment/payment.ts'
import { keepAssigned } from '../core/settlement/assign-payment.ts'
import { type DepositAddress, isAfterIssue } from '../core/store-account/store-account.ts'
import type { InvoiceWithPayments } from '../ports/store.ts'

export type Matching = {
  readonly settings: ChainSettings
  readonly addresses: ReadonlyMap<Address, DepositAddress>
  readonly invoices: readonly InvoiceWithPayments[]
  /** Payments already seen in the blocks of these steps, orphaned ones too. */
  readonly held: readonly Payment[]
  /** Blocks whose content is not proven, where money in them has to wait until they are final. */
  readonly unproven: ReadonlySet<Hash>
  /** What merchants gave to invoices, made by transactions of these steps in other blocks. */
  readonly assigned: readonly Payment[]
}

export type MatchedStep = {
  readonly chain: LocalChain
  readonly connected: readonly BlockRef[]
  /** Transfers in blocks that were on our chain before. */
  readonly known?: readonly Transfer[]
}

/** The payments of each step, in the order of the chain. */
export function matchSteps(
  { settings, addresses, invoices, held, unproven, assigned }: Matching,
  steps: readonly MatchedStep[],
  transfers: readonly Transfer[],
): Payment[][] {
  const transfersOf = Map.groupBy(transfers, (transfer) => transfer.block.hash)
  const byId = new Map(invoices.map(({ invoice }) => [invoice.id, invoice]))
  const assets = new Map(settings.assets.map((asset) => [asset.id, asset]))
  const strictest = strictestFinality(settings)
  const strictestOf = ({ observation }: Payment) =>
    unproven.has(observation.blockHash) ? atLeastFinal(strictest) : strictest
  return steps.map(({ chain, connected, known = [] }) => {
    const arrived = [...connected.flatMap(({ hash }) => transfersOf.get(hash) ?? []), ...known]
    const matched = matchTransfers(arrived, {
      assets,
      strictestFinality: strictest,
      dustUnits: settings.dustUnits,
      unproven,
      recipientOf: (address) => {
        const row = addresses.get(address)
        return row === undefined ? null : describeRecipient(row, byId, chain)
      },
    })
    const kept = keepAssigned(leaveOutTwins(held, matched), assigned, byId, strictestOf)
    return [...kept, ...findReturned(held, connected, matched)]
  })
}

/**
 * The same coins may have been told of in another way before, by a balance, by calls or by a list, and
 * come back as that: they count once. What a balance tells is only ever the rest.
 */
function leaveOutTwins(held: readonly Payment[], matched: readonly Payment[]): Payment[] {
  const told = new Map<string, Set<string>>()
  for (const { observation } of held) {
    if (observation.kind !== 'internal') continue
    const at = payeeOf(observation)
    told.set(at, (told.get(at) ?? new Set()).add(wayOf(observation)))
  }
  return matched.filter(({ observation }) => {
    if (observation.kind !== 'internal' || isByBalance(observation)) return true
    const ways = told.get(payeeOf(observation))
    return ways === undefined || (ways.size === 1 && ways.has(wayOf(observation)))
  })
}

function payeeOf({ blockHash, to }: Observation): string {
  return `${blockHash}/${to}`
}

/** `call` of `call:3:0.2`. */
function wayOf({ place }: Observation): string {
  return place.slice(0, place.indexOf(':'))
}

/**
 * What was found in a block by other means than reading it counts again when the block comes back:
 * what happened in it is the same.
 */
function findReturned(
  held: readonly Payment[],
  connected: readonly BlockRef[],
  matched: readonly Payment[],
): Payment[] {
  const hashes = new Set(connected.map(({ hash }) => hash))
  const again = new Set(matched.map(({ observation }) => observation.id))
  return held.filter(
    ({ observation }) =>
      observation.kind === 'internal' &&
      hashes.has(observation.blockHash) &&
      !again.has(observation.id),
  )
}

function isByBalance({ kind, txHash }: Observation): boolean {
  return kind === 'internal' && txHash === null
}

function describeRecipient(
  row: DepositAddress,
  invoices: ReadonlyMap<string, Invoice>,
  chain: LocalChain,
): Recipient {
  const { issued, storeId } = row
  const invoice = issued === null ? undefined : invoices.get(issued.invoiceId)
  if (issued === null || invoice === undefined) return { storeId, order: null }
  return {
    storeId,
    order: {
      invoiceId: invoice.id,
      deadlineMs: deadlineMs(invoice.terms),
      isAfterIssue: (number) => isAfterIssue(issued, chain, number),
      finalityFor: (assetId) => ruleFor(invoice, assetId),
    },
  }
}

function ruleFor(invoice: Invoice, assetId: string): FinalityRule | null {
  const option = invoice.terms.options.find(({ asset }) => asset.id === assetId)
  return option?.finality ?? null
}
