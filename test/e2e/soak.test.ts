/** Hours in minutes: does anything grow that should not? `LOAD=full` takes the ten minutes asked for. */
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { accountXpub } from '../support/account-keys.ts'
import { IS_FULL, tell } from '../support/load-figures.ts'
import { usePaymentWorld } from '../support/payment-world.ts'
import { registerEndpoint } from '../support/webhook-endpoints.ts'

const DURATION_MS = IS_FULL ? 600_000 : 24_000
const REQUESTS_PER_S = IS_FULL ? 50 : 20
const PAYMENTS_PER_S = IS_FULL ? 5 : 2
const REORG_EVERY_S = IS_FULL ? 30 : 8
const REORG_DEPTH = 3
/** What was compiled, cached and derived ahead by then stays. */
const WARM_UP_SHARE = 0.3
/** With so much in the database SQLite's page cache (16 MB) is full, however slow the machine is. */
const WARM_DATABASE_BYTES = 20 * 1024 ** 2
const RSS_MB_PER_MINUTE_MAX = 1
/** Samples of a minute: so many that some come soon after a collection. */
const WINDOW = 60
const WAL_BYTES_MAX = 64 * 1024 ** 2
/** Connections that come and go, and webhooks that are under way. */
const SPREAD = 40

type Sample = {
  readonly atMs: number
  readonly rssMb: number
  /** What lives and what waits for collection, Buffers included. */
  readonly heapMb: number
  readonly descriptors: number
  readonly timers: number
  readonly walBytes: number
  readonly databaseBytes: number
}

const world = usePaymentWorld({ env: { QUITTANCE_XPUB: accountXpub(3) } })

async function takeSample(): Promise<Sample> {
  const text = await (await fetch(`${world.gateway.url}/metrics`)).text()
  const read = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1])
  const database = join(world.gateway.folder, 'data', 'quittance.db')
  const sizeOf = (path: string) => (existsSync(path) ? statSync(path).size : 0)
  return {
    atMs: performance.now(),
    rssMb: read('quittance_process_resident_memory_bytes') / 1024 ** 2,
    heapMb:
      (read('quittance_nodejs_heap_size_used_bytes') +
        read('quittance_nodejs_external_memory_bytes')) /
      1024 ** 2,
    descriptors: read('quittance_process_open_fds'),
    timers: read('quittance_nodejs_active_resources{type="Timeout"}'.replace(/[{}"]/g, '\\$&')),
    walBytes: sizeOf(`${database}-wal`),
    databaseBytes: sizeOf(database),
  }
}

/** Runs `act` at an even pace until the time is over; slow turns are not made up for. */
async function repeat(perS: number, act: (turn: number) => Promise<void>): Promise<void> {
  const endMs = performance.now() + DURATION_MS
  for (let turn = 0; performance.now() < endMs; turn++) {
    const startedMs = performance.now()
    await act(turn)
    await sleep(Math.max(0, 1_000 / perS - (performance.now() - startedMs)))
  }
}

type Invoice = {
  readonly id: string
  readonly address: `0x${string}`
  readonly checkout_url: string
}
const invoices: Invoice[] = []
const statuses = new Map<number, number>()

/** Orders, looks at them, lists, and what the page of a shopper asks. */
async function askSomething(turn: number): Promise<void> {
  const one = invoices[turn % invoices.length]
  const paths = [
    `/v1/invoices/${one?.id}`,
    '/v1/invoices?limit=20',
    '/v1/events?limit=20',
    `${new URL(one?.checkout_url ?? 'http://x/').pathname}/status`,
  ]
  const isOrder = one === undefined || turn % 5 === 0
  const body = { price: { amount: '3', currency: 'USD' }, accept: [world.usdc.asset] }
  const answer = isOrder
    ? await world.gateway.request('POST', '/v1/invoices', body)
    : await world.gateway.request('GET', paths[turn % paths.length] as string)
  statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
  if (answer.status === 201) invoices.push(answer.body)
}

/** One payment after the other; a block each second, and now and then another branch. */
async function payAndMine(turn: number): Promise<void> {
  const invoice = invoices[turn]
  if (invoice !== undefined) {
    const to = invoice.address
    await world.chain.sendToken({ token: world.usdc.address, to, units: 3_000_000n })
  }
  if (turn % PAYMENTS_PER_S !== PAYMENTS_PER_S - 1) return
  const second = Math.floor(turn / PAYMENTS_PER_S)
  if (second % REORG_EVERY_S === REORG_EVERY_S - 1) await world.chain.reorg({ depth: REORG_DEPTH })
  await world.chain.mine(1)
}

/** Of a straight line through the samples, by least squares. */
function slopePerMinute(samples: readonly Sample[], read: (sample: Sample) => number): number {
  const mean = (of: (sample: Sample) => number) =>
    samples.reduce((sum, one) => sum + of(one), 0) / samples.length
  const [atMs, value] = [mean((one) => one.atMs), mean(read)]
  const covariance = mean((one) => (one.atMs - atMs) * (read(one) - value))
  const variance = mean((one) => (one.atMs - atMs) ** 2)
  return (covariance / variance) * 60_000
}

/** Those after the warm-up. */
function leaveOutWarmUp(samples: readonly Sample[]): Sample[] {
  const isFull = ({ databaseBytes }: Sample) => databaseBytes >= WARM_DATABASE_BYTES
  const begin = Math.max(Math.floor(samples.length * WARM_UP_SHARE), samples.findIndex(isFull))
  return samples.slice(begin)
}

/** Of each few samples the one with the least in use: between two collections it only rises. */
function leastInUse(samples: readonly Sample[]): Sample[] {
  return Array.from({ length: Math.floor(samples.length / WINDOW) }, (_, n) =>
    samples
      .slice(n * WINDOW, (n + 1) * WINDOW)
      .reduce((least, one) => (one.heapMb < least.heapMb ? one : least)),
  )
}

test('LO-07 mixed requests, payments and reorgs for long: memory, descriptors, timers and log stay flat', {
  timeout: DURATION_MS + 120_000,
}, async () => {
  world.receiver.respondWith(204)
  await registerEndpoint(world.gateway, world.receiver, '/soak')
  const samples: Sample[] = []
  await Promise.all([
    ...Array.from({ length: 2 }, (_, n) =>
      repeat(REQUESTS_PER_S / 2, (turn) => askSomething(2 * turn + n)),
    ),
    repeat(PAYMENTS_PER_S, payAndMine),
    repeat(1, async () => void samples.push(await takeSample())),
  ])
  const warm = leaveOutWarmUp(samples)
  const slope = slopePerMinute(warm, ({ rssMb }) => rssMb)
  const heapSlope = IS_FULL ? slopePerMinute(leastInUse(warm), ({ heapMb }) => heapMb) : 0
  const asked = [...statuses.values()].reduce((sum, count) => sum + count, 0)
  const memory = `RSS ${slope.toFixed(2)}, in use ${heapSlope.toFixed(2)} MB/min`
  tell(`LO-07: ${asked} requests, ${invoices.length} invoices, ${memory}`)
  expect([...statuses.keys()].sort()).toEqual([200, 201])
  for (const pick of [(one: Sample) => one.descriptors, (one: Sample) => one.timers]) {
    const values = warm.map(pick)
    expect(Math.max(...values)).toBeLessThanOrEqual(Math.min(...values) + SPREAD)
  }
  expect(Math.max(...samples.map(({ walBytes }) => walBytes))).toBeLessThan(WAL_BYTES_MAX)
  // Half a minute of a process that has just begun says nothing of a slope.
  if (IS_FULL) {
    expect(heapSlope).toBeLessThan(RSS_MB_PER_MINUTE_MAX)
    expect(slope).toBeLessThan(RSS_MB_PER_MINUTE_MAX)
  }

  await world.mine(10)
  const listed = await world.gateway.request('GET', '/v1/invoices?status=settled&limit=1')
  expect(listed.body.data).toHaveLength(1)
  await world.expectCleanState()
})
