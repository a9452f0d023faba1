/**
 * usage: npm run mutate [-- PATH ...]
 *
 * Mutation testing of what decides about money: every operator, constant, condition and statement of
 * these files is changed on its own, and their tests must notice. Prints what nobody noticed, and
 * exits non-zero below 85 %. PATH narrows the files.
 */
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { listMutants, type Mutant } from './mutation/list-mutants.ts'
import { createTrialProcess } from './mutation/trial-process.ts'
import type { Task } from './mutation/try-mutants.ts'
import { ROOT } from './run-command.ts'

/** Share of the mutants that must be noticed. */
const SCORE_MIN = 0.85

const MONEY = ['test/core/money/', 'test/core/invoice/quote.test.ts']
const INVOICE = ['test/core/invoice/']

/** Each file with the tests that must notice a fault in it. */
const TARGETS: Readonly<Record<string, readonly string[]>> = {
  'src/core/money/asset.ts': MONEY,
  'src/core/money/currency.ts': MONEY,
  'src/core/money/decimal.ts': MONEY,
  'src/core/money/fraction.ts': MONEY,
  'src/core/money/judge-rate.ts': MONEY,
  'src/core/money/rate.ts': MONEY,
  'src/core/invoice/accept-invoice.ts': INVOICE,
  'src/core/invoice/advance-invoice.ts': INVOICE,
  'src/core/invoice/assess-payments.ts': INVOICE,
  'src/core/invoice/cancel-invoice.ts': INVOICE,
  'src/core/invoice/quote.ts': INVOICE,
  'src/core/payment/cover-credits.ts': ['test/core/payment/'],
  'src/core/payment/match-transfers.ts': ['test/core/payment/'],
}

type Outcome = { readonly path: string; readonly mutant: Mutant; readonly isKilled: boolean }

const wanted = process.argv.slice(2)
const targets = Object.entries(TARGETS).filter(
  ([path]) => wanted.length === 0 || wanted.some((one) => path.startsWith(one)),
)
const outcomes = await tryAll(targets)
process.exitCode = report(outcomes) ? 0 : 1

/** As many processes as cores, each taking the next mutant. */
async function tryAll(files: typeof targets): Promise<Outcome[]> {
  const tasks = files.flatMap(([path, tests]) =>
    listMutants(readFileSync(join(ROOT, path), 'utf8')).map((mutant) => ({ path, tests, mutant })),
  )
  await checkUnchanged(files.map(([path, tests]) => ({ path, tests, mutant: null })))
  console.log(`${tasks.length} mutants of ${files.length} files`)
  const done: Outcome[] = []
  const takeTasks = async () => {
    const trial = createTrialProcess()
    try {
      for (let task = tasks.shift(); task !== undefined; task = tasks.shift()) {
        const verdict = await trial.try(task)
        const { path, mutant } = task
        done.push({ path, mutant, isKilled: verdict === 'timeout' || verdict.isKilled })
        if (done.length % 100 === 0) console.log(`${done.length} tried`)
      }
    } finally {
      trial.stop()
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, takeTasks))
  return done
}

/** A test that fails anyway would kill everything. */
async function checkUnchanged(tasks: readonly Task[]): Promise<void> {
  const trial = createTrialProcess()
  try {
    for (const task of tasks) {
      const verdict = await trial.try(task)
      if (verdict === 'timeout' || verdict.isKilled) {
        throw new Error(`the tests of ${task.path} fail without any change`)
      }
    }
  } finally {
    trial.stop()
  }
}

function report(all: readonly Outcome[]): boolean {
  const survivors = all.filter(({ isKilled }) => !isKilled)
  for (const { path, mutant } of survivors.toSorted(compareOutcomes)) {
    console.log(
      `survived  ${path}:${mutant.line}  ${brief(mutant.original)}  ->  ${brief(mutant.replacement)}`,
    )
  }
  console.log('')
  for (const [path, ofFile] of Map.groupBy(all, (outcome) => outcome.path)) {
    console.log(`${describeScore(ofFile).padStart(18)}  ${path}`)
  }
  console.log(`${describeScore(all).padStart(18)}  all`)
  return all.length > 0 && scoreOf(all) >= SCORE_MIN
}

function scoreOf(outcomes: readonly Outcome[]): number {
  return outcomes.filter(({ isKilled }) => isKilled).length / outcomes.length
}

function describeScore(outcomes: readonly Outcome[]): string {
  const killed = outcomes.filter(({ isKilled }) => isKilled).length
  return `${killed}/${outcomes.length} ${(scoreOf(outcomes) * 100).toFixed(1)} %`
}

function compareOutcomes(a: Outcome, b: Outcome): number {
  return a.path === b.path ? a.mutant.start - b.mutant.start : a.path < b.path ? -1 : 1
}

function brief(code: string): string {
  const line = code.replaceAll(/\s+/g, ' ')
  return line.length > 60 ? `${line.slice(0, 57)}...` : line === '' ? '(nothing)' : line
}
