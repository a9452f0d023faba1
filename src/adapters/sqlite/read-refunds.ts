import type { Address, Hash } from '../../core/money/asset.ts'
import type { RefundProposal } from '../../core/refund/proposal.ts'
import type { Refund } from '../../core/refund/refund.ts'
import type { RefundFilter } from '../../ports/refund-store.ts'
import type { Page, PageRequest } from '../../ports/store.ts'
import { equals, ownedBy, readPage } from './page-query.ts'
import { type ProposalRow, type RefundRow, rowToProposal, rowToRefund } from './refund-rows.ts'
import { addressToBytes } from './row-values.ts'
import type { Statements } from './statements.ts'

const BY_ID = 'SELECT * FROM refunds WHERE id = ?'
export const REFUNDS_OF = `SELECT r.* FROM json_each(?) AS wanted
  CROSS JOIN refunds AS r ON r.invoice_id = wanted.value ORDER BY r.position`
export const REFUNDS_TO = `SELECT r.* FROM json_each(@destinations) AS wanted
  CROSS JOIN refunds AS r ON r.destination = unhex(wanted.value) AND r.chain_id = @chainId
  ORDER BY r.position`
export const REFUNDS_WAITING = `SELECT * FROM refunds
  WHERE chain_id = ? AND status = 'sent' ORDER BY position`
export const REFUNDS_IN_BLOCKS = `SELECT r.* FROM json_each(@hashes) AS wanted
  CROSS JOIN refunds AS r ON r.block_hash = wanted.value AND r.chain_id = @chainId
  WHERE r.status <> 'sent' ORDER BY r.position`
const PROPOSALS = 'SELECT * FROM refund_proposals WHERE invoice_id = ? ORDER BY position'

export function getRefund(sql: Statements, id: string): Refund | null {
  const row = sql(BY_ID).get(id) as RefundRow | undefined
  return row === undefined ? null : rowToRefund(row)
}

export function listRefunds(
  sql: Statements,
  filter: RefundFilter,
  page: PageRequest,
): Page<Refund> {
  const { items, cursor } = readPage<RefundRow & { position: number }>(sql, {
    select: 'SELECT * FROM refunds',
    position: 'position',
    conditions: [
      ownedBy('store_id', filter.storeId, filter.invoiceId !== undefined),
      equals('invoice_id', filter.invoiceId),
      equals('status', filter.status),
    ],
    page,
  })
  return { items: items.map(rowToRefund), cursor }
}

export function findRefundsOf(sql: Statements, invoiceIds: readonly string[]): Refund[] {
  if (invoiceIds.length === 0) return []
  return toRefunds(sql(REFUNDS_OF).all(JSON.stringify([...new Set(invoiceIds)])))
}

export function findRefundsTo(
  sql: Statements,
  chainId: number,
  destinations: readonly Address[],
): Refund[] {
  if (destinations.length === 0) return []
  const wanted = [...new Set(destinations)].map((one) => addressToBytes(one).toString('hex'))
  return toRefunds(sql(REFUNDS_TO).all({ chainId, destinations: JSON.stringify(wanted) }))
}

export function findRefundsInBlocks(
  sql: Statements,
  chainId: number,
  hashes: readonly Hash[],
): Refund[] {
  const waiting = toRefunds(sql(REFUNDS_WAITING).all(chainId))
  if (hashes.length === 0) return waiting
  const parameters = { chainId, hashes: JSON.stringify([...new Set(hashes)]) }
  return [...waiting, ...toRefunds(sql(REFUNDS_IN_BLOCKS).all(parameters))]
}

export function listRefundProposals(sql: Statements, invoiceId: string): RefundProposal[] {
  return (sql(PROPOSALS).all(invoiceId) as ProposalRow[]).map(rowToProposal)
}

function toRefunds(rows: readonly unknown[]): Refund[] {
  return (rows as RefundRow[]).map(rowToRefund)
}
