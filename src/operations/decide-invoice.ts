/** Shared by the merchant's decisions on one invoice: load, decide purely, commit, or decide again. */
import type { Advance } from '../core/invoice/advance-invoice.ts'
import type { Refusal } from '../core/invoice/cancel-invoice.ts'
import type { Invoice } from '../core/invoice/invoice.ts'
import { type InvoiceResource, presentInvoice } from '../core/invoice/present-invoice.ts'
import type { Payment } from '../core/payment/payment.ts'
import { closeSettlement, openSettlement, recordAdvance } from '../core/settlement/settlement.ts'
import { GatewayError } from '../errors.ts'
import type { Deps } from './deps.ts'
import { type IdempotencyTicket, keepAnswer } from './idempotency.ts'
import { chainsOf, createSettlementContext, loadChains } from './settlement-context.ts'
import { assertServable } from './verify-address.ts'

export type InvoiceDecision = {
  readonly storeId: string
  readonly invoiceId: string
  /** Who decided, for the audit log: `key_...`. */
  readonly actor: string
  readonly idempotency: IdempotencyTicket
}

type Decide = (invoice: Invoice, payments: readonly Payment[], nowMs: number) => Advance | Refusal

/** The watcher may write the same invoice at the same moment; then the decision is taken anew. */
const COMMIT_TRIES = 5
const TIP_ONLY = 1
const OK = 200

export async function decideInvoice(
  deps: Omit<Deps, 'accounts' | 'indexes' | 'rates' | 'vault'>,
  decision: InvoiceDecision,
  action: string,
  decide: Decide,
  extra: Readonly<Record<string, unknown>> = {},
): Promise<InvoiceResource> {
  for (let tries = 0; tries < COMMIT_TRIES; tries++) {
    const [loaded] = await deps.store.loadInvoices([decision.invoiceId])
    if (loaded === undefined || loaded.invoice.storeId !== decision.storeId) {
      throw new GatewayError('not_found', 'There is no such invoice.')
    }
    assertServable(deps, loaded.invoice)
    const chains = await loadChains(deps, chainsOf(loaded), TIP_ONLY)
    const context = createSettlementContext(deps, chains)
    const advance = decide(loaded.invoice, loaded.payments, context.nowMs)
    if ('refused' in advance) throw new GatewayError('not_acceptable_state', advance.refused)
    const settlement = openSettlement(context, [loaded], [])
    recordAdvance(settlement, advance, extra)
    const resource = presentInvoice(advance.invoice, loaded.payments, context)
    const endpoints = await deps.store.listEndpoints([decision.storeId])
    const result = await deps.store.commit({
      ...closeSettlement(settlement, endpoints),
      audit: [
        {
          atMs: context.nowMs,
          actor: decision.actor,
          action,
          target: loaded.invoice.id,
          before: loaded.invoice.status,
          after: advance.invoice.status,
        },
      ],
      ...keepAnswer(
        decision.idempotency,
        { status: OK, body: JSON.stringify(resource) },
        context.nowMs,
      ),
    })
    if (result === 'committed') return resource
  }
  throw new GatewayError('storage_unavailable', 'The invoice is changing right now; try again.', {
    retryable: true,
  })
}
