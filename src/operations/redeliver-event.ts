import {
  createDelivery,
  type Delivery,
  isSubscribed,
  type WebhookEndpoint,
} from '../core/webhook/delivery.ts'
import type { Event } from '../core/webhook/event.ts'
import { GatewayError } from '../errors.ts'
import { commitDecision } from './commit-decision.ts'
import type { Deps } from './deps.ts'
import { type IdempotencyTicket, keepAnswer } from './idempotency.ts'
import { loadEvent } from './load-event.ts'
import { freshId } from './settlement-context.ts'

export type RedeliverRequest = {
  readonly storeId: string
  readonly eventId: string
  readonly actor: string
  readonly idempotency: IdempotencyTicket
}

export type Redelivery = {
  readonly object: 'redelivery'
  readonly event: string
  readonly endpoints: readonly string[]
}

const ACCEPTED = 202

/**
 * Sends an event again to every enabled endpoint that is subscribed: the same event id and body, a
 * new attempt with the whole schedule before it. Nothing is added to the events.
 */
export async function redeliverEvent(
  deps: Pick<Deps, 'store' | 'clock' | 'ids'>,
  request: RedeliverRequest,
): Promise<Redelivery> {
  const { storeId, actor, idempotency } = request
  const event = await loadEvent(deps, request)
  return commitDecision(deps, idempotency, async () => {
    const nowMs = deps.clock.nowMs()
    const deliveries = await planRedelivery(deps, event, nowMs)
    if (deliveries.length === 0) {
      throw new GatewayError(
        'not_acceptable_state',
        'No enabled webhook endpoint is subscribed to this event.',
      )
    }
    const endpoints = deliveries.map(({ endpointId }) => endpointId)
    const result: Redelivery = { object: 'redelivery', event: event.id, endpoints }
    const audit = {
      atMs: nowMs,
      actor,
      action: 'event.redeliver',
      target: event.id,
      before: null,
      after: storeId,
    }
    const answer = { status: ACCEPTED, body: JSON.stringify(result) }
    return {
      changes: { deliveries, audit: [audit], ...keepAnswer(idempotency, answer, nowMs) },
      result,
    }
  })
}

async function planRedelivery(
  deps: Pick<Deps, 'store' | 'ids'>,
  event: Event,
  nowMs: number,
): Promise<Delivery[]> {
  const deliveries: Delivery[] = []
  for (const endpoint of await deps.store.listEndpoints([event.storeId])) {
    if (endpoint.status !== 'enabled') continue
    const delivery = await deps.store.getDelivery(event.id, endpoint.id)
    if (delivery === null && !isMissed(endpoint, event)) continue
    const { id } = delivery ?? { id: freshId(deps, 'del', nowMs) }
    const fresh = { ...createDelivery(event, endpoint.id, id), nextAttemptAtMs: nowMs }
    deliveries.push({ ...fresh, createdAtMs: delivery?.createdAtMs ?? nowMs })
  }
  return deliveries
}

/** A test event belongs to the endpoint it was made for, and that one has its delivery. */
function isMissed(endpoint: WebhookEndpoint, event: Event): boolean {
  return event.type !== 'endpoint.test' && isSubscribed(endpoint, event.type)
}
