/** A round of comparisons that takes several turns, while the chain goes on or another branch comes. */
import { expect, test } from 'vitest'
import type { ChainSettings } from '../../src/core/chain/chain-settings.ts'
import { createLocalChain } from '../../src/core/chain/local-chain.ts'
import { ChainSourceError } from '../../src/errors.ts'
import { FRESH_SWEEP, sweepBalances } from '../../src/operations/sweep-balances.ts'
import type { SyncDeps } from '../../src/operations/sync-chain.ts'
import type { NativeSource } from '../../src/ports/native-source.ts'
import {
  SAMPLE_CHAIN_ID,
  sampleAddress,
  sampleBlock,
  sampleBlocks,
  sampleHash,
} from '../support/fixtures.ts'

/** Pages of one turn. */
const TURN = 20
const PAGES = 30
const SETTINGS = {
  ...{ chainId: SAMPLE_CHAIN_ID, test: false, pollIntervalMs: 1_000, blockTimeMs: 12_000 },
  assets: [],
} as unknown as ChainSettings
const trunk = sampleBlocks(100, 110)
const [OLD, LONGER, OTHER] = [
  [...trunk, ...sampleBlocks(111, 112)],
  [...trunk, ...sampleBlocks(111, 114)],
  [...trunk, sampleBlock(111, 'b', sampleHash(110)), ...sampleBlocks(112, 113, 'b')],
].map((blocks) => createLocalChain(SAMPLE_CHAIN_ID, blocks))

/**
 * Thirty pages, empty but for one address on the first, if it is to be there, on which two nodes
 * differ; what is noted, and the pages that were asked for.
 */
function world({ disputed = false } = {}) {
  const noted: number[] = []
  const pages: string[] = []
  const deps = {
    clock: { monotonicMs: () => 1_000_000, nowMs: () => 1_800_000_000_000 },
    store: {
      async findSweepTargets({ group, after }: { group: string; after: { position: number } }) {
        const page = after === null ? 0 : after.position
        pages.push(`${group} ${page}`)
        const isLast = group !== 'unfinished' || page + 1 === PAGES
        const isHere = disputed && group === 'unfinished' && page === 0
        return {
          targets: isHere ? [DISPUTED] : [],
          cursor: isLast ? null : { deadlineMs: 1, position: page + 1 },
        }
      },
    },
    chains: { noteSweep: (_chainId: number, throughMs: number) => noted.push(throughMs) },
    ...{ source: {}, metrics: { count() {} }, logger: { error() {}, warn() {} } },
    native: {
      getBalances: async () => [7n],
      getAgreedBalance: async () => {
        throw new ChainSourceError('inconsistent', 'node:1 and node:2 differ on a balance')
      },
    },
  } as unknown as SyncDeps & { readonly native: NativeSource }
  const turn = (chain: typeof OLD & {}, memory = FRESH_SWEEP) => {
    const { signal } = new AbortController()
    return sweepBalances(deps, { settings: SETTINGS, chain, memory, signal })
  }
  return { turn, noted, pages }
}

const tips = { [SAMPLE_CHAIN_ID]: { number: 105, hash: sampleHash(105) } }
const DISPUTED = {
  deposit: { address: sampleAddress(1), issued: { invoiceId: 'inv_1', tips } },
  ...{ known: null, credits: [] },
}

const timeOf = (chain: typeof OLD, number: number) =>
  (chain?.blocks.find((block) => block.number === number)?.timestampS ?? 0) * 1_000

test('a round of several turns is good for what it began with, though the chain went on', async () => {
  const { turn, noted, pages } = world()
  const begun = await turn(OLD!)
  expect([noted, pages.length]).toEqual([[], TURN])
  const done = await turn(LONGER!, begun)
  expect(noted).toEqual([timeOf(OLD, 112)])
  expect(pages.filter((page) => page === 'unfinished 0')).toHaveLength(1)
  expect(done.place).toBeNull()
})

test('a round whose beginning left with its branch begins anew: nothing expires by it', async () => {
  const { turn, noted, pages } = world()
  const again = await turn(OTHER!, await turn(OLD!))
  expect([noted, again.place?.from.number]).toEqual([[], 113])
  expect(pages.filter((page) => page === 'unfinished 0')).toHaveLength(2)
  await turn(OTHER!, again)
  expect(noted).toEqual([timeOf(OTHER, 113)])
})

test('an address that an earlier turn of the round could not tell about holds back the round', async () => {
  const { turn, noted } = world({ disputed: true })
  const done = await turn(OLD!, await turn(OLD!))
  expect([noted, done.place, done.sweptTip]).toEqual([[], null, null])
})

test('a round that outlasts the blocks kept in memory is not begun anew for ever', async () => {
  const { turn, noted } = world()
  const later = createLocalChain(SAMPLE_CHAIN_ID, sampleBlocks(200, 210))
  await turn(later, await turn(OLD!))
  expect(noted).toEqual([timeOf(OLD, 112)])
})
