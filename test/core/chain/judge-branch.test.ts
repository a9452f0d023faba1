import { describe, expect, test } from 'vitest'
import { type BranchClaim, judgeBranch } from '../../../src/core/chain/local-chain.ts'
import { draw } from './draw-chain.ts'

const BLOCK_TIME_MS = 12_000
const drawing = draw`
  a-b-c-d
      \-x-y
    \-p-q
    \-s
`
const chain = drawing.chain('abcd')

type Poll = readonly [tip: string, atMs: number]

/** Follows the claims through polls, as the watcher does: `.` for not yet, `!` for follow. */
function judgePolls(polls: readonly Poll[], blockTimeMs = BLOCK_TIME_MS): string {
  let claim: BranchClaim | null = null
  return polls
    .map(([tip, atMs]) => {
      const judged = judgeBranch(chain, drawing.block(tip), claim, atMs, blockTimeMs)
      claim = judged.follow ? null : judged.claim
      return judged.follow ? '!' : '.'
    })
    .join('')
}

describe('judgeBranch', () => {
  // biome-ignore format: a table reads better in rows
  test.each<[string, Poll[], string]>([
    ['a longer branch is followed at once', [['y', 0]], '!'],
    ['an equal one waits for a second poll and one block time', [['x', 0], ['x', 12_000]], '.!'],
    ['two polls within one block time are not enough', [['x', 0], ['x', 11_999], ['x', 12_000]], '..!'],
    ['a long wait with one poll is not enough', [['x', 900_000]], '.'],
    ['many polls in a moment are not enough', [['x', 0], ['x', 1], ['x', 2], ['x', 3]], '....'],
    ['a shorter one waits the same way', [['s', 0], ['s', 12_000]], '.!'],
    ['another branch begins anew', [['x', 0], ['q', 12_000], ['q', 24_000]], '..!'],
    ['a claim that comes and goes begins anew', [['x', 0], ['q', 6_000], ['x', 12_000]], '...'],
    ['a claim that grows past us is followed at once', [['x', 0], ['y', 1]], '.!'],
    ['a clock set back delays it', [['x', 0], ['x', -60_000], ['x', 12_000]], '..!'],
  ])('%s', (_name, polls, judged) => {
    expect(judgePolls(polls)).toBe(judged)
  })

  test('one that two nodes have is followed at once, however long it is', () => {
    for (const tip of ['x', 's']) {
      const branch = drawing.block(tip)
      expect(judgeBranch(chain, branch, null, 0, BLOCK_TIME_MS, 1).follow).toBe(false)
      expect(judgeBranch(chain, branch, null, 0, BLOCK_TIME_MS, 2).follow).toBe(true)
    }
  })

  test('on a chain without a block time two polls decide', () => {
    expect(judgePolls([['x', 0]], 0)).toBe('.')
    expect(
      judgePolls(
        [
          ['x', 0],
          ['x', 0],
        ],
        0,
      ),
    ).toBe('.!')
  })
})
