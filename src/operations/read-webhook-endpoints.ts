import { type EndpointResource, presentEndpoint } from '../core/webhook/present-webhooks.ts'
import type { Deps } from './deps.ts'
import { type EndpointRef, loadEndpoint } from './endpoint-access.ts'

export async function getWebhookEndpoint(
  deps: Pick<Deps, 'store'>,
  ref: EndpointRef,
): Promise<EndpointResource> {
  return presentEndpoint(await loadEndpoint(deps, ref))
}

/** All endpoints of a store, newest first; there are at most a hundred. */
export async function listWebhookEndpoints(
  { store }: Pick<Deps, 'store'>,
  { storeId }: { readonly storeId: string },
): Promise<EndpointResource[]> {
  const endpoints = await store.listEndpoints([storeId])
  return endpoints.map(presentEndpoint).reverse()
}
