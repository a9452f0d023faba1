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

const STORIES: readonly DrawStory[] = [drawAssignment, drawRefund]

export function addMerchantSteps(seed: number, setting: Setting, steps: readonly Step[]): Step[] {
  const random = createRandom(seed ^ 0xa551)
  const all = addShortMoney(seed, setting, steps)
  if (!random.chance(SHARE)) return all
  for (let i = random.between(1, STORIES_MAX); i > 0; i--) {
    const at = random.between(Math.min(QUIET_STEPS, all.length), all.length)
    all.splice(at, 0, ...random.pick(STORIES)(random, setting))
  }
  return all
}

/** Tokens that move less than they say, in few histories: elsewhere what is told is what came. */
const SHORT_SHARE = 0.15

function addShortMoney(seed: number, setting: Setting, steps: readonly Step[]): Step[] {
  const random = createRandom(seed ^ 0x5047)
  const all = [...steps]
  if (!random.chance(SHORT_SHARE)) return all
  for (let i = random.between(1, STORIES_MAX); i > 0; i--) {
    const at = random.between(Math.min(QUIET_STEPS, all.length), all.length)
    all.splice(
      at,
      0,
      { do: 'pay', mode: 'short', pick: random.next(), seed: random.next() },
      ...eachChain(setting, (chain) => mine(random, chain, random.between(1, 6))),
      ...eachChain(setting, (chain) => runTogether(random, [{ job: 'poll', chain }])),
    )
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

/** An order is paid and refunded; blocks of either may leave. */
function drawRefund(random: Random, setting: Setting): Step[] {
  const ask = (): Job => ({ job: 'refund', pick: random.next() })
  const end = (): Job => ({ job: 'end-refund', pick: random.next() })
  const chain = random.below(setting.chains)
  const poll = (): Step => runTogether(random, [{ job: 'poll', chain }])
  const steps: Step[] = [
    { do: 'pay', mode: random.pick(['exact', 'over']), pick: random.next(), seed: random.next() },
    ...eachChain(setting, (each) => mine(random, each, random.between(4, 9))),
    ...eachChain(setting, (each) => runTogether(random, [{ job: 'poll', chain: each }])),
    runTogether(random, random.chance(0.3) ? [ask(), ask(), { job: 'poll', chain }] : [ask()]),
  ]
  if (random.chance(0.3)) steps.push(runTogether(random, [ask()]))
  if (random.chance(0.4)) steps.push(runTogether(random, [end()]))
  const blocks = random.between(1, 5)
  if (random.chance(0.9)) steps.push({ do: 'repay', pick: random.next() })
  for (let each = 0; each < setting.chains; each++) {
    steps.push(mine(random, each, blocks), runTogether(random, [{ job: 'poll', chain: each }]))
  }
  if (random.chance(0.3)) steps.push(runTogether(random, [end(), { job: 'poll', chain }]))
  if (random.chance(0.6)) {
    const lost = random.pick([0, 0, 1])
    const depth = blocks + random.below(3)
    const length = depth + random.between(1, 3)
    steps.push(
      { do: 'fork', chain, depth, length, lost, seed: random.next(), afterCalls: 0 },
      poll(),
    )
    if (random.chance(0.4)) steps.push(runTogether(random, [end()]))
    steps.push(mine(random, chain, 2), poll())
  }
  if (random.chance(0.3))
    steps.push({ do: 'return', chain, pick: random.next(), seed: random.next() })
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
