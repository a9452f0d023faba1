import { expect, test } from 'vitest'
import { createChainDirectory } from '../../../src/adapters/system/chain-directory.ts'

const clock = { nowMs: () => 0, monotonicMs: () => 0 }

test('what was looked at on a branch that left is forgotten, on that chain alone', () => {
  const chains = createChainDirectory(clock, [])
  for (const chainId of [1, 2]) {
    chains.noteSweep(chainId, 9_000)
    chains.noteExpiryCheck(chainId, 8_000)
  }
  chains.forgetLooksAfter(1, 5_000)
  expect([chains.sweptThroughMs(1), chains.checkedThroughMs(1)]).toEqual([5_000, 5_000])
  expect([chains.sweptThroughMs(2), chains.checkedThroughMs(2)]).toEqual([9_000, 8_000])
  chains.forgetLooksAfter(1, 7_000)
  expect(chains.sweptThroughMs(1)).toBe(5_000)
})

test('where nobody looks, or no node can be asked, orders go on waiting for nothing', () => {
  const chains = createChainDirectory(clock, [])
  chains.noteSweep(1, Number.POSITIVE_INFINITY)
  chains.forgetLooksAfter(1, 5_000)
  expect(chains.sweptThroughMs(1)).toBe(Number.POSITIVE_INFINITY)
  expect(chains.checkedThroughMs(1)).toBe(Number.POSITIVE_INFINITY)
})
