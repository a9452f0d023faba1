import type { WebhookEndpoint } from '../core/webhook/delivery.ts'
import { type EndpointResource, presentEndpoint } from '../core/webhook/present-webhooks.ts'
import type { CheckDestination } from '../ports/webhook-sender.ts'
import { commitDecision } from './commit-decision.ts'
import type { Deps } from './deps.ts'
import { checkEndpointUrl, type EndpointRef, loadEndpoint } from './endpoint-access.ts'

/** What is undefined stays as it is. */
export type UpdateEndpointRequest = EndpointRef & {
  readonly url?: string | undefined
  readonly events?: readonly string[] | undefined
  readonly status?: WebhookEndpoint['status'] | undefined
  readonly actor: string
}

const DISABLED_BY_MERCHANT = 'disabled by the merchant'

/** Changes an endpoint. Enabled again, it gets what happens from now on; the rest is redelivered. */
export function updateWebhookEndpoint(
  deps: Pick<Deps, 'store' | 'clock'> & { checkDestination: CheckDestination },
  request: UpdateEndpointRequest,
): Promise<EndpointResource> {
  const url = request.url === undefined ? undefined : checkEndpointUrl(deps, request.url)
  return commitDecision(deps, null, async () => {
    const endpoint = await loadEndpoint(deps, request)
    const status = request.status ?? endpoint.status
    const next: WebhookEndpoint = {
      ...endpoint,
      url: url ?? endpoint.url,
      events: request.events ?? endpoint.events,
      status,
      disabledReason:
        status === 'enabled' ? null : (endpoint.disabledReason ?? DISABLED_BY_MERCHANT),
      revision: endpoint.revision + 1,
    }
    const entry = {
      atMs: deps.clock.nowMs(),
      actor: request.actor,
      action: 'endpoint.update',
      target: endpoint.id,
      before: describe(endpoint),
      after: describe(next),
    }
    return { changes: { endpoints: [next], audit: [entry] }, result: presentEndpoint(next) }
  })
}

function describe({ url, events, status }: WebhookEndpoint): string {
  return JSON.stringify({ url, events, status })
}
