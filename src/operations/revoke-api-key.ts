import { type ApiKeyResource, presentApiKey } from '../core/store-account/present-account.ts'
import { GatewayError } from '../errors.ts'
import { commitDecision } from './commit-decision.ts'
import type { Deps } from './deps.ts'

/** Ends a key at once and for ever. One that is revoked already does not exist any more: 404. */
export function revokeApiKey(
  deps: Pick<Deps, 'store' | 'clock'>,
  request: { readonly storeId: string; readonly apiKeyId: string; readonly actor: string },
): Promise<ApiKeyResource> {
  return commitDecision(deps, null, async () => {
    const keys = await deps.store.listApiKeys(request.storeId)
    const apiKey = keys.find(({ id }) => id === request.apiKeyId)
    if (apiKey === undefined || apiKey.revokedAtMs !== null) {
      throw new GatewayError('not_found', 'There is no such API key.')
    }
    const nowMs = deps.clock.nowMs()
    const revoked = { ...apiKey, revokedAtMs: nowMs, revision: apiKey.revision + 1 }
    const entry = {
      atMs: nowMs,
      actor: request.actor,
      action: 'api-key.revoke',
      target: apiKey.id,
      before: apiKey.scopes.join(' '),
      after: null,
    }
    return { changes: { apiKeys: [revoked], audit: [entry] }, result: presentApiKey(revoked) }
  })
}
