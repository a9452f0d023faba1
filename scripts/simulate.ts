/**
 * usage: node scripts/simulate.ts --seeds N [--from N]   runs histories until one fails
 *        node scripts/simulate.ts --seed N               replays one with its story
 *
 * The real core, operations and in-memory store against a simulated world, see docs/simulation.md.
 * A history that fails is shrunk to the few steps that break the same rule, and told. Exit code 1.
 */
import { performance } from 'node:perf_hooks'
import { parseArgs } from 'node:util'
import { drawHistory, type History } from '../test/simulation/history.ts'
import { describeStep, runHistory } from '../test/simulation/run-history.ts'
import { shrinkHistory } from '../test/simulation/shrink-history.ts'
import { mergeTally, type Tally } from '../test/simulation/tally.ts'
import type { Violation } from '../test/simulation/violation.ts'

/** Histories between two lines of progress. */
const PROGRESS = 1_000

const { values } = parseArgs({
  options: { seeds: { type: 'string' }, from: { type: 'string' }, seed: { type: 'string' } },
})

const print = (line: string): void => void process.stdout.write(`${line}\n`)

if (values.seed !== undefined) process.exitCode = await replay(Number(values.seed))
else process.exitCode = await runMany(Number(values.seeds ?? 1_000), Number(values.from ?? 1))

async function replay(seed: number): Promise<number> {
  const history = drawHistory(seed)
  print(`seed ${seed}: ${JSON.stringify(history.setting)}`)
  const { violation, tally } = await runHistory(history, { tell: print })
  if (violation === null) {
    print(`ok: ${history.steps.length} steps, ${tally.get('commits')} commits`)
    return 0
  }
  await tellFailure(history, violation)
  return 1
}

async function runMany(seeds: number, from: number): Promise<number> {
  const startedMs = performance.now()
  const tally: Tally = new Map()
  const seconds = () => ((performance.now() - startedMs) / 1_000).toFixed(1)
  for (let seed = from; seed < from + seeds; seed++) {
    const history = drawHistory(seed)
    const outcome = await runHistory(history)
    mergeTally(tally, outcome.tally)
    const count = seed - from + 1
    if (outcome.violation !== null) {
      print(`history ${count} failed after ${seconds()} s: seed ${seed}`)
      await tellFailure(history, outcome.violation)
      return 1
    }
    if (count % PROGRESS === 0) print(`${count} histories, ${seconds()} s`)
  }
  for (const [name, value] of [...tally].sort()) print(`${String(value).padStart(9)} ${name}`)
  print(`${seeds} histories, ${seconds()} s: all hold`)
  return 0
}

async function tellFailure(history: History, violation: Violation): Promise<void> {
  print(`FAILED ${violation.message}`)
  const short = await shrinkHistory(history, violation.rule)
  print(`\nshrunk from ${history.steps.length} to ${short.steps.length} steps:`)
  for (const step of short.steps) print(`  ${describeStep(step)}`)
  print('\nits story:')
  const { violation: again } = await runHistory(short, { tell: print })
  print(`FAILED ${again?.message ?? 'not again'}`)
  print(`\na fixed case: ${JSON.stringify(short)}`)
  print(`\nreplay: node scripts/simulate.ts --seed ${history.seed}`)
}
