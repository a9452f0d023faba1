/** Shared by the verbs of webhook endpoints: finding one, and judging where it points. */
import type { SealedSecret, WebhookEndpoint } from '../core/webhook/delivery.ts'
import { createSigningKey, SIGNING_KEY_BYTES } from '../core/webhook/ed25519-key.ts'
import type { EndpointResource } from '../core/webhook/present-webhooks.ts'
import { createSecret } from '../core/webhook/signature.ts'
import { GatewayError, invalidField } from '../errors.ts'
import type { CheckDestination } from '../ports/webhook-sender.ts'
import type { Deps } from './deps.ts'

/** Of a new secret: 256 bits, within the 24 to 64 bytes of Standard Webhooks. */
const SECRET_BYTES = 32

/** The only answers that show a secret are those that make one. */
export type EndpointWithSecret = EndpointResource & { readonly secret: string }

export type EndpointRef = { readonly storeId: string; readonly endpointId: string }

/** An endpoint of this store that is not deleted; anything else does not exist. */
export async function loadEndpoint(
  { store }: Pick<Deps, 'store'>,
  { storeId, endpointId }: EndpointRef,
): Promise<WebhookEndpoint> {
  const endpoint = await store.getEndpoint(endpointId)
  if (endpoint === null || endpoint.storeId !== storeId || endpoint.deletedAtMs !== null) {
    throw new GatewayError('not_found', 'There is no such webhook endpoint.')
  }
  return endpoint
}

/**
 * What a new or rotated endpoint signs by from now on: a secret, to be shown once, and with `withKey` a
 * signing key, whose secret half is never shown. Sealed for the endpoint of this id.
 */
export function createSecrets(
  { ids, vault }: Pick<Deps, 'ids' | 'vault'>,
  endpointId: string,
  withKey: boolean,
): { readonly secret: string; readonly sealed: readonly SealedSecret[] } {
  const secret = createSecret(ids.randomBytes(SECRET_BYTES))
  const shared = { sealed: vault.seal(secret, endpointId), validUntilMs: null }
  if (!withKey) return { secret, sealed: [shared] }
  const { secretKey, publicKey } = createSigningKey(ids.randomBytes(SIGNING_KEY_BYTES))
  const key = { sealed: vault.seal(secretKey, endpointId), validUntilMs: null, publicKey }
  return { secret, sealed: [shared, key] }
}

/** The normalised URL, or 400 naming the reason. */
export function checkEndpointUrl(
  { checkDestination }: { readonly checkDestination: CheckDestination },
  text: string,
): string {
  const check = checkDestination(text)
  if (!check.ok) throw invalidField('/url', check.code, check.detail)
  return check.url
}
