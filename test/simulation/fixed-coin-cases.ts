/** Histories of coins that calls moved, which once broke a rule: see `fixed-cases.ts`. */
import type { FixedCase } from './fixed-cases.ts'
import type { Job, PayMode, Step } from './history.ts'

const run = (jobs: readonly Job[], waitMs: number, seed: number): Step => {
  return { do: 'run', jobs, waitMs, seed, trouble: null }
}
const pay = (mode: PayMode, pick: number, seed: number): Step => ({ do: 'pay', mode, pick, seed })
const mine = (chain: number, blocks: number, paceS: number, seed: number): Step => {
  return { do: 'mine', chain, blocks, paceS, seed }
}
type Branch = readonly [depth: number, length: number, lost: number]
const fork = (chain: number, of: Branch, seed: number, afterCalls: number): Step => {
  const [depth, length, lost] = of
  return { do: 'fork', chain, depth, length, lost, seed, afterCalls }
}

export const FIXED_COIN_CASES: readonly FixedCase[] = [
  {
    name: 'coins that one node made up do not hold back what comes to a new order',
    history: {
      seed: 7,
      setting: {
        chains: 2,
        depths: [1, 8, 4],
        maxReorgBlocks: 300,
        finalLag: null,
        safeLag: 1,
        logCutShare: 0,
        dustUnits: 2,
        unprovenShare: 0,
        startHeight: 310,
        webhooks: true,
        wholeSeconds: true,
        finalityCap: '400 USD',
        coins: { modes: ['delta', 'delta'], logsFrom: null, showsCalls: true },
      },
      steps: [
        run([{ job: 'create', seed: 882559286 }], 7792, 2231920450),
        { do: 'fault', chain: 1, fault: 'false_coins', calls: 4 },
        run([{ job: 'poll', chain: 1 }], 12037, 4249314884),
        pay('call', 4024860700, 42980624),
      ],
    },
  },
  {
    name: 'coins found by their balance and deep already take room below the cap at once',
    history: {
      seed: 42,
      setting: {
        chains: 1,
        depths: [1, 6, 1],
        maxReorgBlocks: 300,
        finalLag: null,
        safeLag: null,
        logCutShare: null,
        dustUnits: 2,
        unprovenShare: 0.5,
        startHeight: 17,
        webhooks: false,
        wholeSeconds: false,
        finalityCap: '300 USD',
        coins: { modes: ['logs', 'trace'], logsFrom: 29, showsCalls: true },
      },
      steps: [
        run([{ job: 'create', seed: 588236482 }], 9691, 2457700573),
        pay('call', 855210273, 3991393496),
      ],
    },
  },
  {
    name: 'an access list is not held against what one node says was there before',
    history: {
      seed: 87,
      setting: {
        chains: 2,
        depths: [3, 10, 1],
        maxReorgBlocks: 300,
        finalLag: 6,
        safeLag: null,
        logCutShare: null,
        dustUnits: 5000000,
        unprovenShare: 0.1,
        startHeight: 20,
        webhooks: true,
        wholeSeconds: false,
        finalityCap: '400 EUR',
        coins: { modes: ['bal', 'trace'], logsFrom: null, showsCalls: true },
      },
      steps: [
        run([{ job: 'create', seed: 1258609758 }], 13556, 866065425),
        pay('call', 1893604841, 621676480),
        mine(0, 1, 12, 181475299),
        { do: 'fault', chain: 0, fault: 'false_coins', calls: 14 },
        run([{ job: 'poll', chain: 0 }], 3000, 111643496),
      ],
    },
  },
  {
    name: 'no order expires by balances that were compared on a branch that left',
    history: {
      seed: 449,
      setting: {
        chains: 2,
        depths: [3, 5, 4],
        maxReorgBlocks: 5,
        finalLag: null,
        safeLag: null,
        logCutShare: null,
        dustUnits: 5000000,
        unprovenShare: 0,
        startHeight: 16,
        webhooks: false,
        wholeSeconds: true,
        coins: { modes: ['logs', 'trace'], logsFrom: 36, showsCalls: false },
      },
      steps: [
        run([{ job: 'create', seed: 1606768009 }], 295, 2452786477),
        run([{ job: 'create', seed: 482309535 }], 3282, 2981453464),
        mine(0, 1, 60, 2082835860),
        run([{ job: 'poll', chain: 1 }], 4894, 1461912812),
        mine(0, 1, 12, 3447117099),
        mine(1, 4, 12, 3573085016),
        pay('call', 2499390218, 4119450899),
        run(
          [
            { job: 'poll', chain: 0 },
            { job: 'poll', chain: 1 },
            { job: 'create', seed: 1650213641 },
          ],
          3082,
          2900778978,
        ),
        fork(0, [12, 12, 0.3], 2876278446, 0),
      ],
    },
  },
  {
    name: 'coins found by calls are not found once more by the list of a block that comes back',
    history: {
      seed: 1284,
      setting: {
        chains: 2,
        depths: [2, 9, 2],
        maxReorgBlocks: 300,
        finalLag: null,
        safeLag: 1,
        logCutShare: null,
        dustUnits: 0,
        unprovenShare: 0,
        startHeight: 310,
        webhooks: true,
        wholeSeconds: true,
        finalityCap: '20 EUR',
        coins: { modes: ['bal', 'direct'], logsFrom: null, showsCalls: true },
      },
      steps: [
        run([{ job: 'create', seed: 2198530288 }], 8910, 2527929958),
        mine(0, 1, 12, 61322282),
        fork(0, [3, 5, 0], 3774233438, 0),
        run([{ job: 'poll', chain: 0 }], 10468, 3449409196),
        pay('call', 2207151854, 940695436),
        mine(0, 4, 12, 4170007100),
        { do: 'fault', chain: 0, fault: 'false_coins', calls: 13 },
        fork(0, [6, 5, 0.5], 1267019747, 7),
        { do: 'wait', ms: 78877 },
        run([{ job: 'poll', chain: 0 }], 10976, 3476734497),
        fork(0, [3, 5, 0], 3025961013, 0),
        run([{ job: 'poll', chain: 0 }], 9896, 120329098),
        { do: 'return', chain: 0, pick: 4143069061, seed: 3561405368 },
      ],
    },
  },
  {
    name: 'what an address spends is no credit where one node tells another balance of the tip',
    history: {
      seed: 1956,
      setting: {
        chains: 1,
        depths: [3, 5, 3],
        maxReorgBlocks: 300,
        finalLag: 9,
        safeLag: null,
        logCutShare: null,
        dustUnits: 2,
        unprovenShare: 0.1,
        startHeight: 19,
        webhooks: true,
        wholeSeconds: true,
        coins: { modes: ['trace', 'trace'], logsFrom: 32, showsCalls: false },
      },
      steps: [
        run([{ job: 'create', seed: 941147452 }], 2146, 1234035658),
        mine(0, 1, 14, 3138177667),
        mine(0, 4, 12, 1848043467),
        pay('call', 3007018752, 2599368707),
        mine(0, 3, 12, 1422453002),
        run([{ job: 'poll', chain: 0 }], 6828, 3575237266),
        { do: 'wait', ms: 85289 },
        mine(0, 1, 12, 518118573),
        pay('spend', 4241360024, 1110117763),
        mine(0, 1, 12, 3392079747),
        { do: 'fault', chain: 0, fault: 'false_coins', calls: 8 },
        run([{ job: 'poll', chain: 0 }], 1262, 2325624301),
      ],
    },
  },
  {
    name: 'coins of nobody are not found once more by the balance of their address',
    history: {
      seed: 2706,
      setting: {
        chains: 2,
        depths: [2, 5, 3],
        maxReorgBlocks: 300,
        finalLag: 12,
        safeLag: null,
        logCutShare: null,
        dustUnits: 0,
        unprovenShare: 0.1,
        startHeight: 16,
        webhooks: false,
        wholeSeconds: false,
        coins: { modes: ['trace', 'delta'], logsFrom: null, showsCalls: true },
      },
      steps: [
        pay('look_ahead', 119233466, 1204084743),
        mine(0, 3, 12, 835916777),
        run([{ job: 'poll', chain: 0 }], 12936, 1825598934),
        fork(0, [4, 4, 0], 1590225993, 0),
        fork(0, [2, 4, 0], 1770661488, 0),
        run([{ job: 'poll', chain: 0 }], 9439, 3807877488),
        run([{ job: 'create', seed: 3607467963 }], 9235, 3960075887),
        fork(0, [4, 4, 0], 3646719585, 0),
        { do: 'return', chain: 0, pick: 1562296184, seed: 992936452 },
      ],
    },
  },
]
