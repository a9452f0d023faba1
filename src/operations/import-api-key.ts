import { hashApiKey, isApiKeyText, prefixOfApiKey } from '../core/store-account/api-key.ts'
import type { ApiKey } from '../core/store-account/store-account.ts'
import { GatewayError } from '../errors.ts'
import type { Deps } from './deps.ts'
import { freshId } from './settlement-context.ts'

/**
 * Makes a key that the operator brought (`QUITTANCE_API_KEY`) valid for a store, with all scopes.
 * Does nothing when it is known already: a key that was revoked stays revoked.
 */
export async function importApiKey(
  deps: Pick<Deps, 'store' | 'clock' | 'ids'>,
  request: { readonly storeId: string; readonly key: string; readonly actor: string },
): Promise<void> {
  const { storeId, key, actor } = request
  if (!isApiKeyText(key)) {
    throw new GatewayError(
      'invalid_configuration',
      'QUITTANCE_API_KEY must be qk_ and 32 to 256 printable characters.',
    )
  }
  const hash = hashApiKey(key)
  const known = await deps.store.findApiKeyByHash(hash)
  if (known !== null) {
    if (known.storeId === storeId) return
    throw new GatewayError('invalid_configuration', 'QUITTANCE_API_KEY belongs to another store.')
  }
  const nowMs = deps.clock.nowMs()
  const apiKey: ApiKey = {
    id: freshId(deps, 'key', nowMs),
    storeId,
    name: 'environment',
    hash,
    prefix: prefixOfApiKey(key),
    scopes: ['admin'],
    createdAtMs: nowMs,
    expiresAtMs: null,
    revokedAtMs: null,
    lastUsedAtMs: null,
    revision: 1,
  }
  const entry = { atMs: nowMs, actor, action: 'api-key.import', target: apiKey.id }
  // A conflict means that another process imported the same key a moment ago.
  await deps.store.commit({
    apiKeys: [apiKey],
    audit: [{ ...entry, before: null, after: 'admin' }],
  })
}
