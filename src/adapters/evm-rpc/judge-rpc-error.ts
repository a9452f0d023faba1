/**
 * What an error object of a node means. Codes are used for several things by several servers, so
 * the words are read too; the strings are those seen in the wild (docs: errors of nodes).
 */

import { judgeLogsRefusal, type LogsLimit } from './judge-logs-refusal.ts'

export type RpcErrorKind =
  /** The node lacks the method: drop the capability. */
  | 'unsupported'
  /** It does not have what was asked for, yet or any more. */
  | 'not_there'
  /** It asks to slow down. */
  | 'capacity'
  /** It is up, but what stands behind it is not. */
  | 'unreachable'
  /** It understood and said no: wrong parameters, a reverted call. */
  | 'refused'

export type RpcError = {
  readonly kind: RpcErrorKind
  readonly code: number
  readonly message: string
  /** What of a query for logs was too much; absent for every other refusal. */
  readonly limit?: LogsLimit
}

/** EIP-1474 and JSON-RPC 2.0. */
const METHOD_NOT_FOUND = -32601
const INTERNAL_ERROR = -32603
const RESOURCE_NOT_FOUND = -32001
const METHOD_NOT_SUPPORTED = -32004
const LIMIT_EXCEEDED = -32005
const TOO_MANY_REQUESTS = 429

const REVERTED = anyOf(
  'revert',
  'vm exception',
  'vm execution error',
  'invalid opcode',
  'bad instruction',
  'out of gas',
  'invalid jump',
  'stack (?:under|over)flow',
)
const UNSUPPORTED = anyOf(
  String.raw`\bmethod\b.*\bnot (?:found|available|supported|enabled|allowed)`,
  'not whitelisted',
)
const NOT_THERE = anyOf(
  'header not found',
  'unknown block',
  'block not found',
  'missing trie node',
  'historical state',
  'after last accepted block',
  'cannot query unfinalized',
  'beyond current head',
)
const CAPACITY = anyOf(
  'rate limit',
  'too many requests',
  'exceeded its compute units',
  'request count exceeded',
  'lack of computing resources',
)
const UNHEALTHY = anyOf('no backend is currently healthy', 'service unavailable', 'bad gateway')

/** Null when this is no error object of JSON-RPC. */
export function judgeRpcError(value: unknown): RpcError | null {
  if (typeof value !== 'object' || value === null) return null
  const { code, message } = value as { code?: unknown; message?: unknown }
  if (!Number.isInteger(code) || typeof message !== 'string') return null
  const error = { code: code as number, message }
  const limit = isRevert(error) ? null : judgeLogsRefusal(message)
  if (limit !== null) return { kind: 'refused', ...error, limit }
  return { kind: judge(error.code, message), ...error }
}

/** A call that ran and failed in the contract, as opposed to a call that could not be run. */
export function isRevert(error: { readonly code: number; readonly message: string }): boolean {
  return error.code === 3 || REVERTED.test(error.message)
}

function judge(code: number, message: string): RpcErrorKind {
  if (isRevert({ code, message })) return 'refused'
  if (code === METHOD_NOT_FOUND || code === METHOD_NOT_SUPPORTED) return 'unsupported'
  if (code === TOO_MANY_REQUESTS || CAPACITY.test(message)) return 'capacity'
  if (code === LIMIT_EXCEEDED) return 'capacity'
  if (UNSUPPORTED.test(message)) return 'unsupported'
  if (code === RESOURCE_NOT_FOUND || NOT_THERE.test(message)) return 'not_there'
  return code === INTERNAL_ERROR || UNHEALTHY.test(message) ? 'unreachable' : 'refused'
}

function anyOf(...sources: string[]): RegExp {
  return new RegExp(sources.join('|'), 'i')
}
