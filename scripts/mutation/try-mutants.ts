/**
 * A process that tries mutants one after the other: told one by a message, it runs the tests of that
 * file on it and answers whether any failed. Its parent ends it when it does not answer, since a fault
 * may make a loop endless.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { createVitest, type TestSpecification, type Vitest } from 'vitest/node'
import { ROOT } from '../run-command.ts'
import { applyMutant, type Mutant } from './list-mutants.ts'

export type Task = {
  /** Path of the file, and folders or files of tests, from the project's folder. */
  readonly path: string
  readonly tests: readonly string[]
  /** Null: the file as it is, which all its tests must pass. */
  readonly mutant: Mutant | null
  /** Milliseconds until the tests count as endless; a minute where absent. */
  readonly deadlineMs?: number
}

export type Verdict = { readonly isKilled: boolean; readonly by: string | null }

/** What the file under trial is read as. */
type Trial = { file: string; code: string | null }

/** Tries tasks of the parent until it is ended. */
export async function answerTasks(): Promise<void> {
  const trial: Trial = { file: '', code: null }
  const vitest = await startVitest(trial)
  const specifications = await vitest.globTestSpecifications()
  process.on('message', (task: Task) => {
    void tryTask(vitest, specifications, trial, task).then((verdict) => process.send?.(verdict))
  })
  process.send?.('ready')
}

/** One worker that keeps its modules; only what was changed, and what imports it, is loaded again. */
function startVitest(trial: Trial): Promise<Vitest> {
  return createVitest(
    {
      root: ROOT,
      config: false,
      watch: false,
      pool: 'threads',
      isolate: false,
      fileParallelism: false,
      bail: 1,
      // Kept modules on the disk would hide the change.
      fsModuleCache: false,
      reporters: [{}],
      include: ['test/core/**/*.test.ts'],
    },
    {
      plugins: [
        {
          name: 'mutant',
          enforce: 'pre',
          transform: (_code: string, id: string) =>
            id.split('?')[0] === trial.file ? trial.code : null,
        },
      ],
    },
  )
}

async function tryTask(
  vitest: Vitest,
  specifications: readonly TestSpecification[],
  trial: Trial,
  { path, tests, mutant }: Task,
): Promise<Verdict> {
  const before = trial.file
  trial.file = join(ROOT, path)
  const text = readFileSync(trial.file, 'utf8')
  trial.code = mutant === null ? text : applyMutant(text, mutant)
  for (const file of new Set([before, trial.file])) if (file !== '') vitest.invalidateFile(file)
  const chosen = specifications.filter(({ moduleId }) =>
    tests.some((one) => moduleId.startsWith(join(ROOT, one))),
  )
  if (chosen.length === 0) throw new Error(`no tests under ${tests.join(', ')}`)
  // The answer holds modules and errors of earlier runs too: only what this run was asked is looked at.
  const { testModules } = await vitest.runTestSpecifications([...chosen], true)
  const asked = new Set(chosen.map(({ moduleId }) => moduleId))
  const failed = testModules.find(
    (module) => asked.has(module.moduleId) && module.state() !== 'passed',
  )
  return { isKilled: failed !== undefined, by: failed?.relativeModuleId ?? null }
}

if (import.meta.main) await answerTasks()
