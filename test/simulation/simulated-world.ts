/**
 * The world of one history: chains and their nodes, payers, merchants, a receiver, a clock, and the
 * gateway in the middle, which dies and comes back. Everything is chance from the seed.
 */
import { createMemoryStore } from '../../src/adapters/memory/memory-store.ts'
import type { ChainSettings } from '../../src/core/chain/chain-settings.ts'
import type { ChangeSet } from '../../src/core/change-set.ts'
import { deadlineMs } from '../../src/core/invoice/invoice.ts'
import { MINUTE_MS } from '../../src/core/time.ts'
import { GatewayError } from '../../src/errors.ts'
import { createWebhookEndpoint } from '../../src/operations/create-webhook-endpoint.ts'
import type { Store } from '../../src/ports/store.ts'
import { givenTo } from './assignments.ts'
import { createDeadlineWindow, type DeadlineWindow } from './check-standing.ts'
import {
  Crash,
  createMemoryStateDirectory,
  createRun,
  guardStore,
  type Run,
  type Trouble,
} from './crash-points.ts'
import type { Standing } from './depth.ts'
import { acceptCommit } from './invariants.ts'
import type { Order } from './jobs.ts'
import { createLedger, type Ledger, standingOf } from './ledger.ts'
import { createRandom, type Random } from './random.ts'
import {
  asksForSafe,
  coinModeOf,
  coinOf,
  describeChains,
  FIRST_CHAIN,
  followsTag,
  type Setting,
  START_MS,
} from './setting.ts'
import {
  type CoinTelling,
  createSimulatedChain,
  type SimulatedBlock,
  type SimulatedChain,
} from './simulated-chain.ts'
import type { LogHabits } from './simulated-logs.ts'
import { createSimulatedNode, type NodeNature, type SimulatedNode } from './simulated-node.ts'
import { type Lasting, type SimulatedProcess, startProcess } from './simulated-process.ts'
import { createSimulatedReceiver, type SimulatedReceiver } from './simulated-receiver.ts'
import { count, raise, type Tally } from './tally.ts'

export type World = {
  readonly setting: Setting
  readonly random: Random
  readonly lasting: Lasting
  readonly settings: readonly ChainSettings[]
  readonly chains: ReadonlyMap<number, SimulatedChain>
  readonly nodes: ReadonlyMap<number, SimulatedNode>
  readonly ledger: Ledger
  readonly deadlines: DeadlineWindow
  readonly receiver: SimulatedReceiver
  readonly orders: Order[]
  readonly time: { nowMs: number; monotonicMs: number; callsShown: boolean }
  readonly tally: Tally
  transactions: number
  /** Null between two lives. */
  process: SimulatedProcess | null
  /** Tells the story to whoever listens. */
  tell(line: string): void
}

export const ENDPOINT_URLS = ['https://shop.example/all', 'https://shop.example/some'] as const
const SOME_EVENTS = ['invoice.settled', 'invoice.reversed', 'payment.confirmed']

export type WorldOptions = {
  readonly tell?: (line: string) => void
  /** Another store than the one in memory, e.g. one that is broken on purpose. */
  readonly store?: Store
}

export async function createWorld(
  seed: number,
  setting: Setting,
  { tell = () => {}, store = createMemoryStore() }: WorldOptions,
): Promise<World> {
  const random = createRandom(seed ^ 0x5eed)
  const settings = describeChains(setting)
  const chains = new Map(
    settings.map(({ chainId }) => {
      const { startHeight, unprovenShare } = setting
      const telling = describeTelling(setting, chainId)
      return [chainId, createSimulatedChain(chainId, startHeight, unprovenShare, telling)]
    }),
  )
  const time = { nowMs: START_MS, monotonicMs: 0, callsShown: false }
  const ledger = createLedger()
  const tally: Tally = new Map()
  const nodes = new Map(
    settings.map((own) => {
      const { chainId } = own
      const chain = chains.get(chainId) as SimulatedChain
      const noteCut = () => count(tally, 'logs cut')
      const logHabits = describeLogHabits(setting, own, ledger, () => time.nowMs, noteCut)
      const mode = coinModeOf(setting, chainId)
      const showsCalls = () => setting.coins?.showsCalls === true || time.callsShown
      const coinHabits = mode === 'direct' ? null : { showsCalls, hasLists: mode === 'bal' }
      const nature = { ...lagsOf(setting, chainId), logHabits, coinHabits }
      return [chainId, createSimulatedNode(chain, () => time.monotonicMs, nature)] as const
    }),
  )
  const lasting: Lasting = {
    store,
    state: createMemoryStateDirectory(),
    clock: { nowMs: () => time.nowMs, monotonicMs: () => time.monotonicMs },
    ids: { randomBytes: (count) => random.bytes(count) },
    chains: settings,
  }
  const world: World = {
    setting,
    random,
    lasting,
    settings,
    chains,
    nodes,
    ledger,
    deadlines: createDeadlineWindow(chains),
    receiver: createSimulatedReceiver(random),
    orders: [],
    time,
    tally,
    transactions: 0,
    process: null,
    tell,
  }
  await restart(world, null)
  if (setting.webhooks) await registerEndpoints(world)
  return world
}

/** Time goes on everywhere; the wall clock may be set back, the monotonic one never. */
export function passTime({ time, setting }: World, ms: number): void {
  const passed = setting.wholeSeconds ? Math.ceil(ms / 1_000) * 1_000 : ms
  time.nowMs += passed
  time.monotonicMs += Math.max(0, passed)
}

/** The store as one job sees it: guarded, and each commit that takes effect is judged. */
export function openStore(world: World, run: Run): Store {
  let lookedUpAt: number | null = null
  return guardStore(world.lasting.store, run, (name, args, result) => {
    if (name === 'findDepositAddresses') lookedUpAt = world.ledger.count
    if (name !== 'commit') return
    count(world.tally, result === 'conflict' ? 'conflicts' : 'commits')
    if (result === 'conflict') return
    tallyChanges(world, args[0] as ChangeSet)
    acceptCommit(world.ledger, args[0] as ChangeSet, {
      chains: world.chains,
      settings: world.settings,
      calledFinal: (chainId) => world.nodes.get(chainId)?.calledFinal() ?? new Set(),
      nowMs: world.time.nowMs,
      lookedUpAt: lookedUpAt ?? world.ledger.count,
      deadlines: world.deadlines,
      maxReorgBlocks: world.setting.maxReorgBlocks,
      hasRefusedLooks: (chainId) => world.nodes.get(chainId)?.hasRefusedLooks() === true,
      hasRefusedBalances: (chainId) => world.nodes.get(chainId)?.hasRefusedBalances() === true,
      shownForMs(chainId, hash) {
        const firstMs = world.nodes.get(chainId)?.firstShownMs(hash) ?? null
        return firstMs === null ? -1 : world.time.monotonicMs - firstMs
      },
    })
  })
}

function tallyChanges(
  { tally, chains, ledger }: World,
  { events = [], payments = [], outflows = [], refunds = [], attributions = [], chain }: ChangeSet,
): void {
  for (const { type } of events) count(tally, type)
  count(tally, 'outflows', outflows.length)
  for (const {
    position,
    finality,
    observation,
    dust,
    heldByCap,
    countedUnits,
    revision,
  } of payments) {
    const { blockHash, place } = observation
    if (revision === 1 && ledger.hidden.has(`${blockHash}/${place}`)) {
      count(tally, chain?.connected.length === 0 ? 'found by a second look' : 'hidden in vain')
    }
    if (revision === 1 && observation.kind === 'internal') {
      count(tally, `coins by ${observation.place.split(':')[0]}`)
    }
    if (dust) count(tally, 'dust')
    if (heldByCap) count(tally, 'held by a cap')
    const isShort = position === 'confirmed' && !dust && countedUnits < observation.amountUnits
    if (isShort) count(tally, 'short')
    if (position !== 'confirmed' || finality.kind === 'depth') continue
    if (finality.kind === 'safe') count(tally, 'confirmed as safe')
    const block = chains.get(observation.chainId)?.getBlock(observation.blockHash)
    count(tally, block?.proofLevel === 2 ? 'confirmed as final' : 'confirmed unproven')
  }
  count(tally, 'attributed', new Set(attributions.map(({ paymentId }) => paymentId)).size)
  for (const { revision } of payments) if (revision === 1) count(tally, 'payments')
  for (const { id, outgoing } of refunds) {
    const before = ledger.refunds.get(id)?.outgoing ?? null
    if (before !== null && before.blockHash !== outgoing?.blockHash)
      count(tally, 'refunds taken back')
  }
  for (const payment of payments) {
    const before = ledger.payments.get(payment.observation.id)
    const given = givenTo(ledger, payment.observation)
    if (given === null || given !== payment.invoiceId) continue
    if (before === undefined) count(tally, 'assigned, in another block')
    else if (before.invoiceId === null) count(tally, 'assigned, in an earlier block')
  }
  const depth = chain?.disconnected.length ?? 0
  if (chain === undefined || depth === 0) return
  count(tally, 'reorgs')
  if (chain.connected.length <= depth) count(tally, 'reorgs not longer')
  raise(tally, 'deepest reorg', depth)
}

/** A new life; dies at once when trouble strikes while it starts, and then the next one begins. */
export async function restart(world: World, trouble: Trouble | null): Promise<SimulatedProcess> {
  const life = { isAlive: true }
  const run = createRun(life, trouble, null)
  try {
    world.process = await startProcess(world.lasting, life, run, openStore(world, run))
    return world.process
  } catch (error) {
    const isExpected = error instanceof Crash || error instanceof GatewayError
    if (trouble === null || !isExpected) throw error
    count(world.tally, 'died while starting')
    world.tell(`  did not start: ${error.message}`)
    return restart(world, null)
  }
}

async function registerEndpoints(world: World): Promise<void> {
  const process = world.process as SimulatedProcess
  const run = createRun(process.life, null, null)
  const deps = process.depsFor(openStore(world, run), run)
  for (const url of ENDPOINT_URLS) {
    await createWebhookEndpoint(
      { ...deps, checkDestination: (endpoint) => ({ ok: true, url: endpoint }) },
      {
        storeId: process.account.id,
        url,
        events: url === ENDPOINT_URLS[0] ? ['*'] : SOME_EVENTS,
        actor: 'merchant',
        idempotency: null,
      },
    )
  }
}

/** Where each chain stands in the end: a halted one where it was halted. */
export function endStandings({ chains, ledger, setting }: World): Map<number, Standing> {
  return new Map(
    [...chains].map(([chainId, chain]) => {
      const committed = ledger.chains.get(chainId)
      const halted =
        committed === undefined || committed.haltReason === null ? null : standingOf(committed)
      return [chainId, halted ?? bestStanding(chain, lagsOf(setting, chainId))]
    }),
  )
}

function describeTelling(setting: Setting, chainId: number): CoinTelling | null {
  const { coins } = setting
  if (coins === undefined || coinModeOf(setting, chainId) === 'direct') return null
  const logsFrom = chainId === FIRST_CHAIN ? coins.logsFrom : null
  return { coin: coinOf(chainId), logsFrom }
}

type Lags = Pick<NodeNature, 'finalLag' | 'safeLag'>

function bestStanding(chain: SimulatedChain, { finalLag, safeLag }: Lags): Standing {
  const tip = chain.bestTip()
  const { number } = (chain.getBlock(tip) as SimulatedBlock).ref
  const at = (lag: number | null) =>
    (lag === null ? undefined : chain.ancestorAt(tip, number - lag)?.ref.hash) ?? null
  return { tip, final: at(finalLag), safe: at(safeLag) }
}

function lagsOf(setting: Setting, chainId: number): Lags {
  if (!followsTag(setting, chainId)) return { finalLag: null, safeLag: null }
  return {
    finalLag: setting.finalLag,
    safeLag: asksForSafe(setting) ? (setting.safeLag ?? null) : null,
  }
}

/** Finished orders are looked for in blooms so long after their deadline. */
const RECENT_MS = 50 * MINUTE_MS

function describeLogHabits(
  { logCutShare = null, hiddenShare = 0 }: Setting,
  { assets, chainId }: ChainSettings,
  ledger: Ledger,
  nowMs: () => number,
  noteCut: () => void,
): LogHabits | null {
  if (logCutShare === null) return null
  return {
    contracts: new Set(assets.flatMap(({ token }) => token ?? [])),
    cutShare: logCutShare,
    noteCut,
    hiddenShare,
    noteHidden: (hash, place) => void ledger.hidden.add(`${hash}/${place}`),
    mayCut(to) {
      const invoiceId = ledger.addresses.get(to)?.row.issued?.invoiceId
      const invoice = ledger.invoices.get(invoiceId ?? '')
      if (invoice === undefined) return false
      const { status, terms } = invoice
      if (!terms.options.some(({ asset }) => asset.chainId === chainId)) return false
      const isUnfinished = status === 'open' || status === 'processing'
      return isUnfinished || deadlineMs(terms) >= nowMs() - RECENT_MS
    },
  }
}
