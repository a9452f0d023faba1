import { assert } from '../../core/assert.ts'
import type { AuditRow } from '../../core/audit.ts'
import type { IdempotencyRecord, KeptBody } from '../../core/change-set.ts'
import {
  type ApiKey,
  DEFAULT_SETTINGS,
  type StoreAccount,
  type StoreSettings,
} from '../../core/store-account/store-account.ts'
import { type Flag, toFlag } from './row-values.ts'

export type StoreRow = {
  readonly id: string
  readonly name: string
  readonly xpub: string
  readonly fingerprint: string
  readonly former_xpubs: string
  readonly settings: string
  readonly created_at_ms: number
  readonly revision: number
}

// biome-ignore format: a list of names reads better in rows
export const STORE_COLUMNS = [
  'id', 'name', 'xpub', 'fingerprint', 'former_xpubs', 'settings', 'created_at_ms',
  'revision',
] as const satisfies readonly (keyof StoreRow)[]

export function storeToRow(store: StoreAccount): StoreRow {
  return {
    id: store.id,
    name: store.name,
    xpub: store.xpub,
    fingerprint: store.fingerprint,
    former_xpubs: JSON.stringify(store.formerXpubs),
    settings: JSON.stringify(store.settings),
    created_at_ms: store.createdAtMs,
    revision: store.revision,
  }
}

export function rowToStore(row: StoreRow): StoreAccount {
  return {
    id: row.id,
    name: row.name,
    xpub: row.xpub,
    fingerprint: row.fingerprint,
    formerXpubs: JSON.parse(row.former_xpubs),
    settings: { ...DEFAULT_SETTINGS, ...(JSON.parse(row.settings) as Partial<StoreSettings>) },
    createdAtMs: row.created_at_ms,
    revision: row.revision,
  }
}

export type ApiKeyRow = {
  readonly id: string
  readonly store_id: string
  readonly name: string
  readonly hash: string
  readonly prefix: string
  readonly scopes: string
  readonly created_at_ms: number
  readonly expires_at_ms: number | null
  readonly revoked_at_ms: number | null
  readonly last_used_at_ms: number | null
  readonly revision: number
}

/** Without the last use, which is written beside the revisions. */
// biome-ignore format: a list of names reads better in rows
export const API_KEY_COLUMNS = [
  'id', 'store_id', 'name', 'hash', 'prefix', 'scopes', 'created_at_ms', 'expires_at_ms',
  'revoked_at_ms', 'revision',
] as const satisfies readonly (keyof ApiKeyRow)[]

export function apiKeyToRow(key: ApiKey): Omit<ApiKeyRow, 'last_used_at_ms'> {
  return {
    id: key.id,
    store_id: key.storeId,
    name: key.name,
    hash: key.hash,
    prefix: key.prefix,
    scopes: JSON.stringify(key.scopes),
    created_at_ms: key.createdAtMs,
    expires_at_ms: key.expiresAtMs,
    revoked_at_ms: key.revokedAtMs,
    revision: key.revision,
  }
}

export function rowToApiKey(row: ApiKeyRow): ApiKey {
  return {
    id: row.id,
    storeId: row.store_id,
    name: row.name,
    hash: row.hash,
    prefix: row.prefix,
    scopes: JSON.parse(row.scopes),
    createdAtMs: row.created_at_ms,
    expiresAtMs: row.expires_at_ms,
    revokedAtMs: row.revoked_at_ms,
    lastUsedAtMs: row.last_used_at_ms,
    revision: row.revision,
  }
}

/** `body` is the text of an answer, or null where it is the data of an event. */
export type IdempotencyRow = {
  readonly scope: string
  readonly key: string
  readonly request_hash: string
  readonly status: number
  readonly body: string | null
  readonly sealed: Flag
  readonly event_id: string | null
  readonly created_at_ms: number
}

// biome-ignore format: a list of names reads better in rows
export const IDEMPOTENCY_COLUMNS = [
  'scope', 'key', 'request_hash', 'status', 'body', 'sealed', 'event_id', 'created_at_ms',
] as const satisfies readonly (keyof IdempotencyRow)[]

export function idempotencyToRow({ body, ...record }: IdempotencyRecord): IdempotencyRow {
  return {
    scope: record.scope,
    key: record.key,
    request_hash: record.requestHash,
    status: record.status,
    body: body.kind === 'event' ? null : body.text,
    sealed: toFlag(body.kind === 'sealed'),
    event_id: body.kind === 'event' ? body.eventId : null,
    created_at_ms: record.createdAtMs,
  }
}

export function rowToIdempotency(row: IdempotencyRow): IdempotencyRecord {
  return {
    scope: row.scope,
    key: row.key,
    requestHash: row.request_hash,
    status: row.status,
    body: readKeptBody(row),
    createdAtMs: row.created_at_ms,
  }
}

function readKeptBody({ body, sealed, event_id: eventId }: IdempotencyRow): KeptBody {
  if (body !== null) return { kind: sealed === 1 ? 'sealed' : 'text', text: body }
  assert(eventId !== null, 'a kept answer has a text or an event')
  return { kind: 'event', eventId }
}

export type AuditLogRow = {
  readonly seq: number
  readonly at_ms: number
  readonly actor: string
  readonly action: string
  readonly target: string
  readonly before: string | null
  readonly after: string | null
  readonly prev_hash: string
  readonly hash: string
}

// biome-ignore format: a list of names reads better in rows
export const AUDIT_COLUMNS = [
  'seq', 'at_ms', 'actor', 'action', 'target', 'before', 'after', 'prev_hash', 'hash',
] as const satisfies readonly (keyof AuditLogRow)[]

export function auditToRow(entry: AuditRow): AuditLogRow {
  const { atMs, prevHash, ...same } = entry
  return { ...same, at_ms: atMs, prev_hash: prevHash }
}

export function rowToAudit(row: AuditLogRow): AuditRow {
  const { at_ms, prev_hash, ...same } = row
  return { ...same, atMs: at_ms, prevHash: prev_hash }
}
