/** A chain of transfers that a gateway was away from, and the gateway that follows it again. */
import type { ChainNode } from '../support/chain-node.ts'
import { type Figure, median } from '../support/figures.ts'
import { ENGINE_FLAGS, type Gateway, waitForCursor } from '../support/gateway.ts'
import { countSettled, type PaidInvoice } from '../support/issue-invoices.ts'
import { type PlannedTransfer, randomHex } from '../support/make-blocks.ts'
import { readCpuMs, readMemory, startPart } from '../support/own-process.ts'
import type { FloorAnswer, FloorRequest } from './catch-up-floor.ts'

export const TRANSFERS_PER_BLOCK = 100
export const CONFIRMATIONS = 12
/** Blocks before all that is measured. */
export const EARLY_BLOCKS = 40
export const POLL_MS = 250
/** Strangers who are paid again and again, as on a real chain. */
const STRANGERS = 50_000
/** Looking costs the gateway time: seldom enough for that, often enough against the whole. */
const LOOK_EVERY_MS = 100

/**
 * Transfers to strangers and, spread evenly, one to each of these; then empty blocks until the last
 * one is deep enough.
 */
export function planBlocks(count: number, paid: readonly PaidInvoice[]): PlannedTransfer[][] {
  const strangers = Array.from({ length: STRANGERS }, () => randomHex(20))
  const every = count / paid.length
  let stranger = 0
  const blocks = Array.from({ length: count }, (_, number): PlannedTransfer[] => {
    const ours = number % every === 0 ? paid[number / every] : undefined
    return Array.from({ length: TRANSFERS_PER_BLOCK }, (_, place) =>
      ours !== undefined && place === number % TRANSFERS_PER_BLOCK
        ? { to: ours.address, units: ours.units }
        : {
            to: strangers[(stranger++ * 7_919) % STRANGERS] as `0x${string}`,
            units: BigInt(place + 1) * 1_000n,
          },
    )
  })
  return [...blocks, ...Array.from({ length: CONFIRMATIONS }, () => [])]
}

export type CatchUp = {
  readonly tookMs: number
  readonly cpuMs: number
  readonly peakMb: number | null
  readonly bytes: number
}

export type Goal = {
  readonly head: number
  readonly paid: number
  readonly config: object
  /** What `quittance_block_proofs_total` must say by verdict, for what was measured to be done. */
  checkVerdicts(verdicts: ReadonlyMap<string, number>): boolean
}

/** The floor, in a process that was just started, as the gateway is that is held against it. */
export async function runFloor(request: FloorRequest, transfers: number): Promise<FloorAnswer> {
  const part = startPart(new URL('./catch-up-floor.ts', import.meta.url), ENGINE_FLAGS)
  try {
    const floor = await part.ask<FloorAnswer>(request)
    if (floor.logs !== transfers) throw new Error('the floor missed logs')
    return floor
  } finally {
    await part.stop()
  }
}

/** From the first block that the gateway asks for until its cursor, as committed, is the head. */
export async function catchUp(gateway: Gateway, node: ChainNode, goal: Goal): Promise<CatchUp> {
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
  if (!goal.checkVerdicts(verdicts))
    throw new Error(`proofs came to ${JSON.stringify([...verdicts])}`)
  return { tookMs: doneMs - firstMs, cpuMs, peakMb: memory?.peakMb ?? null, bytes }
}

async function readVerdicts(gateway: Gateway): Promise<ReadonlyMap<string, number>> {
  const text = await (await fetch(`${gateway.url}/metrics`)).text()
  const counts = new Map<string, number>()
  const pattern = /^quittance_block_proofs_total\{.*verdict="(\w+)".*\} (\d+)$/gm
  for (const [, verdict = '', count = ''] of text.matchAll(pattern)) {
    counts.set(verdict, (counts.get(verdict) ?? 0) + Number(count))
  }
  return counts
}

/** Runs beside the floor of the same rounds, and what the floor did. */
export type Compared = {
  readonly runs: readonly CatchUp[]
  readonly floors: readonly FloorAnswer[]
  readonly what: string
}

/** So many of something a second, beside the floor. */
export function describeRate(name: string, count: number, { runs, floors, what }: Compared) {
  const perS = ({ tookMs }: { readonly tookMs: number }) => count / (tookMs / 1_000)
  return {
    name,
    unit: '/s',
    value: median(runs.map(perS)),
    floor: { what, value: median(floors.map(perS)) },
    rounds: runs.map(perS),
    floorRounds: floors.map(perS),
  }
}

/** CPU of the process for a thousand, its start included. */
export function describeCpu(name: string, count: number, { runs, floors, what }: Compared): Figure {
  const each = ({ cpuMs }: { readonly cpuMs: number }) => (cpuMs * 1_000) / count
  return {
    name: `${name}: CPU for 1,000 transfers, start included`,
    unit: 'ms',
    value: median(runs.map(each)),
    floor: { what, value: median(floors.map(each)) },
    target: null,
  }
}

/** Nothing where memory cannot be read. */
export function describeMemory(name: string, runs: readonly CatchUp[], limitMb: number): Figure[] {
  const peaks = runs.flatMap(({ peakMb }) => (peakMb === null ? [] : [peakMb]))
  if (peaks.length === 0) return []
  return [
    {
      name: `${name}: resident memory at its highest`,
      unit: 'MB',
      value: Math.max(...peaks),
      floor: null,
      target: { kind: 'limit', limit: limitMb },
      rounds: peaks,
    },
  ]
}
