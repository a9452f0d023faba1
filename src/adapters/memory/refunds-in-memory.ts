import type { Refund } from '../../core/refund/refund.ts'
import type { RefundStore } from '../../ports/refund-store.ts'
import type { MemoryState } from './memory-state.ts'
import { entriesOf, valuesOf } from './memory-state.ts'
import { takePage } from './take-page.ts'

export function refundReads(state: MemoryState): RefundStore {
  const find = (is: (refund: Refund) => boolean) => valuesOf(state.refunds).filter(is)
  return {
    async getRefund(id) {
      return state.refunds.get(id)?.value ?? null
    },
    async listRefunds({ storeId, invoiceId, status }, page) {
      return takePage(entriesOf(state.refunds), page, (refund) => {
        if (refund.storeId !== storeId) return false
        const isOfInvoice = invoiceId === undefined || refund.invoiceId === invoiceId
        return isOfInvoice && (status === undefined || refund.status === status)
      })
    },
    async findRefundsOf(invoiceIds) {
      const wanted = new Set(invoiceIds)
      return find(({ invoiceId }) => wanted.has(invoiceId))
    },
    async findRefundsTo(chainId, destinations) {
      const wanted = new Set(destinations)
      return find(({ asset, destination }) => {
        return asset.chainId === chainId && wanted.has(destination)
      })
    },
    async findRefundsInBlocks(chainId, hashes) {
      const left = new Set(hashes)
      const own = find(({ asset }) => asset.chainId === chainId)
      const isInBlock = ({ outgoing }: Refund) => outgoing !== null && left.has(outgoing.blockHash)
      return [
        ...own.filter(({ status }) => status === 'sent'),
        ...own.filter((refund) => refund.status !== 'sent' && isInBlock(refund)),
      ]
    },
    async listRefundProposals(invoiceId) {
      return valuesOf(state.refundProposals).filter((one) => one.invoiceId === invoiceId)
    },
  }
}
