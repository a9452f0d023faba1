/**
 * A JSON-RPC proxy on loopback that stands between the gateway and its node and misbehaves on
 * demand. Set `rules` and they hold for every request from then on; `reset()` makes it honest.
 *
 *   const proxy = await startFaultProxy({ target: node.url })
 *   proxy.rules.failure = 'http_429'
 *   proxy.intercept((method, params, result) => (method === 'eth_getLogs' ? [] : result))
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

export type Failure =
  /** Accepts the request and never answers. */
  | 'hang'
  /** Closes the connection with a TCP reset. */
  | 'reset'
  /** HTTP 429 with Retry-After. */
  | 'http_429'
  /** An error object with code 429 inside HTTP 200. */
  | 'rpc_429'
  /** An error object with code -32005 inside HTTP 200. */
  | 'rpc_limit'
  /** `{"Error":"..."}` outside the envelope, as java-tron. */
  | 'bare_error'
  | 'http_500'
  /** A page for people with HTTP 200. */
  | 'html'
  /** The first half of the right answer. */
  | 'truncated'
  /** The right answers under ids that were not asked. */
  | 'wrong_id'

export type BatchFault =
  | 'drop_last'
  | 'reverse'
  | 'duplicate_first'
  /** One error object in place of the list. */
  | 'one_error'

export type FaultRules = {
  /** Waited before anything else is done. */
  delayMs: number
  failure: Failure | null
  /** Fail only requests that contain one of these methods; null: all. */
  failureMethods: readonly string[] | null
  retryAfterS: number
  /** Concerns batches of two and more. */
  batch: BatchFault | null
  /** Answered -32601, without asking the node. */
  unsupported: readonly string[]
  /** Answered with this error, by method. */
  errors: Record<string, { code: number; message: string }>
  /** Answered `null`, by method. */
  nulls: readonly string[]
  /** Blocks above are hidden, and `latest` is this one. */
  headFrozenAt: number | null
  /** What `eth_chainId` answers. */
  chainId: number | null
}

/**
 * Sees every result of the node before the client does, and answers what the client shall see: a
 * result, or a `refusal`.
 */
export type Intercept = (method: string, params: readonly unknown[], result: unknown) => unknown

const REFUSAL = Symbol('refusal')

/** What an interceptor answers in place of a result to refuse the call. */
export function refusal(code: number, message: string): unknown {
  return { [REFUSAL]: { code, message } }
}

export type FaultProxy = {
  readonly url: string
  readonly rules: FaultRules
  /** Points at another node, or at nothing: requests are then reset. */
  setTarget(url: string): void
  /** Replaces the interceptor; may be asynchronous, so that a test can act between two requests. */
  intercept(fn: Intercept | null): void
  /** HTTP requests seen since the start or the last `reset`. */
  countRequests(): number
  /** Calls of a method, single or in batches, since the start or the last `reset`. */
  countCalls(method: string): number
  /** No rules, no interceptor, all counts zero. Requests that hang go on hanging. */
  reset(): void
  stop(): Promise<void>
}

type Call = { id: unknown; method: string; params: readonly unknown[] }
type Answer = { jsonrpc: '2.0'; id: unknown; result?: unknown; error?: unknown }
type State = {
  target: string
  rules: FaultRules
  interceptor: Intercept | null
  requests: number
  calls: Map<string, number>
}

function createHonestRules(): FaultRules {
  return {
    delayMs: 0,
    failure: null,
    failureMethods: null,
    retryAfterS: 1,
    batch: null,
    unsupported: [],
    errors: {},
    nulls: [],
    headFrozenAt: null,
    chainId: null,
  }
}

/** Starts an honest proxy on a free loopback port. */
export async function startFaultProxy(options: { target: string }): Promise<FaultProxy> {
  const state: State = {
    target: options.target,
    rules: createHonestRules(),
    interceptor: null,
    requests: 0,
    calls: new Map(),
  }
  const server = createServer((request, response) => {
    serve(state, request, response).catch(() => request.socket.resetAndDestroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port')

  return {
    url: `http://127.0.0.1:${address.port}`,
    rules: state.rules,
    setTarget: (url) => {
      state.target = url
    },
    intercept: (fn) => {
      state.interceptor = fn
    },
    countRequests: () => state.requests,
    countCalls: (method) => state.calls.get(method) ?? 0,
    reset: () => {
      Object.assign(state.rules, createHonestRules())
      state.interceptor = null
      state.requests = 0
      state.calls.clear()
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function serve(state: State, request: IncomingMessage, response: ServerResponse) {
  const body: Call | Call[] = JSON.parse(await readText(request))
  const calls = Array.isArray(body) ? body : [body]
  state.requests += 1
  for (const { method } of calls) state.calls.set(method, (state.calls.get(method) ?? 0) + 1)

  const { rules } = state
  if (rules.delayMs > 0) await sleep(rules.delayMs)
  const concerned = calls.some((call) => rules.failureMethods?.includes(call.method) ?? true)
  const failure = concerned ? rules.failure : null
  if (failure !== null && failInsteadOfAsking(failure, rules, request, response)) return

  const answers = await answerCalls(state, calls)
  if (failure === 'wrong_id') {
    for (const answer of answers) answer.id = `not ${String(answer.id)}`
  }
  const document = Array.isArray(body) ? spoilBatch(answers, rules.batch) : answers[0]
  const text = JSON.stringify(document)
  send(response, 200, failure === 'truncated' ? text.slice(0, text.length / 2) : text)
}

/** False for the failures that need the right answer first. */
function failInsteadOfAsking(
  failure: Failure,
  rules: FaultRules,
  request: IncomingMessage,
  response: ServerResponse,
): boolean {
  switch (failure) {
    case 'hang':
      return true
    case 'reset':
      request.socket.resetAndDestroy()
      return true
    case 'http_429':
      response.setHeader('retry-after', String(rules.retryAfterS))
      send(response, 429, '{"message":"slow down"}')
      return true
    case 'rpc_429':
      send(response, 200, renderError(429, 'Too many requests'))
      return true
    case 'rpc_limit':
      send(response, 200, renderError(-32005, 'daily request count exceeded'))
      return true
    case 'bare_error':
      send(response, 200, '{"Error":"class java.lang.Error : lack of computing resources"}')
      return true
    case 'http_500':
      send(response, 500, 'Internal Server Error')
      return true
    case 'html':
      send(response, 200, '<!doctype html><title>Just a moment</title>')
      return true
    case 'truncated':
    case 'wrong_id':
      return false
  }
}

/** Asks the node for what no rule answers, all in one request, and applies the rules to that. */
async function answerCalls(state: State, calls: readonly Call[]): Promise<Answer[]> {
  const { rules } = state
  const asked = calls.filter((call) => findRuledError(call, rules) === null)
  const fromNode = await askNode(
    state.target,
    asked.map((call) => freezeParams(call, rules)),
  )
  const answers: Answer[] = []
  for (const call of calls) {
    const error = findRuledError(call, rules)
    const answer = error === null ? fromNode.get(call.id)! : { error }
    const rendered: Answer = { jsonrpc: '2.0', ...answer, id: call.id }
    if (rendered.error === undefined)
      rendered.result = await ruleResult(state, call, rendered.result)
    const refused = (rendered.result as { [REFUSAL]?: unknown } | null | undefined)?.[REFUSAL]
    if (refused === undefined) answers.push(rendered)
    else answers.push({ jsonrpc: '2.0', id: call.id, error: refused })
  }
  return answers
}

function findRuledError(call: Call, rules: FaultRules): unknown {
  if (rules.unsupported.includes(call.method)) {
    const message = `the method ${call.method} does not exist/is not available`
    return { code: -32601, message }
  }
  return rules.errors[call.method] ?? null
}

async function ruleResult(state: State, call: Call, result: unknown): Promise<unknown> {
  const { rules, interceptor } = state
  let ruled = rules.headFrozenAt === null ? result : hideAbove(rules.headFrozenAt, call, result)
  if (rules.nulls.includes(call.method)) ruled = null
  if (rules.chainId !== null && call.method === 'eth_chainId') ruled = toHex(rules.chainId)
  return interceptor === null ? ruled : await interceptor(call.method, call.params, ruled)
}

function freezeParams(call: Call, rules: FaultRules): Call {
  if (rules.headFrozenAt === null || call.method !== 'eth_getBlockByNumber') return call
  const [tag, ...rest] = call.params
  return tag === 'latest' ? { ...call, params: [toHex(rules.headFrozenAt), ...rest] } : call
}

/** Blocks, receipts and logs say their height; what is above the frozen head does not exist yet. */
function hideAbove(head: number, call: Call, result: unknown): unknown {
  if (call.method === 'eth_blockNumber') return toHex(head)
  const isHidden = (part: unknown) => {
    const { number, blockNumber } = (part ?? {}) as { number?: string; blockNumber?: string }
    return Number.parseInt(number ?? blockNumber ?? '0x0', 16) > head
  }
  if (!Array.isArray(result)) return isHidden(result) ? null : result
  if (call.method === 'eth_getLogs') return result.filter((log) => !isHidden(log))
  return result.some(isHidden) ? null : result
}

function spoilBatch(answers: Answer[], fault: BatchFault | null): unknown {
  if (answers.length < 2) return answers
  switch (fault) {
    case null:
      return answers
    case 'drop_last':
      return answers.slice(0, -1)
    case 'reverse':
      return answers.toReversed()
    case 'duplicate_first':
      return [...answers.slice(0, -1), answers[0]]
    case 'one_error':
      return { jsonrpc: '2.0', id: null, error: { code: -32600, message: 'batch refused' } }
  }
}

async function askNode(target: string, calls: readonly Call[]): Promise<Map<unknown, Answer>> {
  if (calls.length === 0) return new Map()
  const response = await fetch(target, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(calls),
  })
  const answers = (await response.json()) as Answer[]
  return new Map(answers.map((answer) => [answer.id, answer]))
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

function send(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(text)
}

function renderError(code: number, message: string): string {
  return JSON.stringify({ jsonrpc: '2.0', id: null, error: { code, message } })
}

function toHex(number: number): string {
  return `0x${number.toString(16)}`
}
