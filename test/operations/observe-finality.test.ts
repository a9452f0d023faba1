import { expect, test } from 'vitest'
import type { ChainSettings } from '../../src/core/chain/chain-settings.ts'
import { tagRule } from '../../src/core/chain/finality.ts'
import type { FinalityClaim } from '../../src/core/chain/judge-finality.ts'
import {
  createLocalChain,
  followFinality,
  markChain,
  toMark,
} from '../../src/core/chain/local-chain.ts'
import {
  type FinalityMemory,
  FRESH_FINALITY,
  observeFinality,
} from '../../src/operations/observe-finality.ts'
import type { ChainSource } from '../../src/ports/chain-source.ts'
import { SAMPLE_CHAIN_ID, sampleBlock, sampleBlocks } from '../support/fixtures.ts'

const settings = {
  chainId: SAMPLE_CHAIN_ID,
  test: false,
  finalizedTag: true,
  finalityStuckMs: 120_000,
  maxReorgBlocks: 300,
  finality: [{ upTo: null, rule: tagRule('finalized') }],
} as unknown as ChainSettings
const chain = followFinality(createLocalChain(SAMPLE_CHAIN_ID, sampleBlocks(1, 20)), settings)
const head = sampleBlock(20)
const silent: FinalityClaim = { provider: 'node', finalized: null, safe: null }
const told: FinalityClaim = { ...silent, finalized: sampleBlock(12) }

/** Turns of one head, with what the node answers in each; the alarms, and how often it was asked. */
async function observe(answers: readonly FinalityClaim[]) {
  const alarms: string[] = []
  const log = () => {}
  let memory: FinalityMemory = FRESH_FINALITY
  let asked = 0
  const source = {
    getFinality: async () => [answers[asked++] ?? silent],
  } as unknown as ChainSource
  const deps = {
    source,
    clock: { nowMs: () => 0, monotonicMs: () => 0 },
    metrics: { count: log },
    logger: {
      debug: log,
      info: log,
      warn: log,
      error: (_: object, text: string) => alarms.push(text),
    },
  }
  for (let turn = 0; turn < 4; turn++) {
    const { signal } = new AbortController()
    const result = await observeFinality(deps, { settings, chain, head, memory, signal })
    if (result.kind === 'accepted') memory = result.memory
  }
  return { alarms, asked, fault: memory.fault }
}

test('CR-13 one answer that did not come is asked for again, and alarms nobody', async () => {
  expect(await observe([silent, told])).toEqual({ alarms: [], asked: 2, fault: null })
})

test('CR-13 two in a row are a tag that is missing: one alarm', async () => {
  const { alarms, asked, fault } = await observe([silent, silent])
  expect([asked, fault]).toEqual([2, 'missing'])
  expect(alarms).toEqual([expect.stringContaining('no node says what is final')])
})

test('an answer is asked for once per head', async () => {
  expect(await observe([told])).toEqual({ alarms: [], asked: 1, fault: null })
})

/** A tag that stands at one block, seen at these seconds; the head is another one each time or stays. */
async function watchStanding(finalityStuckMs: number, seenAtS: readonly number[], moves = true) {
  const faults: (string | null)[] = []
  const held = markChain(chain, { safe: null, finalized: toMark(sampleBlock(12)) })
  const alarms: string[] = []
  const log = () => {}
  let memory: FinalityMemory = FRESH_FINALITY
  for (const [i, atS] of seenAtS.entries()) {
    const deps = {
      source: { getFinality: async () => [told] } as unknown as ChainSource,
      clock: { nowMs: () => 0, monotonicMs: () => atS * 1_000 },
      metrics: { count: log },
      logger: {
        debug: log,
        info: log,
        warn: log,
        error: (_: object, text: string) => alarms.push(text),
      },
    }
    const own = { ...settings, finalityStuckMs }
    const at = sampleBlock(moves ? 15 + i : 20)
    const { signal } = new AbortController()
    // A head that stays is asked again when our chain has not reached it.
    const asked = { ...memory, askedAt: null }
    const result = await observeFinality(deps, {
      settings: own,
      chain: held,
      head: at,
      memory: asked,
      signal,
    })
    if (result.kind === 'accepted') memory = result.memory
    faults.push(memory.fault)
  }
  return { faults, alarms: alarms.length }
}

test('CR-13 a tag that stands still is stuck after the time of its chain, told once', async () => {
  expect(await watchStanding(120_000, [0, 60, 119, 120, 180])).toEqual({
    faults: [null, null, null, 'stuck', 'stuck'],
    alarms: 1,
  })
  expect(await watchStanding(2_400_000, [0, 60, 1_200, 2_399])).toEqual({
    faults: [null, null, null, null],
    alarms: 0,
  })
})

test('CR-13 a tag below a head that stands still too is not stuck', async () => {
  expect(await watchStanding(120_000, [0, 60, 240], false)).toEqual({
    faults: [null, null, null],
    alarms: 0,
  })
})
