/** A gateway that was away follows the chain again, beside fetching and parsing the same blocks. */
import { statSync } from 'node:fs'
import {
  type ChainNode,
  describeConfig,
  startChainNode,
  USDC_ASSET,
} from '../support/chain-node.ts'
import { type Figure, median } from '../support/figures.ts'
import { type Gateway, prepareGateway, waitFor } from '../support/gateway.ts'
import { runLoad } from '../support/http-load.ts'
import { type PlannedTransfer, randomHex } from '../support/make-blocks.ts'
import { readCpuMs, readMemory, startPart, wallMs } from '../support/own-process.ts'
import type { FloorAnswer, FloorRequest } from './catch-up-floor.ts'
import { seedAddresses } from './seed-addresses.ts'

export type CatchUpPlan = {
  readonly rounds: number
  readonly blocks: number
  /** Issued addresses, those that are paid included. */
  readonly addresses: number
}

const TRANSFERS_PER_BLOCK = 100
/** One transfer in a hundred is to an invoice. */
const PAID_PER_BLOCK = 1
const CONFIRMATIONS = 12
const EARLY_BLOCKS = 40
/** Strangers who are paid again and again, as on a real chain. */
const STRANGERS = 50_000
/** Looking costs the gateway time: seldom enough for that, often enough against the whole. */
const LOOK_EVERY_MS = 100
const CATCH_UP_DEADLINE_MS = 180_000
const RSS_MB = 250
const EXPIRES_IN_S = 86_400

export async function measureCatchUp(plan: CatchUpPlan): Promise<Figure[]> {
  const node = await startChainNode(EARLY_BLOCKS + plan.blocks + CONFIRMATIONS)
  const floorPart = startPart(new URL('./catch-up-floor.ts', import.meta.url))
  await node.extend(Array.from({ length: EARLY_BLOCKS }, () => []))
  const config = describeConfig({ rpc: node.url, pollMs: 250, confirmations: CONFIRMATIONS })
  const gateway = await prepareGateway({ config })
  try {
    const paid = await issueInvoices(gateway, plan.blocks * PAID_PER_BLOCK)
    await seedAddresses(
      gateway.databasePath,
      (paid[0] as PaidInvoice).id,
      plan.addresses - paid.length,
    )
    gateway.snapshot()
    const head = await node.extend(planBlocks(paid))
    const hashes = await node.hashes(EARLY_BLOCKS)
    const floors: FloorAnswer[] = []
    const runs: CatchUp[] = []
    for (let round = 0; round < plan.rounds; round++) {
      const request: FloorRequest = { url: node.url, hashes }
      const floor = await floorPart.ask<FloorAnswer>(request)
      if (floor.logs !== plan.blocks * TRANSFERS_PER_BLOCK) throw new Error('the floor missed logs')
      floors.push(floor)
      runs.push(await catchUp(gateway, node, head, paid.length))
    }
    return describeFigures(plan, hashes.length, floors, runs, statSync(gateway.databasePath).size)
  } finally {
    await gateway.dispose()
    await floorPart.stop()
    await node.stop()
  }
}

type PaidInvoice = { readonly id: string; readonly address: string; readonly units: bigint }

type Invoice = {
  readonly id: string
  readonly address: string
  readonly payment_options: readonly { readonly asset: string; readonly amount_due_units: string }[]
}

/** Real invoices, made through the API of a gateway that is stopped afterwards. */
async function issueInvoices(gateway: Gateway, count: number): Promise<PaidInvoice[]> {
  await gateway.start()
  await runLoad({
    url: gateway.url,
    path: '/v1/invoices',
    connections: 20,
    requests: count,
    headers: () => [`Authorization: Bearer ${gateway.apiKey}`],
    body: () =>
      JSON.stringify({
        price: { amount: '25.00', currency: 'USD' },
        expires_in: EXPIRES_IN_S,
      }),
  })
  const paid: PaidInvoice[] = []
  let cursor: string | null = null
  do {
    const after: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`
    const page: { data: Invoice[]; next_cursor: string | null } = await gateway.request(
      'GET',
      `/v1/invoices?limit=100${after}`,
    )
    for (const { id, address, payment_options: options } of page.data) {
      const due = options.find(({ asset }) => asset === USDC_ASSET)
      paid.push({
        id,
        address,
        units: BigInt((due as { amount_due_units: string }).amount_due_units),
      })
    }
    cursor = page.next_cursor
  } while (cursor !== null)
  await gateway.stop()
  if (paid.length !== count) throw new Error(`${paid.length} invoices instead of ${count}`)
  return paid
}

/** One of ours in each block among strangers, then empty blocks until the last one is deep enough. */
function planBlocks(paid: readonly PaidInvoice[]): PlannedTransfer[][] {
  const strangers = Array.from({ length: STRANGERS }, () => randomHex(20))
  let stranger = 0
  const blocks = paid.map(({ address, units }, number): PlannedTransfer[] =>
    Array.from({ length: TRANSFERS_PER_BLOCK }, (_, place) =>
      place === number % TRANSFERS_PER_BLOCK
        ? { to: address.toLowerCase() as `0x${string}`, units }
        : {
            to: strangers[(stranger++ * 7_919) % STRANGERS] as `0x${string}`,
            units: BigInt(place + 1) * 1_000n,
          },
    ),
  )
  return [...blocks, ...Array.from({ length: CONFIRMATIONS }, () => [])]
}

type CatchUp = {
  readonly tookMs: number
  readonly cpuMs: number
  readonly peakMb: number | null
  readonly bytes: number
}

/** From the first block that the gateway asks for until its cursor, as committed, is the head. */
async function catchUp(
  gateway: Gateway,
  node: ChainNode,
  head: number,
  paid: number,
): Promise<CatchUp> {
  gateway.restore()
  await node.reset()
  await gateway.start({ waitReady: false })
  type Readiness = { chains: { cursor: number | null }[] }
  let doneMs = 0
  await waitFor(
    'the gateway to catch up',
    CATCH_UP_DEADLINE_MS,
    async () => {
      const answer = await fetch(`${gateway.url}/readyz`).catch(() => null)
      if (answer === null) return false
      const { chains } = (await answer.json()) as Readiness
      doneMs = wallMs()
      return chains[0]?.cursor === head
    },
    LOOK_EVERY_MS,
  )
  const memory = readMemory(gateway.pid())
  const cpuMs = readCpuMs(gateway.pid())
  const { firstMs, bytes } = await node.times()
  const settled = await countSettled(gateway)
  await gateway.stop()
  if (settled !== paid) throw new Error(`${settled} invoices were settled instead of ${paid}`)
  return { tookMs: doneMs - firstMs, cpuMs, peakMb: memory?.peakMb ?? null, bytes }
}

async function countSettled(gateway: Gateway): Promise<number> {
  let count = 0
  let cursor: string | null = null
  do {
    const after: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`
    const page: { data: unknown[]; next_cursor: string | null } = await gateway.request(
      'GET',
      `/v1/invoices?status=settled&limit=100${after}`,
    )
    count += page.data.length
    cursor = page.next_cursor
  } while (cursor !== null)
  return count
}

function describeFigures(
  plan: CatchUpPlan,
  blocks: number,
  floors: readonly FloorAnswer[],
  runs: readonly CatchUp[],
  databaseBytes: number,
): Figure[] {
  const perS = (count: number) => (tookMs: number) => count / (tookMs / 1_000)
  const what = 'fetching and parsing the same blocks'
  const took = runs.map(({ tookMs }) => tookMs)
  const floorTook = floors.map(({ tookMs }) => tookMs)
  const rate = (name: string, unit: string, count: number): Figure => ({
    name,
    unit,
    value: median(took.map(perS(count))),
    floor: { what, value: median(floorTook.map(perS(count))) },
    target: { kind: 'share', share: 0.4 },
    rounds: took.map(perS(count)),
    floorRounds: floorTook.map(perS(count)),
  })
  const peaks = runs.flatMap(({ peakMb }) => (peakMb === null ? [] : [peakMb]))
  const transfers = plan.blocks * TRANSFERS_PER_BLOCK
  const figures = [
    rate(`catch-up, ${plan.addresses} addresses: transfers`, '/s', transfers),
    { ...rate('catch-up: blocks', '/s', blocks), target: null },
    {
      name: 'catch-up: CPU for 1,000 transfers, start included',
      unit: 'ms',
      value: median(runs.map(({ cpuMs }) => (cpuMs * 1_000) / transfers)),
      floor: { what, value: median(floors.map(({ cpuMs }) => (cpuMs * 1_000) / transfers)) },
      target: null,
    },
    {
      name: `catch-up: database of ${plan.addresses} addresses`,
      unit: 'MB',
      value: databaseBytes / 2 ** 20,
      floor: null,
      target: null,
    },
  ]
  if (peaks.length === 0) return figures
  const memory: Figure = {
    name: 'catch-up: resident memory at its highest',
    unit: 'MB',
    value: Math.max(...peaks),
    floor: null,
    target: { kind: 'limit', limit: RSS_MB },
    rounds: peaks,
  }
  return [...figures, memory]
}
