/** The one failure of the client: what went wrong as a code to branch on, and which field it was. */
import type { ErrorCode } from '../errors.ts'

/** What only the caller's side can know. The other codes are those of docs/errors.md. */
export type ClientErrorCode =
  /** No attempt got an answer: refused, reset, or no route. The change may have been made all the same. */
  | 'unreachable'
  /** As `unreachable`, because the time of the last attempt ran out. */
  | 'timeout'
  /** Something answered that is not the gateway, such as a proxy with a page of its own. */
  | 'unexpected_answer'
  /** The call cannot be sent as it stands: a malformed id, key or setting. */
  | 'invalid_call'
  /** A webhook that the secret did not sign, or that is too old. Answer it with 401. */
  | 'webhook_refused'
  /** An invoice whose address, path or link is not that of the account key. Do not show it. */
  | 'invoice_refused'

/** One wrong field of the request. */
export type FieldError = {
  /** JSON pointer (RFC 6901) into the body, or `/name` of a query parameter. */
  readonly pointer: string
  readonly code: string
  readonly detail: string
  /** Name of the query parameter, where it was one. */
  readonly parameter?: string | undefined
}

export type QuittanceErrorFacts = {
  /** A newer gateway may have codes that this client does not list. */
  readonly code: ErrorCode | ClientErrorCode | (string & {})
  /** HTTP status; null where nothing answered. */
  readonly status?: number | null
  readonly errors?: readonly FieldError[]
  readonly requestId?: string | null
  readonly retryAfterS?: number | null
  readonly cause?: unknown
}

/** `message` is safe to log: it holds no API key and no webhook secret. */
export class QuittanceError extends Error {
  readonly code: QuittanceErrorFacts['code']
  /** HTTP status of the answer; null where there was none. */
  readonly status: number | null
  /** Every wrong field, for `invalid_request`. */
  readonly errors: readonly FieldError[]
  /** Finds the request in the gateway's log. */
  readonly requestId: string | null
  /** When the gateway said so: seconds to wait before the next call. */
  readonly retryAfterS: number | null

  constructor(message: string, facts: QuittanceErrorFacts) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause })
    this.name = 'QuittanceError'
    this.code = facts.code
    this.status = facts.status ?? null
    this.errors = facts.errors ?? []
    this.requestId = facts.requestId ?? null
    this.retryAfterS = facts.retryAfterS ?? null
  }

  /** Pointer of the first wrong field, e.g. `/price/amount`; null where no field is wrong. */
  get field(): string | null {
    return this.errors[0]?.pointer ?? null
  }
}

/** A call that cannot be sent; `field` names the argument. */
export function refuseCall(field: string, detail: string): QuittanceError {
  const errors = [{ pointer: `/${field}`, code: 'invalid_call', detail }]
  return new QuittanceError(`${field} ${detail}`, { code: 'invalid_call', errors })
}
