/**
 * One story told again and again; each time the gateway dies at the next boundary between itself
 * and the world (commit, state file, answer of a node, webhook), is started again, and the story
 * goes on. However it went, it must end the same.
 */
import { tmpdir } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { connectLocalChain, type LocalChain } from '../../hardhat-local/src/local-chain.ts'
import { startAnvil } from '../../hardhat-local/src/start-anvil.ts'
import { parseConfig, readConfigFile } from '../../src/config.ts'
import { openFoundation } from '../../src/gateway.ts'
import { checkState } from '../../src/operations/check-state.ts'
import { accountXpub } from '../support/account-keys.ts'
import {
  type GatewayProcess,
  prepareGateway,
  QUICK_START,
  waitFor,
} from '../support/gateway-process.ts'
import { type Receiver, startReceiver } from '../support/hostile-receiver.ts'
import { runToEnd } from '../support/tool-process.ts'
import { idOf } from '../support/webhook-endpoints.ts'

/** Stories side by side, each lane with a chain of its own: most of a story is waiting. */
const LANES = 4
const CONFIRMATIONS = 2
// Not that of the node's own accounts: one of them pays.
const XPUB = accountXpub(7)
const HOOK = '/hook'
/** Fewer boundaries than this mean that the hook is not where it was. */
const BOUNDARIES_EXPECTED = 30
const BOUNDARIES_MAX = 200
/** Two starts of a process for each boundary, half a second of CPU each; more where others want the CPU. */
const STORY_TIMEOUT_MS = 480_000
/** Between the death of the process and our hearing of it. */
const DEATH_NOTICE_MS = 1_000

const EVENTS = [
  'invoice.created',
  'payment.detected',
  'invoice.processing',
  'payment.confirmed',
  'invoice.settled',
]

type Hex = `0x${string}`
type Story = {
  readonly chain: LocalChain
  readonly gateway: GatewayProcess
  readonly receiver: Receiver
  /** Ids the API has answered a creation with. */
  readonly acknowledged: Set<string>
  crashes: number
}

test('DU-02 a crash at every boundary, one after the other: the story ends the same', {
  timeout: STORY_TIMEOUT_MS,
}, async () => {
  let next = 1
  let completedAt = Number.POSITIVE_INFINITY
  const lane = async () => {
    const node = await startAnvil()
    const chain = connectLocalChain(node.url)
    await chain.mine(3)
    try {
      while (next < completedAt) {
        const crashAt = next++
        const crashed = await tellStory(chain, node.url, crashAt).catch((error: unknown) => {
          throw new Error(`with a crash at boundary ${crashAt}`, { cause: error })
        })
        if (!crashed) completedAt = Math.min(completedAt, crashAt)
        expect(next).toBeLessThan(BOUNDARIES_MAX)
      }
    } finally {
      await node.stop()
    }
  }
  await Promise.all(Array.from({ length: LANES }, lane))
  expect(completedAt).toBeGreaterThan(BOUNDARIES_EXPECTED)
})

test.concurrent.each([
  { NODE_ENV: 'production', n: '1', detail: 'unknown variable' },
  { NODE_ENV: '', n: '1', detail: 'unknown variable' },
  { NODE_ENV: 'test', n: 'soon', detail: 'must be a whole number above zero' },
])('DU-02 a start with NODE_ENV "$NODE_ENV" and crash point "$n" is refused', async (start) => {
  const env = { ...QUICK_START, NODE_ENV: start.NODE_ENV, QUITTANCE_TEST_CRASH_AT: start.n }
  const { code, output } = await runToEnd({ args: ['serve'], cwd: tmpdir(), env })
  expect(code).toBe(1)
  expect(output).toContain(`QUITTANCE_TEST_CRASH_AT: ${start.detail}`)
})

/** Tells it once; true when the gateway died on the way. */
async function tellStory(chain: LocalChain, rpc: string, crashAt: number): Promise<boolean> {
  const receiver = await startReceiver()
  const gateway = await prepareGateway({
    config: {
      chains: {
        '31337': {
          name: 'Local',
          rpc: [rpc],
          test: true,
          poll_interval_ms: 100,
          finality: [{ confirmations: CONFIRMATIONS }],
          native: { symbol: 'ETH', decimals: 18 },
          tokens: [],
        },
      },
      rates: { sources: [{ kind: 'fixed', prices: { 'ETH/USD': '2500' } }] },
    },
    env: {
      QUITTANCE_XPUB: XPUB,
      QUITTANCE_WEBHOOK_ALLOWED_HOSTS: `127.0.0.1:${receiver.port}`,
      QUITTANCE_WEBHOOK_SCHEDULE: '200ms,200ms,200ms',
    },
  })
  const story: Story = { chain, gateway, receiver, acknowledged: new Set(), crashes: 0 }
  try {
    await gateway.start({ expectReady: false, env: { QUITTANCE_TEST_CRASH_AT: `${crashAt}` } })
    await goOn(story, () => gateway.waitReady())
    const id = await liveThrough(story)
    await goOn(story, () => expectEnd(story, id))
    const exitCode = await gateway.stop()
    const crashedAtStop = story.crashes === 0 && exitCode === null
    if (!crashedAtStop) expect(exitCode).toBe(0)
    expect(await findViolations(gateway)).toEqual([])
    return story.crashes > 0 || crashedAtStop
  } finally {
    await gateway.dispose()
    await receiver.stop()
  }
}

/** From an order to the last webhook. Every step may be cut off by the crash and is taken again. */
async function liveThrough(story: Story): Promise<string> {
  const { chain, receiver } = story
  const url = new URL(HOOK, receiver.url).href
  await goOn(story, () => post(story, '/v1/webhook-endpoints', { url, events: ['*'] }, 'hook'))
  const request = { price: { amount: '25.00', currency: 'USD' }, order_id: '1001' }
  const invoice = await goOn(story, () => post(story, '/v1/invoices', request, 'order-1001'))
  story.acknowledged.add(invoice.id)

  const units = BigInt(invoice.payment_options[0].amount_due_units)
  await chain.sendNative({ to: invoice.address as Hex, units })
  await chain.mine()
  await goOn(story, () => waitForStatus(story, invoice.id, 'processing'))
  await chain.mine(CONFIRMATIONS - 1)
  await goOn(story, () => waitForStatus(story, invoice.id, 'settled'))
  await goOn(story, () =>
    waitFor('all events to arrive', async () => {
      await expectAlive(story)
      return new Set(hooksOf(receiver)).size >= EVENTS.length
    }),
  )
  return invoice.id
}

async function expectEnd({ gateway, receiver, acknowledged }: Story, id: string): Promise<void> {
  const list = await read(gateway, '/v1/invoices')
  expect(list.map((invoice) => invoice.id)).toEqual([id])
  expect([...acknowledged]).toEqual([id])
  expect(list[0]).toMatchObject({
    status: 'settled',
    order_id: '1001',
    payments_total: 1,
    payments: [{ position: 'confirmed', amount: '0.01', accepted: true, in_time: true }],
    payment_options: [{ outstanding_units: '0', excess_units: '0' }],
  })
  expect(await read(gateway, '/v1/payments')).toHaveLength(1)
  expect(await read(gateway, '/v1/webhook-endpoints')).toHaveLength(1)
  const events = (await read(gateway, '/v1/events')).toReversed()
  expect(events.map(({ type }) => type)).toEqual(EVENTS)
  expect(events.map(({ sequence }) => sequence)).toEqual(EVENTS.map((_, i) => i + 1))
  const received = hooksOf(receiver)
  expect(new Set(received)).toEqual(new Set(events.map((event) => event.id)))
  // One of them was under way when the process died, at most.
  expect(received.length).toBeLessThanOrEqual(EVENTS.length + 1)
}

/** `quittance check` without the start of a process for it: there are fifty stories. */
async function findViolations({ configPath, folder }: GatewayProcess) {
  const file = readConfigFile(configPath)
  const config = parseConfig({ file, env: { QUITTANCE_XPUB: XPUB }, cwd: folder })
  const installation = openFoundation({ ...config, logLevel: 'silent' })
  try {
    for (const store of await installation.store.listStores()) {
      await installation.accounts.ensure(store)
    }
    return (await checkState(installation)).violations
  } finally {
    await installation.close()
  }
}

/** Takes a step; when the gateway died under it, starts it again, whole, and takes it again. */
async function goOn<T>(story: Story, step: () => Promise<T>): Promise<T> {
  try {
    return await step()
  } catch (error) {
    const deadlineMs = performance.now() + DEATH_NOTICE_MS
    while (!story.gateway.hasEnded() && performance.now() < deadlineMs) await sleep(10)
    if (!story.gateway.hasEnded() || story.crashes > 0) throw error
    if (story.gateway.exitCode() !== null) throw error // it ended by itself: no crash of ours
    story.crashes += 1
    await story.gateway.start()
    return step()
  }
}

async function post({ gateway, acknowledged }: Story, path: string, body: object, key: string) {
  const answer = await gateway.request('POST', path, body, { 'idempotency-key': key })
  if (answer.status !== 201)
    throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
  if (path === '/v1/invoices') acknowledged.add(answer.body.id)
  return answer.body
}

function waitForStatus(story: Story, id: string, status: string): Promise<void> {
  return waitFor(`invoice ${status}`, async () => {
    const { body } = await story.gateway.request('GET', `/v1/invoices/${id}`)
    return body.status === status
  })
}

/** Event ids as they came. Whoever looks for something else on this port is not listened to. */
function hooksOf({ requests }: Receiver): string[] {
  return requests.filter(({ path }) => path === HOOK).map(idOf)
}

/** Rejects when nobody answers. */
async function expectAlive({ gateway }: Story): Promise<void> {
  await gateway.request('GET', '/healthz')
}

async function read(gateway: GatewayProcess, path: string): Promise<any[]> {
  const { status, body } = await gateway.request('GET', path)
  expect(status).toBe(200)
  return body.data
}
