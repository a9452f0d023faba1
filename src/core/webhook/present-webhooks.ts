import { formatTime } from '../time.ts'
import type { Delivery, DeliveryAttempt, WebhookEndpoint } from './delivery.ts'

export type EndpointResource = ReturnType<typeof presentEndpoint>

/** An endpoint as answers show it; its secret is shown once, by whoever made it. */
export function presentEndpoint(endpoint: WebhookEndpoint) {
  return {
    id: endpoint.id,
    object: 'webhook_endpoint' as const,
    url: endpoint.url,
    events: endpoint.events,
    status: endpoint.status,
    disabled_reason: endpoint.disabledReason,
    public_key: currentPublicKey(endpoint),
    created_at: formatTime(endpoint.createdAtMs),
  }
}

/** What the signing key in force is verified by; null where the endpoint has none. */
function currentPublicKey({ secrets }: WebhookEndpoint): string | null {
  return secrets.find((one) => one.validUntilMs === null && one.publicKey)?.publicKey ?? null
}

export type DeliveryResource = ReturnType<typeof presentDelivery>

/** A delivery with the log of its attempts, oldest first. */
export function presentDelivery(
  delivery: Delivery,
  eventType: string,
  attempts: readonly DeliveryAttempt[],
) {
  return {
    id: delivery.id,
    object: 'delivery' as const,
    event: delivery.eventId,
    event_type: eventType,
    endpoint: delivery.endpointId,
    invoice: delivery.invoiceId,
    status: delivery.status,
    attempts_made: delivery.attemptsMade,
    next_attempt_at: delivery.status === 'pending' ? formatTime(delivery.nextAttemptAtMs) : null,
    created_at: formatTime(delivery.createdAtMs),
    attempts: attempts.map((attempt) => ({
      id: attempt.id,
      at: formatTime(attempt.atMs),
      outcome: attempt.outcome,
      response_status: attempt.status,
      detail: attempt.detail,
      response_excerpt: attempt.excerpt,
      duration_ms: attempt.durationMs,
    })),
  }
}
