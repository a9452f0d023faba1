/**
 * One POST to one node over a kept-alive connection, with a deadline and a cap on the answer. Not
 * `fetch`, which has no say over connections and follows redirects to hosts nobody configured.
 * What fails is told with host and port alone; the rest of a URL is often the key to a paid plan.
 */
import http from 'node:http'
import https from 'node:https'
import { assert } from '../../core/assert.ts'
import { ChainSourceError, GatewayError } from '../../errors.ts'
import type { AnswerRoom } from './answer-room.ts'

export type HttpPostSettings = {
  readonly url: string
  /** For the whole exchange, from connecting to the last byte of the answer. */
  readonly timeoutMs: number
  readonly maxBodyBytes: number
  readonly headers: Readonly<Record<string, string>>
}

export type HttpAnswer = {
  readonly status: number
  /** Raw value of the Retry-After header. */
  readonly retryAfter: string | null
  readonly body: Buffer
}

export type HttpPost = {
  /** `host:port`, the only form in which a node is ever named. */
  readonly name: string
  /** Text of a node, cut and without the secrets of our own URL and headers, fit for a message. */
  quote(text: string): string
  /**
   * Rejects with a `ChainSourceError`, or with the signal's reason when the caller gave up. The answer
   * stands in `room` where there is one, and nothing is written there once this has settled.
   */
  post(body: string, signal: AbortSignal, room?: AnswerRoom): Promise<HttpAnswer>
}

/** Connections to one node at once. More wait here, as a node would make them wait on its side. */
const MAX_SOCKETS = 16
/** Characters of a node's own words in a message: enough to recognise it, no flood of the log. */
const QUOTE_CHARS = 160
/** Shorter parts of a path are routes (`v2`, `rpc`), not keys; hiding them would hide words. */
const MIN_SECRET_CHARS = 8

/** A POST function bound to one node. The URL may hold credentials; they go nowhere else. */
export function createHttpPost(settings: HttpPostSettings): HttpPost {
  const url = parseNodeUrl(settings.url)
  const secure = url.protocol === 'https:'
  const port = url.port === '' ? (secure ? '443' : '80') : url.port
  const name = `${url.hostname}:${port}`
  const transport = secure ? https : http
  const agent = new transport.Agent({ keepAlive: true, maxSockets: MAX_SOCKETS })
  const secrets = collectSecrets(url, settings.headers)
  const connect = (signal: AbortSignal, fresh: boolean, length: number): http.ClientRequest =>
    transport.request(url, {
      method: 'POST',
      agent: fresh ? false : agent,
      signal,
      headers: {
        ...settings.headers,
        'content-type': 'application/json',
        'content-length': length,
      },
    })

  return {
    name,
    quote: (text) => quoteWithout(text, secrets),
    async post(body, signal, room) {
      signal.throwIfAborted()
      const deadline = new AbortController()
      const timer = setTimeout(() => deadline.abort(), settings.timeoutMs)
      const giveUp = () => deadline.abort()
      signal.addEventListener('abort', giveUp, { once: true })
      const bytes = Buffer.from(body)
      const terms = { maxBodyBytes: settings.maxBodyBytes, room }
      const attempt = (fresh: boolean) =>
        exchange(connect(deadline.signal, fresh, bytes.length), bytes, terms)
      try {
        const answer = await attempt(false)
        if (answer !== 'stale_socket') return answer
        const second = await attempt(true)
        assert(second !== 'stale_socket', 'a new connection is not a reused one')
        return second
      } catch (cause) {
        signal.throwIfAborted()
        throw describeFailure(name, cause, deadline.signal.aborted, settings)
      } finally {
        clearTimeout(timer)
        signal.removeEventListener('abort', giveUp)
      }
    },
  }
}

const TOO_LARGE = 'answer too large'

type BodyTerms = { readonly maxBodyBytes: number; readonly room: AnswerRoom | undefined }

/** `stale_socket`: the node had closed the idle connection, nothing was asked; try a new one. */
function exchange(
  request: http.ClientRequest,
  body: Buffer,
  terms: BodyTerms,
): Promise<HttpAnswer | 'stale_socket'> {
  return new Promise((resolve, refuse) => {
    let isOver = false
    const reject = (error: Error) => {
      isOver = true
      refuse(error)
    }
    request.on('error', (error) => {
      const reset = ['ECONNRESET', 'EPIPE'].includes(readCode(error))
      if (!request.reusedSocket || !reset) return reject(error)
      isOver = true
      resolve('stale_socket')
    })
    request.on('response', (response) => {
      const gathered = createBody(Number(response.headers['content-length']), terms)
      response.on('error', reject)
      response.on('data', (chunk: Buffer) => {
        if (isOver || gathered.add(chunk)) return
        reject(new Error(TOO_LARGE))
        request.destroy()
      })
      response.on('end', () => {
        resolve({
          status: response.statusCode!,
          retryAfter: response.headers['retry-after'] ?? null,
          body: gathered.take(),
        })
      })
    })
    request.end(body)
  })
}

type Body = {
  /** False when it would be larger than is taken. */
  add(chunk: Buffer): boolean
  take(): Buffer
}

/** In place where the node says how long it will be (Node cuts off what comes beyond). */
function createBody(announced: number, { maxBodyBytes, room }: BodyTerms): Body {
  const isKnown = Number.isSafeInteger(announced) && announced <= maxBodyBytes
  const whole = isKnown ? (room?.take(announced) ?? Buffer.allocUnsafeSlow(announced)) : null
  const chunks: Buffer[] = []
  let bytes = 0
  return {
    add(chunk) {
      if (whole === null) chunks.push(chunk)
      else chunk.copy(whole, bytes)
      bytes += chunk.length
      return bytes <= maxBodyBytes
    },
    take: () => whole?.subarray(0, bytes) ?? Buffer.concat(chunks, bytes),
  }
}

function describeFailure(
  name: string,
  cause: unknown,
  timedOut: boolean,
  settings: HttpPostSettings,
): ChainSourceError {
  const code = readCode(cause)
  if (cause instanceof Error && cause.message === TOO_LARGE) {
    const text = `${name} answered with more than ${settings.maxBodyBytes} bytes`
    return new ChainSourceError('malformed', text)
  }
  if (timedOut) {
    const text = `${name} did not answer within ${settings.timeoutMs} ms`
    return new ChainSourceError('unreachable', text)
  }
  if (code.startsWith('HPE_')) {
    return new ChainSourceError('malformed', `${name} does not speak HTTP (${code})`)
  }
  return new ChainSourceError('unreachable', `${name} could not be reached (${code})`)
}

function readCode(error: unknown): string {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined
  return code ?? 'no error code'
}

function parseNodeUrl(text: string): URL {
  const url = URL.parse(text)
  if (url !== null && (url.protocol === 'http:' || url.protocol === 'https:')) return url
  // The text itself may hold a key and stays out of the message.
  throw new GatewayError('invalid_configuration', 'The URL of a node must be http:// or https://.')
}

function collectSecrets(url: URL, headers: Readonly<Record<string, string>>): string[] {
  const parts = [
    ...url.pathname.split('/').flatMap((part) => [part, decodeURIComponentOr(part)]),
    ...url.searchParams.values(),
    ...Object.values(headers),
  ].filter((part) => part.length >= MIN_SECRET_CHARS)
  const credentials = [url.username, url.password].flatMap((p) => [p, decodeURIComponentOr(p)])
  return [...parts, ...credentials.filter((part) => part !== '')]
}

function decodeURIComponentOr(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function quoteWithout(text: string, secrets: readonly string[]): string {
  let clean = text
  for (const secret of secrets) clean = clean.replaceAll(secret, '***')
  return clean.slice(0, QUOTE_CHARS).replace(/[^\x20-\x7e]+/g, ' ')
}
