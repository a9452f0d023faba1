/** Answers that are kept with the change they tell of, so that a repetition gets the same one. */
import type { IdempotencyRecord } from '../core/change-set.ts'
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

/** The answer to keep with the change itself, as part of a change set. */
export function keepAnswer(
  ticket: IdempotencyTicket,
  answer: Answer & { readonly sealed?: boolean },
  nowMs: number,
): { readonly idempotency?: IdempotencyRecord } {
  if (ticket === null) return {}
  const { status, body, sealed = false } = answer
  return { idempotency: { ...ticket, status, body, sealed, createdAtMs: nowMs } }
}

/** As keepAnswer, for an answer that holds a secret: kept only sealed. */
export function keepSecretAnswer(
  { vault }: Pick<Deps, 'vault'>,
  ticket: IdempotencyTicket,
  answer: Answer,
  nowMs: number,
): { readonly idempotency?: IdempotencyRecord } {
  if (ticket === null) return {}
  const body = vault.seal(answer.body, sealContext(ticket))
  return keepAnswer(ticket, { status: answer.status, body, sealed: true }, nowMs)
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
  const body = kept.sealed ? deps.vault.open(kept.body, sealContext(ticket)) : kept.body
  await assertAddressesDerive(deps, addressesInAnswer(body))
  return { status: kept.status, body }
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
