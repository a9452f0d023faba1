import type { Asset, Hash } from '../../core/money/asset.ts'
import type { RefundProposal } from '../../core/refund/proposal.ts'
import type { Refund } from '../../core/refund/refund.ts'
import { finalityToText, textToFinality } from './finality-values.ts'
import { addressToBytes, bytesToAddress } from './row-values.ts'

export type RefundRow = {
  readonly id: string
  readonly store_id: string
  readonly invoice_id: string
  readonly chain_id: number
  /** JSON of the asset as it was configured when the refund was asked for. */
  readonly asset: string
  readonly amount_units: string
  readonly destination: Buffer
  readonly reason: string | null
  readonly status: Refund['status']
  readonly tx_hash: string | null
  readonly block_hash: string | null
  readonly block_number: number | null
  readonly block_timestamp_s: number | null
  readonly place: string | null
  readonly from_address: Buffer | null
  readonly since_block: number
  readonly finality: string
  readonly created_at_ms: number
  readonly updated_at_ms: number
  readonly revision: number
}

// biome-ignore format: a list of names reads better in rows
export const REFUND_COLUMNS = [
  'id', 'store_id', 'invoice_id', 'chain_id', 'asset', 'amount_units', 'destination', 'reason',
  'status', 'tx_hash', 'block_hash', 'block_number', 'block_timestamp_s', 'place', 'from_address',
  'since_block', 'finality', 'created_at_ms', 'updated_at_ms', 'revision',
] as const satisfies readonly (keyof RefundRow)[]

export function refundToRow(refund: Refund): RefundRow {
  const { asset, outgoing } = refund
  const from = outgoing?.from ?? null
  return {
    id: refund.id,
    store_id: refund.storeId,
    invoice_id: refund.invoiceId,
    chain_id: asset.chainId,
    asset: JSON.stringify(asset),
    amount_units: refund.amountUnits.toString(),
    destination: addressToBytes(refund.destination),
    reason: refund.reason,
    status: refund.status,
    tx_hash: refund.txHash,
    block_hash: outgoing?.blockHash ?? null,
    block_number: outgoing?.blockNumber ?? null,
    block_timestamp_s: outgoing?.blockTimestampS ?? null,
    place: outgoing?.place ?? null,
    from_address: from === null ? null : addressToBytes(from),
    since_block: refund.sinceBlock,
    finality: finalityToText(refund.finality),
    created_at_ms: refund.createdAtMs,
    updated_at_ms: refund.updatedAtMs,
    revision: refund.revision,
  }
}

export function rowToRefund(row: RefundRow): Refund {
  return {
    id: row.id,
    storeId: row.store_id,
    invoiceId: row.invoice_id,
    asset: JSON.parse(row.asset) as Asset,
    amountUnits: BigInt(row.amount_units),
    destination: bytesToAddress(row.destination),
    reason: row.reason,
    status: row.status,
    txHash: row.tx_hash as Hash | null,
    outgoing: rowToOutgoing(row),
    sinceBlock: row.since_block,
    finality: textToFinality(row.finality),
    createdAtMs: row.created_at_ms,
    updatedAtMs: row.updated_at_ms,
    revision: row.revision,
  }
}

/** All of its columns are null, or all but the sender's are not. */
function rowToOutgoing(row: RefundRow): Refund['outgoing'] {
  const { block_hash, block_number, block_timestamp_s, place, from_address } = row
  if (block_hash === null || block_number === null || block_timestamp_s === null) return null
  return {
    blockHash: block_hash as Hash,
    blockNumber: block_number,
    blockTimestampS: block_timestamp_s,
    place: place ?? '',
    from: from_address === null ? null : bytesToAddress(from_address),
  }
}

export type ProposalRow = {
  readonly id: string
  readonly store_id: string
  readonly invoice_id: string
  readonly destination: Buffer
  readonly created_at_ms: number
}

export const PROPOSAL_COLUMNS = [
  'id',
  'store_id',
  'invoice_id',
  'destination',
  'created_at_ms',
] as const satisfies readonly (keyof ProposalRow)[]

export function proposalToRow(proposal: RefundProposal): ProposalRow {
  return {
    id: proposal.id,
    store_id: proposal.storeId,
    invoice_id: proposal.invoiceId,
    destination: addressToBytes(proposal.destination),
    created_at_ms: proposal.createdAtMs,
  }
}

export function rowToProposal(row: ProposalRow): RefundProposal {
  return {
    id: row.id,
    storeId: row.store_id,
    invoiceId: row.invoice_id,
    destination: bytesToAddress(row.destination),
    createdAtMs: row.created_at_ms,
  }
}
