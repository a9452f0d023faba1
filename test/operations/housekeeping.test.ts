import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createMemoryStore } from '../../src/adapters/memory/memory-store.ts'
import { DAY_MS } from '../../src/core/time.ts'
import { startHousekeeper } from '../../src/entrypoints/workers/housekeeper.ts'
import {
  ANSWERS_KEPT_MS,
  ATTEMPTS_KEPT_MS,
  removeOutdated,
} from '../../src/operations/remove-outdated.ts'
import type { Retention, Store } from '../../src/ports/store.ts'
import {
  SAMPLE_TIME_MS,
  sampleApiKey,
  sampleIdempotency,
  sampleStore,
} from '../support/fixtures.ts'

const logger = { debug() {}, info() {}, warn() {}, error() {} }

function clockAt(nowMs: number) {
  return { nowMs: () => nowMs, monotonicMs: () => nowMs }
}

test('answers are kept for at least the seven days that are promised', () => {
  expect(ANSWERS_KEPT_MS).toBeGreaterThanOrEqual(7 * DAY_MS)
})

test('a kept answer goes when its time is over, and not before', async () => {
  const store = createMemoryStore()
  const kept = sampleIdempotency()
  await store.commit({ idempotency: kept })
  const find = () => store.findIdempotencyRecord(kept.scope, kept.key)
  const endMs = SAMPLE_TIME_MS + ANSWERS_KEPT_MS
  expect(await removeOutdated({ store, clock: clockAt(endMs) })).toBe(false)
  expect(await find()).toEqual(kept)
  expect(await removeOutdated({ store, clock: clockAt(endMs + 1) })).toBe(false)
  expect(await find()).toBeNull()
})

test('a full batch says that there may be more', async () => {
  const asked: Retention[] = []
  const removing = (removed: number) => ({
    ...createMemoryStore(),
    removeOutdated: async (retention: Retention) => {
      asked.push(retention)
      return removed
    },
  })
  const clock = clockAt(SAMPLE_TIME_MS)
  expect(await removeOutdated({ store: removing(0), clock })).toBe(false)
  const [{ limit, answersSinceMs, attemptsSinceMs }] = asked as [Retention]
  expect(answersSinceMs).toBe(SAMPLE_TIME_MS - ANSWERS_KEPT_MS)
  expect(attemptsSinceMs).toBe(SAMPLE_TIME_MS - ATTEMPTS_KEPT_MS)
  expect(await removeOutdated({ store: removing(limit - 1), clock })).toBe(false)
  expect(await removeOutdated({ store: removing(limit), clock })).toBe(true)
})

test('uses of keys are written together, later, and once (AU-03)', async () => {
  const memory = createMemoryStore()
  const keys = [sampleApiKey(1), sampleApiKey(2)]
  await memory.commit({ stores: [sampleStore()], apiKeys: keys })
  let commits = 0
  const store: Store = {
    ...memory,
    commit: (changes) => {
      commits += 1
      return memory.commit(changes)
    },
  }
  const keyUses = new Map(keys.map(({ id }, i) => [id, 100 + i]))
  const others = {
    ids: { randomBytes: (count: number) => new Uint8Array(count) },
    metrics: { count() {} },
    alertLimits: { invoicesPer5Min: 0, underpaidPerHour: 0, orphanedPerHour: 0 },
  }
  const clock = clockAt(SAMPLE_TIME_MS)
  const keeper = startHousekeeper({ store, clock, logger, keyUses, ...others }, 20)
  expect(commits).toBe(0)
  while (keyUses.size > 0) await sleep(5)
  await sleep(60)
  await keeper.stop()
  expect(commits).toBe(1)
  const found = await memory.listApiKeys('st_sample')
  expect(found.map(({ lastUsedAtMs }) => lastUsedAtMs)).toEqual([100, 101])
})
