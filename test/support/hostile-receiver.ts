import { once } from 'node:events'
import {
  createServer as createHttpServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'

/**
 * A webhook receiver that does what it is told, also what no receiver should do. It listens on
 * 127.0.0.1, keeps every request as it came and counts connections, also those without a request.
 *
 *   const receiver = await startReceiver()
 *   receiver.respondWith(failThenSucceed(9))
 *   await receiver.waitFor((requests) => requests.length === 10, 5_000)
 *   await receiver.stop()
 */

export type ReceivedRequest = {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly rawBody: Buffer
  /** Wall clock in milliseconds, when the body was complete. */
  readonly at: number
}

/** A status to answer with, or a way to answer. */
export type Answer =
  | number
  | ((request: ReceivedRequest, response: ServerResponse) => void | Promise<void>)

/** One answer for all, or a script: one answer per request, the last one for all that follow. */
export type Answers = Answer | readonly Answer[]

export type Receiver = {
  readonly url: string
  readonly port: number
  readonly requests: ReceivedRequest[]
  /** Connections accepted so far. */
  countConnections(): number
  /** Bytes of answers written so far, over all connections. */
  countBytesSent(): number
  /** Starts a new script at the next request. */
  respondWith(answers: Answers): void
  /** Resolves when the requests satisfy the predicate; rejects after `timeoutMs` with what came. */
  waitFor(
    predicate: (requests: readonly ReceivedRequest[]) => boolean,
    timeoutMs: number,
  ): Promise<void>
  /** Cuts every open connection and closes the port. */
  stop(): Promise<void>
}

export async function startReceiver(
  options: {
    /** A loopback address; 127.0.0.1 unless said otherwise. */
    readonly host?: string
    readonly port?: number
    readonly respond?: Answers
    /** Speak TLS with this PEM key and certificate. */
    readonly tls?: { readonly key: string; readonly cert: string }
  } = {},
): Promise<Receiver> {
  const { host = '127.0.0.1' } = options
  const requests: ReceivedRequest[] = []
  const sockets = new Set<Socket>()
  const watchers = new Set<() => void>()
  let script = toScript(options.respond ?? 200)
  let position = 0
  let connections = 0
  let bytesOfClosed = 0

  const listener: RequestListener = async (message, response) => {
    // A sender that hangs up is what many tests are about, not a failure of the receiver.
    response.on('error', () => {})
    const request = await readRequest(message).catch(() => null)
    if (request === null) return
    const answer = script[Math.min(position++, script.length - 1)] ?? 200
    requests.push(request)
    for (const look of watchers) look()
    if (typeof answer === 'number') response.writeHead(answer).end()
    else await answer(request, response)
  }
  const server =
    options.tls === undefined
      ? createHttpServer(listener)
      : createHttpsServer({ ...options.tls }, listener)
  server.on('connection', (socket: Socket) => {
    connections += 1
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => {
      sockets.delete(socket)
      bytesOfClosed += socket.bytesWritten
    })
  })
  // A failed handshake is expected by the TLS tests.
  server.on('tlsClientError', () => {})
  server.listen(options.port ?? 0, host)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo

  return {
    url: `${options.tls === undefined ? 'http' : 'https'}://${host}:${port}/hook`,
    port,
    requests,
    countConnections: () => connections,
    countBytesSent: () =>
      [...sockets].reduce((sum, socket) => sum + socket.bytesWritten, bytesOfClosed),
    respondWith(answers) {
      script = toScript(answers)
      position = 0
    },
    waitFor: (predicate, timeoutMs) => waitFor(requests, watchers, predicate, timeoutMs),
    async stop() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Takes the request and says nothing. */
export const neverAnswer: Answer = () => {}

/** 200 and a body as fast as the sender reads, without end. */
export const endlessBody: Answer = (_request, response) => {
  const chunk = Buffer.alloc(64 * 1024, 'x')
  response.writeHead(200)
  const pour = (): void => {
    while (!response.destroyed && response.write(chunk)) {}
  }
  response.on('drain', pour)
  pour()
}

/** 200 and a few bytes, again and again, slowly and without end. */
export const trickleBody: Answer = (_request, response) => {
  response.writeHead(200)
  const timer = setInterval(() => response.write('drip '), 10)
  response.on('close', () => clearInterval(timer))
}

/** A body that is shorter than announced. */
export const breakOffBody: Answer = (_request, response) => {
  response.writeHead(200, { 'content-length': '1000' })
  response.write('the first part', () => response.socket?.destroy())
}

/** 200 with 1 MB of headers. */
export const hugeHeaders: Answer = (_request, response) => {
  const headers = `x-filler: ${'y'.repeat(1000)}\r\n`.repeat(1000)
  response.socket?.end(`HTTP/1.1 200 OK\r\n${headers}\r\n`)
}

/** An answer in no known protocol. */
export const invalidHttp: Answer = (_request, response) => {
  response.socket?.end('220 mail.example ESMTP\r\n')
}

/** The first bytes of an answer, then a closed connection. */
export const closeMidHeader: Answer = (_request, response) => {
  response.socket?.end('HTTP/1.1 200 OK\r\ncontent-le')
}

/** 101 and another protocol, which nobody asked for. */
export const switchProtocols: Answer = (_request, response) => {
  response.socket?.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\n')
  response.socket?.write('upgrade: other\r\n\r\nhello')
}

/** A closed connection and nothing else. */
export const closeAtOnce: Answer = (_request, response) => {
  response.socket?.destroy()
}

/** A status with a body and headers. */
export function answerWith(
  status: number,
  body: string | Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return (_request, response) => void response.writeHead(status, headers).end(body)
}

export function redirectTo(location: string, status: 301 | 302 | 303 | 307 | 308 = 307): Answer {
  return answerWith(status, '', { location })
}

/** A receiver that recovers: `status` for the first `times` requests, then 200. */
export function failThenSucceed(times: number, status = 500): readonly Answer[] {
  return [...Array<Answer>(times).fill(status), 200]
}

function toScript(answers: Answers): readonly Answer[] {
  return typeof answers === 'object' ? answers : [answers]
}

async function readRequest(message: IncomingMessage): Promise<ReceivedRequest> {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk as Buffer)
  return {
    method: message.method ?? '',
    path: message.url ?? '',
    headers: message.headers,
    rawBody: Buffer.concat(chunks),
    at: Date.now(),
  }
}

function waitFor(
  requests: readonly ReceivedRequest[],
  watchers: Set<() => void>,
  predicate: (requests: readonly ReceivedRequest[]) => boolean,
  timeoutMs: number,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const stopWaiting = (): void => {
      clearTimeout(timer)
      watchers.delete(look)
    }
    const look = (): void => {
      if (!predicate(requests)) return
      stopWaiting()
      resolve()
    }
    const timer = setTimeout(() => {
      stopWaiting()
      const seen = requests.map(({ method, path }) => `${method} ${path}`).join(', ')
      reject(new Error(`the receiver waited ${timeoutMs} ms; ${requests.length} requests: ${seen}`))
    }, timeoutMs)
    watchers.add(look)
    look()
  })
}
