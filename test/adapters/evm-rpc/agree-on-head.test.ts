/** Which head several nodes agree on, and what it costs to find out. */

import { keccak256, toHex } from 'viem'
import { describe, expect, test } from 'vitest'
import { type Agreement, agreeOnHead } from '../../../src/adapters/evm-rpc/agree-on-head.ts'
import type { BlockRef } from '../../../src/core/chain/block.ts'

/** `main` from genesis up, and other names for branches: `x@7` leaves `main` at height 7. */
function blockOf(branch: string, number: number): BlockRef {
  const [, from = '0'] = branch.split('@')
  const own = branch !== 'main' && number >= Number(from)
  const hashOf = (n: number) =>
    keccak256(toHex(`${branch !== 'main' && n >= Number(from) ? branch : 'main'} ${n}`))
  const hash = own ? hashOf(number) : blockHash('main', number)
  return { number, hash, parentHash: hashOf(number - 1), timestampS: 1_790_000_000 + number }
}

function blockHash(branch: string, number: number) {
  return keccak256(toHex(`${branch} ${number}`))
}

type Shown = [branch: string, head: number]

async function agree(shown: Shown[], options: { mute?: number[]; agreed?: string[] } = {}) {
  const asked: [number, number[]][] = []
  const voters = shown.map(([branch, head], node) => ({ node, head: blockOf(branch, head) }))
  const ask = async (node: number, numbers: readonly number[]) => {
    asked.push([node, [...numbers]])
    if (options.mute?.includes(node)) return numbers.map(() => null)
    const [branch, head] = shown[node]!
    return numbers.map((number) => (number > head ? null : blockOf(branch, number)))
  }
  const isAgreed = (hash: string) => options.agreed?.includes(hash) ?? false
  const agreement: Agreement<number> = await agreeOnHead(voters, ask, isAgreed)
  const { head, ...rest } = agreement
  return { head: head === null ? null : head.number, hash: head?.hash, ...rest, asked }
}

const NO_CONFLICT = { conflictAt: null, dissenters: [] }

describe('nodes on one chain', () => {
  test.each<[string, Shown[], number, number[]]>([
    [
      'equal tips',
      [
        ['main', 9],
        ['main', 9],
      ],
      9,
      [0, 1],
    ],
    [
      'one block apart',
      [
        ['main', 10],
        ['main', 9],
      ],
      9,
      [0, 1],
    ],
    [
      'three equal',
      [
        ['main', 9],
        ['main', 9],
        ['main', 9],
      ],
      9,
      [0, 1, 2],
    ],
    [
      'two equal, one behind by one',
      [
        ['main', 8],
        ['main', 9],
        ['main', 9],
      ],
      9,
      [1, 2],
    ],
  ])('%s: nothing is asked', async (_, shown, head, holders) => {
    expect(await agree(shown)).toMatchObject({ head, holders, ...NO_CONFLICT, asked: [] })
  })

  test('a laggard costs one header, and none once its head is known to be agreed', async () => {
    const lagging: Shown[] = [
      ['main', 20],
      ['main', 9],
    ]
    const found = await agree(lagging)
    expect(found).toMatchObject({ head: 9, holders: [0, 1], ...NO_CONFLICT, asked: [[0, [9]]] })
    const three: Shown[] = [
      ['main', 20],
      ['main', 20],
      ['main', 9],
    ]
    expect(await agree(three)).toMatchObject({ head: 20, holders: [0, 1], asked: [[0, [9]]] })
    const agreed = [blockHash('main', 9)]
    expect(await agree(three, { agreed })).toMatchObject({ head: 20, ...NO_CONFLICT, asked: [] })
  })

  test("a head far above all others is nobody's but its own", async () => {
    const found = await agree(
      [
        ['main', 1_000_000],
        ['main', 9],
        ['main', 8],
      ],
      { mute: [0] },
    )
    expect(found).toMatchObject({ head: 8, holders: [1, 2], ...NO_CONFLICT })
  })

  test('a node that cannot say what it has below its head agrees with nothing', async () => {
    const found = await agree(
      [
        ['main', 20],
        ['main', 9],
      ],
      { mute: [0] },
    )
    expect(found).toMatchObject({ head: null, holders: [], conflictAt: null })
  })
})

describe('nodes on several branches', () => {
  test('two tips of one parent: the parent, found with one header', async () => {
    const found = await agree([
      ['main', 9],
      ['x@9', 9],
    ])
    expect(found).toMatchObject({ head: 8, holders: [0, 1], conflictAt: 9, dissenters: [] })
    expect(found.hash).toBe(blockHash('main', 8))
    expect(found.asked).toEqual([[0, [8]]])
  })

  test('three nodes, one on a branch of its own: the others go on, it is named', async () => {
    for (const height of [9, 10, 12, 30]) {
      const found = await agree([
        ['main', 12],
        ['x@9', height],
        ['main', 12],
      ])
      expect(found).toMatchObject({ head: 12, holders: [0, 2], conflictAt: null, dissenters: [1] })
    }
  })

  test('one that only lags on the branch of most is not named', async () => {
    const found = await agree([
      ['x@9', 12],
      ['x@9', 12],
      ['main', 8],
    ])
    expect(found).toMatchObject({ head: 12, dissenters: [] })
  })

  test('two against two: what all have', async () => {
    const found = await agree([
      ['main', 12],
      ['x@9', 12],
      ['main', 12],
      ['x@9', 12],
    ])
    expect(found).toMatchObject({ head: 8, conflictAt: 9, dissenters: [] })
    const higher = await agree([
      ['x@9', 13],
      ['x@9', 13],
      ['main', 12],
      ['main', 12],
    ])
    expect(higher).toMatchObject({ head: 8, conflictAt: 9 })
  })

  test('three against two that are higher: the three', async () => {
    const three: Shown[] = [
      ['main', 12],
      ['main', 12],
      ['main', 12],
    ]
    const found = await agree([['x@9', 13], ['x@9', 13], ...three])
    expect(found).toMatchObject({ head: 12, holders: [2, 3, 4], dissenters: [0, 1] })
  })

  test.each([1, 2, 3, 7, 50, 63, 64, 65, 400, 1_500])(
    'two branches of %i blocks: the last common block, exactly, in few requests',
    async (length) => {
      const fork = 5_000
      for (const [a, b] of [
        [length, length],
        [length + 3, length],
        [length, length + 9],
      ] as const) {
        const found = await agree([
          ['main', fork + a],
          [`x@${fork + 1}`, fork + b],
        ])
        expect(found).toMatchObject({ head: fork, holders: [0, 1], conflictAt: fork + 1 })
        expect(found.hash).toBe(blockHash('main', fork))
        expect(found.asked.length).toBeLessThan(12)
      }
    },
  )

  test('nothing in common: no head, and a conflict', async () => {
    const found = await agree([
      ['main', 9_000],
      ['x@0', 9_000],
    ])
    expect(found).toMatchObject({ head: null, holders: [], conflictAt: 9_000 })
  })

  test('two branches close to the first block', async () => {
    expect(
      await agree([
        ['main', 2],
        ['x@1', 2],
      ]),
    ).toMatchObject({ head: 0, conflictAt: 1 })
  })
})
