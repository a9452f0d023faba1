import * as core from '../core/invoice/cancel-invoice.ts'
import type { InvoiceResource } from '../core/invoice/present-invoice.ts'
import { decideInvoice, type InvoiceDecision } from './decide-invoice.ts'
import type { Deps } from './deps.ts'

/** Cancels an open invoice without money; anything else is 409 with the reason. */
export function cancelInvoice(
  deps: Omit<Deps, 'accounts' | 'indexes' | 'rates' | 'vault'>,
  decision: InvoiceDecision,
): Promise<InvoiceResource> {
  return decideInvoice(deps, decision, 'invoice.cancel', core.cancelInvoice)
}
