/** Takes one step of a history: the world moves, or the gateway is asked to. */
import type { ChainSettings } from '../../src/core/chain/chain-settings.ts'
import { deadlineMs, type Invoice } from '../../src/core/invoice/invoice.ts'
import { ChainSourceError, GatewayError } from '../../src/errors.ts'
import { deriveAhead } from '../../src/operations/derive-ahead.ts'
import { assignOne } from './assignments.ts'
import { paymentsOfInvoice, sumsOf } from './check-standing.ts'
import {
  Crash,
  createRun,
  guardLogs,
  guardNative,
  guardSender,
  guardSource,
  type Run,
  type Trouble,
} from './crash-points.ts'
import type { Job, Step } from './history.ts'
import { checkClean, decide, dispatch, type Order, placeOrder, pollChain } from './jobs.ts'
import { movePayers } from './payers.ts'
import { createRandom } from './random.ts'
import { decideRefund, payRefund } from './refunds.ts'
import { BLOCK_TIME_S } from './setting.ts'
import { shareOf } from './shares.ts'
import type { SimulatedChain } from './simulated-chain.ts'
import type { NodeView, SimulatedNode } from './simulated-node.ts'
import type { SimulatedProcess } from './simulated-process.ts'
import { ENDPOINT_URLS, openStore, passTime, restart, type World } from './simulated-world.ts'
import { count } from './tally.ts'
import { demand, Violation } from './violation.ts'

export async function takeStep(world: World, step: Step): Promise<void> {
  switch (step.do) {
    case 'run':
      return runJobs(world, step)
    case 'mine':
      return mineBlocks(world, step)
    case 'fork':
      return forkChain(world, step)
    case 'return': {
      const { chain } = pickChain(world, step.chain)
      const tip = pickOf(chain.tips(), step.pick) as `0x${string}`
      chain.mine(tip, createRandom(step.seed))
      return
    }
    case 'show':
      return showView(world, step)
    case 'fault':
      return pickChain(world, step.chain).node.fail(step.fault, step.calls)
    case 'pay':
      return movePayers(world, step)
    case 'repay':
      return payRefund(world, step.pick)
    case 'receiver':
      return world.receiver.turn(pickOf(ENDPOINT_URLS, step.pick) as string, step.mood)
    case 'wait':
      return passTime(world, step.ms)
    case 'restart':
      if (step.clean) world.process?.stop()
      world.process = null
      await restart(world, null)
  }
}

export function pickOf<T>(items: readonly T[], pick: number): T | undefined {
  return items[pick % Math.max(1, items.length)]
}

type Place = {
  readonly settings: ChainSettings
  readonly chain: SimulatedChain
  readonly node: SimulatedNode
}

export function pickChain({ settings, chains, nodes }: World, index: number): Place {
  const chosen = settings[index % settings.length] as ChainSettings
  return {
    settings: chosen,
    chain: chains.get(chosen.chainId) as SimulatedChain,
    node: nodes.get(chosen.chainId) as SimulatedNode,
  }
}

function mineBlocks(world: World, step: Step & { do: 'mine' }): void {
  const { chain } = pickChain(world, step.chain)
  const random = createRandom(step.seed)
  for (let i = 1; i <= step.blocks; i++) {
    passTime(world, step.paceS * 1_000)
    const clockS = Math.floor(world.time.nowMs / 1_000) - random.below(BLOCK_TIME_S)
    const aimedS = step.aim === undefined || i < step.blocks ? null : aimAt(world, step.aim)
    chain.mine(chain.bestTip(), random, { paceS: 1, nowS: aimedS ?? clockS })
    // The block may be ahead of our clock for a while, or the clock has gone on to it.
    const aheadMs = (aimedS ?? 0) * 1_000 - world.time.nowMs
    if (aheadMs > 0 && random.chance(0.5)) passTime(world, aheadMs)
  }
}

function aimAt(
  { ledger }: World,
  { pick, afterS }: NonNullable<(Step & { do: 'mine' })['aim']>,
): number | null {
  const open = [...ledger.invoices.values()].filter(({ status }) => status === 'open')
  const invoice = pickOf(open, pick)
  return invoice === undefined ? null : Math.floor(deadlineMs(invoice.terms) / 1_000) + afterS
}

function forkChain(world: World, step: Step & { do: 'fork' }): void {
  const { chain, node } = pickChain(world, step.chain)
  const fork = (): void => {
    const random = createRandom(step.seed)
    const best = chain.getBlock(chain.bestTip())
    if (best === undefined) return
    // Never below what existed before watching began: those blocks are not searched.
    const number = Math.max(world.setting.startHeight, best.ref.number - step.depth)
    const ancestor = chain.ancestorAt(best.ref.hash, number)
    if (ancestor === undefined || ancestor === best) return
    chain.lose(best.ref.hash, number, step.lost, random)
    let parent = ancestor.ref.hash
    for (let i = 0; i < step.length; i++) parent = chain.mine(parent, random).ref.hash
  }
  if (step.afterCalls === 0) fork()
  else node.interrupt(step.afterCalls, fork)
}

function showView(world: World, step: Step & { do: 'show' }): void {
  const { chain, node } = pickChain(world, step.chain)
  const other = pickOf(chain.tips(), step.by) as `0x${string}`
  const views: Record<typeof step.what, NodeView> = {
    follow: { kind: 'follow' },
    behind: { kind: 'behind', blocks: step.by },
    other: { kind: 'at', hash: other },
    stay: { kind: 'at', hash: chain.bestTip() },
    mixed: { kind: 'mixed', hash: other },
  }
  node.show(views[step.what])
}

type RunStep = Step & { do: 'run' }

/** Jobs under way together in one process; a new one is started when it died. */
async function runJobs(world: World, step: RunStep): Promise<void> {
  passTime(world, step.waitMs)
  const process = world.process as SimulatedProcess
  world.deadlines.restart(world.ledger)
  const mixing = step.jobs.length > 1 ? createRandom(step.seed) : null
  const run = createRun(process.life, step.trouble, mixing)
  const isAlone = step.jobs.length === 1 && step.trouble === null
  const ends = await Promise.allSettled(
    step.jobs.map((job) => runJob(world, process, job, run, isAlone)),
  )
  for (const [i, end] of ends.entries()) {
    const line = end.status === 'fulfilled' ? end.value : judgeFailure(world, end.reason)
    world.tell(`  ${step.jobs[i]?.job}: ${line}`)
  }
  const wrong = world.receiver.violation()
  if (wrong !== null) throw wrong
  if (run.struck()) count(world.tally, step.trouble?.kind ?? '')
  if (process.life.isAlive) return
  world.process = null
  await restart(world, secondTrouble(step))
}

/** A process that died may die again while it starts. */
function secondTrouble({ seed }: RunStep): Trouble | null {
  const random = createRandom(seed ^ 0xdead)
  return random.chance(0.25) ? { kind: 'crash', at: random.between(1, 14) } : null
}

/** Failures of the world are told; anything else is a bug. */
function judgeFailure({ tally }: World, error: unknown): string {
  if (error instanceof Violation) throw error
  if (error instanceof Crash) return error.message
  if (error instanceof ChainSourceError) {
    count(tally, `chain fault ${error.kind}`)
    return error.message
  }
  if (error instanceof GatewayError && EXPECTED_CODES.includes(error.code)) {
    count(tally, `refused ${error.code}`)
    return error.message
  }
  throw new Violation('bug', error instanceof Error ? (error.stack ?? error.message) : 'unknown')
}

const EXPECTED_CODES: readonly string[] = [
  'storage_unavailable',
  'chain_unavailable',
  'not_acceptable_state',
  'idempotency_in_progress',
]

async function runJob(
  world: World,
  process: SimulatedProcess,
  job: Job,
  run: Run,
  isAlone: boolean,
): Promise<string> {
  const deps = process.depsFor(openStore(world, run), run)
  await run.begin()
  switch (job.job) {
    case 'poll': {
      const { settings, node } = pickChain(world, job.chain)
      const source = guardSource(node.source, run)
      const logs = node.logs === null ? {} : { logs: guardLogs(node.logs, run) }
      const native = node.native === null ? {} : { native: guardNative(node.native, run) }
      return pollChain(process, deps, settings, { source, ...logs, ...native })
    }
    case 'create':
      return orderInvoice(world, process, deps, chooseOrder(world, job.seed))
    case 'cancel':
    case 'accept':
      return decideOne(world, process, deps, job, isAlone)
    case 'assign':
      return assignOne(world, process, deps, job.pick, isAlone)
    case 'refund':
    case 'end-refund':
      return decideRefund(world, process, deps, job, isAlone)
    case 'dispatch':
      return `${await dispatch(deps, guardSender(world.receiver.sender, run))} attempts`
    case 'derive':
      return `${await deriveAhead(deps, process.account)} addresses`
    case 'check':
      return checkClean(deps)
  }
}

type Decision = Job & { job: 'cancel' | 'accept' }
type JobDeps = Parameters<typeof placeOrder>[1]

/** An order without an answer is repeated under its key before a new one is made. */
function chooseOrder({ orders }: World, seed: number): Order {
  const unanswered = orders.find(({ resource }) => resource === null)
  if (unanswered !== undefined) return unanswered
  const key = `order-${orders.length + 1}`
  const ticket = { scope: 'shop', key, requestHash: '00' }
  const order: Order = { ticket, seed, resource: null }
  orders.push(order)
  return order
}

export async function orderInvoice(
  world: World,
  process: SimulatedProcess,
  deps: JobDeps,
  order: Order,
): Promise<string> {
  const resource = await placeOrder(process, deps, order)
  order.resource = resource
  const told = [...world.ledger.invoices.values()].filter(({ id }) => id === resource.id)
  demand(told.length === 1, 'answered', () => `${resource.id} was answered, and not committed`)
  return `${resource.id} at ${resource.address}`
}

/** Mostly one that the decision fits, to try what follows; sometimes any, to try the refusal. */
function pickInvoice({ ledger }: World, { job, pick }: Decision): Invoice | undefined {
  const all = [...ledger.invoices.values()]
  if (pick % 4 === 0) return pickOf(all, pick >>> 2)
  const fitting = all.filter(({ id, status }) => {
    if (job === 'cancel') return status === 'open'
    const hasMoney = paymentsOfInvoice(ledger, id).some(({ position }) => position === 'confirmed')
    return hasMoney && status !== 'settled' && status !== 'processing'
  })
  return pickOf(fitting.length === 0 ? all : fitting, pick >>> 2)
}

async function decideOne(
  world: World,
  process: SimulatedProcess,
  deps: JobDeps,
  job: Decision,
  isAlone: boolean,
): Promise<string> {
  const invoice = pickInvoice(world, job)
  if (invoice === undefined) return 'nothing to decide'
  const payments = paymentsOfInvoice(world.ledger, invoice.id)
  const counting = payments.filter(({ position, dust }) => position !== 'orphaned' && !dust)
  const confirmed = counting.filter(({ position }) => position === 'confirmed')
  const mayCancel = invoice.status === 'open' && counting.length === 0
  const hasMoney = shareOf(invoice, sumsOf(confirmed)).over > 0n
  const mayAccept = hasMoney && !['settled', 'processing'].includes(invoice.status)
  const may = job.job === 'cancel' ? mayCancel : mayAccept
  try {
    const resource = await decide(process, deps, job.job, invoice.id)
    demand(!isAlone || may, 'decision', () => `${job.job} of ${invoice.id} was not refused`)
    return `${invoice.id} is ${resource.status}`
  } catch (error) {
    const isRefused = error instanceof GatewayError && error.code === 'not_acceptable_state'
    demand(
      !(isAlone && isRefused && may),
      'decision',
      () => `${job.job} was refused: ${invoice.id}`,
    )
    throw error
  }
}
