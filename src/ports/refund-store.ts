import type { Address, Hash } from '../core/money/asset.ts'
import type { RefundProposal } from '../core/refund/proposal.ts'
import type { Refund, RefundStatus } from '../core/refund/refund.ts'
import type { Page, PageRequest } from './store.ts'

/** Reads of refunds. They are written by change sets, like everything. */
export type RefundStore = {
  getRefund(id: string): Promise<Refund | null>
  listRefunds(filter: RefundFilter, page: PageRequest): Promise<Page<Refund>>
  /** All refunds of these invoices, oldest first. */
  findRefundsOf(invoiceIds: readonly string[]): Promise<Refund[]>
  /** All refunds to these destinations on one chain, whatever their status, oldest first. */
  findRefundsTo(chainId: number, destinations: readonly Address[]): Promise<Refund[]>
  /** Refunds of one chain that wait for depth, and those paid in these blocks; oldest first. */
  findRefundsInBlocks(chainId: number, hashes: readonly Hash[]): Promise<Refund[]>
  /** What shoppers proposed for an invoice, oldest first. */
  listRefundProposals(invoiceId: string): Promise<RefundProposal[]>
}

export type RefundFilter = {
  readonly storeId: string
  readonly invoiceId?: string | undefined
  readonly status?: RefundStatus | undefined
}
