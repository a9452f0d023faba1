/** Invoices as answers show them. An address that does not derive is refused, never shown. */

import { type InvoiceResource, presentInvoice } from '../core/invoice/present-invoice.ts'
import type { TipNumbers } from '../core/payment/present-payment.ts'
import { GatewayError } from '../errors.ts'
import type { InvoiceFilter, InvoiceWithPayments, Page, PageRequest } from '../ports/store.ts'
import type { Deps } from './deps.ts'
import { loadTipNumbers } from './settlement-context.ts'
import { assertServable } from './verify-address.ts'

type ReadDeps = Pick<Deps, 'store' | 'chains' | 'publicUrl' | 'addressBook' | 'logger' | 'metrics'>

export async function getInvoice(
  deps: ReadDeps,
  { storeId, invoiceId }: { readonly storeId: string; readonly invoiceId: string },
): Promise<InvoiceResource> {
  const [loaded] = await deps.store.loadInvoices([invoiceId])
  if (loaded === undefined || loaded.invoice.storeId !== storeId) {
    throw new GatewayError('not_found', 'There is no such invoice.')
  }
  return present(deps, loaded, await loadTipNumbers(deps))
}

/** The invoice behind a checkout link. */
export async function getInvoiceByToken(deps: ReadDeps, token: string): Promise<InvoiceResource> {
  const loaded = await deps.store.findInvoiceByToken(token)
  if (loaded === null) throw new GatewayError('not_found', 'There is no such invoice.')
  return present(deps, loaded, await loadTipNumbers(deps))
}

export async function listInvoices(
  deps: ReadDeps,
  filter: InvoiceFilter,
  page: PageRequest,
): Promise<Page<InvoiceResource>> {
  const found = await deps.store.listInvoices(filter, page)
  const tipNumber = await loadTipNumbers(deps)
  return { ...found, items: found.items.map((loaded) => present(deps, loaded, tipNumber)) }
}

function present(
  deps: ReadDeps,
  { invoice, payments }: InvoiceWithPayments,
  tipNumber: TipNumbers,
): InvoiceResource {
  assertServable(deps, invoice)
  return presentInvoice(invoice, payments, { publicUrl: deps.publicUrl, tipNumber })
}
