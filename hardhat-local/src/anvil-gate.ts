/**
 * Stands in front of an anvil that does not mine by itself, and lets through one at a time what
 * traces and what writes the chain. Everything else passes at once. See `start-gate.ts`.
 */
import {
  Agent,
  createServer,
  type IncomingMessage,
  request as requestNode,
  type Server,
  type ServerResponse,
} from 'node:http'
import { pipeline } from 'node:stream'
import { judgeBody, type MiningRule } from './judge-body.ts'

export type AnvilGate = {
  readonly server: Server
  /** Lets calls through to the node on this loopback port, and mines by this rule from now on. */
  open(nodePort: number, rule: MiningRule): void
}

const HOST = '127.0.0.1'

type Node = { readonly port: number; readonly agent: Agent }
type TakeTurn = (work: () => Promise<void>) => Promise<void>

/** A gate that is closed: who calls is cut off until it is opened. */
export function createAnvilGate(): AnvilGate {
  const takeTurn = createTurns()
  let node: Node | undefined
  let miner: Miner | undefined

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await readBody(request)
    if (node === undefined || miner === undefined) throw new Error('the gate is not open yet')
    const ask = judgeBody(body)
    const pass = forward.bind(null, node, request, response, body)
    switch (ask.kind) {
      case 'send':
        await pass('while the caller waits')
        return miner.mineAfterSend()
      case 'turn':
        return takeTurn(async () => {
          // Whoever has left while others had their turn wants nothing any more.
          if (!response.destroyed) await pass('to the end')
        })
      case 'other':
        return pass('while the caller waits')
      case 'rule':
        await miner.setRule(ask.rule)
        return answerItself(response, { id: ask.id, result: null })
      case 'refused':
        return answerItself(response, { id: ask.id, error: ask.error })
    }
  }
  // Connections stay open as long as the client likes, as they do on the node itself.
  const server = createServer({ noDelay: true, requestTimeout: 0, keepAliveTimeout: 0 })
  server.on('request', (request, response) => {
    answer(request, response).catch(() => request.socket.destroy())
  })
  return {
    server,
    open(port, rule) {
      node = { port, agent: new Agent({ keepAlive: true }) }
      miner = createMiner(node, takeTurn)
      miner.setRule(rule)
    },
  }
}

/** First come, first served. A turn that fails is its caller's affair; the next one goes on. */
function createTurns(): TakeTurn {
  let last: Promise<void> = Promise.resolve()
  return (work) => {
    const done = last.then(work)
    last = done.catch(() => undefined)
    return done
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/**
 * Passes a request on, byte for byte, and resolves when the node begins to answer: by then its work
 * is done. `to the end`: a node that has begun goes on when the caller has left, and so must be
 * waited for.
 */
function forward(
  node: Node,
  request: IncomingMessage,
  response: ServerResponse,
  body: Buffer,
  until: 'while the caller waits' | 'to the end',
): Promise<void> {
  const headers: IncomingMessage['headers'] = { ...request.headers }
  // These are about the caller's own connection and the form its body came in.
  delete headers.connection
  delete headers['transfer-encoding']
  headers['content-length'] = String(body.length)
  return new Promise((resolve, reject) => {
    const { method, url: path } = request
    const passed = requestNode({ ...node, host: HOST, method: method!, path: path!, headers })
    passed.on('error', reject)
    passed.on('response', (answer) => {
      resolve()
      if (response.destroyed) return void answer.resume()
      response.writeHead(answer.statusCode!, answer.rawHeaders)
      pipeline(answer, response, () => {})
    })
    if (until === 'while the caller waits') {
      response.on('close', () => {
        if (!response.writableFinished) passed.destroy()
      })
    }
    passed.end(body)
  })
}

type Miner = {
  /** When it resolves, no block comes by the rule before. */
  setRule(rule: MiningRule): Promise<void>
  /** One block for what waits, if the rule says `auto`. */
  mineAfterSend(): Promise<void>
}

/** Mines in turn, instead of the node. */
function createMiner(node: Node, takeTurn: TakeTurn): Miner {
  let rule: MiningRule = 'manual'
  let timer: NodeJS.Timeout | undefined
  let isDue = false

  const mineInTurn = async () => {
    // One that waits is enough: a node that was paused is not flooded with blocks.
    if (isDue) return
    isDue = true
    await takeTurn(() => callNode(node, 'evm_mine'))
      // The node is gone. Whoever calls it next is told so.
      .catch(() => undefined)
    isDue = false
  }
  return {
    setRule(next) {
      rule = next
      clearInterval(timer)
      if (typeof next === 'object') timer = setInterval(mineInTurn, next.intervalS * 1_000)
      return takeTurn(async () => {})
    },
    async mineAfterSend() {
      if (rule !== 'auto') return
      await takeTurn(async () => {
        const { pending } = await callNode<{ pending: string }>(node, 'txpool_status')
        // Nothing waits after a refused transaction, or when another's block took it along.
        if (pending !== '0x0') await callNode(node, 'evm_mine')
      })
    },
  }
}

function callNode<Result = void>(node: Node, method: string): Promise<Result> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' }
    const request = requestNode({ ...node, host: HOST, method: 'POST', headers })
    request.on('error', reject)
    request.on('response', async (response) => {
      try {
        resolve(JSON.parse((await readBody(response)).toString()).result)
      } catch (error) {
        reject(error)
      }
    })
    request.end(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: [] }))
  })
}

function answerItself(response: ServerResponse, answer: object): void {
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ jsonrpc: '2.0', ...answer }))
}
