import { type InvoiceResource, presentInvoice } from '../core/invoice/present-invoice.ts'
import type { InvoiceWithPayments } from '../ports/store.ts'
import type { Deps } from './deps.ts'
import { loadRedirectGuard } from './guard-redirects.ts'
import { loadTipNumbers } from './settlement-context.ts'
import { isDerived } from './verify-address.ts'

/** An invoice somebody watches: its mark changes whenever what is shown of it may have. */
export type ViewedInvoice = { readonly mark: string; readonly resource: InvoiceResource }

/**
 * Those of the watched invoices that changed since their known marks (null: not shown yet), in one
 * query for all. One whose address does not derive is left out: an alarm, never an answer.
 */
export async function readViewedInvoices(
  deps: Pick<Deps, 'store' | 'chains' | 'publicUrl' | 'addressBook' | 'logger' | 'metrics'>,
  marks: ReadonlyMap<string, string | null>,
): Promise<Map<string, ViewedInvoice>> {
  const changed = new Map<string, ViewedInvoice>()
  const tipNumber = await loadTipNumbers(deps)
  const guardRedirect = await loadRedirectGuard(deps)
  for (const loaded of await deps.store.loadInvoices([...marks.keys()])) {
    const { invoice, payments } = loaded
    const mark = markOf(loaded, tipNumber)
    if (marks.get(invoice.id) === mark || !isDerived(deps, invoice)) continue
    const resource = presentInvoice(invoice, payments, { publicUrl: deps.publicUrl, tipNumber })
    changed.set(invoice.id, { mark, resource: guardRedirect(resource) })
  }
  return changed
}

/** Revisions of the invoice and its payments, and for those also the tip they are counted from. */
function markOf(
  { invoice, payments }: InvoiceWithPayments,
  tipNumber: (chainId: number) => number | undefined,
): string {
  const parts = payments.map(
    ({ observation, revision }) => `${revision}@${tipNumber(observation.chainId)}`,
  )
  return [invoice.revision, ...parts].join(' ')
}
