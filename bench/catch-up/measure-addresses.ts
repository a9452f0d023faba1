/** What addresses that were issued and never paid cost: at the start, and with each block. */
import { setTimeout as sleep } from 'node:timers/promises'
import { describeConfig, startChainNode } from '../support/chain-node.ts'
import type { Figure } from '../support/figures.ts'
import { type Gateway, prepareGateway, waitForCursor, waitForPoll } from '../support/gateway.ts'
import { issueInvoices, type PaidInvoice } from '../support/issue-invoices.ts'
import { type PlannedTransfer, randomHex } from '../support/make-blocks.ts'
import { readCpuMs, wallMs } from '../support/own-process.ts'
import { seedAddresses } from '../support/seed-addresses.ts'

export type AddressesPlan = {
  readonly few: number
  readonly many: number
  readonly blocks: number
  /** Default: 1, a block of which most work is not the look for addresses. */
  readonly transfersPerTransaction?: number
}

export type AddressCost = {
  /** From the start of the process until its first poll, by which it has followed the chain. */
  readonly startMs: number
  /** The same until it is ready: a large database has been checked by then. */
  readonly readyMs: number
  /** Of the process until it has nothing left to do: addresses read and prepared, file checked. */
  readonly startCpuMs: number
  readonly cpuMsPerBlock: number
}

const EARLY_BLOCKS = 40
const WARM_UP_BLOCKS = 200
const TRANSFERS_PER_BLOCK = 100
const STRANGERS = 50_000
const POLL_MS = 250
const CONFIRMATIONS = 12
const LOOK_EVERY_MS = 100
const START_MS = 10_000
const IDLE_MS = 2_000
const IDLE_SHARE = 0.05
/** Of what a block costs with few addresses. */
const DEARER_MAX = 1.2

export async function measureAddresses(plan: AddressesPlan): Promise<Figure[]> {
  const { few, many } = await compareAddresses(plan)
  const what = `the same blocks with ${plan.few} addresses`
  return [
    {
      name: `${plan.many} issued addresses: CPU of a block of ${TRANSFERS_PER_BLOCK} transfers`,
      unit: 'ms',
      value: many.cpuMsPerBlock,
      floor: { what, value: few.cpuMsPerBlock },
      target: { kind: 'limit', limit: few.cpuMsPerBlock * DEARER_MAX },
    },
    {
      name: `${plan.many} issued addresses: start to first poll`,
      unit: 'ms',
      value: many.startMs,
      floor: { what: `the same with ${plan.few} addresses`, value: few.startMs },
      target: { kind: 'limit', limit: START_MS },
    },
    {
      name: `${plan.many} issued addresses: start to ready, database checked`,
      unit: 'ms',
      value: many.readyMs,
      floor: { what: `the same with ${plan.few} addresses`, value: few.readyMs },
      target: null,
    },
    {
      name: `${plan.many} issued addresses: CPU of a start and what follows it once`,
      unit: 'ms',
      value: many.startCpuMs,
      floor: { what: `the same with ${plan.few} addresses`, value: few.startCpuMs },
      target: null,
    },
  ]
}

/**
 * Two installations follow the same blocks of one node at the same time: what else the machine does,
 * both of them feel.
 */
export async function compareAddresses(
  plan: AddressesPlan,
): Promise<{ readonly few: AddressCost; readonly many: AddressCost }> {
  const node = await startChainNode(EARLY_BLOCKS + WARM_UP_BLOCKS + plan.blocks)
  const config = describeConfig({ rpc: node.url, pollMs: POLL_MS, confirmations: CONFIRMATIONS })
  const gateways: Gateway[] = []
  try {
    await node.extend(Array.from({ length: EARLY_BLOCKS }, () => []))
    const starts: Start[] = []
    for (const addresses of [plan.few, plan.many]) {
      const gateway = await prepareGateway({ config })
      gateways.push(gateway)
      starts.push(await issueAndStart(gateway, addresses))
    }
    const follow = async (count: number) => {
      const beforeMs = gateways.map(({ pid }) => readCpuMs(pid()))
      const head = await node.extend(planBlocks(count), plan.transfersPerTransaction)
      await Promise.all(gateways.map((gateway) => waitForCursor(gateway, head, LOOK_EVERY_MS)))
      return gateways.map(({ pid }, i) => (readCpuMs(pid()) - (beforeMs[i] as number)) / count)
    }
    await follow(WARM_UP_BLOCKS)
    const costs = await follow(plan.blocks)
    const describe = (index: number): AddressCost => ({
      ...(starts[index] as Start),
      cpuMsPerBlock: costs[index] as number,
    })
    return { few: describe(0), many: describe(1) }
  } finally {
    for (const gateway of gateways) await gateway.dispose()
    await node.stop()
  }
}

type Start = Omit<AddressCost, 'cpuMsPerBlock'>

/** Issues so many addresses and leaves the gateway running, with all work of a start behind it. */
async function issueAndStart(gateway: Gateway, addresses: number): Promise<Start> {
  await gateway.start()
  const [model] = await issueInvoices(gateway, 1)
  await gateway.stop()
  const modelId = (model as PaidInvoice).id
  seedAddresses(gateway.databasePath, { modelId, count: addresses - 1 })
  const startMs = wallMs()
  await gateway.start({ waitReady: false })
  await waitForPoll(gateway)
  const polledMs = wallMs()
  await gateway.waitReady()
  const readyMs = wallMs() - startMs
  const startCpuMs = await waitIdle(gateway.pid())
  return { startMs: polledMs - startMs, readyMs, startCpuMs }
}

/** Until the process does hardly more than poll; resolves with its CPU time so far. */
async function waitIdle(pid: number): Promise<number> {
  for (let before = readCpuMs(pid); ; ) {
    await sleep(IDLE_MS)
    const now = readCpuMs(pid)
    if (now - before <= IDLE_SHARE * IDLE_MS) return now
    before = now
  }
}

function planBlocks(count: number): PlannedTransfer[][] {
  const strangers = Array.from({ length: STRANGERS }, () => randomHex(20))
  let stranger = 0
  return Array.from({ length: count }, () =>
    Array.from({ length: TRANSFERS_PER_BLOCK }, (_, place) => ({
      to: strangers[(stranger++ * 7_919) % STRANGERS] as `0x${string}`,
      units: BigInt(place + 1) * 1_000n,
    })),
  )
}
