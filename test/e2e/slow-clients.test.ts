/** Clients that take for ever: they are cut, and meanwhile cost the others nothing. */
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, expect, test, vi } from 'vitest'
import { accountXpub } from '../support/account-keys.ts'
import { allow, tell } from '../support/load-figures.ts'
import { usePaymentWorld } from '../support/payment-world.ts'

const SLOW_HEADERS = 500
const SLOW_BODIES = 20
/** What a slow body sends in a second: 64 kB, without ever coming to its end. */
const CHUNK = Buffer.alloc(16 * 1024, 0x20)
const CHUNKS_PER_S = 4
/** The server's limits (10 s for headers, 30 s for a request), and how often it looks. */
const HEADERS_CUT_MS = 12_000
const REQUEST_CUT_MS = 32_000
/** What a busy machine may add before a client notices that it was cut. */
const NOTICE_MS = 10_000
const P99_MAX_MS = allow(300)

vi.setConfig({ testTimeout: 120_000 })

const world = usePaymentWorld({ env: { QUITTANCE_XPUB: accountXpub(1) } })
const clients: SlowClient[] = []
afterAll(() => {
  for (const { socket } of clients) socket.destroy()
})

type SlowClient = {
  readonly socket: Socket
  /** All that came back so far. */
  answer(): string
  /** Milliseconds from the first byte sent to the end; null while it is open. */
  endedAfterMs(): number | null
}

/** Sends the beginning of a request, then a drop now and then. */
function startSlowClient(
  head: string,
  drop: string | Buffer,
  everyMs: number,
): Promise<SlowClient> {
  const { hostname, port } = new URL(world.gateway.url)
  return new Promise((resolve, reject) => {
    const startedMs = performance.now()
    let answer = ''
    let endedMs: number | null = null
    const socket = connect(Number(port), hostname, () => {
      socket.write(head)
      resolve(client)
    })
    const timer = setInterval(() => socket.write(drop), everyMs)
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1')
    })
    socket.once('error', reject)
    // Cut by a reset, when more was on the way: an end as well.
    socket.on('error', () => {})
    socket.once('close', () => {
      clearInterval(timer)
      endedMs = performance.now() - startedMs
    })
    const client = { socket, answer: () => answer, endedAfterMs: () => endedMs }
    clients.push(client)
  })
}

const isOpen = (client: SlowClient) => client.endedAfterMs() === null

async function waitForEnd(waiting: readonly SlowClient[], untilMs: number): Promise<void> {
  const deadlineMs = performance.now() + untilMs
  while (waiting.some(isOpen) && performance.now() < deadlineMs) await sleep(100)
}

/** Creates invoices and reads them, one after the other; how long each request took. */
async function measureOthers(count: number): Promise<number[]> {
  const times: number[] = []
  for (let n = 0; n < count; n++) {
    const startedMs = performance.now()
    const { id } = await world.createInvoice()
    const createdMs = performance.now()
    await world.getInvoice(id)
    times.push(createdMs - startedMs, performance.now() - createdMs)
    await sleep(20)
  }
  return times.toSorted((a, b) => a - b)
}

test('LO-09 500 slow-loris connections and endless uploads: cut in time, and nobody else waits', async () => {
  await measureOthers(20)
  const authorization = `Authorization: Bearer ${world.gateway.apiKey}`
  const type = 'Content-Type: application/json'
  const post = `POST /v1/invoices HTTP/1.1\r\nHost: x\r\n${authorization}\r\n${type}\r\n`
  const slowHeaders = await Promise.all(
    Array.from({ length: SLOW_HEADERS }, () =>
      startSlowClient('GET /v1/invoices HTTP/1.1\r\nHost: x\r\n', 'X-Drop: x\r\n', 1_000),
    ),
  )
  // Within the limit of a body, a byte at a time; and beyond it, at 64 kB/s.
  const slowBodies = await Promise.all(
    Array.from({ length: SLOW_BODIES }, () =>
      startSlowClient(`${post}Content-Length: 60000\r\n\r\n{`, ' ', 500),
    ),
  )
  const longBodies = await Promise.all(
    Array.from({ length: SLOW_BODIES }, () =>
      startSlowClient(`${post}Content-Length: ${1024 ** 3}\r\n\r\n{`, CHUNK, 1_000 / CHUNKS_PER_S),
    ),
  )
  expect(slowHeaders.every(isOpen)).toBe(true)
  const times = await measureOthers(150)
  const p99 = times[Math.ceil(times.length * 0.99) - 1] ?? Number.POSITIVE_INFINITY
  tell(`LO-09: p99 of the others ${p99.toFixed(0)} ms`)
  expect(p99).toBeLessThan(P99_MAX_MS)

  await waitForEnd(slowHeaders, HEADERS_CUT_MS + NOTICE_MS)
  for (const client of slowHeaders) {
    expect(client.answer()).toMatch(/^HTTP\/1\.1 408 /)
    expect(client.endedAfterMs()).toBeLessThan(HEADERS_CUT_MS + NOTICE_MS)
  }
  await waitForEnd([...slowBodies, ...longBodies], REQUEST_CUT_MS + NOTICE_MS)
  for (const client of slowBodies) {
    expect(client.answer()).toMatch(/^HTTP\/1\.1 408 /)
    expect(client.endedAfterMs()).toBeLessThan(REQUEST_CUT_MS + NOTICE_MS)
  }
  // Refused by what it announced, and not read to its end either.
  for (const client of longBodies) {
    expect(client.answer()).toMatch(/^HTTP\/1\.1 413 /)
    expect(client.endedAfterMs()).toBeLessThan(REQUEST_CUT_MS + NOTICE_MS)
  }
  await world.createInvoice()
  await world.expectCleanState()
})
