/** A gateway that was away follows the chain again, beside fetching and parsing the same blocks. */
import { statSync } from 'node:fs'
import { type ChainNode, describeConfig, startChainNode } from '../support/chain-node.ts'
import { type Figure, median } from '../support/figures.ts'
import { type Gateway, prepareGateway, waitForCursor } from '../support/gateway.ts'
import { countSettled, issueInvoices, type PaidInvoice } from '../support/issue-invoices.ts'
import { type PlannedTransfer, randomHex } from '../support/make-blocks.ts'
import { readCpuMs, readMemory, startPart } from '../support/own-process.ts'
import { seedAddresses } from '../support/seed-addresses.ts'
import type { FloorAnswer, FloorRequest } from './catch-up-floor.ts'
import { measureBigBlock } from './measure-big-block.ts'

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
const POLL_MS = 250
/** As the design asks of the busiest chain. */
const PROVEN_PER_S = 20_000
const RSS_MB = 250

export async function measureCatchUp(plan: CatchUpPlan): Promise<Figure[]> {
  const node = await startChainNode(EARLY_BLOCKS + plan.blocks + CONFIRMATIONS)
  const floorPart = startPart(new URL('./catch-up-floor.ts', import.meta.url))
  await node.extend(Array.from({ length: EARLY_BLOCKS }, () => []))
  const describe = (proofs: 'on' | 'off') =>
    describeConfig({ rpc: node.url, pollMs: POLL_MS, confirmations: CONFIRMATIONS, proofs })
  const gateway = await prepareGateway({ config: describe('on') })
  try {
    await gateway.start()
    const paid = await issueInvoices(gateway, plan.blocks * PAID_PER_BLOCK)
    await gateway.stop()
    const modelId = (paid[0] as PaidInvoice).id
    seedAddresses(gateway.databasePath, { modelId, count: plan.addresses - paid.length })
    gateway.snapshot()
    const head = await node.extend(planBlocks(paid))
    const hashes = await node.hashes(EARLY_BLOCKS)
    const floors: FloorAnswer[] = []
    const runs: Runs = { proven: [], unproven: [] }
    for (let round = 0; round < plan.rounds; round++) {
      const request: FloorRequest = { url: node.url, hashes }
      const floor = await floorPart.ask<FloorAnswer>(request)
      if (floor.logs !== plan.blocks * TRANSFERS_PER_BLOCK) throw new Error('the floor missed logs')
      floors.push(floor)
      const goal = { head, paid: paid.length, blocks: plan.blocks }
      runs.unproven.push(await catchUp(gateway, node, { ...goal, config: describe('off') }))
      runs.proven.push(await catchUp(gateway, node, { ...goal, config: describe('on') }))
    }
    const databaseBytes = statSync(gateway.databasePath).size
    const big = await measureBigBlock(gateway, node)
    return [...describeFigures(plan, hashes.length, floors, runs, databaseBytes), ...big]
  } finally {
    await gateway.dispose()
    await floorPart.stop()
    await node.stop()
  }
}

/** One of ours in each block among strangers, then empty blocks until the last one is deep enough. */
function planBlocks(paid: readonly PaidInvoice[]): PlannedTransfer[][] {
  const strangers = Array.from({ length: STRANGERS }, () => randomHex(20))
  let stranger = 0
  const blocks = paid.map(({ address, units }, number): PlannedTransfer[] =>
    Array.from({ length: TRANSFERS_PER_BLOCK }, (_, place) =>
      place === number % TRANSFERS_PER_BLOCK
        ? { to: address, units }
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

/** With all proofs on, and with none. */
type Runs = { readonly proven: CatchUp[]; readonly unproven: CatchUp[] }

type Goal = {
  readonly head: number
  readonly paid: number
  readonly blocks: number
  readonly config: object
}

/** From the first block that the gateway asks for until its cursor, as committed, is the head. */
async function catchUp(gateway: Gateway, node: ChainNode, goal: Goal): Promise<CatchUp> {
  gateway.restore()
  gateway.configure(goal.config)
  await node.reset()
  await gateway.start({ waitReady: false })
  const doneMs = await waitForCursor(gateway, goal.head, LOOK_EVERY_MS)
  const memory = readMemory(gateway.pid())
  const cpuMs = readCpuMs(gateway.pid())
  const { firstMs, bytes } = await node.times()
  const settled = await countSettled(gateway)
  const verdicts = await readVerdicts(gateway)
  await gateway.stop()
  if (settled !== goal.paid)
    throw new Error(`${settled} invoices were settled instead of ${goal.paid}`)
  checkVerdicts(verdicts, goal)
  return { tookMs: doneMs - firstMs, cpuMs, peakMb: memory?.peakMb ?? null, bytes }
}

/** Counts of `quittance_block_proofs_total` by verdict. */
async function readVerdicts(gateway: Gateway): Promise<ReadonlyMap<string, number>> {
  const text = await (await fetch(`${gateway.url}/metrics`)).text()
  const counts = new Map<string, number>()
  const pattern = /^quittance_block_proofs_total\{.*verdict="(\w+)".*\} (\d+)$/gm
  for (const [, verdict = '', count = ''] of text.matchAll(pattern)) {
    counts.set(verdict, (counts.get(verdict) ?? 0) + Number(count))
  }
  return counts
}

/** Nothing is measured that was not done: four proofs for each block, all of them right. */
function checkVerdicts(verdicts: ReadonlyMap<string, number>, { blocks, config }: Goal): void {
  const isOff = JSON.stringify(config).includes('"bloom":"off"')
  const matches = verdicts.get('match') ?? 0
  const isRight = isOff ? verdicts.size === 0 : verdicts.size === 1 && matches >= 4 * blocks
  if (!isRight) throw new Error(`proofs came to ${JSON.stringify([...verdicts])}`)
}

function describeFigures(
  plan: CatchUpPlan,
  blocks: number,
  floors: readonly FloorAnswer[],
  { proven, unproven }: Runs,
  databaseBytes: number,
): Figure[] {
  const perS = (count: number) => (tookMs: number) => count / (tookMs / 1_000)
  const what = 'fetching and parsing the same blocks'
  const floorTook = floors.map(({ tookMs }) => tookMs)
  const rate = (name: string, unit: string, count: number, runs: readonly CatchUp[]) => {
    const took = runs.map(({ tookMs }) => tookMs)
    return {
      name,
      unit,
      value: median(took.map(perS(count))),
      floor: { what, value: median(floorTook.map(perS(count))) },
      rounds: took.map(perS(count)),
      floorRounds: floorTook.map(perS(count)),
    }
  }
  const transfers = plan.blocks * TRANSFERS_PER_BLOCK
  const cpu = (name: string, runs: readonly CatchUp[]): Figure => ({
    name: `${name}: CPU for 1,000 transfers, start included`,
    unit: 'ms',
    value: median(runs.map(({ cpuMs }) => (cpuMs * 1_000) / transfers)),
    floor: { what, value: median(floors.map(({ cpuMs }) => (cpuMs * 1_000) / transfers)) },
    target: null,
  })
  const withProofs = rate('catch-up with all proofs: transfers', '/s', transfers, proven)
  const figures: Figure[] = [
    {
      ...rate(`catch-up, ${plan.addresses} addresses: transfers`, '/s', transfers, unproven),
      target: { kind: 'share', share: 0.4 },
    },
    cpu('catch-up', unproven),
    { ...withProofs, target: { kind: 'share', share: 0.3 } },
    {
      ...withProofs,
      name: 'catch-up with all proofs: the same, as a rate',
      floor: null,
      target: { kind: 'least', least: PROVEN_PER_S },
    },
    { ...rate('catch-up with all proofs: blocks', '/s', blocks, proven), target: null },
    cpu('catch-up with all proofs', proven),
    {
      name: `catch-up: database of ${plan.addresses} addresses`,
      unit: 'MB',
      value: databaseBytes / 2 ** 20,
      floor: null,
      target: null,
    },
  ]
  const peaks = proven.flatMap(({ peakMb }) => (peakMb === null ? [] : [peakMb]))
  if (peaks.length === 0) return figures
  const memory: Figure = {
    name: 'catch-up with all proofs: resident memory at its highest',
    unit: 'MB',
    value: Math.max(...peaks),
    floor: null,
    target: { kind: 'limit', limit: RSS_MB },
    rounds: peaks,
  }
  return [...figures, memory]
}
