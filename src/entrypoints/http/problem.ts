/** Every failure as `application/problem+json` (RFC 9457): a stable code, and nothing from inside. */
import type { ErrorRequestHandler, Request, Response } from 'express'
import { ChainSourceError, type ErrorCode, GatewayError, type InputFault } from '../../errors.ts'
import type { HttpDeps } from './http-deps.ts'
import { PROBLEM_MEANINGS } from './problem-meanings.ts'

/** Seconds a caller is asked to wait where the failure itself says nothing: a few polls of a chain. */
const RETRY_AFTER_S = 5

const INTERNAL_DETAIL = 'Something went wrong on our side. The request id finds it in the log.'

export type Problem = {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Readonly<Record<string, unknown>>
}

/** What a caller may know of a failure. */
export function createProblem(
  { publicUrl }: Pick<HttpDeps, 'publicUrl'>,
  error: unknown,
  requestId: string,
): Problem {
  const failure = toGatewayError(error)
  const { code, faults } = failure
  const { status, title } = PROBLEM_MEANINGS[code]
  const retryAfterS = failure.retryAfterS ?? (status === 503 ? RETRY_AFTER_S : undefined)
  return {
    status,
    headers: {
      'Content-Type': 'application/problem+json',
      'Cache-Control': 'no-store',
      ...(retryAfterS === undefined ? {} : { 'Retry-After': String(retryAfterS) }),
      ...challengeFor(code),
    },
    body: {
      type: `${publicUrl}/docs/errors#${code}`,
      title,
      status,
      code,
      detail: code === 'internal_error' ? INTERNAL_DETAIL : failure.message,
      request_id: requestId,
      ...(faults.length === 0 ? {} : { errors: faults.map(presentFault) }),
    },
  }
}

export type AnswerProblem = (problem: Problem, req: Request, res: Response) => void

export const answerAsJson: AnswerProblem = (problem, _req, res) => {
  res.status(problem.status).set(problem.headers).end(JSON.stringify(problem.body))
}

/** The last handler of some paths, or of the app: whatever was thrown becomes one problem. */
export function createErrorHandler(
  deps: Pick<HttpDeps, 'publicUrl' | 'logger'>,
  answer: AnswerProblem = answerAsJson,
): ErrorRequestHandler {
  return (error, req, res, _next) => {
    const requestId = requestIdOf(res)
    const problem = createProblem(deps, error, requestId)
    if (problem.status >= 500) {
      const fields = { request_id: requestId, method: req.method, status: problem.status, error }
      if (problem.status === 503) deps.logger.warn(fields, 'a request could not be served')
      else deps.logger.error(fields, 'a request failed')
    }
    // Half an answer cannot be taken back: the connection ends, so that nobody takes it for whole.
    if (res.headersSent) res.destroy()
    else answer(problem, req, res)
  }
}

export function requestIdOf(res: Response): string {
  return String(res.locals.requestId)
}

/** Faults of query parameters are written `?name` inside, since a pointer into the body is none. */
function presentFault({ pointer, code, detail }: InputFault) {
  if (!pointer.startsWith('?')) return { pointer, code, detail }
  const parameter = pointer.slice(1)
  return { pointer: `/${parameter}`, parameter, code, detail }
}

function toGatewayError(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error
  if (error instanceof ChainSourceError) {
    return new GatewayError('chain_unavailable', 'The node of the chain did not do its part.')
  }
  if (isClientFault(error)) {
    return new GatewayError('invalid_request', 'The path of the request is not valid.')
  }
  return new GatewayError('internal_error', INTERNAL_DETAIL)
}

/** The router refuses a malformed path with an error that has a 4xx status. */
function isClientFault(error: unknown): boolean {
  if (!(error instanceof URIError)) return false
  const { status } = error as { status?: unknown }
  return typeof status === 'number' && status >= 400 && status < 500
}

function challengeFor(code: ErrorCode): Record<string, string> {
  if (code === 'unauthorized') return { 'WWW-Authenticate': 'Bearer realm="quittance"' }
  if (code !== 'forbidden') return {}
  return { 'WWW-Authenticate': 'Bearer realm="quittance", error="insufficient_scope"' }
}
