/** What an HTTP answer means: the thing asked for, or a typed failure. */
import { type FieldError, QuittanceError } from './quittance-error.ts'
import type { Route } from './request-types.ts'

type Problem = {
  readonly code?: unknown
  readonly detail?: unknown
  readonly request_id?: unknown
  readonly errors?: unknown
}

/** What the route answers with; throws a `QuittanceError` for every problem. */
export async function readAnswer(route: Route, answer: Response): Promise<unknown> {
  const text = await answer.text()
  const contentType = answer.headers.get('content-type') ?? ''
  if (!route.answers.includes(answer.status)) throw readProblem(route, answer, text)
  if (text === '') return undefined
  if (/^text\/csv\b/.test(contentType)) return text
  const value = /^application\/json\b/.test(contentType) ? parseJson(text) : undefined
  if (value !== undefined) return value
  // A status of the route with a body that is none of its: `/readyz` refused as a problem, or a proxy.
  throw readProblem(route, answer, text)
}

function readProblem(route: Route, answer: Response, text: string): QuittanceError {
  const { status, headers } = answer
  const facts = { status, retryAfterS: readRetryAfter(headers) }
  const problem = /^application\/problem\+json\b/.test(headers.get('content-type') ?? '')
    ? (parseJson(text) as Problem | null | undefined)
    : undefined
  const called = `${route.method} ${route.path}`
  if (typeof problem?.code !== 'string') {
    const message = `${called}: ${status} that is no answer of the gateway`
    return new QuittanceError(message, { ...facts, code: 'unexpected_answer' })
  }
  const { code, detail, request_id: requestId, errors } = problem
  return new QuittanceError(`${called}: ${status} ${String(detail ?? code)}`, {
    ...facts,
    code,
    requestId: typeof requestId === 'string' ? requestId : null,
    errors: Array.isArray(errors) ? (errors as FieldError[]) : [],
  })
}

/** Seconds; proxies in front may write a date instead (RFC 9110, 10.2.3), which is not looked at. */
function readRetryAfter(headers: Headers): number | null {
  const text = headers.get('retry-after') ?? ''
  return /^\d{1,6}$/.test(text) ? Number.parseInt(text, 10) : null
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
