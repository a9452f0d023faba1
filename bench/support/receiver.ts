/** A webhook receiver that answers at once and tells when what came. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Arrival = {
  readonly type: string
  readonly invoice: string | null
  readonly atMs: number
}

export type Receiver = {
  readonly url: string
  readonly host: string
  readonly arrivals: Arrival[]
  /** Resolves with the first arrival, from now on or before, that fits. */
  waitFor(fits: (arrival: Arrival) => boolean): Promise<Arrival>
  stop(): Promise<void>
}

/** Far beyond any wait that is still worth measuring. */
const ARRIVAL_DEADLINE_MS = 15_000

export async function startReceiver(): Promise<Receiver> {
  const arrivals: Arrival[] = []
  const waiting = new Set<(arrival: Arrival) => void>()
  const server = createServer((req, res) => {
    const chunks: Buffer[] = []
    req.on('data', (chunk: Buffer) => chunks.push(chunk))
    req.on('end', () => {
      const atMs = performance.now()
      res.writeHead(204).end()
      const { type, invoice } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Arrival
      const arrival = { type, invoice, atMs }
      arrivals.push(arrival)
      for (const look of waiting) look(arrival)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/hooks`,
    host: `127.0.0.1:${port}`,
    arrivals,
    waitFor: (fits) =>
      new Promise((resolve, reject) => {
        const known = arrivals.find(fits)
        if (known !== undefined) return resolve(known)
        const timer = setTimeout(() => {
          const came = arrivals.slice(-5).map(({ type }) => type)
          reject(new Error(`a webhook did not come; the latest: ${came.join(', ')}`))
        }, ARRIVAL_DEADLINE_MS)
        const look = (arrival: Arrival) => {
          if (!fits(arrival)) return
          clearTimeout(timer)
          waiting.delete(look)
          resolve(arrival)
        }
        waiting.add(look)
      }),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
