/**
 * The failures of the world, as opposed to bugs: each has a stable code, says whether trying again
 * may help, and can be shown to a caller as it is. A leaf module: imports nothing.
 */

/** One fault of an input, at a JSON pointer (RFC 6901) into the request body or the configuration. */
export type InputFault = {
  readonly pointer: string
  readonly code: string
  readonly detail: string
}

export type ErrorCode =
  | 'invalid_request'
  | 'invalid_configuration'
  | 'unauthorized'
  | 'forbidden'
  | 'not_found'
  | 'method_not_allowed'
  | 'not_acceptable_state'
  | 'unsupported_media_type'
  | 'payload_too_large'
  | 'idempotency_key_reused'
  | 'idempotency_in_progress'
  | 'rate_limited'
  | 'rate_unavailable'
  | 'chain_unavailable'
  | 'not_configured'
  | 'storage_unavailable'
  | 'already_running'
  | 'address_mismatch'
  | 'xpub_mismatch'
  | 'internal_error'

type ErrorOptions = {
  readonly retryable?: boolean
  readonly faults?: readonly InputFault[]
  readonly retryAfterS?: number
  readonly cause?: unknown
}

/** A typed failure of the gateway. `message` is safe to show: no secret, no path, no SQL. */
export class GatewayError extends Error {
  readonly code: ErrorCode
  readonly retryable: boolean
  readonly faults: readonly InputFault[]
  readonly retryAfterS: number | undefined

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'GatewayError'
    this.code = code
    this.retryable = options.retryable ?? false
    this.faults = options.faults ?? []
    this.retryAfterS = options.retryAfterS
  }
}

/** Bad input from a caller: one fault per wrong field. */
export function invalidRequest(faults: readonly InputFault[]): GatewayError {
  const first = faults[0]
  const detail = first === undefined ? 'The request is not valid.' : describeFault(first)
  return new GatewayError('invalid_request', detail, { faults })
}

/** Short form for a single wrong field. */
export function invalidField(pointer: string, code: string, detail: string): GatewayError {
  return invalidRequest([{ pointer, code, detail }])
}

function describeFault(fault: InputFault): string {
  return fault.pointer === '' ? fault.detail : `${fault.pointer}: ${fault.detail}`
}

export type ChainFaultKind =
  /** No answer: refused, timed out, reset, 5xx. */
  | 'unreachable'
  /** Another chain id or genesis than the configured one. */
  | 'wrong_chain'
  /** An answer that is not what the protocol says. */
  | 'malformed'
  /** Parts that do not fit together, e.g. receipts of another block. */
  | 'inconsistent'
  /** Content that its own header disproves: a root, the bloom or the hash recomputed differently. */
  | 'disproven'
  /** Nodes have different blocks at one height, and none in common above our floor. */
  | 'providers_disagree'
  /** Asked for something the node does not have (yet). */
  | 'not_there'
  /** The node asks to slow down. */
  | 'capacity'
  /** A listed token is not what the configuration says. */
  | 'wrong_token'
  /** Not the node's fault: another writer was first, and the turn is taken again. */
  | 'conflict'

/** Why a chain could not be read. `message` names no URL with credentials. */
export class ChainSourceError extends Error {
  readonly kind: ChainFaultKind
  /** When the node said so: milliseconds to wait before the next request. */
  readonly retryAfterMs: number | undefined

  constructor(
    kind: ChainFaultKind,
    message: string,
    options: { retryAfterMs?: number; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'ChainSourceError'
    this.kind = kind
    this.retryAfterMs = options.retryAfterMs
  }
}
