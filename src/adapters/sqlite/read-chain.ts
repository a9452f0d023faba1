import type { BlockRef } from '../../core/chain/block.ts'
import { createLocalChain } from '../../core/chain/local-chain.ts'
import type { Address, Hash } from '../../core/money/asset.ts'
import type { Payment } from '../../core/payment/payment.ts'
import type { Credit } from '../../core/settlement/credit-room.ts'
import type { DepositAddress } from '../../core/store-account/store-account.ts'
import type { KeptBlock, StoredChain } from '../../ports/store.ts'
import { textToMark } from './finality-values.ts'
import { type InvoiceRow, textToTerms } from './invoice-rows.ts'
import {
  type AddressRow,
  type BlockRow,
  type KeptBlockRow,
  PAYMENT_FIELDS,
  type PaymentAndMore,
  rowToBlock,
  rowToDepositAddress,
  rowToKeptBlock,
  rowToPayment,
} from './payment-rows.ts'
import type { Statements } from './statements.ts'

/**
 * Candidate recipients looked up by one statement. A block has hundreds; a long catch-up range has
 * more and takes several, so that the text that is bound stays below half a megabyte.
 */
const ADDRESSES_PER_LOOKUP = 10_000

export const GET_CHAIN =
  'SELECT halt_reason, finalized_mark, safe_mark, genesis_hash FROM chains WHERE chain_id = ?'
export const LATEST_BLOCKS = `SELECT number, hash, parent_hash, timestamp_s FROM blocks
  WHERE chain_id = ? AND canonical = 1 ORDER BY number DESC LIMIT ?`

export const CANONICAL_FROM = `SELECT number, hash, parent_hash, timestamp_s FROM blocks
  WHERE chain_id = @chainId AND canonical = 1 AND number >= coalesce(
    (SELECT max(number) FROM blocks
      WHERE chain_id = @chainId AND canonical = 1 AND number < @fromNumber), 0)
  ORDER BY number`

export const BLOCKS_BY_HASH = `SELECT b.number, b.hash, b.parent_hash, b.timestamp_s, b.proof_level
  FROM json_each(@hashes) AS wanted
  CROSS JOIN blocks AS b ON b.chain_id = @chainId AND b.hash = wanted.value
  ORDER BY b.number, b.hash`

/** CROSS JOIN fixes the order: look up each candidate, never walk through the addresses. */
export const FIND_ADDRESSES = `SELECT a.* FROM json_each(?) AS candidate
  CROSS JOIN deposit_addresses AS a ON a.address = unhex(candidate.value)`

const PAYMENT_JOIN = 'payments AS p CROSS JOIN observations AS o ON o.id = p.id'

export const PAYMENT_SELECT = `SELECT ${PAYMENT_FIELDS} FROM ${PAYMENT_JOIN}`

export const INCLUDED_PAYMENTS = `${PAYMENT_SELECT}
  CROSS JOIN blocks AS b ON b.chain_id = o.chain_id AND b.hash = o.block_hash
  WHERE p.chain_id = ? AND p.stage = 'included' AND b.canonical = 1 ORDER BY p.position`

export const CREDITS_ABOVE = `SELECT ${PAYMENT_FIELDS}, i.terms FROM blocks AS b
  CROSS JOIN observations AS o ON o.chain_id = b.chain_id AND o.block_hash = b.hash
  CROSS JOIN payments AS p ON p.id = o.id
  CROSS JOIN invoices AS i ON i.id = p.invoice_id
  WHERE b.chain_id = ? AND b.number > ? AND b.canonical = 1 AND b.observed = 1
    AND p.stage = 'confirmed' AND p.accepted = 1 AND p.dust = 0
  ORDER BY p.position`

export const PAYMENTS_IN_BLOCKS = `SELECT ${PAYMENT_FIELDS} FROM json_each(@hashes) AS block
  CROSS JOIN observations AS o ON o.chain_id = @chainId AND o.block_hash = block.value
  CROSS JOIN payments AS p ON p.id = o.id
  ORDER BY p.position`

export const PAYMENTS_TO = `SELECT ${PAYMENT_FIELDS} FROM json_each(@addresses) AS recipient
  CROSS JOIN observations AS o ON o.to_address = recipient.value AND o.chain_id = @chainId
  CROSS JOIN payments AS p ON p.id = o.id
  ORDER BY p.position`

/** By what was observed, or by what was learned later of an observation. */
export const PAYMENTS_OF = `WITH made (id) AS (
    SELECT t.id FROM json_each(@txHashes) AS made_by
    CROSS JOIN observations AS t ON t.tx_hash = made_by.value
  UNION
    SELECT t.payment_id FROM json_each(@txHashes) AS made_by
    CROSS JOIN attributions AS t ON t.tx_hash = made_by.value
  ) SELECT ${PAYMENT_FIELDS} FROM made
  CROSS JOIN observations AS o ON o.id = made.id AND o.chain_id = @chainId
  CROSS JOIN payments AS p ON p.id = o.id
  ORDER BY p.position`

export const PAST_DEADLINE = `SELECT id FROM invoices
  WHERE status IN ('open', 'processing') AND deadline_ms < ? ORDER BY deadline_ms, position
  LIMIT ? OFFSET ?`

type CreditRow = PaymentAndMore & Pick<InvoiceRow, 'terms'>

type ChainRow = {
  readonly halt_reason: string | null
  readonly finalized_mark: string | null
  readonly safe_mark: string | null
  readonly genesis_hash: Hash | null
}

export function loadChain(sql: Statements, chainId: number, limit: number): StoredChain | null {
  const row = sql(GET_CHAIN).get(chainId) as ChainRow | undefined
  if (row === undefined) return null
  const rows = sql(LATEST_BLOCKS).all(chainId, limit) as BlockRow[]
  const blocks = takeLinked(rows.map(rowToBlock))
  if (blocks.length === 0) return null
  const marks = { finalized: textToMark(row.finalized_mark), safe: textToMark(row.safe_mark) }
  const chain = createLocalChain(chainId, blocks, { kind: 'tag', marks })
  return { chain, haltReason: row.halt_reason, genesisHash: row.genesis_hash }
}

export function findCanonicalBlocks(
  sql: Statements,
  chainId: number,
  fromNumber: number,
): BlockRef[] {
  return (sql(CANONICAL_FROM).all({ chainId, fromNumber }) as BlockRow[]).map(rowToBlock)
}

export function findBlocks(sql: Statements, chainId: number, hashes: readonly Hash[]): KeptBlock[] {
  const parameters = { chainId, hashes: JSON.stringify([...new Set(hashes)]) }
  return (sql(BLOCKS_BY_HASH).all(parameters) as KeptBlockRow[]).map(rowToKeptBlock)
}

/**
 * From newest first to oldest first, as far down as they are linked: below the ring stand single
 * blocks that were kept because something was observed in them.
 */
function takeLinked(newestFirst: readonly BlockRef[]): BlockRef[] {
  const gap = newestFirst.findIndex((block, i) => {
    const child = newestFirst[i - 1]
    return child !== undefined && child.parentHash !== block.hash
  })
  return (gap === -1 ? [...newestFirst] : newestFirst.slice(0, gap)).reverse()
}

export function findDepositAddresses(
  sql: Statements,
  addresses: readonly Address[],
): DepositAddress[] {
  const candidates = [...new Set(addresses)].map((address) => address.slice(2))
  const found: DepositAddress[] = []
  for (let start = 0; start < candidates.length; start += ADDRESSES_PER_LOOKUP) {
    const chunk = JSON.stringify(candidates.slice(start, start + ADDRESSES_PER_LOOKUP))
    const rows = sql(FIND_ADDRESSES).all(chunk) as AddressRow[]
    for (const row of rows) found.push(rowToDepositAddress(row))
  }
  return found
}

export function findIncludedPayments(sql: Statements, chainId: number): Payment[] {
  return toPayments(sql(INCLUDED_PAYMENTS).all(chainId))
}

export function findCreditsAbove(sql: Statements, chainId: number, blockNumber: number): Credit[] {
  const rows = sql(CREDITS_ABOVE).all(chainId, blockNumber) as CreditRow[]
  return rows.map((row) => ({ payment: rowToPayment(row), terms: textToTerms(row.terms) }))
}

export function findPaymentsInBlocks(
  sql: Statements,
  chainId: number,
  hashes: readonly Hash[],
): Payment[] {
  const parameters = { chainId, hashes: JSON.stringify([...new Set(hashes)]) }
  return toPayments(sql(PAYMENTS_IN_BLOCKS).all(parameters))
}

export function findPaymentsTo(
  sql: Statements,
  chainId: number,
  addresses: readonly Address[],
): Payment[] {
  const parameters = { chainId, addresses: JSON.stringify([...new Set(addresses)]) }
  return toPayments(sql(PAYMENTS_TO).all(parameters))
}

export function findPaymentsOf(
  sql: Statements,
  chainId: number,
  txHashes: readonly Hash[],
): Payment[] {
  const parameters = { chainId, txHashes: JSON.stringify([...new Set(txHashes)]) }
  return toPayments(sql(PAYMENTS_OF).all(parameters))
}

export function findInvoicesPastDeadline(
  sql: Statements,
  beforeMs: number,
  limit: number,
  skip = 0,
): string[] {
  const rows = sql(PAST_DEADLINE).all(beforeMs, limit, skip) as { readonly id: string }[]
  return rows.map((row) => row.id)
}

export function toPayments(rows: readonly unknown[]): Payment[] {
  return (rows as readonly PaymentAndMore[]).map(rowToPayment)
}
