import type { AuditRow } from '../../core/audit.ts'
import type {
  ApiKey,
  DepositAddress,
  StoreAccount,
} from '../../core/store-account/store-account.ts'
import {
  type ApiKeyRow,
  type AuditLogRow,
  rowToApiKey,
  rowToAudit,
  rowToStore,
  type StoreRow,
} from './account-rows.ts'
import { type AddressRow, rowToDepositAddress } from './payment-rows.ts'
import type { Statements } from './statements.ts'

const LIST_STORES = 'SELECT * FROM store_accounts ORDER BY position'
const LIST_API_KEYS = 'SELECT * FROM api_keys WHERE store_id = ? ORDER BY position'
const API_KEY_BY_HASH = 'SELECT * FROM api_keys WHERE hash = ?'
/** From the end, past the look-ahead that waits there. */
export const MAX_ISSUED = `SELECT idx FROM deposit_addresses
  WHERE fingerprint = ? AND invoice_id IS NOT NULL ORDER BY idx DESC LIMIT 1`
export const WAITING_ADDRESSES = `SELECT * FROM deposit_addresses
  WHERE fingerprint = ? AND idx >= ? AND invoice_id IS NULL ORDER BY idx LIMIT ?`
const LIST_AUDIT = 'SELECT * FROM audit WHERE seq > ? ORDER BY seq LIMIT ?'

export function listStores(sql: Statements): StoreAccount[] {
  return (sql(LIST_STORES).all() as StoreRow[]).map(rowToStore)
}

export function listApiKeys(sql: Statements, storeId: string): ApiKey[] {
  return (sql(LIST_API_KEYS).all(storeId) as ApiKeyRow[]).map(rowToApiKey)
}

export function findApiKeyByHash(sql: Statements, hash: string): ApiKey | null {
  const row = sql(API_KEY_BY_HASH).get(hash) as ApiKeyRow | undefined
  return row === undefined ? null : rowToApiKey(row)
}

export function maxIssuedIndex(sql: Statements, fingerprint: string): number {
  return (sql(MAX_ISSUED).get(fingerprint) as { idx: number } | undefined)?.idx ?? -1
}

export function listWaitingAddresses(
  sql: Statements,
  fingerprint: string,
  fromIndex: number,
  limit: number,
): DepositAddress[] {
  const rows = sql(WAITING_ADDRESSES).all(fingerprint, fromIndex, limit) as AddressRow[]
  return rows.map(rowToDepositAddress)
}

export function listAudit(sql: Statements, afterSeq: number, limit: number): AuditRow[] {
  return (sql(LIST_AUDIT).all(afterSeq, limit) as AuditLogRow[]).map(rowToAudit)
}
