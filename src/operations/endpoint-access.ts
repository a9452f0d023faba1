/** Shared by the verbs of webhook endpoints: finding one, and judging where it points. */
import type { WebhookEndpoint } from '../core/webhook/delivery.ts'
import type { EndpointResource } from '../core/webhook/present-webhooks.ts'
import { GatewayError, invalidField } from '../errors.ts'
import type { CheckDestination } from '../ports/webhook-sender.ts'
import type { Deps } from './deps.ts'

/** Of a new secret: 256 bits, within the 24 to 64 bytes of Standard Webhooks. */
export const SECRET_BYTES = 32

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

/** The normalised URL, or 400 naming the reason. */
export function checkEndpointUrl(
  { checkDestination }: { readonly checkDestination: CheckDestination },
  text: string,
): string {
  const check = checkDestination(text)
  if (!check.ok) throw invalidField('/url', check.code, check.detail)
  return check.url
}
