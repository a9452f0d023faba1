/** What orders that nobody pays cost: open ones by the thousand, addresses by the million. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { compareAddresses } from '../../bench/catch-up/measure-addresses.ts'
import { waitFor } from '../../bench/support/gateway.ts'
import { issueInvoices, type PaidInvoice } from '../../bench/support/issue-invoices.ts'
import { readCpuMs, wallMs } from '../../bench/support/own-process.ts'
import { seedAddresses } from '../../bench/support/seed-addresses.ts'
import { allow, IS_FULL, tell } from '../support/load-figures.ts'
import { type LoadWorld, planBlocks, withLoadWorld } from '../support/load-world.ts'

const OPEN_INVOICES = 10_000
const POLL_MS = 500
/** Blocks that come one by one, each looked at in a turn of its own. */
const BLOCKS_ONE_BY_ONE = IS_FULL ? 60 : 12
const ADDED_CPU_MS = 50
/** Balances of all open orders, 500 in a call, and one call each for the finished ones. */
const SWEEPS_PER_BLOCK = OPEN_INVOICES / 500 + 2
const DETECTED_MS = 2 * POLL_MS
/** A gateway that was started derives addresses ahead, beginning after some seconds. */
const PREPARING_TURNS = 12
/** What a poll costs when that is done. */
const CALM_CPU_MS = 30

const nextTurns = (turns: number) => sleep(turns * POLL_MS)

/** After what a start has to do once, which is as much with few orders as with many. */
async function waitUntilCalm({ gateway }: LoadWorld): Promise<void> {
  if (!IS_FULL) return void (await nextTurns(4))
  await nextTurns(PREPARING_TURNS)
  for (let calm = 0; calm < 3; ) {
    const beforeMs = readCpuMs(gateway.pid())
    await nextTurns(1)
    calm = readCpuMs(gateway.pid()) - beforeMs < CALM_CPU_MS ? calm + 1 : 0
  }
}

/** Calls that read balances, so far. */
async function countSweeps({ gateway }: LoadWorld): Promise<number> {
  const text = await (await fetch(`${gateway.url}/metrics`)).text()
  return Number(/^\w*balance_sweeps_total\{[^}]*outcome="ok"[^}]*\} (\d+)$/m.exec(text)?.[1] ?? 0)
}

type BlockCost = { readonly cpuMs: number; readonly sweeps: number }

/** What the gateway does for each of some blocks that come a poll apart. */
async function measureOneByOne(world: LoadWorld): Promise<BlockCost> {
  const { node, gateway } = world
  await waitUntilCalm(world)
  const [beforeMs, sweepsBefore] = [readCpuMs(gateway.pid()), await countSweeps(world)]
  for (let block = 0; block < BLOCKS_ONE_BY_ONE; block++) {
    await node.extend(planBlocks(1, 20))
    await nextTurns(1)
  }
  return {
    cpuMs: (readCpuMs(gateway.pid()) - beforeMs) / BLOCKS_ONE_BY_ONE,
    sweeps: ((await countSweeps(world)) - sweepsBefore) / BLOCKS_ONE_BY_ONE,
  }
}

async function statusOf({ gateway }: LoadWorld, id: string): Promise<string> {
  return (await gateway.request<{ status: string }>('GET', `/v1/invoices/${id}`)).status
}

/** From the block until the order shows it. */
async function measureDetection(world: LoadWorld, invoice: PaidInvoice): Promise<number> {
  const startMs = wallMs()
  await world.node.extend(planBlocks(1, 20, () => [{ to: invoice.address, units: invoice.units }]))
  const isSeen = async () => (await statusOf(world, invoice.id)) === 'processing'
  await waitFor('the payment to be seen', 30_000, isSeen)
  return wallMs() - startMs
}

test.each(['direct', 'delta'] as const)(
  `LO-02 ${OPEN_INVOICES} open invoices, coins by %s: < 50 ms CPU more a block, seen in 2 polls`,
  async (nativeMode) => {
    const blocks = 2 * BLOCKS_ONE_BY_ONE + 2
    const options = { blocks, pollMs: POLL_MS, confirmations: 5, nativeMode }
    await withLoadWorld(options, async (world) => {
      const { gateway } = world
      await gateway.start()
      const [model, paid] = await issueInvoices(gateway, 5)
      const few = await measureOneByOne(world)
      await gateway.stop()
      const { id: modelId } = model as PaidInvoice
      seedAddresses(gateway.databasePath, { modelId, count: OPEN_INVOICES, status: 'open' })
      await gateway.start()
      const many = await measureOneByOne(world)
      const seenMs = await measureDetection(world, paid as PaidInvoice)
      tell(
        `LO-02 (${nativeMode}): ${few.cpuMs.toFixed(1)} ms CPU a block with 5 open invoices, ` +
          `${many.cpuMs.toFixed(1)} and ${many.sweeps.toFixed(1)} sweep calls with ` +
          `${OPEN_INVOICES}; a payment seen after ${seenMs.toFixed(0)} ms`,
      )
      if (nativeMode === 'delta') expect(many.sweeps).toBeGreaterThan(0)
      expect(many.sweeps).toBeLessThanOrEqual(nativeMode === 'delta' ? SWEEPS_PER_BLOCK : 0)
      expect(many.cpuMs - few.cpuMs).toBeLessThan(allow(ADDED_CPU_MS))
      expect(seenMs).toBeLessThan(allow(DETECTED_MS))
    })
  },
  240_000,
)

const FEW_ADDRESSES = 1_000
const MANY_ADDRESSES = IS_FULL ? 1_000_000 : 100_000
const MEASURED_BLOCKS = IS_FULL ? 1_500 : 400
/** Cheap blocks, of which looking for addresses is a large part. */
const TRANSFERS_PER_TRANSACTION = 20
/**
 * Of what a block costs with few addresses. A short run beside others cannot tell a fifth from noise;
 * walking through the addresses would cost a multiple of what is allowed there.
 */
const DEARER_MAX = 1.2
const FIRST_POLL_MS = 10_000

test(`LO-03 ${MANY_ADDRESSES} issued addresses cost a block what ${FEW_ADDRESSES} do; start in 10 s`, async () => {
  const { few, many } = await compareAddresses({
    few: FEW_ADDRESSES,
    many: MANY_ADDRESSES,
    blocks: MEASURED_BLOCKS,
    transfersPerTransaction: TRANSFERS_PER_TRANSACTION,
  })
  tell(
    `LO-03: ${few.cpuMsPerBlock.toFixed(2)} ms CPU a block with ${FEW_ADDRESSES} addresses, ` +
      `${many.cpuMsPerBlock.toFixed(2)} with ${MANY_ADDRESSES}; started and polled in ` +
      `${few.startMs.toFixed(0)} and ${many.startMs.toFixed(0)} ms`,
  )
  expect(many.cpuMsPerBlock).toBeLessThan(few.cpuMsPerBlock * allow(DEARER_MAX))
  expect(many.startMs).toBeLessThan(allow(FIRST_POLL_MS))
}, 300_000)
