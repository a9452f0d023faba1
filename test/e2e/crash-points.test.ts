/**
 * One story told again and again; each time the gateway dies at the next boundary between itself
 * and the world (commit, state file, answer of a node, webhook), is started again, and the story
 * goes on. However it went, it must end the same. The start that takes up one story runs into the
 * crash of the next: a start costs a second of CPU, and each crash needs one.
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
import { idOf, listAll, listEvents } from '../support/webhook-endpoints.ts'

/** Stories side by side, each lane with a chain of its own: most of a story is waiting. */
const LANES = 4
const CONFIRMATIONS = 2
// Not that of the node's own accounts: one of them pays.
const XPUB = accountXpub(7)
/** Fewer boundaries than these, in a first start and in a story, mean that a hook is not where it was. */
const BOUNDARIES_EXPECTED = { start: 12, story: 30 }
const BOUNDARIES_MAX = 200
/** Far beyond all of them. */
const NEVER = 999_999_999
/** A start of a process for each boundary, a second of CPU each; more where others want the CPU. */
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
/** Where the gateway has to have died, at least once each; others are in rare-crash-points.test.ts. */
const PLACES = [
  ...['pin', 'commit', 'raiseMark', 'send', 'lowerMark'].flatMap((name) => [
    `before ${name}`,
    `after ${name}`,
  ]),
  ...['claimDeliveries', 'getHeaders', 'getBlocks'].map((name) => `after ${name}`),
]

type Hex = `0x${string}`
/** Chain, gateway and receiver of one installation, and what happened on it so far. */
type Stage = {
  readonly chain: LocalChain
  readonly gateway: GatewayProcess
  readonly receiver: Receiver
  /** Ids the API has answered a creation with, in that order. */
  readonly acknowledged: Set<string>
  crashes: number
}
/** Boundaries to die at, by number or by place. */
type Crashes = {
  isOpen(): boolean
  take(): number | string
  /** The process did not come by this one. */
  miss(crash: number | string): void
}

test('DU-02 a crash at every boundary, one after the other: the story ends the same', {
  timeout: STORY_TIMEOUT_MS,
}, async () => {
  const starts = countBoundaries()
  const stories = countBoundaries()
  const died: string[] = []
  await Promise.all(Array.from({ length: LANES }, () => runLane(starts, stories, died)))
  expect(starts.end()).toBeGreaterThan(BOUNDARIES_EXPECTED.start)
  expect(stories.end()).toBeGreaterThan(BOUNDARIES_EXPECTED.story)
  // Webhooks and blocks race, so that a boundary may move under its number: then it is named.
  const missed = PLACES.filter((place) => !died.includes(place))
  if (missed.length > 0) await runLane(listPlaces([]), listPlaces(missed), died)
  expect(PLACES.filter((place) => !died.includes(place))).toEqual([])
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

/** Numbers, until one is found to be beyond the last boundary. */
function countBoundaries(): Crashes & { end(): number } {
  let next = 1
  let end = BOUNDARIES_MAX
  return {
    end: () => end,
    isOpen: () => next < end,
    take: () => next++,
    miss(crash) {
      end = Math.min(end, Number(crash))
    },
  }
}

function listPlaces(places: readonly string[]): Crashes {
  const left = [...places]
  return { isOpen: () => left.length > 0, take: () => left.shift() ?? NEVER, miss: () => {} }
}

/** Installations on one chain, one after the other, until there is no crash left to try. */
async function runLane(starts: Crashes, stories: Crashes, died: string[]): Promise<void> {
  const node = await startAnvil()
  const chain = connectLocalChain(node.url)
  await chain.mine(3)
  let stage: Stage | null = null
  const leave = async () => {
    if (stage === null) return
    died.push(...placesOf(stage.gateway))
    await stage.gateway.dispose()
    await stage.receiver.stop()
  }
  try {
    while (starts.isOpen() || stories.isOpen()) {
      if (starts.isOpen() || stage === null) {
        await leave()
        stage = await prepareStage(chain, node.url)
        await startFirst(stage, starts)
      }
      await tellStory(stage, stories)
    }
  } finally {
    await leave()
    await node.stop()
  }
}

async function prepareStage(chain: LocalChain, rpc: string): Promise<Stage> {
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
  return { chain, gateway, receiver, acknowledged: new Set(), crashes: 0 }
}

/** The first start of an installation, cut off at the next boundary if there is one, and the second. */
async function startFirst(stage: Stage, starts: Crashes): Promise<void> {
  const crash = starts.isOpen() ? starts.take() : NEVER
  await start(stage, { crashAt: Number(crash), expectReady: false })
  await goOn(stage, 0, () => stage.gateway.waitReady()).catch(blame(`${crash} of a start`))
  if (stage.crashes === 0) starts.miss(crash)
}

function start({ gateway }: Stage, { crashAt = NEVER, expectReady = true } = {}): Promise<void> {
  const env = { QUITTANCE_TEST_CRASH_AT: `${crashAt}` }
  return gateway.start({ env, expectReady, channel: true })
}

/** One story with a crash at the next boundary, from an order to the last webhook. */
async function tellStory(stage: Stage, stories: Crashes): Promise<void> {
  const { gateway, crashes } = stage
  const crash = stories.take()
  if (gateway.hasEnded()) await start(stage)
  await gateway.tell(crash)
  const hasReserved = await liveThrough(stage).catch(blame(`${crash} of a story`))
  const isWhole = stage.crashes === crashes
  // A process that has reserved addresses does not come by that boundary again: another has to.
  if (isWhole || hasReserved) {
    const exitCode = await gateway.stop()
    if (isWhole && exitCode === null) stage.crashes += 1
    else expect(exitCode).toBe(0)
  }
  if (stage.crashes === crashes) stories.miss(crash)
  expect(await findViolations(gateway)).toEqual([])
}

/** Every step may be cut off by the crash and is taken again. True when the second life took the order. */
async function liveThrough(stage: Stage): Promise<boolean> {
  const { chain, receiver, acknowledged, gateway } = stage
  const n = acknowledged.size + 1
  const before = stage.crashes
  const go = <T>(step: () => Promise<T>) => goOn(stage, before, step)
  const url = new URL(hookOf(n), receiver.url).href
  const endpoint = await go(() =>
    post(stage, '/v1/webhook-endpoints', { url, events: ['*'] }, `hook-${n}`),
  )
  const request = { price: { amount: '25.00', currency: 'USD' }, order_id: orderOf(n) }
  const invoice = await go(() => post(stage, '/v1/invoices', request, `order-${n}`))
  acknowledged.add(invoice.id)
  const hasReserved = stage.crashes > before

  const units = BigInt(invoice.payment_options[0].amount_due_units)
  await chain.sendNative({ to: invoice.address as Hex, units })
  await chain.mine()
  await go(() => waitForStatus(stage, invoice.id, 'processing'))
  await chain.mine(CONFIRMATIONS - 1)
  await go(() => waitForStatus(stage, invoice.id, 'settled'))
  await go(() => waitForDeliveries(stage, endpoint.id))
  await go(() => expectEnd(stage, n, invoice.id))
  await go(async () => {
    const { status } = await gateway.request('DELETE', `/v1/webhook-endpoints/${endpoint.id}`)
    expect([204, 404]).toContain(status)
  })
  return hasReserved
}

/** Also written down, so that nothing of this story is left to do in the next. */
function waitForDeliveries({ gateway }: Stage, endpoint: string): Promise<void> {
  return waitFor('all events to be delivered', async () => {
    const deliveries = await listAll(gateway, '/v1/deliveries', { endpoint })
    const delivered = deliveries.filter(({ status }) => status === 'delivered')
    return delivered.length >= EVENTS.length
  })
}

async function expectEnd(stage: Stage, n: number, id: string): Promise<void> {
  const { gateway, receiver, acknowledged } = stage
  const list = await listAll(gateway, '/v1/invoices')
  expect(list.map((invoice) => invoice.id)).toEqual([...acknowledged].reverse())
  expect(list[0]).toMatchObject({
    id,
    status: 'settled',
    order_id: orderOf(n),
    payments_total: 1,
    payments: [{ position: 'confirmed', amount: '0.01', accepted: true, in_time: true }],
    payment_options: [{ outstanding_units: '0', excess_units: '0' }],
  })
  expect(await listAll(gateway, '/v1/payments')).toHaveLength(acknowledged.size)
  expect(await listAll(gateway, '/v1/webhook-endpoints')).toHaveLength(1)
  expect(await listEvents(gateway)).toHaveLength(EVENTS.length * acknowledged.size)
  const events = (await listEvents(gateway, { invoice: id })).toReversed()
  expect(events.map(({ type }) => type)).toEqual(EVENTS)
  expect(events.map(({ sequence }) => sequence)).toEqual(EVENTS.map((_, i) => i + 1))
  const received = hooksOf(receiver, n)
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
async function goOn<T>(stage: Stage, crashesBefore: number, step: () => Promise<T>): Promise<T> {
  const { gateway } = stage
  try {
    return await step()
  } catch (error) {
    const deadlineMs = performance.now() + DEATH_NOTICE_MS
    while (!gateway.hasEnded() && performance.now() < deadlineMs) await sleep(10)
    if (!gateway.hasEnded() || stage.crashes > crashesBefore) throw error
    if (gateway.exitCode() !== null) throw error // it ended by itself: no crash of ours
    stage.crashes += 1
    await start(stage)
    return step()
  }
}

async function post({ gateway, acknowledged }: Stage, path: string, body: object, key: string) {
  const answer = await gateway.request('POST', path, body, { 'idempotency-key': key })
  if (answer.status !== 201)
    throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
  if (path === '/v1/invoices') acknowledged.add(answer.body.id)
  return answer.body
}

function waitForStatus({ gateway }: Stage, id: string, status: string): Promise<void> {
  return waitFor(`invoice ${status}`, async () => {
    const { body } = await gateway.request('GET', `/v1/invoices/${id}`)
    return body.status === status
  })
}

const hookOf = (n: number): string => `/hook/${n}`
const orderOf = (n: number): string => String(1_000 + n)

/** Event ids as they came. Whoever looks for something else on this port is not listened to. */
function hooksOf({ requests }: Receiver, n: number): string[] {
  return requests.filter(({ path }) => path === hookOf(n)).map(idOf)
}

/** What the process said where it died. */
function placesOf(gateway: GatewayProcess): string[] {
  return [...gateway.output().matchAll(/^crash point: (.+)$/gm)].map(([, place]) => String(place))
}

function blame(boundary: string): (error: unknown) => never {
  return (cause) => {
    throw new Error(`with a crash at boundary ${boundary}`, { cause })
  }
}
