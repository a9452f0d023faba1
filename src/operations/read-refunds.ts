import { type ProposalResource, presentProposal } from '../core/refund/proposal.ts'
import { presentRefund, type RefundResource } from '../core/refund/refund.ts'
import { GatewayError } from '../errors.ts'
import type { RefundFilter } from '../ports/refund-store.ts'
import type { Page, PageRequest } from '../ports/store.ts'
import type { Deps } from './deps.ts'

type ReadDeps = Pick<Deps, 'store'>

export async function getRefund(
  { store }: ReadDeps,
  { storeId, refundId }: { readonly storeId: string; readonly refundId: string },
): Promise<RefundResource> {
  const refund = await store.getRefund(refundId)
  if (refund?.storeId === storeId) return presentRefund(refund)
  throw new GatewayError('not_found', 'There is no such refund.')
}

/** Refunds of a store, newest first. */
export async function listRefunds(
  { store }: ReadDeps,
  filter: RefundFilter,
  page: PageRequest,
): Promise<Page<RefundResource>> {
  const found = await store.listRefunds(filter, page)
  return { ...found, items: found.items.map(presentRefund) }
}

/** What shoppers proposed for an invoice, newest first. Nobody has checked any of it. */
export async function listRefundProposals(
  { store }: ReadDeps,
  { storeId, invoiceId }: { readonly storeId: string; readonly invoiceId: string },
): Promise<ProposalResource[]> {
  const [loaded] = await store.loadInvoices([invoiceId])
  if (loaded?.invoice.storeId !== storeId) {
    throw new GatewayError('not_found', 'There is no such invoice.')
  }
  return (await store.listRefundProposals(invoiceId)).map(presentProposal).reverse()
}
