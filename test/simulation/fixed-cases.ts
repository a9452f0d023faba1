/**
 * Histories that once broke a rule, shrunk. They stand here as steps, since a seed tells another story
 * once the generator is changed; each ran against what it found, and failed.
 */
import type { History } from './history.ts'

export const FIXED_CASES: readonly { readonly name: string; readonly history: History }[] = [
  {
    name: 'an invoice is not asked to expire by what a halted chain showed before it halted',
    history: {
      seed: 51079,
      setting: {
        chains: 2,
        depths: [2, 2, 1],
        maxReorgBlocks: 6,
        finalLag: null,
        dustUnits: 0,
        unprovenShare: 0,
        startHeight: 17,
        webhooks: true,
        wholeSeconds: false,
      },
      steps: [
        {
          do: 'run',
          jobs: [{ job: 'create', seed: 1606796361 }],
          waitMs: 8339,
          seed: 2307149448,
          trouble: null,
        },
        { do: 'mine', chain: 1, blocks: 3, paceS: 12, seed: 534998493 },
        {
          do: 'run',
          jobs: [{ job: 'poll', chain: 1 }],
          waitMs: 9613,
          seed: 3496740145,
          trouble: null,
        },
        { do: 'fork', chain: 1, depth: 5, length: 3, lost: 0.5, seed: 1458668540, afterCalls: 0 },
        {
          do: 'run',
          jobs: [{ job: 'create', seed: 1448385476 }],
          waitMs: 6105,
          seed: 3737473624,
          trouble: null,
        },
        {
          do: 'mine',
          chain: 1,
          blocks: 1,
          paceS: 12,
          seed: 666559419,
          aim: { pick: 1824539995, afterS: 1 },
        },
        { do: 'mine', chain: 1, blocks: 3, paceS: 12, seed: 207276525 },
        {
          do: 'run',
          jobs: [{ job: 'poll', chain: 1 }],
          waitMs: 4464,
          seed: 1494189514,
          trouble: null,
        },
        { do: 'return', chain: 1, pick: 3966579276, seed: 3510865655 },
      ],
    },
  },
  {
    name: 'a chain that goes on does not let an invoice expire while another one is halted',
    history: {
      seed: 949,
      setting: {
        chains: 2,
        depths: [3, 6, 4],
        maxReorgBlocks: 7,
        finalLag: null,
        dustUnits: 0,
        unprovenShare: 0,
        startHeight: 15,
        webhooks: false,
        wholeSeconds: true,
      },
      steps: [
        {
          do: 'run',
          jobs: [{ job: 'create', seed: 3876039415 }],
          waitMs: 5883,
          seed: 2285129580,
          trouble: null,
        },
        { do: 'mine', chain: 0, blocks: 1, paceS: 12, seed: 2499824475 },
        { do: 'fork', chain: 0, depth: 6, length: 6, lost: 1, seed: 1540826417, afterCalls: 0 },
        { do: 'fork', chain: 0, depth: 4, length: 2, lost: 0, seed: 1294377288, afterCalls: 0 },
        {
          do: 'run',
          jobs: [{ job: 'poll', chain: 0 }],
          waitMs: 6795,
          seed: 2584880026,
          trouble: null,
        },
        { do: 'mine', chain: 1, blocks: 4, paceS: 160, seed: 1732716784 },
        { do: 'mine', chain: 0, blocks: 4, paceS: 12, seed: 1360509006 },
        { do: 'mine', chain: 0, blocks: 2, paceS: 12, seed: 1980984205 },
        {
          do: 'run',
          jobs: [{ job: 'poll', chain: 0 }],
          waitMs: 10359,
          seed: 1553497008,
          trouble: null,
        },
      ],
    },
  },
  {
    name: 'what is final is asked again on the way to a head that is many blocks above',
    history: {
      seed: 109,
      setting: {
        chains: 1,
        depths: [2, 5, 4],
        maxReorgBlocks: 300,
        finalLag: 7,
        dustUnits: 0,
        unprovenShare: 0.1,
        startHeight: 20,
        webhooks: false,
        wholeSeconds: false,
      },
      steps: [
        {
          do: 'run',
          jobs: [{ job: 'create', seed: 362446265 }],
          waitMs: 11106,
          seed: 442001035,
          trouble: null,
        },
        { do: 'pay', mode: 'many', pick: 4198795087, seed: 1492122732 },
        { do: 'mine', chain: 0, blocks: 79, paceS: 14, seed: 4016319791 },
      ],
    },
  },
]
