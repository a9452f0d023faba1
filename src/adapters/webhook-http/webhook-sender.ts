import type { LookupAddress } from 'node:dns'
import { type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { LookupFunction } from 'node:net'
import type { Clock } from '../../ports/clock.ts'
import type { WebhookRequest, WebhookResult, WebhookSender } from '../../ports/webhook-sender.ts'
import { type AllowedHosts, createResolve, findDestination, type Resolve } from './address-guard.ts'
import { renderExcerpt } from './excerpt.ts'

/** Time to resolve, connect and finish the TLS handshake. Beyond it the attempt has failed. */
const CONNECT_TIMEOUT_MS = 3_000

/** Time for the whole attempt, body of the answer included (Standard Webhooks: 15 s at most). */
const TOTAL_TIMEOUT_MS = 10_000

/**
 * Bytes of an answer's body that are read. What is longer is cut off; its status counts all the
 * same.
 */
const BODY_BYTES_MAX = 64 * 1024

/** Bytes of an answer's header section. More is a protocol failure. */
const HEADER_BYTES_MAX = 16 * 1024

/**
 * Interim answers (1xx) before the answer. Each is a header section of its own, so that without a
 * bound they could be poured until the deadline.
 */
const INTERIM_ANSWERS_MAX = 16

/** Characters kept of a Retry-After header: a date has 29. */
const RETRY_AFTER_CHARACTERS_MAX = 64

const USER_AGENT = 'Quittance-Webhooks/1'

type Failure = Extract<WebhookResult, { kind: 'failed' }>['reason']
type Outcome =
  | { readonly kind: 'answered'; status: number; retryAfter: string | null; excerpt: string }
  | { readonly kind: 'failed'; readonly reason: Failure; readonly detail: string }

type Deps = {
  readonly clock: Clock
  readonly allowedHosts: AllowedHosts
  readonly resolve?: Resolve
  readonly connectTimeoutMs?: number
  readonly totalTimeoutMs?: number
  /** PEM certificates to trust instead of the well-known authorities. */
  readonly trustedCertificates?: readonly string[]
}

/**
 * Sends signed webhooks over HTTP/1.1, a fresh connection each. Follows no redirect, keeps no
 * cookie, knows no proxy, connects to checked addresses only. Every end is a result; nothing is
 * thrown.
 *
 * An answer longer than 64 kB is judged by its status. One that does not end in time or breaks off
 * is a failure even if it began with 200: the receiver may not have finished its work.
 */
export function createWebhookSender(deps: Deps): WebhookSender {
  const resolve = deps.resolve ?? createResolve(deps)
  return {
    async send(request) {
      const startedMs = deps.clock.monotonicMs()
      const outcome = await attempt({ ...deps, resolve }, request).catch(describeSurprise)
      const durationMs = Math.max(0, Math.round(deps.clock.monotonicMs() - startedMs))
      return { ...outcome, durationMs }
    },
  }
}

async function attempt(
  deps: Deps & { readonly resolve: Resolve },
  request: WebhookRequest,
): Promise<Outcome> {
  const { connectTimeoutMs = CONNECT_TIMEOUT_MS, totalTimeoutMs = TOTAL_TIMEOUT_MS } = deps
  if (!URL.canParse(request.url)) return fail('blocked', 'not a URL')
  const url = new URL(request.url)

  const deadline = new AbortController()
  const connected = new AbortController()
  const late = Promise.withResolvers<Outcome>()
  const expire = (detail: string): void => {
    late.resolve(fail('timeout', detail))
    deadline.abort()
  }
  const totalTimer = setTimeout(expire, totalTimeoutMs, `no full answer in ${totalTimeoutMs} ms`)
  const connectTimer = setTimeout(
    expire,
    connectTimeoutMs,
    `no connection in ${connectTimeoutMs} ms`,
  )
  connected.signal.addEventListener('abort', () => clearTimeout(connectTimer))
  try {
    return await Promise.race([late.promise, exchange()])
  } finally {
    clearTimeout(totalTimer)
    clearTimeout(connectTimer)
    deadline.abort()
  }

  async function exchange(): Promise<Outcome> {
    const destination = await findDestination(deps, url, deadline.signal)
    if (destination.kind === 'blocked') return fail('blocked', destination.detail)
    if (destination.kind === 'unresolved') return fail('dns', destination.detail)
    if (deadline.signal.aborted) return fail('timeout', 'resolved too late')
    return await post(deps, url, request, {
      addresses: destination.addresses,
      signal: deadline.signal,
      onConnect: () => connected.abort(),
    })
  }
}

type Connection = {
  readonly addresses: readonly LookupAddress[]
  readonly signal: AbortSignal
  readonly onConnect: () => void
}

function post(
  deps: Deps,
  url: URL,
  request: WebhookRequest,
  connection: Connection,
): Promise<Outcome> {
  return new Promise((finish) => {
    const client = openRequest(deps, url, request, connection)
    let phase: 'connect' | 'tls' | 'exchange' = 'connect'
    const settle = (outcome: Outcome): void => {
      finish(outcome)
      client.destroy()
    }
    const isTls = url.protocol === 'https:'
    const proceed = (): void => {
      phase = 'exchange'
      connection.onConnect()
    }
    client.on('socket', (socket) => {
      socket.once('connect', () => {
        if (isTls) phase = 'tls'
        else proceed()
      })
      if (isTls) socket.once('secureConnect', proceed)
    })
    client.on('error', (error) => settle(judgeError(error, phase)))
    client.on('response', (response) => readAnswer(response, settle))
    let interimAnswers = 0
    client.on('information', () => {
      interimAnswers += 1
      if (interimAnswers > INTERIM_ANSWERS_MAX) settle(fail('protocol', 'too many interim answers'))
    })
    // A switch of protocol, or a close that raised no error: neither is an answer.
    client.on('upgrade', (_response, socket) => {
      socket.destroy()
      settle(fail('protocol', 'the receiver switched protocols'))
    })
    client.on('close', () => settle(fail('reset', 'the connection closed without an answer')))
    client.end(request.body)
  })
}

function openRequest(
  deps: Deps,
  url: URL,
  request: WebhookRequest,
  connection: Connection,
): ClientRequest {
  const hostname = url.hostname.replace(/^\[|\]$/g, '')
  const options = {
    method: 'POST',
    hostname,
    port: url.port,
    path: url.pathname + url.search,
    headers: {
      ...request.headers,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(request.body),
      'user-agent': USER_AGENT,
    },
    // A new agent per request: no kept connection, no session, and no proxy from the environment.
    agent: false as const,
    lookup: serveAddresses(connection.addresses),
    maxHeaderSize: HEADER_BYTES_MAX,
    insecureHTTPParser: false,
    signal: connection.signal,
  }
  if (url.protocol === 'http:') return requestHttp(options)
  return requestHttps({
    ...options,
    // Said explicitly, so that NODE_TLS_REJECT_UNAUTHORIZED=0 does not reach here.
    rejectUnauthorized: true,
    ...(deps.trustedCertificates === undefined ? {} : { ca: [...deps.trustedCertificates] }),
  })
}

/** A lookup that knows only what was checked. */
function serveAddresses(addresses: readonly LookupAddress[]): LookupFunction {
  return (_hostname, options, callback) => {
    const [first] = addresses
    queueMicrotask(() => {
      if (options.all) callback(null, [...addresses])
      else callback(null, first?.address ?? '', first?.family)
    })
  }
}

function readAnswer(response: IncomingMessage, settle: (outcome: Outcome) => void): void {
  const chunks: Buffer[] = []
  let size = 0
  const answer = (): void => {
    const retryAfter = response.headers['retry-after']?.slice(0, RETRY_AFTER_CHARACTERS_MAX) ?? null
    const excerpt = renderExcerpt(Buffer.concat(chunks))
    settle({ kind: 'answered', status: response.statusCode ?? 0, retryAfter, excerpt })
  }
  response.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    size += chunk.length
    if (size >= BODY_BYTES_MAX) answer()
  })
  response.on('end', answer)
  response.on('error', () => settle(fail('reset', 'the answer broke off')))
}

function judgeError(error: Error, phase: 'connect' | 'tls' | 'exchange'): Outcome {
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown'
  if (phase === 'connect') return fail('connect', `no connection (${code})`)
  if (phase === 'tls') return fail('tls', `no secure connection (${code})`)
  if (code.startsWith('HPE_')) return fail('protocol', `the answer is not HTTP (${code})`)
  return fail('reset', `the connection broke (${code})`)
}

function describeSurprise(error: unknown): Outcome {
  // E.g. a header that node refuses to send: the attempt failed, the dispatcher goes on.
  const code = error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? error.name) : ''
  return fail('protocol', `the request could not be made (${code})`)
}

function fail(reason: Failure, detail: string): Outcome {
  return { kind: 'failed', reason, detail }
}
