/**
 * The world of one history: chains and their nodes, payers, merchants, a receiver, a clock, and the
 * gateway in the middle, which dies and comes back. Everything is chance from the seed.
 */
import { createMemoryStore } from '../../src/adapters/memory/memory-store.ts'
import type { ChainSettings } from '../../src/core/chain/chain-settings.ts'
import type { ChangeSet } from '../../src/core/change-set.ts'
import { GatewayError } from '../../src/errors.ts'
import { createWebhookEndpoint } from '../../src/operations/create-webhook-endpoint.ts'
import type { Store } from '../../src/ports/store.ts'
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
import { describeChains, followsTag, type Setting, START_MS } from './setting.ts'
import {
  createSimulatedChain,
  type SimulatedBlock,
  type SimulatedChain,
} from './simulated-chain.ts'
import { createSimulatedNode, type SimulatedNode } from './simulated-node.ts'
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
  readonly time: { nowMs: number; monotonicMs: number }
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
      return [chainId, createSimulatedChain(chainId, startHeight, unprovenShare)]
    }),
  )
  const time = { nowMs: START_MS, monotonicMs: 0 }
  const nodes = new Map(
    [...chains].map(([chainId, chain]) => {
      const lag = lagOf(setting, chainId)
      return [chainId, createSimulatedNode(chain, () => time.monotonicMs, lag)] as const
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
    ledger: createLedger(),
    deadlines: createDeadlineWindow(chains),
    receiver: createSimulatedReceiver(random),
    orders: [],
    time,
    tally: new Map(),
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
      hasRefusedBalances: (chainId) => world.nodes.get(chainId)?.hasRefusedBalances() === true,
      shownForMs(chainId, hash) {
        const firstMs = world.nodes.get(chainId)?.firstShownMs(hash) ?? null
        return firstMs === null ? -1 : world.time.monotonicMs - firstMs
      },
    })
  })
}

function tallyChanges(
  { tally, chains }: World,
  { events = [], payments = [], chain }: ChangeSet,
): void {
  for (const { type } of events) count(tally, type)
  for (const { position, finality, observation, dust } of payments) {
    if (dust) count(tally, 'dust')
    if (position !== 'confirmed' || finality.kind === 'depth') continue
    const block = chains.get(observation.chainId)?.getBlock(observation.blockHash)
    count(tally, block?.proofLevel === 2 ? 'confirmed as final' : 'confirmed unproven')
  }
  for (const { revision } of payments) if (revision === 1) count(tally, 'payments')
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
      return [chainId, halted ?? bestStanding(chain, lagOf(setting, chainId))]
    }),
  )
}

function bestStanding(chain: SimulatedChain, finalLag: number | null): Standing {
  const tip = chain.bestTip()
  const { number } = (chain.getBlock(tip) as SimulatedBlock).ref
  const final = finalLag === null ? undefined : chain.ancestorAt(tip, number - finalLag)
  return { tip, final: final?.ref.hash ?? null }
}

function lagOf(setting: Setting, chainId: number): number | null {
  return followsTag(setting, chainId) ? setting.finalLag : null
}
