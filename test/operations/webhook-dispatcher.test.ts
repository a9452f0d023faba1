/** How the dispatcher ends: what was recorded stands, and nothing keeps the process. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { createMemoryStore } from '../../src/adapters/memory/memory-store.ts'
import { handBackDelivery } from '../../src/operations/dispatch-webhooks.ts'
import {
  SAMPLE_TIME_MS,
  sampleDelivery,
  sampleEndpoint,
  sampleEvent,
  sampleStore,
} from '../support/fixtures.ts'

test('WH-20 a claim handed back after its result was recorded changes nothing', async () => {
  const store = createMemoryStore()
  const event = sampleEvent(1)
  await store.commit({
    stores: [sampleStore()],
    endpoints: [sampleEndpoint(1)],
    events: [event],
    deliveries: [sampleDelivery(event, 1)],
  })
  const nowMs = SAMPLE_TIME_MS + 1_000
  const limits = { limit: 1, perEndpoint: 1, perStore: 1 }
  const [claimed] = await store.claimDeliveries({ nowMs, leaseUntilMs: nowMs + 60_000, ...limits })
  if (claimed === undefined) throw new Error('nothing was claimed')
  const recorded = store.commit({
    deliveries: [{ ...claimed.delivery, status: 'delivered', attemptsMade: 1 }],
  })
  await Promise.all([recorded, handBackDelivery({ store }, claimed)])
  const delivery = await store.getDelivery('evt_1', 'we_1')
  expect(delivery).toMatchObject({ status: 'delivered', attemptsMade: 1 })
  expect(await store.nextDeliveryAtMs()).toBeNull()
})

test('a start that fails ends at once: the stop of an idle dispatcher holds no process', async () => {
  const dispatcher = new URL('../../src/entrypoints/workers/webhook-dispatcher.ts', import.meta.url)
  const program = `
    import { startWebhookDispatcher } from ${JSON.stringify(dispatcher.href)}
    const store = { claimDeliveries: async () => [], nextDeliveryAtMs: async () => null }
    const clock = { nowMs: () => 0, monotonicMs: () => 0 }
    await startWebhookDispatcher({ store, clock }).stop()
    const stoppedMs = performance.now()
    process.on('exit', () => console.log(Math.round(performance.now() - stoppedMs)))
  `
  const flags = ['--input-type=module', '--eval', program]
  const { stdout } = await promisify(execFile)(process.execPath, flags)
  expect(Number.parseInt(stdout, 10)).toBeLessThan(2_000)
})
