import * as core from '../core/invoice/accept-invoice.ts'
import type { InvoiceResource } from '../core/invoice/present-invoice.ts'
import { decideInvoice, type InvoiceDecision } from './decide-invoice.ts'
import type { Deps } from './deps.ts'

/** Settles an under-, late- or after-cancel-paid or reversed invoice as it is; else 409. */
export function acceptInvoice(
  deps: Omit<Deps, 'accounts' | 'indexes' | 'rates' | 'vault'>,
  decision: InvoiceDecision,
): Promise<InvoiceResource> {
  return decideInvoice(deps, decision, 'invoice.accept', core.acceptInvoice, {
    accepted_by_merchant: true,
  })
}
