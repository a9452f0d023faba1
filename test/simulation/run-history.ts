/** Runs a history to its end, where all faults are over, and judges it. */
import { deadlineMs, type Invoice } from '../../src/core/invoice/invoice.ts'
import { HOUR_MS } from '../../src/core/time.ts'
import { judgeAttributions } from './check-attributions.ts'
import { judgeCoins } from './check-coins.ts'
import { judgeHidden } from './check-hidden.ts'
import { createRun, guardSender } from './crash-points.ts'
import type { History, Step } from './history.ts'
import { checkClean, dispatch } from './jobs.ts'
import { judgeEnd } from './oracle.ts'
import { createRandom, type Random } from './random.ts'
import type { SimulatedBlock, SimulatedChain } from './simulated-chain.ts'
import type { SimulatedProcess } from './simulated-process.ts'
import {
  createWorld,
  ENDPOINT_URLS,
  endStandings,
  openStore,
  passTime,
  type World,
  type WorldOptions,
} from './simulated-world.ts'
import { orderInvoice, takeStep } from './take-step.ts'
import { count, type Tally } from './tally.ts'
import { demand, Violation } from './violation.ts'

export type Outcome = {
  readonly violation: Violation | null
  readonly tally: Tally
}

export async function runHistory(history: History, options: WorldOptions = {}): Promise<Outcome> {
  let world: World | null = null
  try {
    world = await createWorld(history.seed, history.setting, options)
    await startWatching(world)
    for (const [i, step] of history.steps.entries()) {
      world.tell(`${i + 1}. ${describeStep(step)}`)
      await takeStep(world, step)
    }
    await endHistory(world, history.seed)
    return outcomeOf(world, null)
  } catch (error) {
    const violation =
      error instanceof Violation
        ? error
        : new Violation('bug', error instanceof Error ? (error.stack ?? '') : 'unknown')
    return outcomeOf(world, violation)
  }
}

function outcomeOf(world: World | null, violation: Violation | null): Outcome {
  return { violation, tally: world?.tally ?? new Map() }
}

/** Watching begins at the head: what was mined before is nobody's payment. */
async function startWatching(world: World): Promise<void> {
  for (const [index] of world.settings.entries()) await poll(world, index)
}

function poll(world: World, chain: number): Promise<void> {
  const jobs = [{ job: 'poll', chain }] as const
  return takeStep(world, { do: 'run', jobs, waitMs: 0, seed: 0, trouble: null })
}

/** Polls after the last fault until everything is credited. */
const POLLS_TO_RECOVER = 3

async function endHistory(world: World, seed: number): Promise<void> {
  const random = createRandom(seed ^ 0xe4d)
  world.tell('the last fault is over')
  for (const node of world.nodes.values()) node.recover()
  world.time.callsShown = world.setting.coins?.callsLater === true
  world.receiver.calm()
  for (const chain of world.chains.values()) {
    // Some branch wins in the end: it becomes longer than every other.
    const target = chain.highest() + random.between(1, 5)
    let tip = random.chance(0.3) ? random.pick(chain.tips()) : chain.bestTip()
    while ((chain.getBlock(tip)?.ref.number ?? 0) < target) {
      passTime(world, 12_000)
      const nowS = random.chance(0.7) ? Math.floor(world.time.nowMs / 1_000) : 0
      tip = chain.mine(tip, random, { nowS }).ref.hash
    }
  }
  if (random.chance(0.4)) passTime(world, 3_600_000)
  let askedMs = world.time.nowMs
  for (let i = 0; i < POLLS_TO_RECOVER; i++) {
    askedMs = world.time.nowMs
    passTime(world, pollSpanMs(world))
    for (const [index] of world.settings.entries()) await poll(world, index)
  }
  await endHidden(world)
  for (const { haltReason } of world.ledger.chains.values()) {
    if (haltReason !== null) count(world.tally, 'halted chains')
  }
  await judgeEnd(world.lasting.store, {
    ledger: world.ledger,
    chains: world.chains,
    standings: endStandings(world),
    settings: world.settings,
    storeId: (world.process as SimulatedProcess).account.id,
    askedMs,
  })
  await checkOrders(world)
  await endCaps(world, random)
  await endCoins(world, random)
  const run = createRun((world.process as SimulatedProcess).life, null, null)
  const deps = (world.process as SimulatedProcess).depsFor(openStore(world, run), run)
  world.tell(`check: ${await checkClean(deps)}`)
  await drainWebhooks(world)
  await checkEventsStored(world)
}

/** Between two polls of the end: where balances are compared, a round later. */
function pollSpanMs({ setting }: World): number {
  return setting.coins === undefined && setting.hiddenShare === undefined ? 2_000 : 61_000
}

/** A new life looks at all that is final and held: what was refused before is asked for once more. */
async function endHidden(world: World): Promise<void> {
  if (world.setting.hiddenShare === undefined) return
  await takeStep(world, { do: 'restart', clean: true })
  const { ledger, settings, chains, time } = world
  const isRecent = (invoice: Invoice) => deadlineMs(invoice.terms) >= time.nowMs - HOUR_MS
  for (let i = 0; i < POLLS_TO_RECOVER; i++) {
    passTime(world, pollSpanMs(world))
    for (const [index] of settings.entries()) await poll(world, index)
  }
  judgeHidden(ledger, chains, endStandings(world), isRecent)
}

/** Each asks for the calls of four blocks. */
const ATTRIBUTING_TURNS = 4

/** An hour after its deadline an order's balance is compared once a day, and no less than that. */
async function endCoins(world: World, random: Random): Promise<void> {
  const { ledger, settings, chains, setting } = world
  if (setting.coins === undefined) return
  const nowMs = world.time.nowMs
  const isRecent = (invoice: Invoice) => deadlineMs(invoice.terms) >= nowMs - HOUR_MS
  judgeCoins(ledger, settings, chains, endStandings(world), isRecent)
  passTime(world, 25 * HOUR_MS)
  for (const chain of chains.values()) chain.mine(chain.bestTip(), random)
  for (let i = 0; i < POLLS_TO_RECOVER; i++) {
    passTime(world, pollSpanMs(world))
    for (const [index] of settings.entries()) await poll(world, index)
  }
  judgeCoins(ledger, settings, chains, endStandings(world), () => true)
  if (!setting.coins.showsCalls && !world.time.callsShown) return
  for (let i = 0; i < ATTRIBUTING_TURNS; i++) {
    passTime(world, 16_000)
    for (const [index] of settings.entries()) await poll(world, index)
  }
  judgeAttributions(ledger, chains)
}

/** Once a chain is final, nobody is held: whatever the cap, it bounds time and not what is credited. */
async function endCaps(world: World, random: Random): Promise<void> {
  for (const [index, { chainId, finalityCap }] of world.settings.entries()) {
    const committed = world.ledger.chains.get(chainId)
    if (!finalityCap || committed?.haltReason !== null) continue
    const chain = world.chains.get(chainId) as SimulatedChain
    const { finalLag, depths } = world.setting
    const deep = Math.max(finalLag ?? 0, ...depths) + 1
    for (let i = 0; i < deep; i++) {
      passTime(world, 12_000)
      chain.mine(chain.bestTip(), random, { nowS: Math.floor(world.time.nowMs / 1_000) })
    }
    for (let i = 0; i < POLLS_TO_RECOVER; i++) {
      passTime(world, 2_000)
      await poll(world, index)
    }
    // What was under way may have been mined on the way, and waits as it should.
    const { number: tip } = (chain.getBlock(chain.bestTip()) as SimulatedBlock).ref
    const held = [...world.ledger.payments.values()].filter(
      ({ heldByCap, observation }) =>
        heldByCap && observation.chainId === chainId && tip - observation.blockNumber >= deep,
    )
    demand(held.length === 0, 'cap-end', () => `${held[0]?.observation.id} is held, and is final`)
  }
}

/** Every order that got an answer is one invoice; one that did not gets it now, and is one too. */
async function checkOrders(world: World): Promise<void> {
  const process = world.process as SimulatedProcess
  const isReady = world.settings.every(
    ({ chainId }) => process.chains.healthOf(chainId).state === 'ok',
  )
  const run = createRun(process.life, null, null)
  const deps = process.depsFor(openStore(world, run), run)
  for (const order of world.orders) {
    if (order.resource === null && isReady) await orderInvoice(world, process, deps, order)
    const own = [...world.ledger.invoices.values()].filter(
      ({ orderId }) => orderId === order.ticket.key,
    )
    const most = isReady || order.resource !== null ? 1 : own.length
    demand(own.length === most, 'orders', () => `${order.ticket.key} is ${own.length} invoices`)
  }
}

/** More than any schedule needs, so that a loop without end is found. */
const DRAIN_MAX = 3_000

const SLEEP_MS = 1_000

/** The receiver is well again: everything arrives, each event under its own id, in order. */
async function drainWebhooks(world: World): Promise<void> {
  const process = world.process as SimulatedProcess
  const run = createRun(process.life, null, null)
  const deps = process.depsFor(openStore(world, run), run)
  for (let i = 0; ; i++) {
    demand(i < DRAIN_MAX, 'webhook-drain', () => 'deliveries never end')
    const dueMs = await world.lasting.store.nextDeliveryAtMs()
    if (dueMs === null) break
    passTime(world, Math.max(0, dueMs - world.time.nowMs))
    const attempts = await dispatch(deps, guardSender(world.receiver.sender, run))
    // What is due may wait for the lease of a dead process, as the dispatcher does.
    if (attempts === 0) passTime(world, SLEEP_MS)
  }
  const wrong = world.receiver.violation()
  if (wrong !== null) throw wrong
  for (const endpoint of world.ledger.endpoints.values()) {
    if (endpoint.status !== 'enabled') continue
    const got = new Set(
      world.receiver.received.filter(({ url }) => url === endpoint.url).map(({ id }) => id),
    )
    const wanted = world.ledger.events.filter(
      ({ type }) => endpoint.url === ENDPOINT_URLS[0] || endpoint.events.includes(type),
    )
    const missing = wanted.find(({ id }) => !got.has(id))
    demand(missing === undefined, 'webhook-lost', () => `${missing?.id} ${missing?.type}`)
    demand(got.size === wanted.length, 'webhook-extra', () => `${got.size} of ${wanted.length}`)
  }
}

/** The store holds the events as they were committed, byte for byte, in their order. */
async function checkEventsStored(world: World): Promise<void> {
  const { account } = world.process as SimulatedProcess
  const { store } = world.lasting
  const stored = await store.readEventsAfter({ storeId: account.id }, null, 100_000)
  const print = (one: { id: string; payload: string }) => `${one.id} ${one.payload}`
  const same =
    stored.length === world.ledger.events.length &&
    stored.every((event, i) => print(event) === print(world.ledger.events[i] ?? event))
  demand(same, 'events-frozen', () => 'stored events are not those that were committed')
}

export function describeStep(step: Step): string {
  const text = Object.entries(step)
    .filter(([name]) => name !== 'do' && name !== 'seed')
    .map(([name, value]) => `${name} ${JSON.stringify(value)}`)
  return `${step.do} ${text.join(', ')}`
}
