/**
 * Tells receivers what happened: claim due deliveries under a lease, render, sign, send, judge, and
 * record the attempt with its consequence in one commit. A crash after the send and before the
 * record sends again under the same id; never under another.
 */
import type { ChangeSet } from '../core/change-set.ts'
import { formatTime, MINUTE_MS, SECOND_MS } from '../core/time.ts'
import {
  type Delivery,
  type DeliveryAttempt,
  planDeliveries,
  type WebhookEndpoint,
} from '../core/webhook/delivery.ts'
import { createEvent, type Event } from '../core/webhook/event.ts'
import { judgeResponse } from '../core/webhook/judge-response.ts'
import { presentEndpoint } from '../core/webhook/present-webhooks.ts'
import { planNextAttempt, type RetrySchedule } from '../core/webhook/retry-schedule.ts'
import { renderSignatureHeader } from '../core/webhook/signature.ts'
import { GatewayError } from '../errors.ts'
import type { Timings } from '../ports/metrics.ts'
import type { ClaimedDelivery } from '../ports/store.ts'
import type { WebhookResult, WebhookSender } from '../ports/webhook-sender.ts'
import type { Deps } from './deps.ts'
import { freshId } from './settlement-context.ts'
import { addressesInEvents, assertAddressesDerive } from './verify-shown-addresses.ts'

export type DispatchDeps = Pick<
  Deps,
  'store' | 'clock' | 'ids' | 'logger' | 'metrics' | 'vault' | 'addressBook'
> & {
  readonly sender: WebhookSender
  readonly schedule: RetrySchedule
  readonly timings: Timings
}

/**
 * Longer than any attempt may take (10 s), so that only a dead process loses its lease; short enough
 * that what it held is sent a minute later.
 */
const LEASE_MS = MINUTE_MS
/** Attempts under way at the same time, over all endpoints: bounds sockets and memory. */
export const MAX_IN_FLIGHT = 64
/** Attempts under way per endpoint, so that a slow one holds no more than its share. */
export const MAX_PER_ENDPOINT = 4
/** And per store: when everything of one hangs, the others go on without waiting for a timeout. */
export const MAX_PER_STORE = 48
const COMMIT_TRIES = 3

/** Claims up to `capacity` due deliveries; each is to be handed to `attemptDelivery`. */
export function claimDeliveries(deps: DispatchDeps, capacity: number): Promise<ClaimedDelivery[]> {
  const nowMs = deps.clock.nowMs()
  return deps.store.claimDeliveries({
    nowMs,
    leaseUntilMs: nowMs + LEASE_MS,
    limit: capacity,
    perEndpoint: MAX_PER_ENDPOINT,
    perStore: MAX_PER_STORE,
  })
}

function noteFirstAttempt(
  { timings }: DispatchDeps,
  { delivery }: ClaimedDelivery,
  atMs: number,
): void {
  if (delivery.attemptsMade > 0) return
  const waitedS = Math.max(0, atMs - delivery.createdAtMs) / SECOND_MS
  timings.time('webhook_first_attempt_seconds', waitedS)
}

/** One attempt of one claimed delivery, to its recorded end. */
export async function attemptDelivery(deps: DispatchDeps, claimed: ClaimedDelivery): Promise<void> {
  const atMs = deps.clock.nowMs()
  noteFirstAttempt(deps, claimed, atMs)
  const result = await send(deps, claimed, atMs).catch((error: unknown) => unsendable(deps, error))
  const endedMs = deps.clock.nowMs()
  const attempt = describeAttempt(deps, claimed.delivery, result, atMs)
  deps.metrics.count('webhook_attempts_total', { outcome: attempt.outcome })
  for (let tries = 0; tries < COMMIT_TRIES; tries++) {
    const endpoint = (await deps.store.getEndpoint(claimed.endpoint.id)) ?? claimed.endpoint
    const { delivery, disable } = await judge(deps, claimed, result, endedMs)
    // What the old URL answered says nothing about the one it was changed to meanwhile; and another
    // attempt under way may have come first.
    const isSame = endpoint.url === claimed.endpoint.url && endpoint.status === 'enabled'
    const reason = isSame && endpoint.deletedAtMs === null ? disable : null
    const ended = reason === null ? {} : await disableEndpoint(deps, endpoint, reason, endedMs)
    const { deliveries = [], ...others } = ended
    const committed = await deps.store.commit({
      deliveries: [delivery, ...deliveries],
      attempts: [attempt],
      ...others,
    })
    if (committed === 'committed') {
      logAttempt(deps, claimed, attempt, delivery, reason)
      return
    }
  }
  // The lease ends by itself and the delivery is tried again under the same id.
  deps.logger.warn({ delivery: claimed.delivery.id }, 'an attempt could not be recorded')
}

/**
 * Gives a claimed delivery back as it was: another start sends it, under the same id. One whose result
 * is being written is left alone.
 */
export async function handBackDelivery(
  { store }: Pick<DispatchDeps, 'store'>,
  { delivery }: ClaimedDelivery,
): Promise<void> {
  await store.releaseDelivery(delivery.id, delivery.attemptsMade)
}

async function send(
  deps: DispatchDeps,
  { event, endpoint }: ClaimedDelivery,
  atMs: number,
): Promise<WebhookResult> {
  const foreign = await findForeignAddress(deps, event)
  if (foreign !== null) {
    return { kind: 'failed', reason: 'blocked', detail: foreign, durationMs: 0 }
  }
  const timestampS = Math.floor(atMs / SECOND_MS)
  const secrets = endpoint.secrets
    .filter(({ validUntilMs }) => validUntilMs === null || validUntilMs > atMs)
    .map(({ sealed }) => deps.vault.open(sealed, endpoint.id))
  const content = { id: event.id, timestampS, body: event.payload }
  return deps.sender.send({
    url: endpoint.url,
    headers: {
      'content-type': 'application/json',
      'webhook-id': event.id,
      'webhook-timestamp': String(timestampS),
      'webhook-signature': renderSignatureHeader(secrets, content),
    },
    body: event.payload,
  })
}

/**
 * What could not even be signed counts as an attempt: it shows in the log and follows the schedule. A
 * store that failed for the moment consumes nothing: the lease ends and the delivery is claimed again.
 */
function unsendable({ logger }: DispatchDeps, error: unknown): WebhookResult {
  if (error instanceof GatewayError && error.retryable) throw error
  logger.error({ err: error }, 'a webhook could not be made')
  const detail = 'the gateway could not sign it; see its log'
  return { kind: 'failed', reason: 'protocol', detail, durationMs: 0 }
}

/** A frozen body that was tampered with must not tell a shop another address. */
async function findForeignAddress(deps: DispatchDeps, event: Event): Promise<string | null> {
  try {
    await assertAddressesDerive(deps, addressesInEvents([event]))
    return null
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'address_mismatch') return error.message
    throw error
  }
}

type Consequence = { readonly delivery: Delivery; readonly disable: string | null }

async function judge(
  deps: DispatchDeps,
  { delivery, endpoint }: ClaimedDelivery,
  result: WebhookResult,
  endedMs: number,
): Promise<Consequence> {
  const attemptsMade = delivery.attemptsMade + 1
  const judgement = judgeResponse(result, endedMs)
  switch (judgement.verdict) {
    case 'delivered':
      return { delivery: { ...delivery, attemptsMade, status: 'delivered' }, disable: null }
    case 'disable':
      return {
        delivery: { ...delivery, attemptsMade, status: 'exhausted' },
        disable: 'the endpoint answered 410 Gone',
      }
    case 'retry': {
      const next = planNextAttempt({
        schedule: deps.schedule,
        attemptsMade,
        failedAtMs: endedMs,
        jitter: randomFraction(deps),
        retryAfterMs: judgement.retryAfterMs,
      })
      if (next !== 'exhausted') {
        return {
          delivery: { ...delivery, attemptsMade, nextAttemptAtMs: next.atMs },
          disable: null,
        }
      }
      // A receiver that takes everything else chokes on this event; it is not gone.
      const isAlive = await deps.store.hasDeliveredSince(endpoint.id, delivery.createdAtMs)
      const reason = `every attempt of an event failed; the last at ${formatTime(endedMs)}`
      return {
        delivery: { ...delivery, attemptsMade, status: 'exhausted' },
        disable: isAlive ? null : reason,
      }
    }
  }
}

/** The endpoint is told of as an event, to the shop's other endpoints and in the list of events. */
async function disableEndpoint(
  deps: DispatchDeps,
  endpoint: WebhookEndpoint,
  reason: string,
  atMs: number,
): Promise<Pick<ChangeSet, 'endpoints' | 'events' | 'deliveries'>> {
  const { storeId, revision } = endpoint
  const disabled: WebhookEndpoint = {
    ...endpoint,
    status: 'disabled',
    disabledReason: reason,
    revision: revision + 1,
  }
  const event = createEvent({
    id: freshId(deps, 'evt', atMs),
    storeId,
    invoiceId: null,
    type: 'alert.endpoint_disabled',
    sequence: null,
    atMs,
    data: presentEndpoint(disabled),
  })
  const others = await deps.store.listEndpoints([storeId])
  const receivers = others.filter(({ id }) => id !== endpoint.id)
  const deliveries = planDeliveries([event], receivers, () => freshId(deps, 'del', atMs))
  return { endpoints: [disabled], events: [event], deliveries }
}

function describeAttempt(
  deps: DispatchDeps,
  delivery: Delivery,
  result: WebhookResult,
  atMs: number,
): DeliveryAttempt {
  const facts = { id: freshId(deps, 'att', atMs), deliveryId: delivery.id, atMs }
  const { durationMs } = result
  if (result.kind === 'failed') {
    const detail = `${result.reason}: ${result.detail}`
    return { ...facts, outcome: 'failed', status: null, detail, excerpt: '', durationMs }
  }
  const { status, excerpt } = result
  const delivered = judgeResponse(result, atMs).verdict === 'delivered'
  return {
    ...facts,
    outcome: delivered ? 'delivered' : 'failed',
    status,
    detail: delivered ? '' : `answered ${status}`,
    excerpt,
    durationMs,
  }
}

/** In [0, 1), from 32 random bits. */
function randomFraction({ ids }: Pick<Deps, 'ids'>): number {
  const bytes = ids.randomBytes(4)
  return bytes.reduce((sum, byte) => sum * 256 + byte, 0) / 2 ** 32
}

function logAttempt(
  { logger }: DispatchDeps,
  { event, endpoint }: ClaimedDelivery,
  attempt: DeliveryAttempt,
  delivery: Delivery,
  disabled: string | null,
): void {
  const fields = {
    event: event.id,
    type: event.type,
    endpoint: endpoint.id,
    attempt: delivery.attemptsMade,
    status: attempt.status,
    duration_ms: attempt.durationMs,
  }
  if (attempt.outcome === 'delivered') logger.debug(fields, 'webhook delivered')
  else logger.info({ ...fields, detail: attempt.detail }, 'webhook failed')
  if (disabled !== null) {
    logger.warn({ endpoint: endpoint.id, reason: disabled }, 'webhook endpoint disabled')
  }
}
