import { type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'

/** Bytes of an answer. A ticker has hundreds; more than this is not one. */
const BODY_BYTES_MAX = 256 * 1024
const HEADER_BYTES_MAX = 16 * 1024
const USER_AGENT = 'Quittance-Rates/1'
const OK = 200

/**
 * One GET, a fresh connection each. Follows no redirect, keeps no cookie, asks for no compression,
 * knows no proxy, and checks certificates whatever the environment says. Rejects for every answer
 * but a whole 200 of bounded length before `signal` is aborted.
 */
export function getText(url: URL, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = {
      agent: false as const,
      headers: { accept: 'application/json', 'user-agent': USER_AGENT },
      maxHeaderSize: HEADER_BYTES_MAX,
      signal,
    }
    const request =
      url.protocol === 'https:'
        ? requestHttps(url, { ...options, rejectUnauthorized: true })
        : requestHttp(url, options)
    const fail = (error: Error) => {
      request.destroy()
      reject(error)
    }
    request.on('error', reject)
    request.on('response', (response) => readBody(response).then(resolve, fail))
    request.on('upgrade', (_response, socket) => {
      socket.destroy()
      fail(new Error('the server switched protocols'))
    })
    request.end()
  })
}

async function readBody(response: IncomingMessage): Promise<string> {
  if (response.statusCode !== OK) throw new Error(`status ${response.statusCode}`)
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > BODY_BYTES_MAX) throw new Error('the answer is too long')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
