/**
 * What contracts pay, put between the steps of a history by chance of its own: a history whose coins
 * are looked for in the value of transactions alone is told as it was before.
 */
import type { Step } from './history.ts'
import { createRandom, type Random } from './random.ts'
import { BLOCK_TIME_S, type CoinSetting, type Setting } from './setting.ts'
import { COIN_FAULTS, NODE_FAULTS } from './simulated-node.ts'

const SHARE = 0.4
const STORIES_MAX = 6
/** Something has to have happened before. */
const QUIET_STEPS = 3
/** Longer than the time between two comparisons of balances. */
const ROUND_MS = 61_000

export function drawCoins(seed: number, setting: Setting): Setting {
  const random = createRandom(seed ^ 0xc0_1115)
  if (!random.chance(SHARE)) return setting
  const first = random.pick(['delta', 'delta', 'trace', 'trace', 'bal', 'logs'] as const)
  const second = random.pick(['direct', 'delta', 'trace'] as const)
  const hasLogs = random.chance(first === 'logs' ? 0.9 : 0.25)
  const coins: CoinSetting = {
    modes: [first, second],
    logsFrom: hasLogs ? setting.startHeight + random.below(25) : null,
    showsCalls: random.chance(0.7),
    callsLater: random.chance(0.6),
  }
  // Where blocks are looked into for coins, none is left unread.
  const looksInto = first !== 'delta' || second === 'trace' || hasLogs
  return { ...setting, coins, ...(looksInto && { logCutShare: null }) }
}

export function addCoinSteps(seed: number, setting: Setting, steps: readonly Step[]): Step[] {
  const random = createRandom(seed ^ 0xc0_1116)
  const all = [...steps]
  if (setting.coins === undefined) return all
  for (let i = random.between(2, STORIES_MAX); i > 0; i--) {
    const at = random.between(Math.min(QUIET_STEPS, all.length), all.length)
    all.splice(at, 0, ...drawCoinStory(random, setting))
  }
  return all
}

/** A contract pays; balances are compared; the block moves, and perhaps comes back. */
function drawCoinStory(random: Random, setting: Setting): Step[] {
  const chain = random.below(setting.chains)
  const steps: Step[] = []
  const poll = (): void => void steps.push(drawPoll(random, chain))
  const mine = (blocks: number, paceS = BLOCK_TIME_S): void =>
    void steps.push({ do: 'mine', chain, blocks, paceS, seed: random.next() })
  const pay = (mode: 'call' | 'spend'): void =>
    void steps.push({ do: 'pay', mode, pick: random.next(), seed: random.next() })
  const trouble = (share: number): void => {
    if (!random.chance(share)) return
    const fault = random.pick(random.chance(0.6) ? COIN_FAULTS : NODE_FAULTS)
    steps.push({ do: 'fault', chain, fault, calls: random.between(1, 14) })
  }
  const round = (): void => void steps.push({ do: 'wait', ms: ROUND_MS + random.below(30_000) })
  for (let i = random.between(1, 3); i > 0; i--) pay('call')
  const blocks = random.between(1, 4)
  mine(blocks, random.pick([BLOCK_TIME_S, BLOCK_TIME_S, 60]))
  trouble(0.4)
  poll()
  if (random.chance(0.5)) {
    round()
    trouble(0.3)
    poll()
  }
  if (random.chance(0.4)) {
    pay('spend')
    if (random.chance(0.5)) pay('call')
    mine(random.between(1, 2))
  }
  if (random.chance(0.4)) {
    const depth = blocks + random.below(3)
    steps.push({
      do: 'fork',
      chain,
      depth,
      length: Math.max(1, depth + random.between(-1, 3)),
      lost: random.pick([0, 0, 0.5, 1]),
      seed: random.next(),
      afterCalls: random.chance(0.3) ? random.between(1, 12) : 0,
    })
    poll()
    if (random.chance(0.5)) {
      steps.push({ do: 'return', chain, pick: random.next(), seed: random.next() })
      poll()
    }
  }
  if (random.chance(0.5)) {
    round()
    trouble(0.2)
    poll()
  }
  return steps
}

function drawPoll(random: Random, chain: number): Step {
  const at = random.between(1, 40)
  const trouble = random.chance(0.15) ? ({ kind: 'crash', at } as const) : null
  const jobs = [{ job: 'poll', chain }] as const
  return { do: 'run', jobs, waitMs: random.below(14_000), seed: random.next(), trouble }
}
