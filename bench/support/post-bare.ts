/** Posts with nothing around them, each over a connection of its own: the floor of webhooks. */
import { request } from 'node:http'

/** Resolves with the time it took, from the call to the end of the answer. */
export function postBare(url: string, body: string): Promise<number> {
  const startMs = performance.now()
  return new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    }
    const outgoing = request(url, { method: 'POST', agent: false, headers }, (response) => {
      response.on('error', reject)
      response.on('end', () => resolve(performance.now() - startMs))
      response.resume()
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}
