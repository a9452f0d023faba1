import { describe, expect, test } from 'vitest'
import { countConfirmations } from '../../../src/core/chain/confirmations.ts'
import { type LocalChain, pruneLocalChain } from '../../../src/core/chain/local-chain.ts'
import { BLOCK_TIME_S, draw } from './draw-chain.ts'

const drawing = draw`
  a-b-c-d-e-f
`
const chain = drawing.chain('abcdef')

describe('countConfirmations', () => {
  test.each([
    [10, 10, 1],
    [10, 9, 2],
    [10, 6, 5],
    [10, 0, 11],
    [10, 11, 0],
    [10, 99, 0],
  ])('with the tip at %i, block %i has %i', (tip, block, count) => {
    expect(countConfirmations({ number: tip }, block)).toBe(count)
  })
})

describe('pruneLocalChain', () => {
  const kept = (pruned: LocalChain) => drawing.names(pruned.blocks)

  // biome-ignore format: a table reads better in rows
  test.each([
    ['by number', 2, 0, 'ef'],
    ['by age', 0, 3 * BLOCK_TIME_S, 'cdef'],
    ['by age, between two blocks', 0, 3 * BLOCK_TIME_S - 1, 'def'],
    ['by whichever keeps more', 4, BLOCK_TIME_S, 'cdef'],
    ['the tip stays, whatever is asked', 0, 0, 'f'],
    ['nothing is old enough', 300, 600, 'abcdef'],
    ['exactly as many as there are', 6, 0, 'abcdef'],
  ])('%s', (_name, keepBlocks, keepS, names) => {
    expect(kept(pruneLocalChain(chain, keepBlocks, keepS))).toBe(names)
  })

  test('a stretch of equal block times is kept by number', () => {
    const frozen = chain.blocks.map((block) => ({ ...block, timestampS: 5 }))
    expect(kept(pruneLocalChain({ ...chain, blocks: frozen }, 2, 0))).toBe('abcdef')
  })
})
