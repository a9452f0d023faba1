/**
 * Attempts of the real dispatcher with the real sender, over the memory store and a clock of the test:
 * what a receiver does is done over sockets, and days pass in no time.
 */
import { createMemoryStore } from '../../src/adapters/memory/memory-store.ts'
import { createAddressBook } from '../../src/adapters/system/address-book.ts'
import { parseAllowedHosts } from '../../src/adapters/webhook-http/address-guard.ts'
import { createWebhookSender } from '../../src/adapters/webhook-http/webhook-sender.ts'
import { STANDARD_SCHEDULE_MS } from '../../src/core/webhook/retry-schedule.ts'
import { createSecret } from '../../src/core/webhook/signature.ts'
import {
  attemptDelivery,
  claimDeliveries,
  type DispatchDeps,
} from '../../src/operations/dispatch-webhooks.ts'
import type { LoggedDelivery } from '../../src/ports/store.ts'
import {
  SAMPLE_TIME_MS,
  sampleDelivery,
  sampleEndpoint,
  sampleEvent,
  sampleStore,
} from './fixtures.ts'

const SECRET = createSecret(new Uint8Array(32).fill(7))

type SenderOptions = Omit<Parameters<typeof createWebhookSender>[0], 'clock' | 'allowedHosts'>

export type WebhookAttempts = {
  /** Makes the next attempt when it is due and tells what is recorded; null when none is left. */
  attempt(): Promise<(LoggedDelivery & { readonly atMs: number }) | null>
}

/** One event for one endpoint at this URL, as if it had been registered. */
export async function prepareAttempts(
  url: string,
  options: SenderOptions & { readonly allowedHosts?: readonly string[] } = {},
): Promise<WebhookAttempts> {
  const store = createMemoryStore()
  const payload = JSON.stringify({ type: 'invoice.created', data: { object: 'invoice' } })
  const event = sampleEvent(1, { payload })
  await store.commit({
    stores: [sampleStore()],
    endpoints: [sampleEndpoint(1, { url })],
    events: [event],
    deliveries: [sampleDelivery(event, 1)],
  })
  let nowMs = SAMPLE_TIME_MS
  const clock = { nowMs: () => nowMs, monotonicMs: () => performance.now() }
  const { allowedHosts = [], ...rest } = options
  const deps: DispatchDeps = {
    store,
    clock,
    schedule: STANDARD_SCHEDULE_MS,
    ids: { randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)) },
    addressBook: createAddressBook(),
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    metrics: { count() {} },
    timings: { time() {} },
    vault: { seal: (text) => text, open: () => SECRET },
    sender: createWebhookSender({
      clock,
      allowedHosts: parseAllowedHosts(allowedHosts),
      ...rest,
    }),
  }
  return {
    async attempt() {
      const dueMs = await store.nextDeliveryAtMs()
      if (dueMs === null) return null
      nowMs = Math.max(nowMs, dueMs)
      const atMs = nowMs
      for (const claimed of await claimDeliveries(deps, 1)) await attemptDelivery(deps, claimed)
      const filter = { storeId: event.storeId }
      const { items } = await store.listDeliveries(filter, { limit: 1, before: null })
      return { ...(items[0] as LoggedDelivery), atMs }
    },
  }
}
