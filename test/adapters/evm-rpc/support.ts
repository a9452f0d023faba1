import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { ChainFaultKind } from '../../../src/errors.ts'
import { ChainSourceError } from '../../../src/errors.ts'
import type { Clock } from '../../../src/ports/clock.ts'
import type { Logger } from '../../../src/ports/logger.ts'

export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} }

export type ManualClock = Clock & { advance(ms: number): void }

/** Stands still until told; wall time begins at 2026-11-22T00:00:00Z. */
export function createManualClock(): ManualClock {
  const startMs = Date.UTC(2026, 10, 22)
  let elapsedMs = 0
  return {
    nowMs: () => startMs + elapsedMs,
    monotonicMs: () => elapsedMs,
    advance: (ms) => {
      elapsedMs += ms
    },
  }
}

export function never(): AbortSignal {
  return new AbortController().signal
}

/** The fault a promise rejects with; throws when it resolves or rejects with anything else. */
export async function catchFault(promise: Promise<unknown>): Promise<ChainSourceError> {
  const outcome = await promise.then(
    (value) => ({ value }),
    (error: unknown) => error,
  )
  if (outcome instanceof ChainSourceError) return outcome
  throw new Error('expected a ChainSourceError', { cause: outcome })
}

/** As `catchFault`, for what throws at once. */
export function faultOf(run: () => unknown): { kind: ChainFaultKind; message: string } | null {
  try {
    run()
    return null
  } catch (error) {
    if (error instanceof ChainSourceError) return { kind: error.kind, message: error.message }
    throw error
  }
}

export type Asked = { id: number; method: string; params: unknown[] }
export type Respond = (body: Asked | Asked[], response: ServerResponse, request: Request) => void
type Request = IncomingMessage

export type ScriptedServer = {
  readonly url: string
  readonly requests: (Asked | Asked[])[]
  respond: Respond
  stop(): Promise<void>
}

/** An HTTP server whose every answer is written by the test. */
export async function startScriptedServer(): Promise<ScriptedServer> {
  const requests: (Asked | Asked[])[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body: Asked | Asked[] = JSON.parse(Buffer.concat(chunks).toString())
    requests.push(body)
    scripted.respond(body, response, request)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const scripted: ScriptedServer = {
    url: `http://127.0.0.1:${port}`,
    requests,
    respond: (_, response) => void response.writeHead(500).end(),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  return scripted
}

/** Answers every call by method: a result, or a function of the parameters. */
export function answerByMethod(results: Record<string, unknown>): Respond {
  const answer = ({ id, method, params }: Asked) => {
    const result = results[method]
    if (result === undefined) return { id, error: { code: -32601, message: 'method not found' } }
    return { id, result: typeof result === 'function' ? result(...params) : result }
  }
  return (body, response) => {
    response.end(JSON.stringify(Array.isArray(body) ? body.map(answer) : answer(body)))
  }
}
