import { expect, test, vi } from 'vitest'
import { createMemoryStore } from '../../src/adapters/memory/memory-store.ts'
import { startAddressKeeper } from '../../src/entrypoints/workers/address-keeper.ts'
import { LOOK_AHEAD } from '../../src/operations/derive-ahead.ts'
import type { ChainDirectory, ChainHealth } from '../../src/ports/chain-directory.ts'
import { sampleAddress, sampleStore } from '../support/fixtures.ts'

async function startKeeper(
  health: () => Pick<ChainHealth, 'state' | 'reason'>,
  peek: () => number = () => 0,
) {
  const store = createMemoryStore()
  await store.commit({ stores: [sampleStore()] })
  let derived = 0
  const keeper = startAddressKeeper({
    store,
    clock: { nowMs: () => 0, monotonicMs: () => performance.now() },
    logger: { error: (_: object, text: string) => expect.fail(text) } as never,
    accounts: { ensure: async () => {} },
    indexes: { peek, reserve: async () => 0, open: async () => {}, close() {} },
    addressBook: {
      derive: (_fingerprint, index) => {
        derived = Math.max(derived, index + 1)
        return sampleAddress(index)
      },
      prepare: () => {},
      accountNumberOf: () => 0,
      isSponsor: () => false,
    },
    chains: { list: () => [{ chainId: 1 }], healthOf: health } as unknown as ChainDirectory,
  })
  const { fingerprint } = sampleStore()
  const watched = async () => {
    const waiting = await store.listWaitingAddresses(fingerprint, 0, 10_000)
    return waiting.at(-1)?.index ?? null
  }
  return { derived: () => derived, watched, stop: () => keeper.stop() }
}

test('while a chain is caught up with only the look-ahead is derived, and more when it is there', async () => {
  let reason: string | null = 'catching_up'
  const waiting = await startKeeper(() => ({ state: reason === null ? 'ok' : 'behind', reason }))
  const idle = await startKeeper(() => ({ state: 'unreachable', reason: 'unreachable' }))
  const timeout = 20_000
  await vi.waitFor(() => expect(idle.derived()).toBeGreaterThan(3 * LOOK_AHEAD), { timeout })
  expect(waiting.derived()).toBe(LOOK_AHEAD)
  reason = null
  await vi.waitFor(() => expect(waiting.derived()).toBeGreaterThan(LOOK_AHEAD), { timeout })
  await waiting.stop()
  await idle.stop()
}, 60_000)

test('the look-ahead moves with the orders, whenever they come', async () => {
  let next = 0
  const keeper = await startKeeper(
    () => ({ state: 'behind', reason: 'catching_up' }),
    () => next,
  )
  const timeout = 20_000
  for (next of [0, 1, 50, 400]) {
    const end = next + LOOK_AHEAD - 1
    await vi.waitFor(async () => expect(await keeper.watched()).toBe(end), { timeout })
  }
  await keeper.stop()
}, 60_000)
