import type { InvoiceResource } from '../core/invoice/present-invoice.ts'
import type { AssetId } from '../core/money/asset.ts'
import { SECOND_MS } from '../core/time.ts'
import { GatewayError } from '../errors.ts'
import type { CreateInvoiceRequest } from './create-invoice.ts'
import type { Deps } from './deps.ts'

/** Kept answers are found by scope and key: one renewal of each invoice. */
const SCOPE = 'shopper POST /i/:token/renewals'

/**
 * The order of an expired invoice as a new request, at the price of now: same order, same assets as
 * far as they are still offered, same time to pay. Rejects with `not_acceptable_state` where the store
 * does not allow it, and when money came: that is the merchant's to decide.
 */
export async function prepareRenewal(
  { store, chains }: Pick<Deps, 'store' | 'chains'>,
  invoice: InvoiceResource,
): Promise<CreateInvoiceRequest> {
  const owner = (await store.listStores()).find(({ id }) => id === invoice.store)
  if (owner?.settings.renewsExpired !== true) {
    throw new GatewayError('not_acceptable_state', 'This shop gives no fresh price by itself.')
  }
  if (invoice.status !== 'expired' || invoice.payments_total > 0) {
    throw new GatewayError(
      'not_acceptable_state',
      'Only an expired invoice without money is renewed.',
    )
  }
  const offered = invoice.payment_options
    .map(({ asset }) => asset)
    .filter((asset) => isOffered(chains, asset))
  const livedMs = Date.parse(invoice.expires_at) - Date.parse(invoice.created_at)
  return {
    store: owner,
    price: { ...invoice.price, accept: offered.length === 0 ? null : offered },
    orderId: invoice.order_id,
    description: invoice.description,
    metadata: invoice.metadata,
    redirectUrl: invoice.redirect_url,
    expiresInS: Math.max(Math.round(livedMs / SECOND_MS), 1),
    toleranceBps: invoice.tolerance_bps,
    toleranceAmount: invoice.tolerance_amount,
    idempotency: { scope: SCOPE, key: invoice.id, requestHash: invoice.id },
  }
}

/** A chain in trouble is left out, so that the others still can be paid on. */
function isOffered(chains: Deps['chains'], asset: AssetId): boolean {
  return chains
    .list()
    .some(({ chainId, assets }) => assets.some(({ id }) => id === asset) && isOk(chains, chainId))
}

function isOk(chains: Deps['chains'], chainId: number): boolean {
  return chains.healthOf(chainId).state === 'ok'
}
