import { formatTime } from '../core/time.ts'
import { createDelivery, isSubscribed } from '../core/webhook/delivery.ts'
import { GatewayError } from '../errors.ts'
import { commitDecision } from './commit-decision.ts'
import type { Deps } from './deps.ts'
import { type EndpointRef, loadEndpoint } from './endpoint-access.ts'
import { type IdempotencyTicket, keepAnswer } from './idempotency.ts'
import { freshId } from './settlement-context.ts'

export type ReplayRequest = EndpointRef & {
  /** The first millisecond of the range. */
  readonly fromMs: number
  /** The first one behind it; null: there is no end. */
  readonly toMs: number | null
  readonly actor: string
  readonly idempotency: IdempotencyTicket
}

export type Replay = {
  readonly object: 'replay'
  readonly endpoint: string
  /** How many were queued. */
  readonly events: number
  /** Where to go on with the rest of the range; null when all of it was looked at. */
  readonly next_from: string | null
}

const ACCEPTED = 202

/** Events looked at by one request: some milliseconds of reading, one commit of as many rows. */
export const REPLAY_EVENTS_MAX = 1_000

/**
 * Queues every event of a range of time that this endpoint is subscribed to and did not get, under
 * its own id and with the whole schedule before it. What waits for a later attempt is tried now;
 * what was delivered is left alone. Nothing is added to the events. 409 while the endpoint is
 * disabled.
 */
export function replayEvents(
  deps: Pick<Deps, 'store' | 'clock' | 'ids'>,
  request: ReplayRequest,
): Promise<Replay> {
  const { storeId, fromMs, actor, idempotency } = request
  return commitDecision(deps, idempotency, async () => {
    const endpoint = await loadEndpoint(deps, request)
    if (endpoint.status !== 'enabled') {
      throw new GatewayError(
        'not_acceptable_state',
        'The webhook endpoint is disabled. Enable it first.',
      )
    }
    const nowMs = deps.clock.nowMs()
    const toMs = request.toMs ?? Number.MAX_SAFE_INTEGER
    const range = { storeId, endpointId: endpoint.id, fromMs, toMs, nowMs }
    const found = await deps.store.findMissedEvents({ ...range, limit: REPLAY_EVENTS_MAX })
    const deliveries = found.missed
      // A test belongs to the endpoint it was made for, and says nothing later on.
      .filter(({ event }) => event.type !== 'endpoint.test' && isSubscribed(endpoint, event.type))
      .map(({ event, delivery }) => {
        const { id, createdAtMs } = delivery ?? {
          id: freshId(deps, 'del', nowMs),
          createdAtMs: nowMs,
        }
        return { ...createDelivery(event, endpoint.id, id), nextAttemptAtMs: nowMs, createdAtMs }
      })
    const result: Replay = {
      object: 'replay',
      endpoint: endpoint.id,
      events: deliveries.length,
      next_from: found.nextFromMs === null ? null : formatTime(found.nextFromMs),
    }
    const audit = {
      atMs: nowMs,
      actor,
      action: 'endpoint.replay',
      target: endpoint.id,
      before: null,
      after: describeRange(request, deliveries.length),
    }
    const answer = { status: ACCEPTED, body: JSON.stringify(result) }
    return {
      changes: { deliveries, audit: [audit], ...keepAnswer(idempotency, answer, nowMs) },
      result,
    }
  })
}

function describeRange({ fromMs, toMs }: ReplayRequest, events: number): string {
  const to = toMs === null ? null : formatTime(toMs)
  return JSON.stringify({ from: formatTime(fromMs), to, events })
}
