/** Many people with a page open. */
import { type ClientRequest, get } from 'node:http'
import { expect, test } from 'vitest'
import { createInvoice, startHttpHarness } from '../support/http-harness.ts'

/** Of one invoice, of which no more than 2,500 are let in at a time. */
const VIEWERS = 2_000
/** Times are held loosely beside other tests; figures are those of `npm run bench -- checkout`. */
const ANSWER_MS = 5_000

test('AU-21 2,000 idle viewers hold nobody up, and those that leave make room', async () => {
  const gateway = await startHttpHarness()
  const { checkout_url } = await createInvoice(gateway)
  const path = new URL(checkout_url).pathname
  const first = await openViewers(gateway.url + path, VIEWERS)
  const times: number[] = []
  for (let i = 0; i < 20; i++) {
    const startMs = performance.now()
    expect((await gateway.ask({ path: '/v1/store' })).status).toBe(200)
    times.push(performance.now() - startMs)
  }
  expect(Math.max(...times)).toBeLessThan(ANSWER_MS)
  for (const viewer of first) viewer.destroy()
  // Without room made by those who left, most of these would be answered 429.
  const second = await openViewers(gateway.url + path, VIEWERS)
  for (const viewer of second) viewer.destroy()
  await gateway.server.close()
})

/** Each on a socket of its own, as browsers open them; one that is refused for now tries again. */
async function openViewers(page: string, count: number): Promise<ClientRequest[]> {
  const viewers: ClientRequest[] = []
  while (viewers.length < count) {
    const batch = Array.from({ length: Math.min(200, count - viewers.length) }, () => open(page))
    for (const viewer of await Promise.all(batch)) if (viewer !== null) viewers.push(viewer)
  }
  return viewers
}

/** Null when it was answered with anything but a stream. */
function open(page: string): Promise<ClientRequest | null> {
  return new Promise((resolve, reject) => {
    const request = get(`${page}/events`, { agent: false }, (answer) => {
      answer.on('error', () => {})
      if (answer.statusCode !== 200) answer.resume()
      resolve(answer.statusCode === 200 ? request : null)
    })
    request.once('error', reject)
  })
}
