/** The least a watcher can do: fetch every block and its receipts, and parse their JSON. */
import { Agent, request } from 'node:http'
import process from 'node:process'
import { answerParent } from '../support/own-process.ts'

export type FloorRequest = { readonly url: string; readonly hashes: readonly string[] }
export type FloorAnswer = { readonly tookMs: number; readonly logs: number; readonly cpuMs: number }

const BLOCKS_IN_FLIGHT = 8

const agent = new Agent({ keepAlive: true, maxSockets: 2 * BLOCKS_IN_FLIGHT })

function call<Result>(url: string, method: string, params: readonly unknown[]): Promise<Result> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method: 'POST', agent }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const answer = JSON.parse(Buffer.concat(chunks).toString('utf8')) as { result: Result }
        resolve(answer.result)
      })
    })
    outgoing.on('error', reject)
    outgoing.end(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }))
  })
}

answerParent(async ({ url, hashes }: FloorRequest): Promise<FloorAnswer> => {
  const startMs = performance.now()
  const before = process.cpuUsage()
  let logs = 0
  let next = 0
  const work = async () => {
    while (next < hashes.length) {
      const hash = hashes[next++]
      const [, receipts] = await Promise.all([
        call<unknown>(url, 'eth_getBlockByHash', [hash, true]),
        call<{ logs: unknown[] }[]>(url, 'eth_getBlockReceipts', [hash]),
      ])
      for (const receipt of receipts) logs += receipt.logs.length
    }
  }
  await Promise.all(Array.from({ length: BLOCKS_IN_FLIGHT }, work))
  const { user, system } = process.cpuUsage(before)
  return { tookMs: performance.now() - startMs, logs, cpuMs: (user + system) / 1_000 }
})
