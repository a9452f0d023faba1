import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { inFlight } from '../../../src/adapters/evm-rpc/in-flight.ts'

/** Pieces 0, 1, 2, ... up to the count; each is under way until it is told to end. */
function makePieces(count: number) {
  const taken: number[] = []
  const ends: PromiseWithResolvers<void>[] = []
  const takeNext = () => {
    const n = taken.length
    if (n === count) return null
    taken.push(n)
    const end = Promise.withResolvers<void>()
    ends.push(end)
    return () => end.promise
  }
  return { taken, ends, takeNext }
}

test('no more than so many at a time, and a slow one holds up nobody', async () => {
  const { taken, ends, takeNext } = makePieces(6)
  let isDone = false
  const all = inFlight(2, takeNext).then(() => {
    isDone = true
  })
  expect(taken).toEqual([0, 1])
  for (const [n, left] of [
    [1, [0, 1, 2]],
    [2, [0, 1, 2, 3]],
    [3, [0, 1, 2, 3, 4]],
    [4, [0, 1, 2, 3, 4, 5]],
    [5, [0, 1, 2, 3, 4, 5]],
  ] as const) {
    ends[n]?.resolve()
    await nextTurn()
    expect(taken).toEqual(left)
  }
  expect(isDone).toBe(false)
  ends[0]?.resolve()
  await all
})

test('the first fault is the outcome, and nothing more is taken', async () => {
  const { taken, ends, takeNext } = makePieces(6)
  const all = inFlight(3, takeNext)
  ends[1]?.reject(new Error('first'))
  await expect(all).rejects.toThrow('first')
  ends[0]?.reject(new Error('second'))
  ends[2]?.resolve()
  await nextTurn()
  expect(taken).toEqual([0, 1, 2])
})

test('with nothing to do it is done', async () => {
  await inFlight(3, () => null)
})
