/** What signs while a secret rotates, over days, under a clock of the test. */
import { expect, test } from 'vitest'
import { createMemoryStore } from '../../src/adapters/memory/memory-store.ts'
import { createAddressBook } from '../../src/adapters/system/address-book.ts'
import { HOUR_MS, SECOND_MS } from '../../src/core/time.ts'
import type { SealedSecret } from '../../src/core/webhook/delivery.ts'
import { createSigningKey } from '../../src/core/webhook/ed25519-key.ts'
import { createSecret, verifyWebhook } from '../../src/core/webhook/signature.ts'
import {
  attemptDelivery,
  claimDeliveries,
  type DispatchDeps,
} from '../../src/operations/dispatch-webhooks.ts'
import { rotateWebhookSecret } from '../../src/operations/rotate-webhook-secret.ts'
import type { WebhookRequest } from '../../src/ports/webhook-sender.ts'
import {
  SAMPLE_TIME_MS,
  sampleDelivery,
  sampleEndpoint,
  sampleEvent,
  sampleStore,
} from '../support/fixtures.ts'

const FIRST = createSecret(new Uint8Array(32).fill(7))
const FIRST_KEY = createSigningKey(new Uint8Array(32).fill(8))
const OVERLAP_MS = 24 * HOUR_MS

/** An endpoint that signs by these, and a clock that is moved by hand. */
async function prepare(secrets: readonly SealedSecret[]) {
  const store = createMemoryStore()
  await store.commit({ stores: [sampleStore()], endpoints: [sampleEndpoint(1, { secrets })] })
  let nowMs = SAMPLE_TIME_MS
  let sent: WebhookRequest | null = null
  const deps: DispatchDeps = {
    store,
    schedule: [0],
    clock: { nowMs: () => nowMs, monotonicMs: () => nowMs },
    ids: { randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)) },
    addressBook: createAddressBook(),
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    metrics: { count() {} },
    timings: { time() {} },
    vault: { seal: (text) => text, open: (text) => text },
    sender: {
      async send(request) {
        sent = request
        return { kind: 'answered', status: 200, retryAfter: null, excerpt: '', durationMs: 1 }
      },
    },
  }
  let events = 0
  /** Delivers a new event at this time; which of the secrets verify it, and how many signed. */
  async function deliverAt(atMs: number, secrets: readonly string[]) {
    nowMs = atMs
    const payload = JSON.stringify({ type: 'invoice.created', data: { object: 'invoice' } })
    const event = sampleEvent(++events, { payload, atMs })
    await store.commit({ events: [event], deliveries: [sampleDelivery(event, 1)] })
    for (const claimed of await claimDeliveries(deps, 1)) await attemptDelivery(deps, claimed)
    const delivery = await store.getDelivery(event.id, 'we_1')
    expect(delivery).toMatchObject({ status: 'delivered', attemptsMade: 1 })
    const { headers, body } = sent as unknown as WebhookRequest
    const given = {
      id: headers['webhook-id'],
      timestamp: headers['webhook-timestamp'],
      signature: headers['webhook-signature'],
    }
    const receivedAtS = Math.floor(atMs / SECOND_MS)
    const verifying = secrets.filter(
      (secret) => verifyWebhook({ secrets: [secret], headers: given, body, receivedAtS }).ok,
    )
    return { verifying, signatures: given.signature?.split(' ').length }
  }
  const rotate = async () => {
    const request = { storeId: 'st_sample', endpointId: 'we_1', actor: 'test', idempotency: null }
    return rotateWebhookSecret(deps, request)
  }
  const wait = (ms: number) => {
    nowMs += ms
  }
  return { deliverAt, rotate, wait, now: () => nowMs }
}

test('WH-04 for 24 hours both secrets verify, after them only the new one', async () => {
  const {
    deliverAt,
    rotate: rotateAll,
    wait,
    now,
  } = await prepare([{ sealed: FIRST, validUntilMs: null }])
  const rotate = async () => (await rotateAll()).secret
  expect(await deliverAt(now(), [FIRST])).toEqual({ verifying: [FIRST], signatures: 1 })
  const rotatedMs = now()
  const second = await rotate()
  const both = { verifying: [FIRST, second], signatures: 2 }
  for (const afterMs of [0, HOUR_MS, OVERLAP_MS - 1]) {
    expect(await deliverAt(rotatedMs + afterMs, [FIRST, second])).toEqual(both)
  }
  const onlyNew = { verifying: [second], signatures: 1 }
  for (const afterMs of [OVERLAP_MS, OVERLAP_MS + 1, 30 * OVERLAP_MS]) {
    expect(await deliverAt(rotatedMs + afterMs, [FIRST, second])).toEqual(onlyNew)
  }

  // Rotated twice within the overlap: three sign, and each former one ends at its own time.
  const againMs = now()
  const third = await rotate()
  wait(HOUR_MS)
  const fourth = await rotate()
  const all = [FIRST, second, third, fourth]
  const later = async (afterMs: number) => (await deliverAt(againMs + afterMs, all)).verifying
  expect(await later(2 * HOUR_MS)).toEqual([second, third, fourth])
  expect(await later(OVERLAP_MS)).toEqual([third, fourth])
  expect(await later(OVERLAP_MS + HOUR_MS)).toEqual([fourth])
})

test('WH-04 a signing key rotates with the secret: both public keys verify for 24 hours', async () => {
  const { secretKey, publicKey: first } = FIRST_KEY
  const { deliverAt, rotate, now } = await prepare([
    { sealed: FIRST, validUntilMs: null },
    { sealed: secretKey, validUntilMs: null, publicKey: first },
  ])
  const startedMs = now()
  const before = await deliverAt(startedMs, [FIRST, first])
  expect(before).toEqual({ verifying: [FIRST, first], signatures: 2 })
  const { secret, public_key: second } = await rotate()
  if (second === null) throw new Error('the signing key is gone')
  expect(second).not.toBe(first)
  const all = [FIRST, first, secret, second]
  expect(await deliverAt(startedMs + HOUR_MS, all)).toEqual({ verifying: all, signatures: 4 })
  const onlyNew = { verifying: [secret, second], signatures: 2 }
  expect(await deliverAt(startedMs + OVERLAP_MS, all)).toEqual(onlyNew)
})
