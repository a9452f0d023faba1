/** Invoices as answers show them. An address that does not derive is refused, never shown. */

import { type InvoiceResource, presentInvoice } from '../core/invoice/present-invoice.ts'
import type { Address } from '../core/money/asset.ts'
import { GatewayError } from '../errors.ts'
import type { InvoiceFilter, InvoiceWithPayments, Page, PageRequest } from '../ports/store.ts'
import type { Deps } from './deps.ts'
import { loadRedirectGuard } from './guard-redirects.ts'
import { loadTipNumbers } from './settlement-context.ts'
import { assertServable } from './verify-address.ts'
import { assertAddressesDerive } from './verify-shown-addresses.ts'

type ReadDeps = Pick<Deps, 'store' | 'chains' | 'publicUrl' | 'addressBook' | 'logger' | 'metrics'>

export async function getInvoice(
  deps: ReadDeps,
  { storeId, invoiceId }: { readonly storeId: string; readonly invoiceId: string },
): Promise<InvoiceResource> {
  const [loaded] = await deps.store.loadInvoices([invoiceId])
  if (loaded === undefined || loaded.invoice.storeId !== storeId) {
    throw new GatewayError('not_found', 'There is no such invoice.')
  }
  return presentOne(deps, loaded)
}

/** The invoice behind a checkout link. */
export async function getInvoiceByToken(deps: ReadDeps, token: string): Promise<InvoiceResource> {
  const loaded = await deps.store.findInvoiceByToken(token)
  if (loaded === null) throw new GatewayError('not_found', 'There is no such invoice.')
  const guardRedirect = await loadRedirectGuard(deps)
  return guardRedirect(await presentOne(deps, loaded))
}

export async function listInvoices(
  deps: ReadDeps,
  filter: InvoiceFilter,
  page: PageRequest,
): Promise<Page<InvoiceResource>> {
  const found = await deps.store.listInvoices(filter, page)
  return { ...found, items: await present(deps, found.items) }
}

async function presentOne(deps: ReadDeps, loaded: InvoiceWithPayments): Promise<InvoiceResource> {
  const [resource] = await present(deps, [loaded])
  return resource as InvoiceResource
}

async function present(
  deps: ReadDeps,
  found: readonly InvoiceWithPayments[],
): Promise<InvoiceResource[]> {
  for (const { invoice } of found) assertServable(deps, invoice)
  await assertAddressesDerive(deps, found.flatMap(recipientsElsewhere))
  const tipNumber = await loadTipNumbers(deps)
  const context = { publicUrl: deps.publicUrl, tipNumber }
  return found.map(({ invoice, payments }) => presentInvoice(invoice, payments, context))
}

/** Where payments of an invoice went, if not to its own address: nobody but us should know why. */
function recipientsElsewhere({ invoice, payments }: InvoiceWithPayments): Address[] {
  return payments.map(({ observation }) => observation.to).filter((to) => to !== invoice.address)
}
