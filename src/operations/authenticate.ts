import type { ApiKey, ApiKeyScope, StoreAccount } from '../core/store-account/store-account.ts'
import { GatewayError } from '../errors.ts'
import type { Deps } from './deps.ts'

/** Who is asking: a key, and the store it acts for. */
export type Principal = { readonly apiKey: ApiKey; readonly store: StoreAccount }

/**
 * Whom the key with this hash (hashApiKey) belongs to; null where none was shown. Looked up for every
 * request, so that a revocation acts at once, on every instance. Unknown, expired and revoked keys get
 * one answer.
 */
export async function authenticate(
  { store, clock, accounts }: Pick<Deps, 'store' | 'clock' | 'accounts'>,
  { keyHash }: { readonly keyHash: string | null },
): Promise<Principal> {
  if (keyHash === null) throw unauthorized()
  const apiKey = await store.findApiKeyByHash(keyHash)
  if (apiKey === null || !isLive(apiKey, clock.nowMs())) throw unauthorized()
  const account = (await store.listStores()).find(({ id }) => id === apiKey.storeId)
  if (account === undefined) throw unauthorized()
  // A store may have been made beside this process: its account key is checked before it is served.
  await accounts.ensure(account)
  return { apiKey, store: account }
}

/** Refuses what the key was not made for. `admin` may do everything. */
export function assertScope({ apiKey }: Principal, scope: ApiKeyScope): void {
  if (apiKey.scopes.includes(scope) || apiKey.scopes.includes('admin')) return
  throw new GatewayError('forbidden', `The API key lacks the scope ${scope}.`)
}

function isLive(apiKey: ApiKey, nowMs: number): boolean {
  if (apiKey.revokedAtMs !== null) return false
  return apiKey.expiresAtMs === null || nowMs < apiKey.expiresAtMs
}

function unauthorized(): GatewayError {
  return new GatewayError(
    'unauthorized',
    'A valid API key is required: `Authorization: Bearer qk_...`.',
  )
}
