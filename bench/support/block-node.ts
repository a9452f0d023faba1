/**
 * A node that serves prepared blocks over JSON-RPC, as bytes that were rendered before: on a machine
 * with two cores it must cost far less than whoever reads from it.
 */
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type ChainPlan, makeBlock, type RenderedBlock } from './make-blocks.ts'
import { answerParent, wallMs } from './own-process.ts'

export type NodeCommand =
  | { readonly kind: 'listen' }
  /** Appends blocks to the chain; answers with the new head. */
  | { readonly kind: 'extend'; readonly plan: ChainPlan }
  | { readonly kind: 'hashes'; readonly from: number }
  | { readonly kind: 'reset' }
  | { readonly kind: 'times' }

/** When the first and the latest whole block was asked for, by the wall clock. */
export type ServedTimes = { readonly firstMs: number; readonly bytes: number }

type Request = { readonly id: number; readonly method: string; readonly params: unknown[] }

const CHAIN_ID = '0x7a69'
const blocks: RenderedBlock[] = []
const byHash = new Map<string, RenderedBlock>()
let decimalsOf: Readonly<Record<string, number>> = {}
let firstMs = 0
let servedBytes = 0

function answer({ method, params }: Request): string | Buffer {
  switch (method) {
    case 'eth_chainId':
      return `"${CHAIN_ID}"`
    case 'eth_getBlockByNumber': {
      const at = params[0] === 'latest' ? blocks.length - 1 : Number(params[0])
      return blocks[at]?.header ?? 'null'
    }
    case 'eth_getBlockByHash': {
      if (firstMs === 0) firstMs = wallMs()
      const block = byHash.get(String(params[0]))
      return (params[1] === true ? block?.whole : block?.header) ?? 'null'
    }
    case 'eth_getBlockReceipts':
      return byHash.get(String(params[0]))?.receipts ?? 'null'
    case 'eth_call': {
      const { to } = params[0] as { to: string }
      return `"0x${(decimalsOf[to.toLowerCase()] ?? 18).toString(16).padStart(64, '0')}"`
    }
    default:
      throw new Error(`this node does not know ${method}`)
  }
}

function render(request: Request): Buffer[] {
  const result = answer(request)
  return [
    Buffer.from(`{"jsonrpc":"2.0","id":${request.id},"result":`),
    typeof result === 'string' ? Buffer.from(result) : result,
    Buffer.from('}'),
  ]
}

function send(res: ServerResponse, parts: readonly Buffer[]): void {
  const body = Buffer.concat(parts)
  servedBytes += body.length
  res.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length })
  res.end(body)
}

const server = createServer((req, res) => {
  const chunks: Buffer[] = []
  req.on('data', (chunk: Buffer) => chunks.push(chunk))
  req.on('end', () => {
    const asked = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Request | Request[]
    if (!Array.isArray(asked)) return send(res, render(asked))
    const parts = asked.flatMap((one, i) => [Buffer.from(i === 0 ? '[' : ','), ...render(one)])
    return send(res, [...parts, Buffer.from(']')])
  })
})

function extend(plan: ChainPlan): number {
  decimalsOf = { ...decimalsOf, ...plan.decimalsOf }
  for (const transfers of plan.blocks) {
    const block = makeBlock(blocks.length, blocks.at(-1)?.hash ?? null, transfers, plan)
    blocks.push(block)
    byHash.set(block.hash, block)
  }
  return blocks.length - 1
}

answerParent((command: NodeCommand) => {
  switch (command.kind) {
    case 'listen':
      return new Promise<string>((resolve) => {
        server.listen(0, '127.0.0.1', () => {
          resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
        })
      })
    case 'extend':
      return extend(command.plan)
    case 'hashes':
      return blocks.slice(command.from).map(({ hash }) => hash)
    case 'reset':
      firstMs = 0
      servedBytes = 0
      return null
    case 'times':
      return { firstMs, bytes: servedBytes } satisfies ServedTimes
  }
})
