import { describe, expect, test } from 'vitest'
import {
  blockAt,
  connectBlocks,
  createLocalChain,
  floorOf,
  holdsBlock,
  type LocalChain,
  tipOf,
} from '../../../src/core/chain/local-chain.ts'
import { type Drawing, draw } from './draw-chain.ts'

/** What is shown to us, and what becomes of it: `d off, xyz on, now abcxyz`, or why nothing changes. */
type Step = readonly [shown: string, outcome: string]
type Case = {
  readonly name: string
  readonly drawing: Drawing
  readonly held: string
  readonly maxReorg?: number
  readonly steps: readonly Step[]
}

const CASES: readonly Case[] = [
  {
    name: 'extension by one block',
    drawing: draw`
      a-b-c-d
    `,
    held: 'abc',
    steps: [['d', '- off, d on, now abcd']],
  },
  {
    name: 'extension by several blocks',
    drawing: draw`
      a-b-c-d-e-f
    `,
    held: 'abc',
    steps: [['def', '- off, def on, now abcdef']],
  },
  {
    name: 'an answer that begins with blocks we hold connects the new ones alone',
    drawing: draw`
      a-b-c-d-e
    `,
    held: 'abc',
    steps: [['bcde', '- off, de on, now abcde']],
  },
  {
    name: 'repetition, in whole or in part',
    drawing: draw`
      a-b-c-d
    `,
    held: 'abcd',
    steps: [
      ['d', 'known'],
      ['abcd', 'known'],
      ['', 'known'],
    ],
  },
  {
    name: 'CR-21 lag: a lower head of the same chain is no reorg, however often it swings',
    drawing: draw`
      a-b-c-d-e-f
    `,
    held: 'abcdef',
    steps: [
      ['b', 'known'],
      ['bcdef', 'known'],
      ['ab', 'known'],
      ['cdef', 'known'],
    ],
  },
  {
    name: 'depth 1, as long as ours',
    drawing: draw`
      a-b-c-d
          \-x
    `,
    held: 'abcd',
    steps: [['x', 'd off, x on, now abcx']],
  },
  {
    name: 'depth 1, longer',
    drawing: draw`
      a-b-c-d
          \-x-y-z
    `,
    held: 'abcd',
    steps: [['xyz', 'd off, xyz on, now abcxyz']],
  },
  {
    name: 'depth 2: what leaves is told newest first',
    drawing: draw`
      a-b-c-d
        \-x-y-z
    `,
    held: 'abcd',
    steps: [['xyz', 'dc off, xyz on, now abxyz']],
  },
  {
    name: 'a branch shown from below the fork',
    drawing: draw`
      a-b-c-d-e
          \-x-y-z
    `,
    held: 'abcde',
    steps: [['bcxyz', 'ed off, xyz on, now abcxyz']],
  },
  {
    name: 'a shorter branch that the caller follows',
    drawing: draw`
      a-b-c-d-e
        \-x
    `,
    held: 'abcde',
    steps: [['x', 'edc off, x on, now abx']],
  },
  {
    name: 'depth n: all but the first block of the ring',
    drawing: draw`
      a-b-c-d-e
      \-v-w-x-y-z
    `,
    held: 'abcde',
    steps: [['vwxyz', 'edcb off, vwxyz on, now avwxyz']],
  },
  {
    name: 'the first block of the ring itself is another: below the floor',
    drawing: draw`
      .-a-b-c
      \-x-y-z
    `,
    held: 'abc',
    steps: [['xyz', 'below-floor 3']],
  },
  {
    name: 'a ring of one block cannot be replaced either',
    drawing: draw`
      .-a
      .-x-y
    `,
    held: 'a',
    steps: [['xy', 'below-floor 1']],
  },
  {
    name: 'a branch from before the ring',
    drawing: draw`
      . . .-a-b-c
      .-v-w-x-y-z
    `,
    held: 'abc',
    steps: [['vwxyz', 'below-floor 5']],
  },
  {
    name: 'exactly as deep as allowed',
    drawing: draw`
      a-b-c-d-e-f
          \-x-y-z
    `,
    held: 'abcdef',
    maxReorg: 3,
    steps: [['xyz', 'fed off, xyz on, now abcxyz']],
  },
  {
    name: 'CR-11 one deeper than allowed: nothing is rewritten',
    drawing: draw`
      a-b-c-d-e-f
        \-w-x-y-z-q
    `,
    held: 'abcdef',
    maxReorg: 3,
    steps: [['wxyzq', 'below-floor 4']],
  },
  {
    name: 'no reorg at all is allowed: extension goes on',
    drawing: draw`
      a-b-c-d
          \-x
    `,
    held: 'abc',
    maxReorg: 0,
    steps: [
      ['d', '- off, d on, now abcd'],
      ['x', 'below-floor 1'],
    ],
  },
  {
    name: 'the parent is unknown: read further down, until the fork is reached',
    drawing: draw`
      a-b-c-d-e
        \-x-y-z
    `,
    held: 'abcde',
    steps: [
      ['z', 'parent-missing'],
      ['yz', 'parent-missing'],
      ['xyz', 'edc off, xyz on, now abxyz'],
    ],
  },
  {
    name: 'a gap above the tip: the blocks between are missing',
    drawing: draw`
      a-b-c-d-e-f
    `,
    held: 'abc',
    steps: [
      ['f', 'parent-missing'],
      ['ef', 'parent-missing'],
      ['def', '- off, def on, now abcdef'],
    ],
  },
  {
    name: 'a stranger: reading down ends at the floor, not at the beginning of time',
    drawing: draw`
      a-b-c-d-e-f
      . .-w-x-y-z
    `,
    held: 'abcdef',
    maxReorg: 3,
    steps: [
      ['z', 'parent-missing'],
      ['xyz', 'parent-missing'],
      ['wxyz', 'below-floor 4'],
    ],
  },
  {
    name: 'unlinked answers: two chains mixed, a gap, upside down, one block twice',
    drawing: draw`
      a-b-c-d-e
        \-x-y-z
    `,
    held: 'ab',
    steps: [
      ['cy', 'unlinked'],
      ['xd', 'unlinked'],
      ['ce', 'unlinked'],
      ['dc', 'unlinked'],
      ['cc', 'unlinked'],
    ],
  },
  {
    name: 'back to the original branch: blocks may be connected a second time',
    drawing: draw`
      a-b-c-d-e
        \-x-y
    `,
    held: 'abcd',
    steps: [
      ['xy', 'dc off, xy on, now abxy'],
      ['cde', 'yx off, cde on, now abcde'],
    ],
  },
  {
    name: 'back and forth, each time longer',
    drawing: draw`
      a-b-c-d-e-f
        \-u-v-w-x-y
    `,
    held: 'abc',
    steps: [
      ['uv', 'c off, uv on, now abuv'],
      ['cde', 'vu off, cde on, now abcde'],
      ['uvwx', 'edc off, uvwx on, now abuvwx'],
      ['f', 'parent-missing'],
      ['y', '- off, y on, now abuvwxy'],
    ],
  },
  {
    name: 'a branch of a branch',
    drawing: draw`
      a-b-c-d
        \-u-v-w
          \-x-y-z
    `,
    held: 'abcd',
    steps: [
      ['uvw', 'dc off, uvw on, now abuvw'],
      ['xyz', 'wv off, xyz on, now abuxyz'],
    ],
  },
]

describe.each(CASES)('$name', ({ drawing, held, maxReorg = 300, steps }) => {
  test(`held ${held}, shown ${steps.map(([shown]) => shown || 'nothing').join(', then ')}`, () => {
    let chain = drawing.chain(held)
    for (const [shown, outcome] of steps) {
      const before = drawing.names(chain.blocks)
      const result = connectBlocks(chain, drawing.blocks(shown), maxReorg)
      expect(tell(drawing, result)).toBe(outcome)
      expect(drawing.names(chain.blocks)).toBe(before)
      if (result.kind === 'extended') chain = result.chain
    }
  })
})

function tell(drawing: Drawing, result: ReturnType<typeof connectBlocks>): string {
  if (result.kind === 'below-floor') return `below-floor ${result.depth}`
  if (result.kind !== 'extended') return result.kind
  expectLinked(result.chain)
  const off = drawing.names(result.disconnected) || '-'
  const on = drawing.names(result.connected)
  return `${off} off, ${on} on, now ${drawing.names(result.chain.blocks)}`
}

function expectLinked(chain: LocalChain): void {
  expect(createLocalChain(chain.chainId, chain.blocks)).toEqual(chain)
}

describe('a node that lies about heights', () => {
  const drawing = draw`
    a-b-c-d
  `
  const chain = drawing.chain('ab')

  test('is caught where the hashes link but the numbers do not', () => {
    const wrong = [drawing.block('c'), { ...drawing.block('d'), number: 105 }]
    expect(connectBlocks(chain, wrong, 300)).toEqual({ kind: 'unlinked' })
    const same = [drawing.block('c'), { ...drawing.block('d'), number: 102 }]
    expect(connectBlocks(chain, same, 300)).toEqual({ kind: 'unlinked' })
  })

  test('does not move our tip up by a block that says it is further', () => {
    const above = [{ ...drawing.block('c'), number: 103 }]
    expect(connectBlocks(chain, above, 300)).toEqual({ kind: 'parent-missing' })
  })
})

describe('the ring', () => {
  const drawing = draw`
    . .-c-d-e
        \-x
  `
  const chain = drawing.chain('cde')

  test('knows its blocks by height, and none outside', () => {
    expect(tipOf(chain)).toEqual(drawing.block('e'))
    expect(blockAt(chain, 102)).toEqual(drawing.block('c'))
    expect(blockAt(chain, 101)).toBeNull()
    expect(blockAt(chain, 105)).toBeNull()
    expect(blockAt(chain, -1)).toBeNull()
  })

  test('holds a block by height and hash together', () => {
    expect(holdsBlock(chain, drawing.block('d'))).toBe(true)
    expect(holdsBlock(chain, drawing.block('x'))).toBe(false)
    expect(holdsBlock(chain, { ...drawing.block('d'), number: 104 })).toBe(false)
  })

  test('has a floor: so far below the tip, never below its first block', () => {
    expect(floorOf(chain, 1)).toBe(103)
    expect(floorOf(chain, 2)).toBe(102)
    expect(floorOf(chain, 300)).toBe(102)
  })

  test('is never empty and never unlinked', () => {
    expect(() => createLocalChain(1, [])).toThrow('invariant broken')
    expect(() => drawing.chain('ce')).toThrow('invariant broken')
    expect(() => drawing.chain('xe')).toThrow('invariant broken')
  })
})

describe('the drawings of this file', () => {
  test('are read as drawn', () => {
    const drawing = draw`
      a-b-c
        \-x-y
      . . .-z
    `
    expect(drawing.block('a').number).toBe(100)
    expect(drawing.block('x').parentHash).toBe(drawing.block('b').hash)
    expect(drawing.block('y')).toMatchObject({ number: 103, parentHash: drawing.block('x').hash })
    expect(drawing.block('z').number).toBe(103)
    expect(drawing.names(drawing.blocks('abxy'))).toBe('abxy')
  })

  test('are refused when they do not fit', () => {
    expect(
      () => draw`
      a-b
           \-x
    `,
    ).toThrow('stands')
    expect(
      () => draw`
      a-b-a
    `,
    ).toThrow('twice')
  })
})
