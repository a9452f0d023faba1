/**
 * A load generator on plain sockets. An HTTP client would cost as much as the server that is
 * measured, on a machine with two cores; this one writes prepared bytes and reads lengths.
 */
import { connect, type Socket } from 'node:net'

export type LoadOptions = {
  readonly url: string
  /** Kept-alive connections, one request at a time on each. */
  readonly connections: number
  /** Ends after this many requests, or after this time, whichever is given. */
  readonly requests?: number
  readonly durationMs?: number
  /** Requests per second, each timed from when it was due; else as fast as answers come. */
  readonly ratePerS?: number
  /** Body of one POST; GET without. */
  body?(index: number): string
  headers(index: number): readonly string[]
  readonly path: string | ((index: number) => string)
  /** What every answer must be; 201 when absent. */
  readonly status?: number
}

export type LoadResult = {
  readonly requests: number
  readonly perS: number
  /** Ascending. */
  readonly latenciesMs: readonly number[]
}

const HEAD_END = '\r\n\r\n'

export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const { connections, requests = Number.POSITIVE_INFINITY, durationMs, ratePerS } = options
  const clients = await Promise.all(
    Array.from({ length: connections }, () => openConnection(options.url)),
  )
  const latenciesMs: number[] = []
  const startMs = performance.now()
  const endMs = startMs + (durationMs ?? Number.POSITIVE_INFINITY)
  let next = 0
  const work = async (client: Connection) => {
    while (next < requests) {
      const index = next++
      let sentMs = performance.now()
      if (ratePerS !== undefined) {
        const dueMs = startMs + (index * 1_000) / ratePerS
        if (dueMs > sentMs) await new Promise((resolve) => setTimeout(resolve, dueMs - sentMs))
        sentMs = dueMs
      }
      if (sentMs >= endMs) break
      const status = await client.send(options, index)
      if (status !== (options.status ?? 201))
        throw new Error(`request ${index} was answered ${status}`)
      latenciesMs.push(performance.now() - sentMs)
    }
  }
  await Promise.all(clients.map(work))
  const tookS = (performance.now() - startMs) / 1_000
  for (const client of clients) client.close()
  latenciesMs.sort((a, b) => a - b)
  return { requests: latenciesMs.length, perS: latenciesMs.length / tookS, latenciesMs }
}

type Connection = {
  send(options: LoadOptions, index: number): Promise<number>
  close(): void
}

async function openConnection(url: string): Promise<Connection> {
  const { hostname, port } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port), noDelay: true })
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    socket.once('connect', () => resolve())
  })
  return {
    send(options, index) {
      const body = options.body?.(index) ?? ''
      const path = typeof options.path === 'string' ? options.path : options.path(index)
      const head = [
        `${options.body === undefined ? 'GET' : 'POST'} ${path} HTTP/1.1`,
        `Host: ${hostname}:${port}`,
        ...(options.body === undefined
          ? []
          : ['Content-Type: application/json', `Content-Length: ${Buffer.byteLength(body)}`]),
        ...options.headers(index),
      ]
      socket.write(`${head.join('\r\n')}${HEAD_END}${body}`)
      return readStatus(socket)
    },
    close: () => void socket.destroy(),
  }
}

/** Reads one whole answer and resolves with its status. */
function readStatus(socket: Socket): Promise<number> {
  return new Promise((resolve, reject) => {
    let head = ''
    let status = 0
    let missing = -1
    const finish = () => {
      socket.off('data', onData)
      socket.off('close', onClose)
    }
    const onClose = () => {
      finish()
      reject(new Error('the server closed the connection'))
    }
    const onData = (chunk: Buffer) => {
      if (missing === -1) {
        head += chunk.toString('latin1')
        const end = head.indexOf(HEAD_END)
        if (end === -1) return
        const length = /\r\ncontent-length: (\d+)/i.exec(head.slice(0, end))
        if (length === null) throw new Error('an answer without Content-Length')
        status = Number(head.slice(9, 12))
        missing = Number(length[1]) - (head.length - end - HEAD_END.length)
      } else missing -= chunk.length
      if (missing > 0) return
      finish()
      resolve(status)
    }
    socket.on('data', onData)
    socket.once('close', onClose)
  })
}
