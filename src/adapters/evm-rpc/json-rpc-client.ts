/**
 * JSON-RPC 2.0 over HTTP, strict. Answers are matched to requests by id and by nothing else: a
 * batch may be reordered by a proxy, and an answer at the right place with the wrong id is the
 * answer to another question. What an answer may be is a value; what it may not be is thrown.
 */
import { ChainSourceError } from '../../errors.ts'
import type { Clock } from '../../ports/clock.ts'
import type { AnswerRoom } from './answer-room.ts'
import type { HttpAnswer, HttpPost } from './http-post.ts'
import { createHttpPost } from './http-post.ts'
import type { LogsLimit } from './judge-logs-refusal.ts'
import { judgeRpcError, type RpcError } from './judge-rpc-error.ts'
import { type OpenAnswer, openAnswer } from './open-answer.ts'
import { openBatch } from './open-batch.ts'

export type RpcCall = { readonly method: string; readonly params: readonly unknown[] }

export type RpcAnswer =
  | { readonly kind: 'result'; readonly value: unknown }
  /** The node lacks the method. The caller drops the capability. */
  | { readonly kind: 'unsupported'; readonly code: number; readonly message: string }
  /** The node says that it does not have this block or state. `null` results stay results. */
  | { readonly kind: 'not_there'; readonly code: number; readonly message: string }
  /** The node says no: parameters it does not take, a call that reverted. */
  | {
      readonly kind: 'refused'
      readonly code: number
      readonly message: string
      readonly limit?: LogsLimit
    }

/** An answer of `callRaw`: a result that is not null may come as bytes. */
export type RawAnswer = RpcAnswer | OpenAnswer

export type JsonRpcClient = {
  /** `host:port` of the node. */
  readonly name: string
  /** Rejects with a `ChainSourceError`, or with the signal's reason when the caller gave up. */
  call(method: string, params: readonly unknown[], signal: AbortSignal): Promise<RpcAnswer>
  /**
   * As `call`, for answers of megabytes: a result is handed over as bytes, to be read where it stands.
   * Errors, and what looks odd before the result, are judged as `call` judges them. With `room` the
   * bytes are there until it is cleared.
   */
  callRaw(
    method: string,
    params: readonly unknown[],
    signal: AbortSignal,
    room?: AnswerRoom,
  ): Promise<RawAnswer>
  /** One answer for each call, in the order of the calls. All or none: a gap rejects. */
  batch(calls: readonly RpcCall[], signal: AbortSignal): Promise<RpcAnswer[]>
  /** As `batch`, with results as bytes where `callRaw` would give them so. */
  batchRaw(calls: readonly RpcCall[], signal: AbortSignal, room?: AnswerRoom): Promise<RawAnswer[]>
  /** Another program may answer here next: what it takes in one request is tried again. */
  forget(): void
}

export type JsonRpcClientSettings = {
  readonly url: string
  readonly clock: Clock
  readonly timeoutMs: number
  readonly maxBodyBytes?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly meter?: RequestMeter
}

/** Told of every HTTP request, and asked how long to wait before it. */
export type RequestMeter = {
  bookMs(): number
  /** The request it was asked about last is not made: its caller gave up waiting. */
  unbook(): void
  /** Milliseconds from sending to the last byte, whatever the answer says. */
  noteAnswer(latencyMs: number): void
}

/** Twice the largest block known (34,000 logs, 30 MB of JSON). Beyond it an answer is malformed. */
const DEFAULT_MAX_BODY_BYTES = 64 * 1024 * 1024
/** Calls in one HTTP request. More are split; a node that takes fewer is asked for fewer. */
const MAX_BATCH_CALLS = 100
/** Words of a node that refuses a batch for its size, whatever the code of its error says. */
const ABOUT_BATCHES = /\bbatch/i
/** Of an error page: where those words are looked for, and whether it is one. */
const MAX_PAGE_CHARS = 1_000
/** The longest a node may ask us to wait: its mistake must not blind us for longer. */
const MAX_RETRY_AFTER_MS = 60_000

const TOO_LARGE_STATUS = 413
/** One question that is too large can only be about logs: a load balancer's words for a node's. */
const TOO_LARGE: RpcAnswer = {
  kind: 'refused',
  code: TOO_LARGE_STATUS,
  message: 'HTTP 413',
  limit: { kind: 'too_many_results' },
}

type Wire = { readonly http: HttpPost; readonly clock: Clock }
/** Until when somebody waits for an answer, and where it is put. */
type Passage = { readonly signal: AbortSignal; readonly room?: AnswerRoom | undefined }
type Envelope = { readonly id?: unknown; readonly result?: unknown; readonly error?: unknown }

/** A client of one node. */
export function createJsonRpcClient(settings: JsonRpcClientSettings): JsonRpcClient {
  const { url, clock, timeoutMs, headers = {} } = settings
  const maxBodyBytes = settings.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES
  const http = createHttpPost({ url, timeoutMs, maxBodyBytes, headers })
  const wire: Wire = { http, clock }
  const post = (body: string, to: Passage) => measure(wire, settings.meter, body, to)
  let lastId = 0
  let batchSize = MAX_BATCH_CALLS

  async function ask(method: string, params: readonly unknown[], passage: Passage) {
    lastId += 1
    const id = lastId
    const body = JSON.stringify({ jsonrpc: '2.0', id, method, params })
    return { id, answer: await post(body, passage) }
  }

  async function call(method: string, params: readonly unknown[], signal: AbortSignal) {
    const { id, answer } = await ask(method, params, { signal })
    return readSingle(wire, answer, id)
  }

  async function askRaw({ method, params }: RpcCall, passage: Passage) {
    const { id, answer } = await ask(method, params, passage)
    const raw = answer.status === 200 ? openAnswer(wire.http.name, answer.body, id) : null
    return raw ?? readSingle(wire, answer, id)
  }

  /** Null when the node takes no batch of this size. */
  async function askTogether(part: readonly RpcCall[], passage: Passage, isRaw: boolean) {
    const firstId = lastId + 1
    lastId += part.length
    const requests = part.map((item, index) => ({
      jsonrpc: '2.0',
      id: firstId + index,
      method: item.method,
      params: item.params,
    }))
    const answer = await post(JSON.stringify(requests), passage)
    if (isRefusedByStatus(answer)) return null
    const { status, body } = answer
    const isPlain = isRaw && status === 200
    const raw = isPlain ? openBatch(wire.http.name, body, firstId, part.length) : null
    if (raw !== null) return raw
    const document = readDocument(wire, answer)
    return isRefused(document) ? null : readBatch(wire, document, firstId, part.length)
  }

  async function askAll(calls: readonly RpcCall[], passage: Passage, isRaw: boolean) {
    const answers: RawAnswer[] = []
    let size = batchSize
    while (answers.length < calls.length) {
      const part = calls.slice(answers.length, answers.length + size)
      const [only] = part as [RpcCall]
      const askOnly = () =>
        isRaw ? askRaw(only, passage) : call(only.method, only.params, passage.signal)
      const found = part.length === 1 ? [await askOnly()] : await askTogether(part, passage, isRaw)
      if (found === null) {
        size = Math.floor(part.length / 2)
        continue
      }
      // Remembered once it worked: a node that refuses everything says nothing about sizes.
      batchSize = Math.min(batchSize, size)
      for (const answer of found) answers.push(answer)
    }
    return answers
  }

  const batch: JsonRpcClient['batch'] = (calls, signal) =>
    askAll(calls, { signal }, false) as Promise<RpcAnswer[]>
  const callRaw: JsonRpcClient['callRaw'] = (method, params, signal, room) =>
    askRaw({ method, params }, { signal, room })
  const batchRaw: JsonRpcClient['batchRaw'] = (calls, signal, room) =>
    askAll(calls, { signal, room }, true)

  function forget() {
    batchSize = MAX_BATCH_CALLS
  }

  return { name: http.name, call, callRaw, batch, batchRaw, forget }
}

function readSingle(wire: Wire, answer: HttpAnswer, id: number): RpcAnswer {
  if (answer.status === TOO_LARGE_STATUS) return TOO_LARGE
  const document = readDocument(wire, answer)
  if (!isEnvelope(document)) throw malformed(wire, 'answered with no JSON-RPC object')
  return readEnvelope(wire, document, id)
}

/** One exchange, when the pace of the node lets it. */
async function measure(
  { http, clock }: Wire,
  meter: RequestMeter | undefined,
  body: string,
  { signal, room }: Passage,
): Promise<HttpAnswer> {
  const waitMs = meter?.bookMs() ?? 0
  if (waitMs > 0) {
    try {
      await sleep(waitMs, signal)
    } catch (error) {
      meter?.unbook()
      throw error
    }
  }
  const startMs = clock.monotonicMs()
  const answer = await http.post(body, signal, room)
  meter?.noteAnswer(clock.monotonicMs() - startMs)
  return answer
}

/** Rejects with the signal's reason. */
async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  let end = () => {}
  try {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms)
      end = () => {
        clearTimeout(timer)
        resolve()
      }
      signal.addEventListener('abort', end, { once: true })
    })
  } finally {
    signal.removeEventListener('abort', end)
  }
  signal.throwIfAborted()
}

/** The value of an answer that must be there; `not_there` and refusals become faults. */
export function requireResult(
  client: Pick<JsonRpcClient, 'name'>,
  method: string,
  answer: RpcAnswer,
): unknown {
  if (answer.kind === 'result') return answer.value
  const text = `${client.name} refused ${method}: ${answer.code} ${answer.message}`
  throw new ChainSourceError(answer.kind === 'not_there' ? 'not_there' : 'malformed', text)
}

/** The JSON of an HTTP answer. Load limits and failures of the server are thrown on the way. */
function readDocument(wire: Wire, answer: HttpAnswer): unknown {
  const { http } = wire
  const { status } = answer
  const wait = readRetryAfter(wire, answer.retryAfter)
  if (status === 429) throw new ChainSourceError('capacity', `${http.name} answered HTTP 429`, wait)
  if (status >= 500) {
    throw new ChainSourceError('unreachable', `${http.name} answered HTTP ${status}`, wait)
  }
  let document: unknown
  try {
    document = JSON.parse(answer.body.toString('utf8'))
  } catch {
    // A 401 or a redirect with a page for people is a door, not a wrong answer.
    if (status < 200 || status >= 300) {
      throw new ChainSourceError('unreachable', `${http.name} answered HTTP ${status}`)
    }
    const html = answer.body.toString('utf8', 0, MAX_PAGE_CHARS).trimStart().startsWith('<')
    throw malformed(wire, html ? 'answered with HTML' : 'answered with broken JSON')
  }
  if (isEnvelope(document)) throwUnaddressed(wire, document, wait)
  return document
}

/** Errors that belong to no request: java-tron's own form, and limits with `id: null`. */
function throwUnaddressed(wire: Wire, document: Envelope, wait: { retryAfterMs?: number }): void {
  const outside = (document as { Error?: unknown }).Error
  if (typeof outside === 'string') {
    const text = `${wire.http.name} is at its limit: ${wire.http.quote(outside)}`
    throw new ChainSourceError('capacity', text, wait)
  }
  const error = judgeRpcError(document.error)
  if (error === null || !isLimitOrOutage(error)) return
  const text = `${wire.http.name} answered ${error.code} ${wire.http.quote(error.message)}`
  throw new ChainSourceError(error.kind, text, wait)
}

function readEnvelope(wire: Wire, envelope: Envelope, id: number): RpcAnswer {
  if (envelope.id !== id) throw malformed(wire, 'answered with an id that was not asked')
  // `null` beside the other field is how JSON-RPC 1.0 says absent; only two real values contradict.
  if (envelope.error === undefined || envelope.error === null) {
    if (envelope.result === undefined) throw malformed(wire, 'gave neither result nor error')
    return { kind: 'result', value: envelope.result }
  }
  if (envelope.result !== undefined && envelope.result !== null) {
    throw malformed(wire, 'gave both result and error')
  }
  const error = judgeRpcError(envelope.error)
  if (error === null) throw malformed(wire, 'gave an error without code or message')
  const message = wire.http.quote(error.message)
  const { kind, code } = error
  if (kind === 'capacity' || kind === 'unreachable') {
    throw new ChainSourceError(kind, `${wire.http.name} answered ${code} ${message}`)
  }
  return error.limit === undefined
    ? { kind, code, message }
    : { kind: 'refused', code, message, limit: error.limit }
}

/** What an error says of the node, not of what it was asked: asking for less would not help. */
function isLimitOrOutage(
  error: RpcError,
): error is RpcError & { kind: 'capacity' | 'unreachable' } {
  const { kind, message } = error
  return (kind === 'capacity' || kind === 'unreachable') && !ABOUT_BATCHES.test(message)
}

/** One error in place of the answers, alone or as the only item (geth): too many at once. */
function isRefused(document: unknown): boolean {
  const [item = null, ...others] = Array.isArray(document) ? (document as unknown[]) : [document]
  const error = others.length === 0 && isEnvelope(item) ? judgeRpcError(item.error) : null
  return error !== null && !isLimitOrOutage(error)
}

/** The same without JSON-RPC around it: too large, or an error page that speaks of batches. */
function isRefusedByStatus({ status, body }: HttpAnswer): boolean {
  return (
    status === TOO_LARGE_STATUS ||
    (status >= 400 && ABOUT_BATCHES.test(body.toString('utf8', 0, MAX_PAGE_CHARS)))
  )
}

function readBatch(wire: Wire, document: unknown, firstId: number, count: number): RpcAnswer[] {
  if (!Array.isArray(document)) throw malformed(wire, 'answered a batch with one object')
  const answers = new Array<RpcAnswer | undefined>(count).fill(undefined)
  for (const item of document as unknown[]) {
    if (!isEnvelope(item)) throw malformed(wire, 'put no JSON-RPC object into a batch')
    throwUnaddressed(wire, item, {})
    const place = typeof item.id === 'number' ? item.id - firstId : -1
    if (!Number.isInteger(place) || place < 0 || place >= count) {
      throw malformed(wire, 'answered with an id that was not asked')
    }
    if (answers[place] !== undefined) throw malformed(wire, 'answered one id twice')
    answers[place] = readEnvelope(wire, item, item.id as number)
  }
  if (answers.includes(undefined)) throw malformed(wire, 'left out answers of a batch')
  return answers as RpcAnswer[]
}

function isEnvelope(value: unknown): value is Envelope {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function malformed(wire: Wire, what: string): ChainSourceError {
  return new ChainSourceError('malformed', `${wire.http.name} ${what}`)
}

/** Retry-After is seconds or an HTTP date; anything else is as if it were absent. */
function readRetryAfter(wire: Wire, value: string | null): { retryAfterMs?: number } {
  if (value === null) return {}
  const waitMs = /^\d{1,9}$/.test(value)
    ? Number.parseInt(value, 10) * 1_000
    : Date.parse(value) - wire.clock.nowMs()
  if (Number.isNaN(waitMs)) return {}
  return { retryAfterMs: Math.min(Math.max(waitMs, 0), MAX_RETRY_AFTER_MS) }
}
