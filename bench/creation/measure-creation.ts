/** Invoices per second through the whole API, beside the least that such an API can do. */
import { setTimeout as sleep } from 'node:timers/promises'
import { deriveDepositAddress, parseAccountKey } from '../../src/core/keys/deposit-address.ts'
import { DERIVATION_BATCH, deriveDepositAddresses } from '../../src/core/keys/derive-addresses.ts'
import { describeConfig, startChainNode } from '../support/chain-node.ts'
import { type Figure, median, percentile } from '../support/figures.ts'
import { ENGINE_FLAGS, prepareGateway, XPUB } from '../support/gateway.ts'
import { type LoadOptions, type LoadResult, runLoad } from '../support/http-load.ts'
import { readCpuMs, startPart } from '../support/own-process.ts'

export type CreationPlan = {
  readonly rounds: number
  readonly burst: number
  readonly sustainedMs: number
  readonly pacedMs: number
}

const CONNECTIONS = 50
/** The first after a start, while the engine still compiles: told, and counted for nothing. */
const FIRST_REQUESTS = 1_000
/** Until both are as after some hours of use. */
const WARM_UP_REQUESTS = 5_000
/** Before every burst, as between two waves of customers: addresses are prepared meanwhile. */
const QUIET_MS = 6_000
const DERIVATION_MS = 1_000
/** The rate a large shop may ask for, and how long the slowest in a hundred may take. */
const PACE_PER_S = 300
const PACED_P99_MS = 150
const BURST_FLOOR = 'express + zod + one durable row each'
const DERIVATION_FLOOR = 'addresses derived one by one by @scure/bip32, one core'
const EARLY_BLOCKS = 20

/** Figures of invoice creation. */
export async function measureCreation(plan: CreationPlan): Promise<Figure[]> {
  const derivation = measureDerivation()
  const node = await startChainNode(EARLY_BLOCKS)
  const floorPart = startPart(new URL('./creation-floor.ts', import.meta.url), ENGINE_FLAGS)
  await node.extend(Array.from({ length: EARLY_BLOCKS }, () => []))
  const config = describeConfig({ rpc: node.url, pollMs: 250, confirmations: 12 })
  const gateway = await prepareGateway({ config })
  try {
    const floorUrl = await floorPart.ask<string>({})
    await gateway.start()
    let run = 0
    const load = (url: string, amount: Pick<LoadOptions, 'requests' | 'durationMs' | 'ratePerS'>) =>
      runLoad({ ...describeRequests(gateway.apiKey, run++), url, ...amount })
    const firstFloor = await load(floorUrl, { requests: FIRST_REQUESTS })
    const first = await load(gateway.url, { requests: FIRST_REQUESTS })
    await load(floorUrl, { requests: WARM_UP_REQUESTS })
    await load(gateway.url, { requests: WARM_UP_REQUESTS })

    const bursts: Burst[] = []
    const floors: Burst[] = []
    const burst = async (url: string, pid: number, earlier: Burst | undefined): Promise<Burst> => {
      await sleep(QUIET_MS)
      const before = readCpuMs(pid)
      const result = await load(url, { requests: plan.burst })
      const cpuMs = readCpuMs(pid)
      const each = (sinceMs: number) => ((cpuMs - sinceMs) * 1_000) / plan.burst
      const wholeUs = earlier === undefined ? null : each(earlier.cpuMs)
      return { ...result, cpuMs, cpuUs: each(before), wholeUs }
    }
    for (let round = 0; round < plan.rounds; round++) {
      const measureFloor = async () =>
        void floors.push(await burst(floorUrl, floorPart.pid, floors.at(-1)))
      // Each is the first as often as the other.
      if (round % 2 === 0) await measureFloor()
      bursts.push(await burst(gateway.url, gateway.pid(), bursts.at(-1)))
      if (round % 2 === 1) await measureFloor()
    }
    const floorMs = plan.sustainedMs / 4
    const before = await load(floorUrl, { durationMs: floorMs })
    const sustained = await load(gateway.url, { durationMs: plan.sustainedMs })
    const after = await load(floorUrl, { durationMs: floorMs })
    const sustainedFloor = (before.perS + after.perS) / 2
    await sleep(QUIET_MS)
    const paced = await load(gateway.url, { durationMs: plan.pacedMs, ratePerS: PACE_PER_S })
    return [
      {
        name: 'addresses derived as the gateway does, one core',
        unit: '/s',
        value: derivation.batched,
        floor: { what: DERIVATION_FLOOR, value: derivation.plain },
        target: null,
      },
      describeFirst(first, firstFloor),
      ...describeBursts(plan, bursts, floors),
      describeSustained(plan, sustained, sustainedFloor, derivation.plain),
      describeP99(`invoices sustained, ${CONNECTIONS} in flight: p99`, [sustained]),
      {
        ...describeP99(`invoices at ${PACE_PER_S}/s: p99`, [paced]),
        target: { kind: 'limit', limit: PACED_P99_MS },
      },
    ]
  } finally {
    await gateway.dispose()
    await floorPart.stop()
    await node.stop()
  }
}

type Burst = LoadResult & {
  /** CPU time that the server had taken at the end. */
  readonly cpuMs: number
  /** Of it for each request, in microseconds. */
  readonly cpuUs: number
  /** The same since the end of the burst before, with all that is done in between; null of the first. */
  readonly wholeUs: number | null
}

function describeFirst(first: LoadResult, floor: LoadResult): Figure {
  return {
    name: `invoices, the first ${FIRST_REQUESTS} after a start`,
    unit: '/s',
    value: first.perS,
    floor: { what: BURST_FLOOR, value: floor.perS },
    target: null,
  }
}

function describeBursts(
  plan: CreationPlan,
  bursts: readonly Burst[],
  floors: readonly Burst[],
): Figure[] {
  const rounds = bursts.map(({ perS }) => perS)
  const floorRounds = floors.map(({ perS }) => perS)
  const name = `invoices, burst of ${plan.burst}, ${CONNECTIONS} in flight`
  return [
    {
      name,
      unit: '/s',
      value: median(rounds),
      floor: { what: BURST_FLOOR, value: median(floorRounds) },
      target: { kind: 'share', share: 0.4 },
      rounds,
      floorRounds,
    },
    describeP99(`${name}: p99`, bursts, floors),
    {
      name: `${name}: CPU each`,
      unit: 'us',
      value: median(bursts.map(({ cpuUs }) => cpuUs)),
      floor: { what: 'CPU of the same', value: median(floors.map(({ cpuUs }) => cpuUs)) },
      target: null,
    },
    ...describeWhole(name, bursts, floors),
  ]
}

/** What is prepared for a burst costs too, in the quiet before it: addresses, and looks at the chain. */
function describeWhole(
  name: string,
  bursts: readonly Burst[],
  floors: readonly Burst[],
): readonly Figure[] {
  const [values, floorValues] = [bursts, floors].map((rounds) =>
    rounds.flatMap(({ wholeUs }) => wholeUs ?? []),
  ) as [number[], number[]]
  if (values.length === 0) return []
  return [
    {
      name: `${name}: CPU each, the quiet before it included`,
      unit: 'us',
      value: median(values),
      floor: { what: 'CPU of the same', value: median(floorValues) },
      target: null,
    },
  ]
}

function describeSustained(
  plan: CreationPlan,
  sustained: LoadResult,
  floor: number,
  derivation: number,
): Figure {
  const isDerivation = derivation < floor
  return {
    name: `invoices, ${plan.sustainedMs / 1_000} s without a pause`,
    unit: '/s',
    value: sustained.perS,
    floor: isDerivation
      ? { what: DERIVATION_FLOOR, value: derivation }
      : { what: BURST_FLOOR, value: floor },
    target: { kind: 'share', share: 0.6 },
  }
}

function describeP99(
  name: string,
  results: readonly LoadResult[],
  floors: readonly LoadResult[] = [],
): Figure {
  const p99 = ({ latenciesMs }: LoadResult) => percentile(latenciesMs, 0.99)
  return {
    name,
    unit: 'ms',
    value: median(results.map(p99)),
    floor:
      floors.length === 0
        ? null
        : { what: 'the same of express + zod + one durable row', value: median(floors.map(p99)) },
    target: null,
  }
}

/** What a shop sends. `run` keeps the idempotency keys of one load apart from those of another. */
function describeRequests(apiKey: string, run: number) {
  return {
    path: '/v1/invoices',
    connections: CONNECTIONS,
    headers: (index: number) => [
      `Authorization: Bearer ${apiKey}`,
      `Idempotency-Key: bench-${run}-${index}`,
    ],
    body: (index: number) =>
      JSON.stringify({
        price: { amount: '25.00', currency: 'USD' },
        order_id: `order-${run}-${index}`,
        metadata: { cart: `cart-${index}`, customer: 'c-1842' },
      }),
  }
}

type Derivation = { readonly plain: number; readonly batched: number }

/** Addresses per second: by the library, one by one, and as the gateway does it. */
function measureDerivation(): Derivation {
  const parsed = parseAccountKey(XPUB)
  if (!parsed.ok) throw new Error(parsed.detail)
  const { key } = parsed
  return {
    plain: measureRate(1, (index) => deriveDepositAddress(key, index)),
    batched: measureRate(DERIVATION_BATCH, (first) => {
      const indexes = Array.from({ length: DERIVATION_BATCH }, (_, i) => first + i)
      return deriveDepositAddresses(key, indexes)
    }),
  }
}

function measureRate(step: number, derive: (first: number) => unknown): number {
  for (let index = 0; index < 200; index += step) derive(index)
  const startMs = performance.now()
  let derived = 0
  for (; performance.now() - startMs < DERIVATION_MS; derived += step) derive(1_000 + derived)
  return derived / ((performance.now() - startMs) / 1_000)
}
