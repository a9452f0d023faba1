/** Many payments at once, blocks in quick succession, and long ways to catch up. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { waitFor, waitForCursor } from '../../bench/support/gateway.ts'
import {
  countSettled,
  issueInvoices,
  type PaidInvoice,
} from '../../bench/support/issue-invoices.ts'
import { readMemory, wallMs } from '../../bench/support/own-process.ts'
import { seedAddresses } from '../../bench/support/seed-addresses.ts'
import { allow, IS_FULL, tell } from '../support/load-figures.ts'
import { type LoadWorld, planBlocks, timeAnswers, withLoadWorld } from '../support/load-world.ts'

const K = 5
const LOOK_EVERY_MS = 50

function pay({ address, units }: PaidInvoice) {
  return { to: address, units }
}

async function waitSettled({ gateway }: LoadWorld, count: number): Promise<void> {
  const isDone = async () => (await countSettled(gateway)) === count
  await waitFor(`${count} invoices to be settled`, 60_000, isDone, 100)
}

/** Every order was told of as settled, and none twice. */
function expectEachToldOnce({ receiver }: LoadWorld, invoices: readonly PaidInvoice[]): void {
  const told = receiver.arrivals.filter(({ type }) => type === 'invoice.settled')
  expect(told.map(({ invoice }) => invoice).sort()).toEqual(invoices.map(({ id }) => id).sort())
}

const FAST_BLOCK_MS = 100
const FAST_BLOCKS = IS_FULL ? 600 : 120
const PAYMENTS_PER_BLOCK = 20
const ADDRESSES = IS_FULL ? 1_000_000 : 50_000
const LAG_MS = 3_000

test(`LO-04 a block each 100 ms with ${PAYMENTS_PER_BLOCK} payments over ${ADDRESSES} addresses: lag <= 3 s, steady`, async () => {
  const options = { blocks: FAST_BLOCKS + K, pollMs: 100, confirmations: K }
  await withLoadWorld(options, async (world) => {
    const { gateway, node } = world
    const payments = FAST_BLOCKS * PAYMENTS_PER_BLOCK
    await gateway.start()
    const invoices = await issueInvoices(gateway, payments)
    await gateway.stop()
    const modelId = (invoices[0] as PaidInvoice).id
    seedAddresses(gateway.databasePath, { modelId, count: ADDRESSES - payments })
    await gateway.start()
    const shownMs = new Map<number, number>()
    const startMs = wallMs()
    const extending = (async () => {
      for (let block = 0; block < FAST_BLOCKS; block++) {
        const from = block * PAYMENTS_PER_BLOCK
        const paid = invoices.slice(from, from + PAYMENTS_PER_BLOCK).map(pay)
        shownMs.set(await node.extend(planBlocks(1, 0, () => paid)), wallMs())
        await sleep(Math.max(0, startMs + (block + 1) * FAST_BLOCK_MS - wallMs()))
      }
    })()
    const lags = await followLags(world, extending, shownMs)
    await node.extend(planBlocks(K, 0))
    await waitSettled(world, payments)
    const quarter = Math.floor(lags.length / 4)
    const [first, last] = [lags.slice(0, quarter), lags.slice(-quarter)].map(average)
    tell(
      `LO-04: ${payments} payments in ${FAST_BLOCKS} blocks; lag at most ` +
        `${Math.max(...lags).toFixed(0)} ms, ${first?.toFixed(0)} ms in the first quarter, ` +
        `${last?.toFixed(0)} ms in the last`,
    )
    expect(Math.max(...lags)).toBeLessThan(allow(LAG_MS))
    expect(last).toBeLessThan(allow(LAG_MS / 2))
  })
}, 240_000)

/** For each block how long after it was shown the cursor was seen to have reached it. */
async function followLags(
  { gateway }: LoadWorld,
  extending: Promise<void>,
  shownMs: ReadonlyMap<number, number>,
): Promise<number[]> {
  const lags: number[] = []
  const waiting = new Set<number>()
  let isExtending = true
  let highest = 0
  const ended = extending.finally(() => {
    isExtending = false
  })
  while (isExtending || waiting.size > 0 || highest < Math.max(...shownMs.keys())) {
    const answer = await fetch(`${gateway.url}/readyz`)
    const { chains } = (await answer.json()) as { chains: { cursor: number | null }[] }
    const cursor = chains[0]?.cursor ?? 0
    const nowMs = wallMs()
    for (const number of shownMs.keys()) if (number > highest) waiting.add(number)
    highest = Math.max(highest, ...shownMs.keys())
    for (const number of [...waiting].filter((one) => one <= cursor)) {
      lags.push(nowMs - (shownMs.get(number) as number))
      waiting.delete(number)
    }
    await sleep(LOOK_EVERY_MS)
  }
  await ended
  return lags
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

const PAYMENTS_AT_ONCE = 500
const CREDITED_MS = 5_000
const TOLD_MS = 15_000
const EVENTS_PER_INVOICE = 5

test(`LO-05 ${PAYMENTS_AT_ONCE} payments in one block: credited 5 s after K, all webhooks in 15 s`, async () => {
  const options = { blocks: 1 + K, pollMs: 250, confirmations: K }
  await withLoadWorld(options, async (world) => {
    const { gateway, node, receiver } = world
    await gateway.start()
    await gateway.request('POST', '/v1/webhook-endpoints', { url: receiver.url, events: ['*'] })
    const invoices = await issueInvoices(gateway, PAYMENTS_AT_ONCE)
    const block = await node.extend(planBlocks(1, 0, () => invoices.map(pay)))
    await waitForCursor(gateway, block, LOOK_EVERY_MS)
    const startMs = wallMs()
    await node.extend(planBlocks(K - 1, 0))
    await waitSettled(world, PAYMENTS_AT_ONCE)
    const creditedMs = wallMs() - startMs
    const events = PAYMENTS_AT_ONCE * EVENTS_PER_INVOICE
    await waitFor('all webhooks', 60_000, () => receiver.arrivals.length >= events, LOOK_EVERY_MS)
    const toldMs = wallMs() - startMs
    tell(
      `LO-05: ${PAYMENTS_AT_ONCE} payments of one block credited ${creditedMs.toFixed(0)} ms ` +
        `after block K, all ${events} webhooks there after ${toldMs.toFixed(0)} ms`,
    )
    expectEachToldOnce(world, invoices)
    expect(receiver.arrivals).toHaveLength(events)
    expect(creditedMs).toBeLessThan(allow(CREDITED_MS))
    expect(toldMs).toBeLessThan(allow(TOLD_MS))
  })
}, 120_000)

const BLOCKS_BEHIND = IS_FULL ? 50_000 : 4_000
const BLOCKS_JUMPED = 5_000
const TRANSFERS = 4
/** Payments are so many blocks apart. */
const PAID_EVERY = 20
const BLOCKS_PER_S = 200
const RSS_MB = 300
/** Of any answer while catching up. */
const ANSWER_MS = 1_000

test(`LO-10 CR-08 ${BLOCKS_BEHIND} blocks behind, then ${BLOCKS_JUMPED} at once: >= 200 blocks/s, < 300 MB, all found`, async () => {
  const options = { blocks: BLOCKS_BEHIND + BLOCKS_JUMPED + 2 * K, pollMs: 250, confirmations: K }
  await withLoadWorld(options, async (world) => {
    const { gateway } = world
    await gateway.start()
    const count = (BLOCKS_BEHIND + BLOCKS_JUMPED) / PAID_EVERY
    const invoices = await issueInvoices(gateway, count)
    await gateway.stop()
    const [earlier, later] = [BLOCKS_BEHIND / PAID_EVERY, count]
    const behind = await extendPaid(world, BLOCKS_BEHIND, invoices.slice(0, earlier))
    await gateway.start({ waitReady: false })
    await waitFor('the API', 10_000, () => fetch(gateway.url).then(Boolean, () => false))
    await followTo(world, behind, BLOCKS_BEHIND, 'LO-10')
    await waitSettled(world, earlier)
    const jumped = await extendPaid(world, BLOCKS_JUMPED, invoices.slice(earlier))
    await followTo(world, jumped, BLOCKS_JUMPED, 'CR-08')
    await waitSettled(world, later)
  })
}, 600_000)

test(`CR-08 ${BLOCKS_JUMPED} blocks at once, looked for by logs: as fast, all found`, async () => {
  const common = { pollMs: 250, confirmations: K, byLogs: true }
  await withLoadWorld({ blocks: BLOCKS_JUMPED + K, ...common }, async (world) => {
    await world.gateway.start()
    const invoices = await issueInvoices(world.gateway, BLOCKS_JUMPED / PAID_EVERY)
    const head = await extendPaid(world, BLOCKS_JUMPED, invoices)
    await followTo(world, head, BLOCKS_JUMPED, 'CR-08 by logs')
    await waitSettled(world, invoices.length)
  })
}, 300_000)

/** Blocks with a payment every so often, and empty ones until the last payment is deep enough. */
async function extendPaid(
  { node }: LoadWorld,
  count: number,
  invoices: readonly PaidInvoice[],
): Promise<number> {
  const isPaid = (block: number) => block % PAID_EVERY === PAID_EVERY - 1
  const paidAt = (block: number) =>
    isPaid(block) ? [pay(invoices[Math.floor(block / PAID_EVERY)] as PaidInvoice)] : []
  return node.extend([...planBlocks(count, TRANSFERS, paidAt), ...planBlocks(K, 0)])
}

async function followTo(
  { gateway }: LoadWorld,
  head: number,
  blocks: number,
  scenario: string,
): Promise<void> {
  const startMs = wallMs()
  const following = waitForCursor(gateway, head, 2 * LOOK_EVERY_MS)
  const slowestMs = await timeAnswers(gateway, following)
  const perS = blocks / (((await following) - startMs) / 1_000)
  const peakMb = readMemory(gateway.pid())?.peakMb ?? 0
  tell(
    `${scenario}: ${blocks} blocks at ${perS.toFixed(0)}/s, ${peakMb.toFixed(0)} MB at most, ` +
      `slowest answer of the API ${slowestMs.toFixed(0)} ms`,
  )
  expect(perS).toBeGreaterThan(BLOCKS_PER_S / allow(1))
  expect(peakMb).toBeLessThan(RSS_MB)
  expect(slowestMs).toBeLessThan(allow(ANSWER_MS))
}
