/** Ten thousand transfers of next to nothing to one invoice: others must not feel it. */
import { statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { waitForCursor } from '../../bench/support/gateway.ts'
import { issueInvoices, type PaidInvoice } from '../../bench/support/issue-invoices.ts'
import type { PlannedTransfer } from '../../bench/support/make-blocks.ts'
import { wallMs } from '../../bench/support/own-process.ts'
import { allow, tell } from '../support/load-figures.ts'
import { type LoadWorld, planBlocks, withLoadWorld } from '../support/load-world.ts'

const K = 5
const BLOCKS = 20
const PER_BLOCK = 500
/** A thousand transfers a second. */
const BLOCK_MS = 500
const DUST_UNITS = 10_000n
const DATABASE_GROWTH_MAX = 20 * 1024 * 1024
/** Orders are so far apart. */
const ORDER_EVERY_MS = 50
const LOOK_EVERY_MS = 100
/** Of the time before. Of such small times chance alone makes more beside other tests. */
const SLOWER_MAX = allow(1.2)

async function showBlocks({ node }: LoadWorld, transfers: readonly PlannedTransfer[]) {
  const startMs = wallMs()
  let head = 0
  for (let block = 0; block < BLOCKS; block++) {
    head = await node.extend(planBlocks(1, 0, () => transfers))
    await sleep(Math.max(0, startMs + (block + 1) * BLOCK_MS - wallMs()))
  }
  return head
}

/** Milliseconds of the middle one of the orders made and read back while the blocks come. */
async function measureOrders({ gateway }: LoadWorld, blocks: Promise<unknown>): Promise<number> {
  const times: number[] = []
  let isDone = false
  const ended = blocks.finally(() => {
    isDone = true
  })
  const price = { amount: '25.00', currency: 'USD' }
  while (!isDone) {
    const startMs = wallMs()
    const { id } = await gateway.request<{ id: string }>('POST', '/v1/invoices', { price })
    await gateway.request('GET', `/v1/invoices/${id}`)
    times.push(wallMs() - startMs)
    await sleep(ORDER_EVERY_MS)
  }
  await ended
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)] as number
}

async function databaseBytes({ gateway }: LoadWorld): Promise<number> {
  await gateway.stop()
  const { size } = statSync(gateway.databasePath)
  await gateway.start()
  return size
}

test('LO-08 10,000 dust transfers in 20 blocks', async () => {
  const options = { blocks: 2 * BLOCKS + K, pollMs: 250, confirmations: K, dustUnits: DUST_UNITS }
  await withLoadWorld(options, async (world) => {
    const { gateway, node } = world
    await gateway.start()
    const [victim] = (await issueInvoices(gateway, 1)) as [PaidInvoice]
    const calmMs = await measureOrders(world, showBlocks(world, []))
    const before = await databaseBytes(world)
    const dust = { to: victim.address, units: DUST_UNITS - 1n }
    const flood = Array.from({ length: PER_BLOCK }, () => dust)
    const busyMs = await measureOrders(world, showBlocks(world, flood))
    await waitForCursor(gateway, await node.extend(planBlocks(K, 0)), LOOK_EVERY_MS)
    const shown = await gateway.request<any>('GET', `/v1/invoices/${victim.id}`)
    expect(shown).toMatchObject({ status: 'open', payments_total: BLOCKS * PER_BLOCK })
    expect(shown.paid).toEqual({ underpaid: false, overpaid: false, late: false })
    expect(JSON.stringify(shown).length).toBeLessThan(64_000)
    const events = await gateway.request<any>('GET', `/v1/events?invoice=${victim.id}`)
    expect(events.data.map(({ type }: any) => type)).toEqual(['invoice.created'])
    const growth = (await databaseBytes(world)) - before
    tell(
      `LO-08: database +${(growth / 1024 / 1024).toFixed(1)} MB; an order made and read ` +
        `${calmMs.toFixed(1)} ms before, ${busyMs.toFixed(1)} ms during`,
    )
    expect(growth).toBeLessThan(DATABASE_GROWTH_MAX)
    expect(busyMs).toBeLessThan(calmMs * SLOWER_MAX)
  })
}, 180_000)
