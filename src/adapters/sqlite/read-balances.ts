import type { BlockRef } from '../../core/chain/block.ts'
import type { KnownBalance } from '../../core/chain/known-balance.ts'
import type { Address, Hash } from '../../core/money/asset.ts'
import { isUnattributed } from '../../core/payment/attribution.ts'
import type { Payment } from '../../core/payment/payment.ts'
import type {
  KnownCredit,
  SweepGroup,
  SweepPage,
  SweepQuery,
  SweepTarget,
  UnattributedPage,
  UnattributedQuery,
} from '../../ports/balance-store.ts'
import {
  type AddressRow,
  type BlockRow,
  PAYMENT_FIELDS,
  type PaymentAndMore,
  rowToBlock,
  rowToDepositAddress,
  rowToPayment,
} from './payment-rows.ts'
import { addressToBytes, bytesToAddress } from './row-values.ts'
import type { Statements } from './statements.ts'

export type BalanceRow = {
  readonly chain_id: number
  readonly address: Buffer
  readonly block_number: number
  readonly block_hash: Hash
  readonly balance_units: string
}

export const BALANCE_COLUMNS = [
  'chain_id',
  'address',
  'block_number',
  'block_hash',
  'balance_units',
] as const satisfies readonly (keyof BalanceRow)[]

export function balanceToRow(known: KnownBalance): BalanceRow {
  return {
    chain_id: known.chainId,
    address: addressToBytes(known.address),
    block_number: known.block.number,
    block_hash: known.block.hash,
    balance_units: known.balanceUnits.toString(),
  }
}

/** Unfinished orders have an index by deadline of their own, the finished ones another. */
const GROUPS: Readonly<Record<SweepGroup, string>> = {
  unfinished: `i.status IN ('open', 'processing')`,
  recent: `i.status NOT IN ('open', 'processing') AND i.deadline_ms >= @sinceMs`,
  idle: `i.status NOT IN ('open', 'processing') AND i.deadline_ms < @sinceMs`,
}

/** The terms are JSON, in which the id of each accepted asset stands in quotes. */
export const sweepPage = (group: SweepGroup): string => `
  SELECT a.*, i.deadline_ms AS deadline_ms, i.position AS invoice_position,
    instr(i.terms, @asset) > 0 AS takes_coin
  FROM invoices AS i CROSS JOIN deposit_addresses AS a
    ON a.address = i.address AND a.invoice_id = i.id
  WHERE ${GROUPS[group]} AND (i.deadline_ms, i.position) > (@deadlineMs, @position)
    AND i.deadline_ms < @beforeMs
  ORDER BY i.deadline_ms, i.position LIMIT @limit`

const KNOWN_BALANCES = `SELECT n.* FROM json_each(@addresses) AS candidate
  CROSS JOIN native_balances AS n ON n.chain_id = @chainId AND n.address = unhex(candidate.value)`

/** Whatever order it counts for, or none: money of an address is what came to it. */
export const KNOWN_CREDITS = `SELECT o.to_address, o.block_number, o.place, o.amount_units
  FROM json_each(@addresses) AS recipient
  CROSS JOIN observations AS o ON o.to_address = recipient.value AND o.chain_id = @chainId
  CROSS JOIN payments AS p ON p.id = o.id
  WHERE p.asset_id = @assetId AND p.stage <> 'orphaned'
  ORDER BY o.block_number`

const CANONICAL_ANCESTOR = `WITH RECURSIVE line (hash, parent_hash, number, timestamp_s, canonical) AS (
    SELECT hash, parent_hash, number, timestamp_s, canonical FROM blocks
    WHERE chain_id = @chainId AND hash = @hash
  UNION ALL
    SELECT b.hash, b.parent_hash, b.number, b.timestamp_s, b.canonical
    FROM line CROSS JOIN blocks AS b ON b.chain_id = @chainId AND b.hash = line.parent_hash
    WHERE line.canonical = 0
  ) SELECT number, hash, parent_hash, timestamp_s FROM line WHERE canonical = 1 LIMIT 1`

type TargetRow = AddressRow & {
  readonly deadline_ms: number
  readonly invoice_position: number
  readonly takes_coin: 0 | 1
}
type CreditRow = {
  readonly to_address: Address
  readonly block_number: number
  readonly place: string
  readonly amount_units: string
}

export function findSweepTargets(sql: Statements, query: SweepQuery): SweepPage {
  const { chainId, assetId, group, sinceMs, after, beforeMs, limit } = query
  const rows = sql(sweepPage(group)).all({
    asset: JSON.stringify(assetId),
    ...(group === 'unfinished' ? {} : { sinceMs }),
    deadlineMs: after?.deadlineMs ?? -1,
    beforeMs: beforeMs ?? Number.MAX_SAFE_INTEGER,
    position: after?.position ?? -1,
    limit,
  }) as TargetRow[]
  const last = rows.length < limit ? undefined : rows.at(-1)
  const deposits = rows.filter((row) => row.takes_coin === 1).map(rowToDepositAddress)
  const addresses = deposits.map(({ address }) => address)
  const known = findKnown(sql, chainId, addresses)
  const credits = findCredits(sql, chainId, assetId, addresses)
  return {
    targets: deposits.map(
      (deposit): SweepTarget => ({
        deposit,
        known: known.get(deposit.address) ?? null,
        credits: credits.get(deposit.address) ?? [],
      }),
    ),
    cursor:
      last === undefined ? null : { deadlineMs: last.deadline_ms, position: last.invoice_position },
  }
}

function findKnown(
  sql: Statements,
  chainId: number,
  addresses: readonly Address[],
): Map<Address, KnownBalance> {
  const wanted = JSON.stringify(addresses.map((address) => address.slice(2)))
  const rows = sql(KNOWN_BALANCES).all({ chainId, addresses: wanted }) as BalanceRow[]
  return new Map(
    rows.map((row) => {
      const address = bytesToAddress(row.address)
      const block = { number: row.block_number, hash: row.block_hash }
      return [address, { chainId, address, block, balanceUnits: BigInt(row.balance_units) }]
    }),
  )
}

function findCredits(
  sql: Statements,
  chainId: number,
  assetId: string,
  addresses: readonly Address[],
): Map<Address, KnownCredit[]> {
  const parameters = { chainId, assetId, addresses: JSON.stringify(addresses) }
  const rows = sql(KNOWN_CREDITS).all(parameters) as CreditRow[]
  const byAddress = new Map<Address, KnownCredit[]>()
  for (const { to_address, block_number, place, amount_units } of rows) {
    const list = byAddress.get(to_address) ?? []
    list.push({ blockNumber: block_number, place, amountUnits: BigInt(amount_units) })
    byAddress.set(to_address, list)
  }
  return byAddress
}

export function findCanonicalAncestor(
  sql: Statements,
  chainId: number,
  hash: Hash,
): BlockRef | null {
  const row = sql(CANONICAL_ANCESTOR).get({ chainId, hash }) as BlockRow | undefined
  return row === undefined ? null : rowToBlock(row)
}

/** A page by the index alone; then those of them that are on our chain and open. */
const BY_BALANCE = `SELECT ${PAYMENT_FIELDS} FROM observations AS o
  INDEXED BY observations_by_balance
  CROSS JOIN payments AS p ON p.id = o.id
  WHERE o.tx_hash IS NULL AND o.chain_id = @chainId
    AND (o.block_number, o.id) > (@blockNumber, @paymentId)
  ORDER BY o.block_number, o.id LIMIT @limit`

export function findUnattributed(sql: Statements, query: UnattributedQuery): UnattributedPage {
  const { chainId, fromBlock, after, limit } = query
  const begin = { blockNumber: fromBlock, paymentId: '' }
  const { blockNumber, paymentId } =
    after !== null && after.blockNumber >= fromBlock ? after : begin
  const parameters = { chainId, blockNumber, paymentId, limit }
  const rows = sql(BY_BALANCE).all(parameters) as PaymentAndMore[]
  const last = rows.length < limit ? undefined : rows.at(-1)
  return {
    payments: rows.map(rowToPayment).filter(isOpen),
    cursor: last === undefined ? null : { blockNumber: last.block_number, paymentId: last.id },
  }
}

function isOpen(payment: Payment): boolean {
  return payment.position !== 'orphaned' && isUnattributed(payment)
}
