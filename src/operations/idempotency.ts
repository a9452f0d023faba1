/** Answers that are kept with the change they tell of, so that a repetition gets the same one. */
import { assert } from '../core/assert.ts'
import type { IdempotencyRecord, KeptBody } from '../core/change-set.ts'
import { type Event, eventData } from '../core/webhook/event.ts'
import { GatewayError } from '../errors.ts'
import type { Deps } from './deps.ts'
import {
  type AddressGuard,
  addressesInAnswer,
  assertAddressesDerive,
} from './verify-shown-addresses.ts'

/** What a caller's Idempotency-Key stands for; null without one. */
export type IdempotencyTicket = {
  readonly scope: string
  readonly key: string
  readonly requestHash: string
} | null

export type Answer = { readonly status: number; readonly body: string }

/** Seconds a caller is asked to wait while the same key is being worked on. */
const IN_PROGRESS_RETRY_S = 1

type Kept = { readonly idempotency?: IdempotencyRecord }

/** The answer to keep with the change itself, as part of a change set. */
export function keepAnswer(ticket: IdempotencyTicket, answer: Answer, nowMs: number): Kept {
  return keep(ticket, answer.status, { kind: 'text', text: answer.body }, nowMs)
}

/** As keepAnswer, for an answer that holds a secret: kept only sealed. */
export function keepSecretAnswer(
  { vault }: Pick<Deps, 'vault'>,
  ticket: IdempotencyTicket,
  answer: Answer,
  nowMs: number,
): Kept {
  if (ticket === null) return {}
  const text = vault.seal(answer.body, sealContext(ticket))
  return keep(ticket, answer.status, { kind: 'sealed', text }, nowMs)
}

/** As keepAnswer, for an answer whose body is the data of an event of the same change set. */
export function keepEventAnswer(
  ticket: IdempotencyTicket,
  { status, event }: { readonly status: number; readonly event: Event },
  nowMs: number,
): Kept {
  return keep(ticket, status, { kind: 'event', eventId: event.id }, nowMs)
}

function keep(ticket: IdempotencyTicket, status: number, body: KeptBody, nowMs: number): Kept {
  return ticket === null ? {} : { idempotency: { ...ticket, status, body, createdAtMs: nowMs } }
}

/**
 * The answer this key got before, or null. Another request under the same key is refused, and so is
 * an answer that names an address which is not ours.
 */
export async function findKeptAnswer(
  deps: Pick<Deps, 'vault'> & AddressGuard,
  ticket: NonNullable<IdempotencyTicket>,
): Promise<Answer | null> {
  const kept = await deps.store.findIdempotencyRecord(ticket.scope, ticket.key)
  if (kept === null) return null
  if (kept.requestHash !== ticket.requestHash) {
    throw new GatewayError(
      'idempotency_key_reused',
      'This Idempotency-Key was used with another request body.',
    )
  }
  const body = await readBody(deps, ticket, kept.body)
  await assertAddressesDerive(deps, addressesInAnswer(body))
  return { status: kept.status, body }
}

async function readBody(
  { store, vault }: Pick<Deps, 'store' | 'vault'>,
  ticket: NonNullable<IdempotencyTicket>,
  body: KeptBody,
): Promise<string> {
  if (body.kind !== 'event') {
    return body.kind === 'sealed' ? vault.open(body.text, sealContext(ticket)) : body.text
  }
  const event = await store.getEvent(body.eventId)
  assert(event !== null, 'an answer is kept with the event it refers to')
  return eventData(event)
}

export function answerInProgress(): GatewayError {
  return new GatewayError(
    'idempotency_in_progress',
    'A request with this Idempotency-Key is still running; repeat to get its answer.',
    { retryable: true, retryAfterS: IN_PROGRESS_RETRY_S },
  )
}

/** Two instances may have worked on the same key at once: the first answer stands. */
export async function assertNotAnswered(
  { store }: Pick<Deps, 'store'>,
  ticket: IdempotencyTicket,
): Promise<void> {
  if (ticket === null) return
  const kept = await store.findIdempotencyRecord(ticket.scope, ticket.key)
  if (kept !== null) throw answerInProgress()
}

/** JSON keeps the two parts apart: no two tickets share a context. */
function sealContext({ scope, key }: NonNullable<IdempotencyTicket>): string {
  return JSON.stringify([scope, key])
}
