import { describe, expect, test } from 'vitest'
import { type FinalityClaim, judgeFinality } from '../../../src/core/chain/judge-finality.ts'
import { markChain, toMark } from '../../../src/core/chain/local-chain.ts'
import { draw } from './draw-chain.ts'

/** Ours is b to f; x, y, z are another branch, a lies below our ring, g and h above our tip. */
const drawing = draw`
  a-b-c-d-e-f-g-h
      \-x-y-z
`
const ring = drawing.chain('bcdef')

/** `c`: finalized c. `c/d`: and safe d. `-`: the node does not say. */
function claim(text: string, i: number): FinalityClaim {
  const markOf = (name = '-') => (name === '-' ? null : toMark(drawing.block(name)))
  const [final, safe] = text.split('/')
  return { provider: `node-${i}:8545`, finalized: markOf(final), safe: markOf(safe) }
}

function judge(held: string, claims: string): string {
  const { finalized, safe } = claim(held, 0)
  const nodes = claims.split(' ').filter((text) => text !== '')
  const verdict = judgeFinality(markChain(ring, { finalized, safe }), nodes.map(claim))
  const nameOf = (mark: { number: number; hash: string } | null) => {
    if (mark === null) return '-'
    return String.fromCharCode(Number.parseInt(mark.hash.slice(-2), 16))
  }
  if (verdict.kind === 'contradicted') return `contradicted by ${nameOf(verdict.mark)}`
  const { marks, fault } = verdict
  return [nameOf(marks.finalized), nameOf(marks.safe), fault ?? ''].join(' ').trim()
}

// biome-ignore format: a table reads better in rows
describe('judgeFinality', () => {
  test.each([
    ['the first claim is taken', '-', 'c', 'c -'],
    ['it rises', 'c', 'e', 'e -'],
    ['it stands', 'c', 'c', 'c -'],
    ['the lowest of those that agree', 'b', 'e c d', 'c -'],
    ['a slow node does not take back what was final', 'd', 'c e', 'd -'],
    ['CR-13 it never falls', 'e', 'c', 'e - regressed'],
    ['CR-13 nor where all nodes fall', 'e', 'c d', 'e - regressed'],
    ['CR-13 no node says', 'c', '-', 'c - missing'],
    ['CR-13 no node is there', 'c', '', 'c - missing'],
    ['one of two does not say', 'c', '- e', 'e -'],
    ['below our ring says nothing at first', '-', 'a', '- -'],
    ['below our ring after it was known', 'c', 'a', 'c - regressed'],
    ['above our tip says nothing yet', 'c', 'h', 'c -'],
    ['above our tip does not hold back the others', 'c', 'h e', 'e -'],
    ['CR-13 another block than ours', 'c', 'y', 'contradicted by y'],
    ['CR-13 also at a height that was final', 'e', 'x', 'contradicted by x'],
    ['two call the same other block final', 'c', 'y y', 'contradicted by y'],
    ['CR-18 one against one', 'c', 'e y', 'c - disputed'],
    ['CR-18 one against one that is ahead of us', 'c', 'h y', 'c - disputed'],
    ['two against one', 'c', 'e f y', 'e - disputed'],
    ['one against two', 'c', 'e y z', 'contradicted by y'],
    ['safe rises by itself', 'c/d', 'c/e', 'c e'],
    ['safe does not fall while its block is ours', 'c/e', 'c/d', 'c e'],
    ['the lowest safe of those that are ours', 'c', 'c/e c/d c/y', 'c d'],
    ['another safe block halts nothing', 'c/d', 'c/y', 'c d'],
    ['safe without finalized', 'c/d', '-/e', 'c e missing'],
  ])('%s: held %s, claimed %s', (_, held, claims, outcome) => {
    expect(judge(held, claims)).toBe(outcome)
  })

  test('the time of a mark is that of our own block', () => {
    const lie = { ...toMark(drawing.block('c')), timestampS: 1 }
    const claims = [{ provider: 'node:1', finalized: lie, safe: lie }]
    expect(judgeFinality(ring, claims)).toEqual({
      kind: 'accepted',
      marks: { finalized: toMark(drawing.block('c')), safe: toMark(drawing.block('c')) },
      fault: null,
    })
  })
})
