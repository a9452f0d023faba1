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

type LogFilter = {
  readonly fromBlock: string
  readonly toBlock: string
  readonly topics: readonly unknown[]
}
type Request = { readonly id: number; readonly method: string; readonly params: unknown[] }

const CHAIN_ID = '0x7a69'
/** `balanceOf(address)`: every address has plenty, so that every transfer is covered. */
const BALANCE_SELECTOR = '0x70a08231'
/** What the gateway's balance call does for each address: PUSH20, the address, BALANCE. */
const BALANCE_CODE = /73[0-9a-f]{40}31/g
const UNKNOWN = '"error":{"code":-32601,"message":"method not found"}'
const blocks: RenderedBlock[] = []
const numberOf = new Map<string, number>()
let decimalsOf: Readonly<Record<string, number>> = {}
let firstMs = 0
let servedBytes = 0

function findBlock(hash: unknown): RenderedBlock | undefined {
  return blocks[numberOf.get(String(hash)) ?? -1]
}

/** Balances after one block, as the gateway asks for them all at once: nobody has any coins. */
function readNoCoins(code: string, at: unknown): string | null {
  const number = numberOf.get(String((at as { blockHash?: string } | undefined)?.blockHash))
  if (number === undefined) return null
  const parent = blocks[number - 1]?.hash ?? '0x0'
  const context = [`0x${number.toString(16)}`, CHAIN_ID, parent].map(word).join('')
  return `"0x${context}${word('0x0').repeat(code.match(BALANCE_CODE)?.length ?? 0)}"`
}

function word(hex: string): string {
  return hex.slice(2).padStart(64, '0')
}

/** Of a range, where nothing is asked for but an event: all logs there are are of that one. */
function readLogs({ fromBlock, toBlock, topics }: LogFilter): string | Buffer {
  if (topics.length !== 1) return '[]'
  const parts = blocks.slice(Number(fromBlock), Number(toBlock) + 1).flatMap(({ logs }, i) => {
    return logs.length === 0 ? [] : [Buffer.from(i === 0 ? '' : ','), logs]
  })
  if (parts[0]?.length === 1) parts.shift()
  return Buffer.concat([Buffer.from('['), ...parts, Buffer.from(']')])
}

/** Null where the method is not known. */
function answer({ method, params }: Request): string | Buffer | null {
  switch (method) {
    case 'eth_chainId':
      return `"${CHAIN_ID}"`
    case 'eth_getBlockByNumber': {
      const at = params[0] === 'latest' ? blocks.length - 1 : Number(params[0])
      return blocks[at]?.header ?? 'null'
    }
    case 'eth_getBlockByHash': {
      if (firstMs === 0) firstMs = wallMs()
      const block = findBlock(params[0])
      return (params[1] === true ? block?.whole : block?.header) ?? 'null'
    }
    case 'eth_getBlockReceipts':
      return findBlock(params[0])?.receipts ?? 'null'
    case 'eth_call': {
      const { to, data } = params[0] as { to?: string; data?: string }
      if (to === undefined) return readNoCoins(data ?? '', params[1])
      if (data?.startsWith(BALANCE_SELECTOR) === true) return `"0x${'f'.repeat(64)}"`
      return `"0x${word(`0x${(decimalsOf[to.toLowerCase()] ?? 18).toString(16)}`)}"`
    }
    case 'eth_getLogs':
      return readLogs(params[0] as LogFilter)
    default:
      return null
  }
}

function render(request: Request): Buffer[] {
  const result = answer(request)
  if (result === null) return [Buffer.from(`{"jsonrpc":"2.0","id":${request.id},${UNKNOWN}}`)]
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
    numberOf.set(block.hash, blocks.length - 1)
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
