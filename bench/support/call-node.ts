/** JSON-RPC as barely as it can be: an HTTP request, the answer parsed, nothing checked. */
import { Agent, request } from 'node:http'

const SOCKETS = 16

const agent = new Agent({ keepAlive: true, maxSockets: SOCKETS })

export type Call = { readonly method: string; readonly params: readonly unknown[] }

export async function callNode<Result>(url: string, call: Call): Promise<Result> {
  return (await post<Answer<Result>>(url, { jsonrpc: '2.0', id: 1, ...call })).result
}

/** In the order of the calls, as the node of the benchmarks answers. */
export async function callNodeTogether<Result>(
  url: string,
  calls: readonly Call[],
): Promise<Result[]> {
  const asked = calls.map((call, id) => ({ jsonrpc: '2.0', id, ...call }))
  return (await post<Answer<Result>[]>(url, asked)).map(({ result }) => result)
}

type Answer<Result> = { readonly result: Result }

function post<Parsed>(url: string, body: unknown): Promise<Parsed> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method: 'POST', agent }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        resolve(JSON.parse(Buffer.concat(chunks).toString('utf8')) as Parsed)
      })
    })
    outgoing.on('error', reject)
    outgoing.end(JSON.stringify(body))
  })
}
