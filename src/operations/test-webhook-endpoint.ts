import { createDelivery } from '../core/webhook/delivery.ts'
import { createEvent, presentEvent } from '../core/webhook/event.ts'
import { presentEndpoint } from '../core/webhook/present-webhooks.ts'
import { GatewayError } from '../errors.ts'
import { commitDecision } from './commit-decision.ts'
import type { Deps } from './deps.ts'
import { type EndpointRef, loadEndpoint } from './endpoint-access.ts'
import { type IdempotencyTicket, keepAnswer } from './idempotency.ts'
import { freshId } from './settlement-context.ts'

const ACCEPTED = 202

/** Sends `endpoint.test` to this endpoint alone, whatever it is subscribed to. */
export function testWebhookEndpoint(
  deps: Pick<Deps, 'store' | 'clock' | 'ids'>,
  request: EndpointRef & { readonly actor: string; readonly idempotency: IdempotencyTicket },
): Promise<Record<string, unknown>> {
  const { actor, idempotency } = request
  return commitDecision(deps, idempotency, async () => {
    const endpoint = await loadEndpoint(deps, request)
    if (endpoint.status !== 'enabled') {
      throw new GatewayError(
        'not_acceptable_state',
        'The webhook endpoint is disabled. Enable it first.',
      )
    }
    const nowMs = deps.clock.nowMs()
    const event = createEvent({
      id: freshId(deps, 'evt', nowMs),
      storeId: endpoint.storeId,
      invoiceId: null,
      type: 'endpoint.test',
      sequence: null,
      atMs: nowMs,
      data: presentEndpoint(endpoint),
    })
    const delivery = createDelivery(event, endpoint.id, freshId(deps, 'del', nowMs))
    const result = presentEvent(event)
    const entry = { atMs: nowMs, actor, action: 'endpoint.test', target: endpoint.id }
    const answer = { status: ACCEPTED, body: JSON.stringify(result) }
    return {
      changes: {
        events: [event],
        deliveries: [delivery],
        audit: [{ ...entry, before: null, after: event.id }],
        ...keepAnswer(idempotency, answer, nowMs),
      },
      result,
    }
  })
}
