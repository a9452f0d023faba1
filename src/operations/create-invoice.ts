import { tipOf } from '../core/chain/local-chain.ts'
import { createToken, TOKEN_BYTES } from '../core/ids.ts'
import { applyStep } from '../core/invoice/advance-invoice.ts'
import type { Invoice, PaymentOption } from '../core/invoice/invoice.ts'
import { judgeToleranceAmount } from '../core/invoice/tolerance.ts'
import { ZERO } from '../core/money/fraction.ts'
import { closeSettlement, openSettlement, recordAdvance } from '../core/settlement/settlement.ts'
import type { DepositAddress, Issue, StoreAccount } from '../core/store-account/store-account.ts'
import { SECOND_MS } from '../core/time.ts'
import { type Event, eventData } from '../core/webhook/event.ts'
import { GatewayError, invalidField } from '../errors.ts'
import type { Deps } from './deps.ts'
import { allowsRedirect } from './guard-redirects.ts'
import { assertNotAnswered, type IdempotencyTicket, keepEventAnswer } from './idempotency.ts'
import { type PriceRequest, priceInvoice } from './price-invoice.ts'
import { createSettlementContext, freshId, loadChains } from './settlement-context.ts'

export type CreateInvoiceRequest = {
  readonly store: StoreAccount
  readonly price: PriceRequest
  readonly orderId: string | null
  readonly description: string | null
  readonly metadata: Readonly<Record<string, unknown>> | null
  readonly redirectUrl: string | null
  /** Null takes the configured default. */
  readonly expiresInS: number | null
  readonly toleranceBps: number | null
  /** At least so much may be missing, in the currency of the price; null for no amount. */
  readonly toleranceAmount: string | null
  readonly idempotency: IdempotencyTicket
}

type CreateDeps = Omit<Deps, 'vault'>

/** Tries with a fresh index when another writer was first; more would be a bug, not bad luck. */
const COMMIT_TRIES = 3
/** One block of each chain is enough to know its tip. */
const TIP_ONLY = 1

export const CREATED = 201

/**
 * A price becomes an invoice with an address of its own. Invoice, address, event and the kept answer
 * are one commit; an index that was reserved for a commit that failed is a gap, never used again.
 * Resolves with the invoice as JSON text, rendered once: it is the data of the event too.
 */
export async function createInvoice(
  deps: CreateDeps,
  request: CreateInvoiceRequest,
): Promise<string> {
  const { store, redirectUrl } = request
  if (redirectUrl !== null && !allowsRedirect(store.settings, redirectUrl)) {
    throw invalidField('/redirect_url', 'not_allowed', 'is at no redirect origin of the store')
  }
  await deps.accounts.ensure(store)
  const options = await priceInvoice(deps, request.price)
  const { toleranceAmount, price } = request
  const fault =
    toleranceAmount === null ? null : judgeToleranceAmount(toleranceAmount, price.amount)
  if (fault !== null) throw invalidField('/tolerance_amount', 'out_of_range', fault)
  for (let tries = 0; tries < COMMIT_TRIES; tries++) {
    const text = await tryCreate(deps, request, options)
    if (text !== null) {
      deps.metrics.count('invoices_created_total')
      return text
    }
    await assertNotAnswered(deps, request.idempotency)
  }
  throw new GatewayError('storage_unavailable', 'Too many writers at once; try again.', {
    retryable: true,
  })
}

async function tryCreate(
  deps: CreateDeps,
  request: CreateInvoiceRequest,
  options: readonly PaymentOption[],
): Promise<string | null> {
  const index = await deps.indexes.reserve(request.store.fingerprint)
  const chainIds = deps.chains.list().map(({ chainId }) => chainId)
  const chains = await loadChains(deps, chainIds, TIP_ONLY)
  const context = createSettlementContext(deps, chains)
  const draft = draftInvoice(deps, request, options, index, context.nowMs)
  const settlement = openSettlement(context, [{ invoice: draft, payments: [] }], [])
  const invoice = applyStep(draft, 'invoice.created', context.nowMs)
  const steps = [{ type: 'invoice.created', invoice }] as const
  recordAdvance(settlement, { invoice, steps })
  const tips: Issue['tips'] = Object.fromEntries(
    [...chains].map(([chainId, chain]) => {
      const { number, hash } = tipOf(chain)
      return [chainId, { number, hash }]
    }),
  )
  const endpoints = await deps.store.listEndpoints([request.store.id])
  const [event] = settlement.events as [Event]
  const result = await deps.store.commit({
    ...closeSettlement(settlement, endpoints),
    addresses: [issueAddress(invoice, { invoiceId: invoice.id, atMs: context.nowMs, tips })],
    ...keepEventAnswer(request.idempotency, { status: CREATED, event }, context.nowMs),
  })
  return result === 'committed' ? eventData(event) : null
}

function draftInvoice(
  deps: CreateDeps,
  request: CreateInvoiceRequest,
  options: readonly PaymentOption[],
  derivationIndex: number,
  nowMs: number,
): Invoice {
  const { store, price, expiresInS, toleranceBps } = request
  const address = deps.addressBook.derive(store.fingerprint, derivationIndex)
  const accountNumber = deps.addressBook.accountNumberOf(store.fingerprint)
  if (address === null || accountNumber === null) {
    throw new GatewayError('not_configured', 'The account key of this store is not loaded.')
  }
  const defaults = deps.invoiceDefaults
  const { settings } = store
  return {
    id: freshId(deps, 'inv', nowMs),
    storeId: store.id,
    token: createToken(nowMs, deps.ids.randomBytes(TOKEN_BYTES)),
    status: 'open',
    terms: {
      price: { amount: price.amount, currency: price.currency },
      options,
      toleranceBps: toleranceBps ?? settings.toleranceBps ?? defaults.toleranceBps,
      ...(request.toleranceAmount !== null && { toleranceAmount: request.toleranceAmount }),
      expiresAtMs: nowMs + (expiresInS ?? defaults.expiresInS) * SECOND_MS,
      graceMs: (settings.graceS ?? defaults.graceS) * SECOND_MS,
    },
    address,
    fingerprint: store.fingerprint,
    accountNumber,
    derivationIndex,
    orderId: request.orderId,
    description: request.description,
    metadata: request.metadata,
    redirectUrl: request.redirectUrl,
    createdAtMs: nowMs,
    settledAtMs: null,
    acceptedShare: null,
    noted: { seenShare: ZERO, confirmedShare: ZERO },
    sequence: 0,
    revision: 0,
  }
}

function issueAddress(invoice: Invoice, issued: Issue): DepositAddress {
  return {
    address: invoice.address,
    storeId: invoice.storeId,
    fingerprint: invoice.fingerprint,
    index: invoice.derivationIndex,
    issued,
  }
}
