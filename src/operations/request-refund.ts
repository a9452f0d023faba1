/** The merchant asks for a refund: how much of what is decided here, paid with keys that are not here. */
import { strictestFinality } from '../core/chain/chain-settings.ts'
import { tipOf } from '../core/chain/local-chain.ts'
import type { Invoice } from '../core/invoice/invoice.ts'
import type { Address, Asset, AssetId } from '../core/money/asset.ts'
import { formatDecimal, parseDecimal } from '../core/money/decimal.ts'
import type { Payment } from '../core/payment/payment.ts'
import { excessUnits, receivedUnits, refundableUnits } from '../core/refund/judge-refund.ts'
import { presentRefund, type Refund, type RefundResource } from '../core/refund/refund.ts'
import { closeSettlement, openSettlement, recordRefund } from '../core/settlement/settlement.ts'
import { GatewayError, invalidField } from '../errors.ts'
import type { InvoiceWithPayments } from '../ports/store.ts'
import { commitDecision, type Decided } from './commit-decision.ts'
import type { Deps } from './deps.ts'
import { type IdempotencyTicket, keepAnswer } from './idempotency.ts'
import { chainsOf, createSettlementContext, freshId, loadChains } from './settlement-context.ts'
import { assertServable } from './verify-address.ts'

export type RefundRequest = {
  readonly storeId: string
  readonly invoiceId: string
  /** Null where the invoice was paid in one asset: that one. */
  readonly assetId: AssetId | null
  /** All that is confirmed and not refunded yet, the overpaid part of it, or a decimal amount. */
  readonly amount: { readonly part: 'full' | 'excess' } | { readonly text: string }
  readonly destination: Address
  readonly reason: string | null
  /** Who decided, for the audit log: `key_...`. */
  readonly actor: string
  readonly idempotency: IdempotencyTicket
}

type RefundDeps = Omit<Deps, 'accounts' | 'indexes' | 'rates' | 'vault'>

const TIP_ONLY = 1
export const CREATED = 201
export const REQUEST_ACTION = 'refund.request'

/**
 * A refund of at most what is confirmed and not refunded yet. Two requests at once cannot both have
 * the same money: each writes the invoice, and one of them decides again. Rejects with `not_found`,
 * with `not_acceptable_state` where there is nothing to give back, and naming a wrong field.
 */
export function requestRefund(deps: RefundDeps, request: RefundRequest): Promise<RefundResource> {
  return commitDecision(deps, request.idempotency, () => decide(deps, request))
}

async function decide(deps: RefundDeps, request: RefundRequest): Promise<Decided<RefundResource>> {
  const loaded = await loadInvoice(deps, request)
  await refuseOwnAddress(deps, request.destination)
  const refunds = await deps.store.findRefundsOf([request.invoiceId])
  const asset = chooseAsset(loaded.payments, request.assetId)
  const amountUnits = chooseAmount(loaded, refunds, asset, request)
  const chains = await loadChains(deps, [...chainsOf(loaded), asset.chainId], TIP_ONLY)
  const context = createSettlementContext(deps, chains)
  const chain = chains.get(asset.chainId)
  const head = deps.chains.healthOf(asset.chainId).head ?? 0
  const refund: Refund = {
    id: freshId(deps, 'ref', context.nowMs),
    storeId: request.storeId,
    invoiceId: request.invoiceId,
    asset,
    amountUnits,
    destination: request.destination,
    reason: request.reason,
    status: 'requested',
    txHash: null,
    outgoing: null,
    // What the node has and we do not yet was sent before, too.
    sinceBlock: Math.max(chain === undefined ? 0 : tipOf(chain).number, head),
    finality: chooseFinality(deps, loaded.invoice, asset),
    createdAtMs: context.nowMs,
    updatedAtMs: context.nowMs,
    revision: 0,
  }
  const settlement = openSettlement(context, [loaded], [])
  recordRefund(settlement, refund)
  const result = presentRefund(refund)
  const endpoints = await deps.store.listEndpoints([request.storeId])
  const answer = { status: CREATED, body: JSON.stringify(result) }
  const after = `${result.amount} ${asset.symbol} to ${result.destination}`
  const { actor } = request
  const entry = { atMs: context.nowMs, actor, action: REQUEST_ACTION, target: refund.id }
  const changes = {
    ...closeSettlement(settlement, endpoints),
    audit: [{ ...entry, before: null, after }],
    ...keepAnswer(request.idempotency, answer, context.nowMs),
  }
  return { changes, result }
}

async function loadInvoice(
  deps: RefundDeps,
  { storeId, invoiceId }: RefundRequest,
): Promise<InvoiceWithPayments> {
  const [loaded] = await deps.store.loadInvoices([invoiceId])
  if (loaded === undefined || loaded.invoice.storeId !== storeId) {
    throw new GatewayError('not_found', 'There is no such invoice.')
  }
  assertServable(deps, loaded.invoice)
  return loaded
}

/** Money sent to an address of ours would come back as a payment. */
async function refuseOwnAddress(deps: RefundDeps, destination: Address): Promise<void> {
  const [own] = await deps.store.findDepositAddresses([destination])
  if (own === undefined && !deps.addressBook.isSponsor(destination)) return
  throw invalidField('/destination', 'own_address', 'is an address of this gateway')
}

function chooseAsset(payments: readonly Payment[], assetId: AssetId | null): Asset {
  const confirmed = payments.filter((payment) => {
    return payment.position === 'confirmed' && payment.countedUnits > 0n
  })
  const assets = new Map(confirmed.map(({ observation: { asset } }) => [asset.id, asset]))
  if (assets.size === 0) {
    throw new GatewayError('not_acceptable_state', 'No payment of the invoice is confirmed.')
  }
  if (assetId === null && assets.size > 1) {
    throw invalidField('/asset', 'required', 'must be named: the invoice was paid in several')
  }
  const asset = assetId === null ? [...assets.values()][0] : assets.get(assetId)
  if (asset !== undefined) return asset
  const detail = 'No payment of the invoice in this asset is confirmed.'
  throw new GatewayError('not_acceptable_state', detail)
}

function chooseAmount(
  { invoice, payments }: InvoiceWithPayments,
  refunds: readonly Refund[],
  asset: Asset,
  { amount }: RefundRequest,
): bigint {
  const free = refundableUnits(payments, refunds, asset.id)
  if ('text' in amount) {
    const parsed = parseDecimal(amount.text, asset.decimals)
    if (!parsed.ok) {
      const detail = `must be a decimal in a string, at most ${asset.decimals} digits after the point`
      throw invalidField('/amount', parsed.fault, detail)
    }
    if (parsed.units === 0n) throw invalidField('/amount', 'not_positive', 'must be above zero')
    if (parsed.units <= free) return parsed.units
    const show = (units: bigint) => formatDecimal(units < 0n ? 0n : units, asset.decimals)
    throw new GatewayError(
      'not_acceptable_state',
      `Of ${show(receivedUnits(payments, asset.id))} ${asset.symbol} that is confirmed, ` +
        `${show(free)} can be refunded.`,
    )
  }
  const units = amount.part === 'full' ? free : excessUnits(invoice, payments, refunds, asset.id)
  if (units > 0n) return units
  const what =
    amount.part === 'full' ? 'Nothing is left to refund.' : 'Nothing is left of an excess.'
  throw new GatewayError('not_acceptable_state', what)
}

/** As deep as a payment of the invoice in this asset. */
function chooseFinality(deps: RefundDeps, invoice: Invoice, asset: Asset): Refund['finality'] {
  const option = invoice.terms.options.find((one) => one.asset.id === asset.id)
  if (option !== undefined) return option.finality
  const settings = deps.chains.get(asset.chainId)
  if (settings !== undefined) return strictestFinality(settings)
  throw new GatewayError('not_acceptable_state', 'The chain of this asset is not configured.')
}
