/** Stands in for the public API of a price provider, at a free port of this machine. */
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A body that is sent with status 200, or whatever a test does with the response. */
export type PriceAnswer = string | ((response: ServerResponse) => void)

export type PriceServer = {
  readonly url: string
  /** Paths with queries that were asked, in order. */
  readonly asked: string[]
  /** What every path answers from now on. */
  answer: (path: string) => PriceAnswer
  stop(): Promise<void>
}

export async function startPriceServer(): Promise<PriceServer> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    const path = request.url ?? ''
    asked.push(path)
    const answer = state.answer(path)
    if (typeof answer === 'function') answer(response)
    else response.setHeader('content-type', 'application/json').end(answer)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const state: PriceServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    answer: () => (response) => response.writeHead(404).end(),
    async stop() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
  return state
}
