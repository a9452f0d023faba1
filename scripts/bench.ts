/**
 * usage: npm run bench [-- --quick] [-- PART ...]
 *
 * Measures the gateway beside a floor of the same run and machine: creation, checkout, latency,
 * deliveries, addresses, matching, catch-up, sweep. Prints a table and writes bench/results.json.
 * --quick takes about a minute.
 */
import { writeFileSync } from 'node:fs'
import process from 'node:process'
import { type AddressesPlan, measureAddresses } from '../bench/catch-up/measure-addresses.ts'
import { type CatchUpPlan, measureCatchUp } from '../bench/catch-up/measure-catch-up.ts'
import { type MatchingPlan, measureMatching } from '../bench/catch-up/measure-matching.ts'
import { type CheckoutPlan, measureCheckout } from '../bench/checkout/measure-checkout.ts'
import { type CreationPlan, measureCreation } from '../bench/creation/measure-creation.ts'
import { type DeliveriesPlan, measureDeliveries } from '../bench/deliveries/measure-deliveries.ts'
import {
  type FirstAttemptsPlan,
  measureFirstAttempts,
} from '../bench/deliveries/measure-first-attempts.ts'
import { type LatencyPlan, measureLatency } from '../bench/latency/measure-latency.ts'
import { describeMachine } from '../bench/support/describe-machine.ts'
import { type Figure, isMet, renderTable, shareOf } from '../bench/support/figures.ts'
import { measureSweep } from '../bench/sweep/measure-sweep.ts'

const RESULTS = new URL('../bench/results.json', import.meta.url)

type Part = (quick: boolean) => Promise<Figure[]>

const CREATION: Record<'quick' | 'full', CreationPlan> = {
  quick: { rounds: 1, burst: 2_000, sustainedMs: 4_000, pacedMs: 2_000 },
  // A burst takes half a second, and a neighbour on the same host may take half of that.
  full: { rounds: 15, burst: 2_000, sustainedMs: 20_000, pacedMs: 10_000 },
}

const CATCH_UP: Record<'quick' | 'full', CatchUpPlan> = {
  quick: { rounds: 1, blocks: 400, addresses: 10_000 },
  full: { rounds: 3, blocks: 2_000, addresses: 100_000 },
}

const MATCHING: Record<'quick' | 'full', MatchingPlan> = {
  quick: { rounds: 1, blocks: 400, addresses: 10_000 },
  full: { rounds: 3, blocks: 2_000, addresses: 100_000 },
}

const ADDRESSES: Record<'quick' | 'full', AddressesPlan> = {
  quick: { few: 1_000, many: 100_000, blocks: 200 },
  full: { few: 1_000, many: 1_000_000, blocks: 1_000 },
}

const CHECKOUT: Record<'quick' | 'full', CheckoutPlan> = {
  quick: { invoices: 50, pacedMs: 2_000, viewers: 500 },
  full: { invoices: 500, pacedMs: 10_000, viewers: 2_000 },
}

const LATENCY: Record<'quick' | 'full', LatencyPlan> = {
  quick: { payments: 12 },
  full: { payments: 100 },
}

const DELIVERIES: Record<'quick' | 'full', DeliveriesPlan & FirstAttemptsPlan> = {
  quick: { rounds: 1, deliveries: 500, durationMs: 10_000 },
  full: { rounds: 2, deliveries: 2_000, durationMs: 60_000 },
}

const PARTS: Readonly<Record<string, Part>> = {
  sweep: () => measureSweep(),
  creation: (quick) => measureCreation(CREATION[quick ? 'quick' : 'full']),
  checkout: (quick) => measureCheckout(CHECKOUT[quick ? 'quick' : 'full']),
  latency: (quick) => measureLatency(LATENCY[quick ? 'quick' : 'full']),
  deliveries: async (quick) => {
    const plan = DELIVERIES[quick ? 'quick' : 'full']
    return [...(await measureDeliveries(plan)), ...(await measureFirstAttempts(plan))]
  },
  addresses: (quick) => measureAddresses(ADDRESSES[quick ? 'quick' : 'full']),
  matching: (quick) => measureMatching(MATCHING[quick ? 'quick' : 'full']),
  'catch-up': (quick) => measureCatchUp(CATCH_UP[quick ? 'quick' : 'full']),
}

const print = (line: string) => void process.stdout.write(`${line}\n`)

const names = process.argv.slice(2).filter((argument) => !argument.startsWith('--'))
const isQuick = process.argv.includes('--quick')
const unknown = names.filter((name) => PARTS[name] === undefined)
if (process.argv.includes('--help') || unknown.length > 0) {
  print(`npm run bench [-- --quick] [-- PART ...]; parts: ${Object.keys(PARTS).join(', ')}`)
  process.exit(unknown.length > 0 ? 2 : 0)
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))

const startedMs = performance.now()
const figures: Figure[] = []
for (const name of names.length > 0 ? names : Object.keys(PARTS)) {
  print(`measuring ${name} ...`)
  figures.push(...(await (PARTS[name] as Part)(isQuick)))
}
const tookS = (performance.now() - startedMs) / 1_000
const results = {
  ...describeMachine(),
  mode: isQuick ? 'quick' : 'full',
  took_s: Math.round(tookS),
  figures: figures.map((figure) => ({ ...figure, ratio: shareOf(figure), met: isMet(figure) })),
}
writeFileSync(RESULTS, `${JSON.stringify(results, null, 2)}\n`)
print(`\n${renderTable(figures)}\n`)
const missed = figures.filter((figure) => isMet(figure) === false)
print(`${tookS.toFixed(0)} s; written to bench/results.json; ${missed.length} below target`)
