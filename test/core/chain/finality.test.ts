import { describe, expect, test } from 'vitest'
import {
  atLeastFinal,
  compareFinality,
  depthRule,
  type FinalityRule,
  isFinal,
  meetsFinality,
  observedThroughMs,
  presentFinality,
  tagRule,
} from '../../../src/core/chain/finality.ts'
import {
  connectBlocks,
  type FinalityMarks,
  floorOf,
  followFinality,
  type LocalChain,
  markChain,
  marksOf,
  NO_MARKS,
  toMark,
} from '../../../src/core/chain/local-chain.ts'
import { BLOCK_TIME_S, draw } from './draw-chain.ts'

const drawing = draw`
  a-b-c-d-e-f
`
const chain = drawing.chain('abcdef')
const byDepth = followFinality(chain, { finalizedTag: false, maxReorgBlocks: 3 })

function marked(finalized: string | null, safe: string | null = null): LocalChain {
  const markOf = (name: string | null) => (name === null ? null : toMark(drawing.block(name)))
  const marks: FinalityMarks = { finalized: markOf(finalized), safe: markOf(safe) }
  return markChain(chain, marks)
}

/** Names of the blocks in which a payment is as deep as the rule asks. */
function deepIn(where: LocalChain, rule: FinalityRule): string {
  return drawing.names(chain.blocks.filter((block) => meetsFinality(where, rule, block)))
}

const finalized = tagRule('finalized')
const safe = tagRule('safe')

describe('meetsFinality', () => {
  // biome-ignore format: a table reads better in rows
  test.each<[string, LocalChain, FinalityRule, string]>([
    ['one confirmation is the tip', chain, depthRule(1), 'abcdef'],
    ['a count', chain, depthRule(4), 'abc'],
    ['a count beyond the ring', chain, depthRule(7), ''],
    ['a count does not look at marks', marked(null), depthRule(4), 'abc'],
    ['up to the mark, which is final itself', marked('c'), finalized, 'abc'],
    ['nothing while the mark is not known', marked(null), finalized, ''],
    ['so many blocks below the mark', marked('d'), tagRule('finalized', { plusBlocks: 2 }), 'ab'],
    ['so much older than the mark', marked('d'), tagRule('finalized', { plusS: BLOCK_TIME_S + 1 }), 'ab'],
    ['exactly so much older', marked('d'), tagRule('finalized', { plusS: BLOCK_TIME_S }), 'abc'],
    ['both', marked('d'), tagRule('finalized', { plusBlocks: 1, plusS: 3 * BLOCK_TIME_S }), 'a'],
    ['safe by its own mark', marked('b', 'd'), safe, 'abcd'],
    ['safe is not final', marked('b', 'd'), finalized, 'ab'],
    ['what is final is safe', marked('d', 'b'), safe, 'abcd'],
    ['final alone is safe too', marked('d'), safe, 'abcd'],
    ['without a tag: deeper than any reorg', byDepth, finalized, 'abc'],
    ['without a tag safe asks for as much', byDepth, safe, 'abc'],
  ])('%s', (_, where, rule, names) => {
    expect(deepIn(where, rule)).toBe(names)
  })
})

describe('observedThroughMs', () => {
  const timeOf = (name: string) => drawing.block(name).timestampS * 1_000

  test.each([
    [1, 'f'],
    [2, 'e'],
    [6, 'a'],
  ])('at %i confirmations it is the time of block %s', (confirmations, name) => {
    expect(observedThroughMs(chain, depthRule(confirmations))).toBe(timeOf(name))
  })

  test('is unknown while no block that deep is held', () => {
    expect(observedThroughMs(chain, depthRule(7))).toBeNull()
    expect(observedThroughMs(marked(null), finalized)).toBeNull()
    expect(observedThroughMs(marked('c'), tagRule('finalized', { plusBlocks: 3 }))).toBeNull()
  })

  test.each<[string, LocalChain, FinalityRule, number]>([
    ['the mark', marked('c'), finalized, timeOf('c')],
    ['blocks below the mark', marked('d'), tagRule('finalized', { plusBlocks: 2 }), timeOf('b')],
    ['seconds before the mark', marked('d'), tagRule('finalized', { plusS: 5 }), timeOf('d') - 5e3],
    ['the depth of no reorg', byDepth, finalized, timeOf('c')],
  ])('by a tag it is the time of %s', (_, where, rule, timeMs) => {
    expect(observedThroughMs(where, rule)).toBe(timeMs)
  })

  test('never reaches beyond what is deep enough', () => {
    const rules = [0, 1, 2].flatMap((plusBlocks) =>
      [0, 1, BLOCK_TIME_S, 20].map((plusS) => tagRule('finalized', { plusBlocks, plusS })),
    )
    for (const rule of rules) {
      for (const name of 'abcdef') {
        const throughMs = observedThroughMs(marked(name), rule) ?? 0
        const seen = chain.blocks.filter(({ timestampS }) => timestampS * 1_000 <= throughMs)
        for (const block of seen) expect(meetsFinality(marked(name), rule, block)).toBe(true)
      }
    }
  })
})

describe('isFinal', () => {
  const finalIn = (where: LocalChain) =>
    drawing.names(chain.blocks.filter(({ number }) => isFinal(where, number)))

  test('by the tag where it is followed, else by depth', () => {
    expect(finalIn(marked('c', 'e'))).toBe('abc')
    expect(finalIn(marked(null, 'e'))).toBe('')
    expect(finalIn(byDepth)).toBe('abc')
  })

  test('turning the tag off and on forgets its marks', () => {
    const off = followFinality(marked('e'), { finalizedTag: false, maxReorgBlocks: 3 })
    expect(finalIn(off)).toBe('abc')
    expect(finalIn(followFinality(off, { finalizedTag: true, maxReorgBlocks: 3 }))).toBe('')
    expect(finalIn(followFinality(marked('e'), { finalizedTag: true, maxReorgBlocks: 3 }))).toBe(
      'abcde',
    )
  })
})

describe('rules', () => {
  test('ascend: counts, safe, finalized, and what comes on top', () => {
    const ascending = [
      depthRule(1),
      depthRule(900),
      safe,
      tagRule('safe', { plusS: 1 }),
      tagRule('safe', { plusBlocks: 1 }),
      finalized,
      tagRule('finalized', { plusBlocks: 32 }),
    ]
    for (const [i, low] of ascending.entries()) {
      for (const [j, high] of ascending.entries()) {
        expect(Math.sign(compareFinality(low, high))).toBe(Math.sign(i - j))
      }
    }
  })

  test('are raised to finality where they ask for less', () => {
    expect(atLeastFinal(depthRule(900))).toEqual(finalized)
    expect(atLeastFinal(tagRule('safe', { plusBlocks: 9 }))).toEqual(finalized)
    const more = tagRule('finalized', { plusS: 1 })
    expect(atLeastFinal(more)).toEqual(more)
  })

  test('are shown as they are configured', () => {
    expect(presentFinality(depthRule(5))).toEqual({ confirmations: 5 })
    expect(presentFinality(finalized)).toEqual({ confirmations: 'finalized' })
    const rule = tagRule('safe', { plusBlocks: 32, plusS: 15 })
    expect(presentFinality(rule)).toEqual({ confirmations: 'safe', plus_blocks: 32, plus_s: 15 })
  })
})

describe('marks in a reorg', () => {
  const drawing = draw`
    a-b-c-d-e
      \-x-y-z
  `
  const marked = (finalized: string, safe: string) => {
    const marks = { finalized: toMark(drawing.block(finalized)), safe: toMark(drawing.block(safe)) }
    return markChain(drawing.chain('abcde'), marks)
  }
  const show = (chain: LocalChain) => {
    const { finalized, safe } = marksOf(chain)
    return `${finalized?.number} ${safe?.number}`
  }

  test('the floor is the last finalized block, if that is higher than the depth allows', () => {
    expect(floorOf(marked('d', 'd'), 300)).toBe(103)
    expect(floorOf(marked('a', 'a'), 1)).toBe(103)
    expect(floorOf(markChain(drawing.chain('abcde'), NO_MARKS), 2)).toBe(102)
  })

  test('CR-12 a branch below the last finalized block is not followed, above it is', () => {
    const below = connectBlocks(marked('c', 'd'), drawing.blocks('xyz'), 300)
    expect(below).toEqual({ kind: 'below-floor', depth: 3 })
    expect(connectBlocks(marked('b', 'b'), drawing.blocks('xyz'), 300).kind).toBe('extended')
  })

  test('what was safe leaves with its block, down to the common ancestor; finalized stays', () => {
    const result = connectBlocks(marked('a', 'd'), drawing.blocks('xyz'), 300)
    expect(result.kind === 'extended' && show(result.chain)).toBe('100 101')
    const kept = connectBlocks(marked('a', 'b'), drawing.blocks('xyz'), 300)
    expect(kept.kind === 'extended' && show(kept.chain)).toBe('100 101')
  })
})
