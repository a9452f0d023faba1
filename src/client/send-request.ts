/** One call: attempts with the same idempotency key until one is answered, or until it makes no sense. */
import { QuittanceError, refuseCall } from './quittance-error.ts'
import { readAnswer } from './read-answer.ts'
import type { RequestOptions, Route } from './request-types.ts'

/** How calls are made; `createQuittanceClient` fills it from its options. */
export type Transport = {
  /** Without a slash at its end. */
  readonly baseUrl: string
  readonly apiKey: string
  readonly attempts: number
  readonly timeoutMs: number
  readonly fetch: typeof fetch
  /** Resolves after so many milliseconds, rejects when the signal says so. */
  readonly sleep: (ms: number, signal: AbortSignal | undefined) => Promise<void>
  /** 0 to 1, so that many callers do not come back in step. */
  readonly random: () => number
}

export type Call = {
  readonly route: Route
  /** What fills the places of the path. */
  readonly places: readonly string[]
  readonly input: Readonly<Record<string, unknown>> | undefined
  readonly options: RequestOptions
}

/** First pause; each further one is twice as long, up to the longest. */
const PAUSE_FIRST_MS = 200
const PAUSE_LONGEST_MS = 5_000
/** What is asked to wait longer than this is told to its caller, who has better things to do. */
const RETRY_AFTER_LONGEST_S = 30
/** Answers of a gateway that is overloaded or restarting, and of proxies in front of it. */
const TRANSIENT_STATUSES: readonly number[] = [429, 502, 503, 504]
/** 503 that only a person ends. */
const LASTING_CODES: readonly string[] = ['not_configured']
/** Ids, tokens and chain ids: nothing that could lead to another path. */
const PLACE = /^[\w-]{1,200}$/
const KEY = /^[\x20-\x7e]{1,255}$/

/** Resolves with the answer. Rejects with a `QuittanceError`, or with the reason of the caller's signal. */
export async function sendRequest(transport: Transport, call: Call): Promise<unknown> {
  const { signal } = call.options
  const request = prepare(transport, call)
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted()
    const failure = await tryOnce(transport, call, request)
    if ('answer' in failure) return failure.answer
    const { error } = failure
    if (isDeletedBefore(call.route, error, attempt)) return undefined
    const waitMs = attempt < transport.attempts ? planPause(transport, error, attempt) : null
    if (waitMs === null) throw error
    await transport.sleep(waitMs, signal)
  }
}

type Prepared = { readonly url: string; readonly init: RequestInit }

/** The same bytes for every attempt: same key and same body are what makes a retry safe. */
function prepare({ baseUrl, apiKey }: Transport, call: Call): Prepared {
  const { route, input, options } = call
  const path = route.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const place = call.places[route.places.indexOf(name)]
    if (typeof place === 'string' && PLACE.test(place)) return place
    throw refuseCall(name, 'must be an id of the gateway')
  })
  const headers: Record<string, string> = { accept: 'application/json, text/csv' }
  if (!route.isPublic) headers.authorization = `Bearer ${apiKey}`
  if (route.method === 'POST') headers['idempotency-key'] = readKey(options.idempotencyKey)
  else if (options.idempotencyKey !== undefined) {
    throw refuseCall('idempotencyKey', 'is for POST; other calls may be repeated as they are')
  }
  const init: RequestInit = { method: route.method, headers, redirect: 'error' }
  if (route.input === 'body' && input !== undefined) {
    headers['content-type'] = 'application/json'
    init.body = JSON.stringify(input)
  }
  const query = route.input === 'query' ? renderQuery(input ?? {}) : ''
  return { url: baseUrl + path + query, init }
}

function readKey(given: string | undefined): string {
  if (given === undefined) return crypto.randomUUID()
  if (KEY.test(given)) return given
  throw refuseCall('idempotencyKey', 'must be 1 to 255 printable ASCII characters')
}

function renderQuery(input: Readonly<Record<string, unknown>>): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(input)) {
    if (value !== undefined) query.append(name, String(value))
  }
  return query.size === 0 ? '' : `?${query}`
}

type Outcome = { readonly answer: unknown } | { readonly error: QuittanceError }

async function tryOnce(
  transport: Transport,
  call: Call,
  { url, init }: Prepared,
): Promise<Outcome> {
  const { signal, timeoutMs = transport.timeoutMs } = call.options
  const timeout = AbortSignal.timeout(timeoutMs)
  try {
    const both = signal === undefined ? timeout : AbortSignal.any([timeout, signal])
    const answer = await transport.fetch(url, { ...init, signal: both })
    return { answer: await readAnswer(call.route, answer) }
  } catch (error) {
    if (error instanceof QuittanceError) return { error }
    signal?.throwIfAborted()
    return { error: describeSilence(call.route, error, timeout.aborted) }
  }
}

function describeSilence(route: Route, cause: unknown, isLate: boolean): QuittanceError {
  const reason = isLate ? 'no answer in time' : `no answer (${nameCause(cause)})`
  const code = isLate ? 'timeout' : 'unreachable'
  return new QuittanceError(`${route.method} ${route.path}: ${reason}`, { code, cause })
}

/** `ECONNREFUSED` and its kin; `fetch` wraps them. */
function nameCause(error: unknown): string {
  const inner = error instanceof Error ? (error.cause ?? error) : error
  const { code, name } = inner as { code?: unknown; name?: unknown }
  return typeof code === 'string' ? code : String(name ?? 'failed')
}

/** A deletion whose answer was lost finds nothing the second time: that is what was asked for. */
function isDeletedBefore({ method }: Route, { code }: QuittanceError, attempt: number): boolean {
  return method === 'DELETE' && code === 'not_found' && attempt > 1
}

/** Milliseconds until the next attempt; null where another one would change nothing. */
function planPause({ random }: Transport, error: QuittanceError, attempt: number): number | null {
  const isTransient =
    error.status === null ||
    TRANSIENT_STATUSES.includes(error.status) ||
    error.code === 'idempotency_in_progress'
  if (!isTransient || LASTING_CODES.includes(error.code)) return null
  if (error.retryAfterS !== null) {
    return error.retryAfterS > RETRY_AFTER_LONGEST_S ? null : error.retryAfterS * 1_000
  }
  const longestMs = Math.min(PAUSE_FIRST_MS * 2 ** (attempt - 1), PAUSE_LONGEST_MS)
  return longestMs * (0.5 + random() / 2)
}
