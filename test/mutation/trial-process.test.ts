/** That `npm run mutate` tells what its tests notice from what they do not. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { listMutants, type Mutant } from '../../scripts/mutation/list-mutants.ts'
import { createTrialProcess } from '../../scripts/mutation/trial-process.ts'
import { ROOT } from '../../scripts/run-command.ts'

const path = 'src/core/invoice/quote.ts'
const tests = ['test/core/invoice/quote.test.ts']
const text = readFileSync(join(ROOT, path), 'utf8')

const trial = createTrialProcess()
afterAll(() => trial.stop())

test('a fault is noticed, none is passed, and an endless loop is ended', async () => {
  const [fault] = listMutants(text).filter(({ original }) => original === '*')
  expect(await trial.try({ path, tests, mutant: null })).toEqual({ isKilled: false, by: null })
  const noticed = await trial.try({ path, tests, mutant: fault as Mutant })
  expect(noticed).toEqual({ isKilled: true, by: tests[0] })
  // A failure is that of its own tests, not of those after it.
  const others = ['test/core/invoice/choose-finality.test.ts']
  expect(await trial.try({ path, tests: others, mutant: null })).toEqual({
    isKilled: false,
    by: null,
  })
  // What was changed is changed back.
  expect(await trial.try({ path, tests, mutant: null })).toEqual({ isKilled: false, by: null })

  const start = text.indexOf('  const units')
  const endless: Mutant = { line: 1, start, end: start, original: '', replacement: 'for (;;);' }
  expect(await trial.try({ path, tests, mutant: endless, deadlineMs: 3_000 })).toBe('timeout')
  expect(await trial.try({ path, tests, mutant: null })).toEqual({ isKilled: false, by: null })
}, 120_000)
