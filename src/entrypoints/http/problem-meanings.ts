/** Every code of a problem: its status, its title, and what whoever meets it can do. */
import type { ErrorCode } from '../../errors.ts'

export type Meaning = {
  readonly status: number
  readonly title: string
  readonly advice: string
}

export const PROBLEM_MEANINGS: Readonly<Record<ErrorCode, Meaning>> = {
  invalid_request: {
    status: 400,
    title: 'The request is not valid',
    advice: '`errors` names every wrong field. Correct it.',
  },
  unauthorized: {
    status: 401,
    title: 'Not authenticated',
    advice: 'The API key is missing, malformed, unknown, expired or revoked. Send a valid one.',
  },
  forbidden: {
    status: 403,
    title: 'Not allowed',
    advice: 'The key lacks the scope that `detail` names, or a web page called the API.',
  },
  not_found: {
    status: 404,
    title: 'Not found',
    advice: 'Nothing is under this path or id, or it belongs to another store.',
  },
  method_not_allowed: {
    status: 405,
    title: 'Method not allowed',
    advice: 'The path exists with other methods; `Allow` lists them.',
  },
  not_acceptable_state: {
    status: 409,
    title: 'Not possible in this state',
    advice: 'Read the thing again and decide anew.',
  },
  idempotency_in_progress: {
    status: 409,
    title: 'The first request is still running',
    advice: 'Repeat it with the same key to get its answer.',
  },
  payload_too_large: {
    status: 413,
    title: 'The body is too large',
    advice: 'More than 64 kB, as sent or after inflating. Send less.',
  },
  unsupported_media_type: {
    status: 415,
    title: 'The content type is not supported',
    advice: 'Send `application/json` in UTF-8.',
  },
  idempotency_key_reused: {
    status: 422,
    title: 'The Idempotency-Key was used before',
    advice: 'It came with another body. Use a new key for a new request.',
  },
  rate_limited: {
    status: 429,
    title: 'Too many requests',
    advice: 'Wait as `Retry-After` says.',
  },
  internal_error: {
    status: 500,
    title: 'Internal error',
    advice: 'A bug. `request_id` finds it in the log of the gateway.',
  },
  address_mismatch: {
    status: 500,
    title: 'An address is not to be trusted',
    advice: 'It does not derive from the account key and is not shown. The operator must look.',
  },
  xpub_mismatch: {
    status: 500,
    title: 'An account key is not to be trusted',
    advice: 'It is not the pinned one. The operator must look.',
  },
  invalid_configuration: {
    status: 500,
    title: 'The configuration is not valid',
    advice: 'Met at start; every wrong field is on a line of its own.',
  },
  already_running: {
    status: 500,
    title: 'Already running',
    advice: 'Another process holds the database. Stop it first.',
  },
  chain_unavailable: {
    status: 503,
    title: 'A chain is not ready',
    advice: 'A payment to it could not be promised. `/readyz` says why. Try again.',
  },
  rate_unavailable: {
    status: 503,
    title: 'No current rate',
    advice: 'An accepted asset has no current price. Nothing was created. Try again.',
  },
  not_configured: {
    status: 503,
    title: 'Not configured',
    advice: 'No chain is configured, or the account key of the store is not loaded.',
  },
  storage_unavailable: {
    status: 503,
    title: 'The storage is not available',
    advice: 'The disk or the database failed. Nothing was half-written. Try again.',
  },
}
