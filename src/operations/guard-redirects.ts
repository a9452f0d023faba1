/** Shared by what shoppers see: a way back only to where the store sends shoppers now. */
import type { InvoiceResource } from '../core/invoice/present-invoice.ts'
import type { StoreSettings } from '../core/store-account/store-account.ts'
import type { Deps } from './deps.ts'

type Guard = (invoice: InvoiceResource) => InvoiceResource

/** Whether a shopper may be sent to this URL, which is well-formed. */
export function allowsRedirect({ redirectOrigins }: StoreSettings, url: string): boolean {
  return redirectOrigins === null || redirectOrigins.includes(new URL(url).origin)
}

/** The list may have become shorter since an invoice was made. */
export async function loadRedirectGuard({ store }: Pick<Deps, 'store'>): Promise<Guard> {
  const stores = new Map((await store.listStores()).map((one) => [one.id, one.settings]))
  return (invoice) => {
    const settings = stores.get(invoice.store)
    const url = invoice.redirect_url
    if (url === null || settings === undefined || allowsRedirect(settings, url)) return invoice
    return { ...invoice, redirect_url: null }
  }
}
