import { createServer, IncomingMessage, type Server, ServerResponse, STATUS_CODES } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Express } from 'express'
import type { Logger } from '../../ports/logger.ts'

/** What `createHttpApp` leaves in `app.locals`. */
type AppLocals = { readonly createRequestId: () => string; readonly publicUrl: string }

export type HttpServer = {
  /** Where it listens, with the port that was really taken. */
  readonly url: string
  /** Stops accepting, lets running answers end, then cuts what is left. */
  close(): Promise<void>
}

/** Time for all headers of a request: a slow sender holds a socket no longer. Then 408. */
const HEADERS_TIMEOUT_MS = 10_000
/** Time for a whole request with its body. Then 408. */
const REQUEST_TIMEOUT_MS = 30_000
/** Idle connections stay open longer than the 60 s after which usual proxies drop theirs. */
const KEEP_ALIVE_TIMEOUT_MS = 65_000
/** How often the two limits above are looked at: they are exceeded by at most this. */
const TIMEOUT_CHECK_MS = 1_000
/** Request line and headers together. More is 431. */
const HEADER_BYTES_MAX = 16 * 1024
/** Time that running answers get when the server stops; half of what a shutdown may take. */
const CLOSE_GRACE_MS = 5_000
const SWEEP_EVERY_MS = 50

export type ListenOptions = {
  readonly host: string
  readonly port: number
  readonly logger: Logger
}

/** Serves an app. Rejects when the port cannot be taken. */
export function listen(app: Express, options: ListenOptions): Promise<HttpServer> {
  const { host, port, logger } = options
  const server = createServer(
    {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      connectionsCheckingInterval: TIMEOUT_CHECK_MS,
      maxHeaderSize: HEADER_BYTES_MAX,
      ...describeMessages(app),
    },
    app,
  )
  server.on('clientError', (error: Error & { code?: string }, socket: Socket) => {
    answerBrokenRequest(app, error, socket)
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      // E.g. no file descriptor left for a connection: what is open goes on.
      server.on('error', (error) => logger.error({ err: error }, 'the HTTP server failed'))
      resolve({ url: renderUrl(server.address() as AddressInfo), close: () => close(server, app) })
    })
  })
}

/**
 * Requests and answers that are the app's own from the start. Express gives each of them its prototype
 * when it comes, and an object whose prototype changes costs the engine more than the router does.
 */
function describeMessages(app: Express) {
  class AppRequest extends IncomingMessage {}
  class AppResponse extends ServerResponse {}
  Object.setPrototypeOf(AppRequest.prototype, app.request)
  Object.setPrototypeOf(AppResponse.prototype, app.response)
  app.request = AppRequest.prototype as typeof app.request
  app.response = AppResponse.prototype as unknown as typeof app.response
  return { IncomingMessage: AppRequest, ServerResponse: AppResponse }
}

function close(server: Server, app: Express): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS)
    let sweep: NodeJS.Timeout
    // A connection whose answer has ended is idle, and would be kept alive for a minute.
    const sweepIdle = () => {
      server.closeIdleConnections()
      sweep = setTimeout(sweepIdle, SWEEP_EVERY_MS)
    }
    server.close(() => {
      clearTimeout(cut)
      clearTimeout(sweep)
      resolve()
    })
    // Live pages would keep their connections for ever: the app ends their streams.
    app.emit('shutdown')
    sweepIdle()
  })
}

function renderUrl({ address, family, port }: AddressInfo): string {
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
}

/** What never became a request is answered as a problem too, and its connection ends. */
function answerBrokenRequest(app: Express, error: { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const { createRequestId, publicUrl } = app.locals as AppLocals
  const status = statusOf(error.code)
  const title = STATUS_CODES[status] as string
  const requestId = createRequestId()
  const body = JSON.stringify({
    type: `${publicUrl}/docs/errors#invalid_request`,
    title,
    status,
    code: 'invalid_request',
    detail: 'The request was not complete and valid HTTP within the limits of this server.',
    request_id: requestId,
  })
  const head = [
    `HTTP/1.1 ${status} ${title}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${requestId}`,
    'Cache-Control: no-store',
    'Connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}

function statusOf(code: string | undefined): number {
  if (code === 'HPE_HEADER_OVERFLOW') return 431
  return code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400
}
