import {
  API_KEY_BYTES,
  createApiKeyText,
  hashApiKey,
  prefixOfApiKey,
} from '../core/store-account/api-key.ts'
import { type ApiKeyResource, presentApiKey } from '../core/store-account/present-account.ts'
import type { ApiKey, ApiKeyScope } from '../core/store-account/store-account.ts'
import { GatewayError } from '../errors.ts'
import { commitDecision } from './commit-decision.ts'
import type { Deps } from './deps.ts'
import { type IdempotencyTicket, keepSecretAnswer } from './idempotency.ts'
import { freshId } from './settlement-context.ts'

export type CreateApiKeyRequest = {
  readonly storeId: string
  readonly name: string
  readonly scopes: readonly ApiKeyScope[]
  /** Null: until it is revoked. */
  readonly expiresAtMs: number | null
  readonly actor: string
  readonly idempotency: IdempotencyTicket
}

export type ApiKeyWithText = ApiKeyResource & { readonly key: string }

const CREATED = 201

/** A new key. Its text is in this answer, and nowhere else: only its hash is kept. */
export function createApiKey(
  deps: Pick<Deps, 'store' | 'clock' | 'ids' | 'vault'>,
  request: CreateApiKeyRequest,
): Promise<ApiKeyWithText> {
  const { storeId, name, scopes, expiresAtMs, actor, idempotency } = request
  return commitDecision(deps, idempotency, async () => {
    const stores = await deps.store.listStores()
    if (!stores.some(({ id }) => id === storeId)) {
      throw new GatewayError('not_found', 'There is no such store.')
    }
    const nowMs = deps.clock.nowMs()
    const key = createApiKeyText(deps.ids.randomBytes(API_KEY_BYTES))
    const apiKey: ApiKey = {
      id: freshId(deps, 'key', nowMs),
      storeId,
      name,
      hash: hashApiKey(key),
      prefix: prefixOfApiKey(key),
      scopes,
      createdAtMs: nowMs,
      expiresAtMs,
      revokedAtMs: null,
      lastUsedAtMs: null,
      revision: 1,
    }
    const result = { ...presentApiKey(apiKey), key }
    const entry = { atMs: nowMs, actor, action: 'api-key.create', target: apiKey.id }
    const answer = { status: CREATED, body: JSON.stringify(result) }
    return {
      changes: {
        apiKeys: [apiKey],
        audit: [{ ...entry, before: null, after: scopes.join(' ') }],
        ...keepSecretAnswer(deps, idempotency, answer, nowMs),
      },
      result,
    }
  })
}
