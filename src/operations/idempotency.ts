import type { IdempotencyRecord } from '../core/change-set.ts'

/** What a caller's Idempotency-Key stands for; null without one. */
export type IdempotencyTicket = {
  readonly scope: string
  readonly key: string
  readonly requestHash: string
} | null

/** The answer to keep with the change itself, as part of a change set. */
export function keepAnswer(
  ticket: IdempotencyTicket,
  answer: { readonly status: number; readonly body: string; readonly sealed?: boolean },
  nowMs: number,
): { readonly idempotency?: IdempotencyRecord } {
  if (ticket === null) return {}
  const { status, body, sealed = false } = answer
  return { idempotency: { ...ticket, status, body, sealed, createdAtMs: nowMs } }
}
