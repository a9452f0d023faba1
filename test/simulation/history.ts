/**
 * A history is a list of steps, drawn from a seed before anything runs. Every step brings its own
 * seed, so that the rest means the same when one is left out: that is what makes shrinking work.
 */
import { addCoinSteps, drawCoins } from './coin-steps.ts'
import type { Trouble } from './crash-points.ts'
import { addMerchantSteps } from './merchant-steps.ts'
import { createRandom, type Random } from './random.ts'
import { BLOCK_TIME_S, type Setting } from './setting.ts'
import { NODE_FAULTS, type NodeFault } from './simulated-node.ts'
import { RECEIVER_MOODS, type ReceiverMood } from './simulated-receiver.ts'

/** What the gateway does. `pick` chooses among what there is then. */
export type Job =
  | { readonly job: 'poll'; readonly chain: number }
  | { readonly job: 'create'; readonly seed: number }
  | { readonly job: 'cancel'; readonly pick: number }
  | { readonly job: 'accept'; readonly pick: number }
  | { readonly job: 'assign'; readonly pick: number }
  | { readonly job: 'refund' | 'end-refund'; readonly pick: number }
  | { readonly job: 'dispatch' }
  | { readonly job: 'derive' }
  | { readonly job: 'check' }

export const PAY_MODES = [
  'exact',
  'exact',
  'exact',
  'exact',
  'part',
  'part',
  'rest',
  'over',
  'dust',
  'huge',
  'other_asset',
  'look_ahead',
  'many',
  'noise',
] as const
/** `short`: in a token that moves less than it says. `call`: by a contract. `spend`: away again. */
export type PayMode = (typeof PAY_MODES)[number] | 'short' | 'call' | 'spend'

export type Step =
  /** Jobs under way together, mixed by the seed, in one process. */
  | {
      readonly do: 'run'
      readonly jobs: readonly Job[]
      readonly waitMs: number
      readonly seed: number
      readonly trouble: Trouble | null
    }
  | {
      readonly do: 'mine'
      readonly chain: number
      readonly blocks: number
      readonly paceS: number
      readonly seed: number
      /** The last block is made at the very second of a deadline, or one second after. */
      readonly aim?: { readonly pick: number; readonly afterS: 0 | 1 }
    }
  /** A branch from `depth` below the best tip, which becomes the best. */
  | {
      readonly do: 'fork'
      readonly chain: number
      readonly depth: number
      readonly length: number
      readonly lost: number
      readonly seed: number
      /** Calls of the next turns before it happens; zero: now. */
      readonly afterCalls: number
    }
  /** The best is an earlier tip again. */
  | { readonly do: 'return'; readonly chain: number; readonly pick: number; readonly seed: number }
  | {
      readonly do: 'show'
      readonly chain: number
      readonly what: 'follow' | 'behind' | 'other' | 'stay' | 'mixed'
      readonly by: number
    }
  | {
      readonly do: 'fault'
      readonly chain: number
      readonly fault: NodeFault
      readonly calls: number
    }
  | {
      readonly do: 'pay'
      readonly mode: PayMode
      readonly pick: number
      readonly seed: number
    }
  /** The merchant sends what a refund asks for. */
  | { readonly do: 'repay'; readonly pick: number }
  | { readonly do: 'receiver'; readonly pick: number; readonly mood: ReceiverMood }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'restart'; readonly clean: boolean }

export type History = {
  readonly seed: number
  readonly setting: Setting
  readonly steps: readonly Step[]
}

const FORK_DEPTH_MAX = 12

export function drawHistory(seed: number): History {
  const random = createRandom(seed)
  const setting = drawHidden(seed, drawCoins(seed, drawCap(seed, drawSetting(random))))
  const steps: Step[] = []
  const length = random.between(25, 60)
  for (let i = 0; i < 2; i++) steps.push(drawRun(random, [drawCreate(random)], 0))
  while (steps.length < length) steps.push(...drawSteps(random, setting))
  const all = addMerchantSteps(seed, setting, steps)
  return { seed, setting, steps: addCoinSteps(seed, setting, all) }
}

function drawSetting(random: Random): Setting {
  const small = random.between(1, 3)
  return {
    chains: random.chance(0.6) ? 2 : 1,
    depths: [small, small + random.below(4), random.between(1, 4)],
    maxReorgBlocks: random.chance(0.08) ? random.between(4, 8) : 300,
    // Below the depth of most forks, that which nodes call final may be lost, and halts the chain.
    finalLag: random.chance(0.3) ? random.between(2, 16) : null,
    safeLag: random.chance(0.5) ? random.between(1, 6) : null,
    logCutShare: random.pick([null, null, 0, 0.5]),
    dustUnits: random.pick([0, 0, 2, 5_000_000]),
    unprovenShare: random.pick([0, 0, 0.1, 0.5]),
    startHeight: random.chance(0.02) ? 310 : random.between(13, 20),
    webhooks: random.chance(0.5),
    wholeSeconds: random.chance(0.5),
  }
}

/** Chance of its own, so that a history without a cap is told as it was before there were any. */
function drawCap(seed: number, setting: Setting): Setting {
  const random = createRandom(seed ^ 0xca9)
  if (random.chance(0.6)) return setting
  const amount = random.pick([20, 150, 300, 400, 400])
  const finalityCap = `${amount} ${random.pick(['USD', 'USD', 'USD', 'EUR'])}`
  const [small, large, other] = setting.depths
  // Between the depth of small orders and of large ones is what the cap holds back.
  const depths = [small, large + random.between(2, 9), other] as const
  return { ...setting, depths, finalityCap }
}

/** Where blocks are looked for by logs, some nodes hide a log from the bloom as well. */
function drawHidden(seed: number, setting: Setting): Setting {
  const random = createRandom(seed ^ 0x41dd)
  if ((setting.logCutShare ?? null) === null || random.chance(0.4)) return setting
  return { ...setting, hiddenShare: 0.3 }
}

type Draw = (random: Random, setting: Setting) => Step[]

const chainOf = (random: Random, setting: Setting): number => random.below(setting.chains)
const drawCreate = (random: Random): Job => ({ job: 'create', seed: random.next() })

/** Weights: how often each kind of step is drawn. */
const DRAWS: readonly (readonly [weight: number, draw: Draw])[] = [
  [26, (random, setting) => [drawRun(random, [drawPoll(random, setting)])]],
  [10, drawMixedRun],
  [7, (random) => [drawRun(random, [drawCreate(random)])]],
  [5, (random) => [drawRun(random, [drawDecision(random)])]],
  [4, (random) => [drawRun(random, [{ job: 'dispatch' }])]],
  [1, (random) => [drawRun(random, [{ job: 'derive' }])]],
  [1, (random) => [drawRun(random, [{ job: 'check' }], 0)]],
  [20, drawMine],
  [6, drawFork],
  [4, drawLoss],
  [2, drawLateStory],
  [4, drawRace],
  [2, drawReturn],
  [4, drawShow],
  [5, drawFault],
  [18, (random) => [drawPay(random)]],
  [2, drawReceiver],
  [2, (random) => [{ do: 'wait', ms: drawWait(random) }]],
  [2, (random) => [{ do: 'restart', clean: random.chance(0.5) }]],
]
const WEIGHT = DRAWS.reduce((sum, [weight]) => sum + weight, 0)

function drawSteps(random: Random, setting: Setting): Step[] {
  let left = random.below(WEIGHT)
  for (const [weight, draw] of DRAWS) {
    if (left < weight) return draw(random, setting)
    left -= weight
  }
  return []
}

function drawRun(random: Random, jobs: readonly Job[], troubled = 0.22): Step {
  const trouble = random.chance(troubled) ? drawTrouble(random) : null
  return { do: 'run', jobs, waitMs: random.below(14_000), seed: random.next(), trouble }
}

function drawTrouble(random: Random): Trouble {
  const at = random.chance(0.6) ? random.between(1, 16) : random.between(1, 60)
  const kind = random.chance(0.7) ? 'crash' : random.pick(['storage', 'outcome_unknown'] as const)
  return { kind, at }
}

function drawPoll(random: Random, setting: Setting): Job {
  return { job: 'poll', chain: chainOf(random, setting) }
}

function drawDecision(random: Random): Job {
  return { job: random.chance(0.3) ? 'cancel' : 'accept', pick: random.next() }
}

function drawMixedRun(random: Random, setting: Setting): Step[] {
  const jobs: Job[] = [{ job: 'poll', chain: 0 }]
  if (setting.chains === 2 && random.chance(0.7)) jobs.push({ job: 'poll', chain: 1 })
  if (random.chance(0.5)) jobs.push(drawDecision(random))
  if (random.chance(0.4)) jobs.push(drawCreate(random))
  if (random.chance(0.3)) jobs.push({ job: 'derive' })
  if (setting.webhooks && random.chance(0.5)) jobs.push({ job: 'dispatch' })
  return [drawRun(random, jobs)]
}

function drawMine(random: Random, setting: Setting): Step[] {
  const isLong = random.chance(0.01)
  const step: Step = {
    do: 'mine',
    chain: chainOf(random, setting),
    blocks: isLong ? random.between(60, 80) : random.between(1, 4),
    paceS: random.pick([1, 12, 12, 12, 14, 60]),
    seed: random.next(),
  }
  if (random.chance(0.06)) return [drawPay(random), { ...step, aim: drawAim(random) }]
  return [step]
}

function drawAim(random: Random): { pick: number; afterS: 0 | 1 } {
  return { pick: random.next(), afterS: random.chance(0.6) ? 0 : 1 }
}

/** Often followed by the polls that make the gateway believe a branch that is not longer. */
function drawFork(random: Random, setting: Setting): Step[] {
  const depth = random.chance(0.7) ? random.between(1, 4) : random.between(1, FORK_DEPTH_MAX)
  const chain = chainOf(random, setting)
  const fork: Step = {
    do: 'fork',
    chain,
    depth,
    length: Math.max(1, depth + random.between(-2, 3)),
    lost: random.pick([0, 0, 0.3, 1]),
    seed: random.next(),
    afterCalls: random.chance(0.3) ? random.between(1, 12) : 0,
  }
  if (random.chance(0.5)) return [fork]
  const poll = { job: 'poll', chain } as const
  return [fork, drawRun(random, [poll], 0.1), drawRun(random, [poll], 0.1)]
}

/** Money is seen, perhaps confirmed, and then its branch loses; the merchant may act on it. */
function drawLoss(random: Random, setting: Setting): Step[] {
  const chain = chainOf(random, setting)
  const poll = (): Step => drawRun(random, [{ job: 'poll', chain }], 0.1)
  const mine = (blocks: number): Step => ({
    do: 'mine',
    chain,
    blocks,
    paceS: BLOCK_TIME_S,
    seed: random.next(),
  })
  const blocks = random.between(1, 6)
  const steps: Step[] = [drawPay(random), mine(blocks), poll()]
  if (random.chance(0.3)) steps.push(drawRun(random, [drawDecision(random)]))
  steps.push({
    do: 'fork',
    chain,
    depth: blocks + random.below(3),
    length: Math.max(1, blocks + random.between(-2, 3)),
    lost: random.pick([0.5, 1]),
    seed: random.next(),
    afterCalls: 0,
  })
  steps.push(poll(), poll())
  if (random.chance(0.4)) steps.push(drawRun(random, [drawDecision(random)]))
  if (random.chance(0.5)) steps.push(...drawReturn(random, setting), poll())
  return steps
}

/** Money arrives in the very turn in which the merchant decides. */
function drawRace(random: Random, setting: Setting): Step[] {
  const chain = chainOf(random, setting)
  const steps: Step[] = [drawPay(random)]
  for (let at = 0; at < setting.chains; at++) {
    steps.push({
      do: 'mine',
      chain: at,
      blocks: random.between(1, 4),
      paceS: BLOCK_TIME_S,
      seed: random.next(),
    })
  }
  const poll: Job = { job: 'poll', chain }
  const other: Job = { job: 'poll', chain: chain + 1 }
  return [...steps, drawRun(random, [poll, drawDecision(random), other])]
}

/** The deadline passes on the chains and the clock; then somebody pays, and perhaps it is accepted. */
function drawLateStory(random: Random, setting: Setting): Step[] {
  const steps: Step[] = [{ do: 'wait', ms: random.between(60_000, 700_000) }]
  for (let chain = 0; chain < setting.chains; chain++) {
    const paceS = random.between(60, 250)
    const blocks = random.between(3, 5)
    steps.push({ do: 'mine', chain, blocks, paceS, seed: random.next() })
    steps.push(drawRun(random, [{ job: 'poll', chain }], 0.1))
  }
  const chain = chainOf(random, setting)
  steps.push(drawPay(random))
  steps.push({ do: 'mine', chain, blocks: 4, paceS: BLOCK_TIME_S, seed: random.next() })
  steps.push(drawRun(random, [{ job: 'poll', chain }], 0.1))
  steps.push(drawRun(random, [{ job: 'accept', pick: random.next() }]))
  return steps
}

function drawReturn(random: Random, setting: Setting): Step[] {
  const chain = chainOf(random, setting)
  return [{ do: 'return', chain, pick: random.next(), seed: random.next() }]
}

function drawShow(random: Random, setting: Setting): Step[] {
  const what = random.pick(['follow', 'follow', 'behind', 'other', 'stay', 'mixed'] as const)
  return [{ do: 'show', chain: chainOf(random, setting), what, by: random.between(1, 8) }]
}

function drawFault(random: Random, setting: Setting): Step[] {
  const fault = random.pick(NODE_FAULTS)
  return [{ do: 'fault', chain: chainOf(random, setting), fault, calls: random.between(1, 9) }]
}

function drawPay(random: Random): Step {
  return { do: 'pay', mode: random.pick(PAY_MODES), pick: random.next(), seed: random.next() }
}

function drawReceiver(random: Random, setting: Setting): Step[] {
  if (!setting.webhooks) return []
  const mood = random.chance(0.03) ? 'gone' : random.pick(RECEIVER_MOODS)
  return [{ do: 'receiver', pick: random.next(), mood }]
}

/** Mostly seconds; sometimes past every deadline, and now and then the clock steps back. */
function drawWait(random: Random): number {
  if (random.chance(0.1)) return -random.between(1, 90_000)
  return random.chance(0.2) ? random.between(60_000, 900_000) : random.between(100, 30_000)
}
