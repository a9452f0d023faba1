/**
 * What merchants do with money beyond their orders, put between the steps of a history by chance of
 * its own: a history in which nobody does is told as it was before.
 */
import type { Job, Step } from './history.ts'
import { createRandom, type Random } from './random.ts'
import { BLOCK_TIME_S, type Setting } from './setting.ts'

type DrawStory = (random: Random, setting: Setting) => Step[]

/** Histories in which merchants act, and how often they do. */
const SHARE = 0.4
const STORIES_MAX = 3
/** Something has to have happened before. */
const QUIET_STEPS = 5

const STORIES: readonly DrawStory[] = [drawAssignment]

export function addMerchantSteps(seed: number, setting: Setting, steps: readonly Step[]): Step[] {
  const random = createRandom(seed ^ 0xa551)
  const all = [...steps]
  if (!random.chance(SHARE)) return all
  for (let i = random.between(1, STORIES_MAX); i > 0; i--) {
    const at = random.between(Math.min(QUIET_STEPS, all.length), all.length)
    all.splice(at, 0, ...random.pick(STORIES)(random, setting))
  }
  return all
}

/** Money comes to an address that nobody was given, goes to an order, and perhaps moves its block. */
function drawAssignment(random: Random, setting: Setting): Step[] {
  const assign = (): Job => ({ job: 'assign', pick: random.next() })
  const depth = random.between(1, 4)
  const steps: Step[] = [
    { do: 'pay', mode: 'look_ahead', pick: random.next(), seed: random.next() },
    ...eachChain(setting, (chain) => mine(random, chain, depth)),
    ...eachChain(setting, (chain) => runTogether(random, [{ job: 'poll', chain }])),
  ]
  const chain = random.below(setting.chains)
  const fork = (lost: number): Step => ({
    do: 'fork',
    chain,
    depth: depth + random.below(2),
    length: depth + random.between(1, 3),
    lost,
    seed: random.next(),
    afterCalls: 0,
  })
  const poll = (): Step => runTogether(random, [{ job: 'poll', chain }])
  // Its transaction may have been in another block before, and may come back to that one.
  if (random.chance(0.4)) steps.push(fork(0), poll())
  steps.push(
    random.chance(0.3)
      ? runTogether(random, [{ job: 'poll', chain }, assign(), assign()])
      : runTogether(random, [assign()]),
  )
  if (random.chance(0.6)) {
    steps.push(
      random.chance(0.5)
        ? fork(random.pick([0, 0, 1]))
        : { do: 'return', chain, pick: random.next(), seed: random.next() },
      poll(),
      mine(random, chain, 2),
      poll(),
    )
  }
  return steps
}

function eachChain({ chains }: Setting, draw: (chain: number) => Step): Step[] {
  return Array.from({ length: chains }, (_, chain) => draw(chain))
}

function mine(random: Random, chain: number, blocks: number): Step {
  return { do: 'mine', chain, blocks, paceS: BLOCK_TIME_S, seed: random.next() }
}

/** Seldom with a crash: that is what the other steps are for. */
function runTogether(random: Random, jobs: readonly Job[]): Step {
  const at = random.between(1, 20)
  const trouble = random.chance(0.12) ? ({ kind: 'crash', at } as const) : null
  return { do: 'run', jobs, waitMs: random.below(14_000), seed: random.next(), trouble }
}
