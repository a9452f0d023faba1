import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { createUnitTimes, hedge } from '../../../src/adapters/evm-rpc/hedge.ts'

type Plan = { afterMs: number; isGood?: boolean }

/** Known times of 1 ms: a unit is late after the least time that counts, 100 ms. */
function createKnownTimes(samples = 20) {
  const times = createUnitTimes()
  for (let i = 0; i < samples; i++) times.note('block', 1)
  return times
}

async function run(plans: Record<string, Plan>, times = createKnownTimes()) {
  const queue = Object.keys(plans)
  const asked: string[] = []
  const ended: string[] = []
  const outcomes = await hedge<string, { node: string; isGood: boolean }>(times, {
    kind: 'block',
    queue,
    isGood: ({ isGood }) => isGood,
    signal: new AbortController().signal,
    async attempt(node, until) {
      asked.push(node)
      const { afterMs, isGood = true } = plans[node]!
      await sleep(afterMs, undefined, { signal: until }).catch((error: unknown) => {
        ended.push(node)
        throw error
      })
      return { node, isGood }
    },
  })
  await sleep(1)
  return { outcomes: outcomes.map(({ node }) => node), asked, ended, left: queue }
}

describe('a second node for a late unit', () => {
  test('not for one in time', async () => {
    const found = await run({ a: { afterMs: 5 }, b: { afterMs: 0 } })
    expect(found).toEqual({ outcomes: ['a'], asked: ['a'], ended: [], left: ['b'] })
  })

  test('the faster one is taken, the other one ended; a third is not asked', async () => {
    const found = await run({ a: { afterMs: 5_000 }, b: { afterMs: 5 }, c: { afterMs: 0 } })
    expect(found).toEqual({ outcomes: ['b'], asked: ['a', 'b'], ended: ['a'], left: ['c'] })
  })

  test('the first is still taken when it is done before the second', async () => {
    const found = await run({ a: { afterMs: 130 }, b: { afterMs: 5_000 } })
    expect(found).toMatchObject({ outcomes: ['a'], ended: ['b'] })
  })

  test('a second that fails does not end the first', async () => {
    const found = await run({ a: { afterMs: 150 }, b: { afterMs: 5, isGood: false } })
    expect(found).toMatchObject({ outcomes: ['b', 'a'], ended: [] })
  })

  test('not before enough is known, not without another node, one at a time', async () => {
    const slow = { a: { afterMs: 130 }, b: { afterMs: 0 } }
    expect((await run(slow, createKnownTimes(19))).asked).toEqual(['a'])
    expect((await run({ a: { afterMs: 130 } })).asked).toEqual(['a'])
    const busy = createKnownTimes()
    busy.isHedging = true
    expect((await run(slow, busy)).asked).toEqual(['a'])
    expect((await run(slow)).asked).toEqual(['a', 'b'])
  })
})

test('late is later than 95 of 100, at least 100 ms, by kind, of the latest 64', () => {
  const times = createUnitTimes()
  expect(times.lateAfterMs('block')).toBeNull()
  for (let i = 1; i <= 100; i++) times.note('block', i * 10)
  // 370 to 1000 are left; the 61st of 64.
  expect(times.lateAfterMs('block')).toBe(970)
  expect(times.lateAfterMs('header')).toBeNull()
  for (let i = 0; i < 64; i++) times.note('block', 3)
  expect(times.lateAfterMs('block')).toBe(100)
})
