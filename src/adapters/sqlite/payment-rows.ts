import { assert } from '../../core/assert.ts'
import type { BlockRef, ProofLevel } from '../../core/chain/block.ts'
import type { Address, AssetId, Hash } from '../../core/money/asset.ts'
import type { Attribution } from '../../core/payment/attribution.ts'
import type { Observation, Payment, Position } from '../../core/payment/payment.ts'
import type { DepositAddress, Issue } from '../../core/store-account/store-account.ts'
import type { KeptBlock } from '../../ports/store.ts'
import { finalityToText, textToFinality } from './finality-values.ts'
import { addressToBytes, bytesToAddress, type Flag, toFlag } from './row-values.ts'

export type ObservationRow = {
  readonly id: string
  readonly chain_id: number
  readonly block_hash: Hash
  readonly block_number: number
  readonly block_timestamp_s: number
  readonly place: string
  readonly kind: Observation['kind']
  readonly asset_id: AssetId
  readonly asset_token: Address | null
  readonly asset_symbol: string
  readonly asset_decimals: number
  readonly from_address: Address | null
  readonly to_address: Address
  readonly amount_units: string
  readonly tx_hash: Hash | null
  readonly log_index: number | null
}

// biome-ignore format: a list of names reads better in rows
export const OBSERVATION_COLUMNS = [
  'id', 'chain_id', 'block_hash', 'block_number', 'block_timestamp_s', 'place', 'kind', 'asset_id',
  'asset_token', 'asset_symbol', 'asset_decimals', 'from_address', 'to_address', 'amount_units',
  'tx_hash', 'log_index',
] as const satisfies readonly (keyof ObservationRow)[]

export function observationToRow(observation: Observation): ObservationRow {
  const { asset } = observation
  assert(asset.chainId === observation.chainId, 'an asset is observed on its own chain')
  return {
    id: observation.id,
    chain_id: observation.chainId,
    block_hash: observation.blockHash,
    block_number: observation.blockNumber,
    block_timestamp_s: observation.blockTimestampS,
    place: observation.place,
    kind: observation.kind,
    asset_id: asset.id,
    asset_token: asset.token,
    asset_symbol: asset.symbol,
    asset_decimals: asset.decimals,
    from_address: observation.from,
    to_address: observation.to,
    amount_units: observation.amountUnits.toString(),
    tx_hash: observation.txHash,
    log_index: observation.logIndex,
  }
}

export function rowToObservation(row: ObservationRow): Observation {
  return {
    id: row.id,
    chainId: row.chain_id,
    blockHash: row.block_hash,
    blockNumber: row.block_number,
    blockTimestampS: row.block_timestamp_s,
    place: row.place,
    kind: row.kind,
    asset: {
      id: row.asset_id,
      chainId: row.chain_id,
      token: row.asset_token,
      symbol: row.asset_symbol,
      decimals: row.asset_decimals,
    },
    from: row.from_address,
    to: row.to_address,
    amountUnits: BigInt(row.amount_units),
    txHash: row.tx_hash,
    logIndex: row.log_index,
  }
}

/** `chain_id` and `asset_id` repeat the observation, which never changes, for the indexes. */
export type PaymentRow = {
  readonly id: string
  readonly store_id: string
  readonly invoice_id: string | null
  readonly chain_id: number
  readonly asset_id: AssetId
  /** The payment's position; the column of that name is the order of insertion. */
  readonly stage: Position
  readonly finality: string
  /** Decimal; null when all of the amount counts. */
  readonly counted_units: string | null
  readonly held_by_cap: Flag
  readonly dust: Flag
  readonly accepted: Flag
  readonly in_time: Flag
  readonly revision: number
}

// biome-ignore format: a list of names reads better in rows
export const PAYMENT_COLUMNS = [
  'id', 'store_id', 'invoice_id', 'chain_id', 'asset_id', 'stage', 'finality', 'counted_units',
  'held_by_cap', 'dust', 'accepted', 'in_time', 'revision',
] as const satisfies readonly (keyof PaymentRow)[]

export function paymentToRow(payment: Payment): PaymentRow {
  return {
    id: payment.observation.id,
    store_id: payment.storeId,
    invoice_id: payment.invoiceId,
    chain_id: payment.observation.chainId,
    asset_id: payment.observation.asset.id,
    stage: payment.position,
    finality: finalityToText(payment.finality),
    counted_units:
      payment.countedUnits === payment.observation.amountUnits
        ? null
        : payment.countedUnits.toString(),
    held_by_cap: toFlag(payment.heldByCap),
    dust: toFlag(payment.dust),
    accepted: toFlag(payment.accepted),
    in_time: toFlag(payment.inTime),
    revision: payment.revision,
  }
}

/** A row of payments joined with its observation, and with what was learned of it later. */
export type PaymentAndMore = PaymentRow &
  ObservationRow & {
    /** JSON: a list for each call. Null where the observation itself names the transaction. */
    readonly attributed: string | null
  }

/**
 * Payments p with all of their observation o: names each column once. The calls are looked up only
 * where a balance alone told of the payment.
 */
export const PAYMENT_FIELDS = `o.*, p.*, CASE WHEN o.tx_hash IS NULL THEN (
    SELECT json_group_array(json_array(
      t.position, t.place, t.tx_hash, t.from_address, t.amount_units, t.learned_at_ms))
    FROM attributions AS t WHERE t.payment_id = o.id
  ) END AS attributed`

export function rowToPayment(row: PaymentAndMore): Payment {
  return {
    observation: rowToObservation(row),
    storeId: row.store_id,
    invoiceId: row.invoice_id,
    position: row.stage,
    finality: textToFinality(row.finality),
    countedUnits: BigInt(row.counted_units ?? row.amount_units),
    heldByCap: row.held_by_cap === 1,
    dust: row.dust === 1,
    accepted: row.accepted === 1,
    inTime: row.in_time === 1,
    attributions: row.attributed === null ? [] : readAttributions(row.id, row.attributed),
    revision: row.revision,
  }
}

type AttributionParts = [
  position: number,
  place: string,
  txHash: Hash,
  from: Address,
  units: string,
  atMs: number,
]

function readAttributions(paymentId: string, text: string): Attribution[] {
  return (JSON.parse(text) as AttributionParts[])
    .sort(([a], [b]) => a - b)
    .map(([, place, txHash, from, units, learnedAtMs]) => {
      return { paymentId, place, txHash, from, amountUnits: BigInt(units), learnedAtMs }
    })
}

export type AttributionRow = {
  readonly payment_id: string
  readonly place: string
  readonly tx_hash: Hash
  readonly from_address: Address
  readonly amount_units: string
  readonly learned_at_ms: number
}

// biome-ignore format: a list of names reads better in rows
export const ATTRIBUTION_COLUMNS = [
  'payment_id', 'place', 'tx_hash', 'from_address', 'amount_units', 'learned_at_ms',
] as const satisfies readonly (keyof AttributionRow)[]

export function attributionToRow(attribution: Attribution): AttributionRow {
  return {
    payment_id: attribution.paymentId,
    place: attribution.place,
    tx_hash: attribution.txHash,
    from_address: attribution.from,
    amount_units: attribution.amountUnits.toString(),
    learned_at_ms: attribution.learnedAtMs,
  }
}

export type BlockRow = {
  readonly hash: Hash
  readonly number: number
  readonly parent_hash: Hash
  readonly timestamp_s: number
}

export function rowToBlock(row: BlockRow): BlockRef {
  return {
    number: row.number,
    hash: row.hash,
    parentHash: row.parent_hash,
    timestampS: row.timestamp_s,
  }
}

export type KeptBlockRow = BlockRow & { readonly proof_level: ProofLevel | null }

export function rowToKeptBlock(row: KeptBlockRow): KeptBlock {
  return { ref: rowToBlock(row), proofLevel: row.proof_level }
}

export type AddressRow = {
  readonly address: Buffer
  readonly store_id: string
  readonly fingerprint: string
  readonly idx: number
  readonly invoice_id: string | null
  readonly issued_at_ms: number | null
  readonly issue_tips: string | null
}

// biome-ignore format: a list of names reads better in rows
export const ADDRESS_COLUMNS = [
  'address', 'store_id', 'fingerprint', 'idx', 'invoice_id', 'issued_at_ms', 'issue_tips',
] as const satisfies readonly (keyof AddressRow)[]

export function depositAddressToRow(address: DepositAddress): AddressRow {
  const { issued } = address
  return {
    address: addressToBytes(address.address),
    store_id: address.storeId,
    fingerprint: address.fingerprint,
    idx: address.index,
    invoice_id: issued?.invoiceId ?? null,
    issued_at_ms: issued?.atMs ?? null,
    issue_tips: issued === null ? null : JSON.stringify(issued.tips),
  }
}

export function rowToDepositAddress(row: AddressRow): DepositAddress {
  return {
    address: bytesToAddress(row.address),
    storeId: row.store_id,
    fingerprint: row.fingerprint,
    index: row.idx,
    issued: readIssue(row),
  }
}

function readIssue(row: AddressRow): Issue | null {
  if (row.invoice_id === null || row.issued_at_ms === null || row.issue_tips === null) return null
  return {
    invoiceId: row.invoice_id,
    atMs: row.issued_at_ms,
    tips: JSON.parse(row.issue_tips),
  }
}
