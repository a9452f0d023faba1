/**
 * The least a watcher can do: fetch what it looks at, and parse its JSON. Whole blocks with their
 * receipts, or, where logs find, the headers and logs of ranges.
 */
import process from 'node:process'
import { callNode, callNodeTogether } from '../support/call-node.ts'
import { answerParent } from '../support/own-process.ts'

export type FloorRequest =
  | { readonly kind: 'blocks'; readonly url: string; readonly hashes: readonly string[] }
  | {
      readonly kind: 'ranges'
      readonly url: string
      readonly from: number
      readonly to: number
      readonly token: string
    }
export type FloorAnswer = { readonly tookMs: number; readonly logs: number; readonly cpuMs: number }

const IN_FLIGHT = 8
/** As many as the gateway takes in a turn. */
const BLOCKS_PER_RANGE = 64
const TRANSFER_TOPIC = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef'

answerParent(async (request: FloorRequest): Promise<FloorAnswer> => {
  const startMs = performance.now()
  const before = process.cpuUsage()
  const logs =
    request.kind === 'blocks'
      ? await readAll(request.hashes, (hash) => readBlock(request.url, hash))
      : await readAll(splitRange(request.from, request.to), (range) =>
          readRange(request.url, request.token, range),
        )
  const { user, system } = process.cpuUsage(before)
  return { tookMs: performance.now() - startMs, logs, cpuMs: (user + system) / 1_000 }
})

async function readAll<Item>(
  items: readonly Item[],
  read: (item: Item) => Promise<number>,
): Promise<number> {
  let logs = 0
  let next = 0
  const work = async () => {
    while (next < items.length) {
      const found = await read(items[next++] as Item)
      logs += found
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, work))
  return logs
}

async function readBlock(url: string, hash: string): Promise<number> {
  const [, receipts] = await Promise.all([
    callNode<unknown>(url, { method: 'eth_getBlockByHash', params: [hash, true] }),
    callNode<{ logs: unknown[] }[]>(url, { method: 'eth_getBlockReceipts', params: [hash] }),
  ])
  return receipts.reduce((sum, { logs }) => sum + logs.length, 0)
}

type Range = { readonly from: number; readonly to: number }

function splitRange(from: number, to: number): Range[] {
  const count = Math.ceil((to - from + 1) / BLOCKS_PER_RANGE)
  return Array.from({ length: count }, (_, i) => {
    const first = from + i * BLOCKS_PER_RANGE
    return { from: first, to: Math.min(first + BLOCKS_PER_RANGE - 1, to) }
  })
}

async function readRange(url: string, token: string, { from, to }: Range): Promise<number> {
  const numbers = Array.from({ length: to - from + 1 }, (_, i) => from + i)
  const headers = numbers.map((number) => ({
    method: 'eth_getBlockByNumber',
    params: [toQuantity(number), false],
  }))
  const range = { fromBlock: toQuantity(from), toBlock: toQuantity(to) }
  const filter = { ...range, address: [token], topics: [[TRANSFER_TOPIC]] }
  const [, logs] = await Promise.all([
    callNodeTogether<unknown>(url, headers),
    callNode<unknown[]>(url, { method: 'eth_getLogs', params: [filter] }),
  ])
  return logs.length
}

function toQuantity(number: number): string {
  return `0x${number.toString(16)}`
}
