import type { WebhookEndpoint } from '../core/webhook/delivery.ts'
import { presentEndpoint } from '../core/webhook/present-webhooks.ts'
import { GatewayError } from '../errors.ts'
import type { CheckDestination } from '../ports/webhook-sender.ts'
import { commitDecision } from './commit-decision.ts'
import type { Deps } from './deps.ts'
import { checkEndpointUrl, createSecrets, type EndpointWithSecret } from './endpoint-access.ts'
import { type IdempotencyTicket, keepSecretAnswer } from './idempotency.ts'
import { freshId } from './settlement-context.ts'

export type CreateEndpointRequest = {
  readonly storeId: string
  readonly url: string
  readonly events: readonly string[]
  /** Also signs by an Ed25519 key of its own. */
  readonly ed25519?: boolean
  readonly actor: string
  readonly idempotency: IdempotencyTicket
}

/**
 * Endpoints of one store: every event is planned for each, so that their number multiplies writes.
 * One more is refused with 409. Two requests at once may both be the last; the bound is for order
 * of magnitude.
 */
export const ENDPOINTS_PER_STORE_MAX = 100

const CREATED = 201

/** Registers an endpoint. Its secret is in this answer, and in no other. */
export function createWebhookEndpoint(
  deps: Pick<Deps, 'store' | 'clock' | 'ids' | 'vault'> & { checkDestination: CheckDestination },
  request: CreateEndpointRequest,
): Promise<EndpointWithSecret> {
  const url = checkEndpointUrl(deps, request.url)
  const { storeId, events, actor, idempotency } = request
  return commitDecision(deps, idempotency, async () => {
    const existing = await deps.store.listEndpoints([storeId])
    if (existing.length >= ENDPOINTS_PER_STORE_MAX) {
      throw new GatewayError(
        'not_acceptable_state',
        `A store has at most ${ENDPOINTS_PER_STORE_MAX} webhook endpoints. Delete one first.`,
      )
    }
    const nowMs = deps.clock.nowMs()
    const id = freshId(deps, 'we', nowMs)
    const { secret, sealed } = createSecrets(deps, id, request.ed25519 === true)
    const endpoint: WebhookEndpoint = {
      id,
      storeId,
      url,
      events,
      secrets: sealed,
      status: 'enabled',
      disabledReason: null,
      createdAtMs: nowMs,
      deletedAtMs: null,
      revision: 1,
    }
    const result = { ...presentEndpoint(endpoint), secret }
    const entry = { atMs: nowMs, actor, action: 'endpoint.create', target: id }
    const answer = { status: CREATED, body: JSON.stringify(result) }
    return {
      changes: {
        endpoints: [endpoint],
        audit: [{ ...entry, before: null, after: url }],
        ...keepSecretAnswer(deps, idempotency, answer, nowMs),
      },
      result,
    }
  })
}
