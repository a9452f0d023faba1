/** From a history that fails to a short one that breaks the same rule: steps are left out. */
import { createMemoryStore } from '../../src/adapters/memory/memory-store.ts'
import type { History, Step } from './history.ts'
import { runHistory } from './run-history.ts'

/** Runs spent on it: some seconds. */
const RUNS_MAX = 600

export async function shrinkHistory(
  history: History,
  rule: string,
  createStore = createMemoryStore,
): Promise<History> {
  let runs = 0
  const fails = async (steps: readonly Step[]): Promise<boolean> => {
    runs += 1
    const { violation } = await runHistory({ ...history, steps }, { store: createStore() })
    return violation?.rule === rule
  }
  let steps = history.steps
  let size = Math.ceil(steps.length / 2)
  while (size >= 1 && runs < RUNS_MAX) {
    let hasShrunk = false
    for (let at = 0; at < steps.length && runs < RUNS_MAX; ) {
      const fewer = [...steps.slice(0, at), ...steps.slice(at + size)]
      if (await fails(fewer)) {
        steps = fewer
        hasShrunk = true
      } else {
        at += size
      }
    }
    if (!hasShrunk || size > 1) size = size === 1 ? 0 : Math.floor(size / 2)
  }
  for (let at = 0; at < steps.length && runs < RUNS_MAX; at++) {
    for (const simpler of simplify(steps[at] as Step)) {
      const changed = steps.with(at, simpler)
      if (await fails(changed)) steps = changed
    }
  }
  return { ...history, steps }
}

/** Milder forms of a step: without trouble, with one job alone, at once. */
function simplify(step: Step): Step[] {
  switch (step.do) {
    case 'run': {
      const forms: Step[] = []
      if (step.trouble !== null) forms.push({ ...step, trouble: null })
      if (step.jobs.length > 1) forms.push(...step.jobs.map((job) => ({ ...step, jobs: [job] })))
      return forms
    }
    case 'mine':
      return step.blocks > 1 ? [{ ...step, blocks: 1 }] : []
    case 'fork':
      return step.afterCalls > 0 ? [{ ...step, afterCalls: 0 }] : []
    default:
      return []
  }
}
