import { HOUR_MS } from '../core/time.ts'
import type { SealedSecret } from '../core/webhook/delivery.ts'
import { presentEndpoint } from '../core/webhook/present-webhooks.ts'
import { GatewayError } from '../errors.ts'
import { commitDecision } from './commit-decision.ts'
import type { Deps } from './deps.ts'
import {
  createSecrets,
  type EndpointRef,
  type EndpointWithSecret,
  loadEndpoint,
} from './endpoint-access.ts'
import { type IdempotencyTicket, keepSecretAnswer } from './idempotency.ts'

/** How long the old secret signs beside the new one: time to deploy the receiver. */
const OVERLAP_MS = 24 * HOUR_MS

/**
 * Secrets in force at once. Each adds a signature to every delivery, and receivers look at a few
 * only; a further rotation within the overlap is refused with 409.
 */
const SECRETS_MAX = 8

const OK = 200

/**
 * A new secret, in this answer only, and a new signing key where there was one; those before sign along
 * for 24 hours.
 */
export function rotateWebhookSecret(
  deps: Pick<Deps, 'store' | 'clock' | 'ids' | 'vault'>,
  request: EndpointRef & { readonly actor: string; readonly idempotency: IdempotencyTicket },
): Promise<EndpointWithSecret> {
  const { actor, idempotency } = request
  return commitDecision(deps, idempotency, async () => {
    const endpoint = await loadEndpoint(deps, request)
    const nowMs = deps.clock.nowMs()
    const former = retireSecrets(endpoint.secrets, nowMs)
    if (former.length >= SECRETS_MAX) {
      throw new GatewayError(
        'not_acceptable_state',
        'The secret was rotated too often today; the earlier ones are still valid.',
      )
    }
    const hasKey = endpoint.secrets.some(({ publicKey }) => publicKey !== undefined)
    const { secret, sealed } = createSecrets(deps, endpoint.id, hasKey)
    const next = {
      ...endpoint,
      secrets: [...sealed, ...former],
      revision: endpoint.revision + 1,
    }
    const result = { ...presentEndpoint(next), secret }
    const entry = { atMs: nowMs, actor, action: 'endpoint.rotate-secret', target: endpoint.id }
    const answer = { status: OK, body: JSON.stringify(result) }
    return {
      changes: {
        endpoints: [next],
        audit: [{ ...entry, before: null, after: null }],
        ...keepSecretAnswer(deps, idempotency, answer, nowMs),
      },
      result,
    }
  })
}

function retireSecrets(secrets: readonly SealedSecret[], nowMs: number): SealedSecret[] {
  return secrets
    .filter(({ validUntilMs }) => validUntilMs === null || validUntilMs > nowMs)
    .map((secret) => ({ ...secret, validUntilMs: secret.validUntilMs ?? nowMs + OVERLAP_MS }))
}
