/**
 * Asks again who made payments of which only a balance told, in case a node shows the calls of their
 * blocks by now. Nothing waits for it: money counts by its balance, whoever sent it. What it keeps
 * between two turns spares questions alone; a fresh start asks everything once more.
 */
import type { ChainSettings } from '../core/chain/chain-settings.ts'
import type { Payment } from '../core/payment/payment.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../core/time.ts'
import { type ChainFaultKind, ChainSourceError } from '../errors.ts'
import type { UnattributedCursor } from '../ports/balance-store.ts'
import { type AttributeDeps, type AttributedBlock, attributeBlock } from './attribute-block.ts'

export type AttributeRequest = {
  readonly settings: ChainSettings
  /** Height of our tip. */
  readonly tipNumber: number
  readonly memory: AttributeMemory
  readonly signal: AbortSignal
}

export type AttributeMemory = {
  /** Monotonic time before which nothing is asked. */
  readonly nextTurnAtMs: number
  /** Blocks that most nodes still know the calls of: asked often. */
  readonly recent: Round
  /** All others: once a day. */
  readonly older: Round
  /** Payments of recent blocks that a node has answered for in vain, and when to ask again. */
  readonly answered: ReadonlyMap<string, number>
}

/** Where a walk through open payments goes on, oldest first. It begins when its time has come. */
type Round = {
  readonly nextAtMs: number
  readonly fromBlock: number
  readonly after: UnattributedCursor | null
}

const IDLE: Round = { nextAtMs: 0, fromBlock: 0, after: null }

export const FRESH_ATTRIBUTION: AttributeMemory = {
  nextTurnAtMs: 0,
  recent: IDLE,
  older: IDLE,
  answered: new Map(),
}

/** A trace is among the dearest questions, and nobody waits for the answer. */
const BLOCKS_PER_TURN = 4
const PAYMENTS_PER_TURN = 100
/** Full nodes keep the states from which calls are told for so many blocks, others for long. */
const RECENT_BLOCKS = 128
const RECENT_MS = HOUR_MS

type Pace = {
  readonly turnMs: number
  readonly recentMs: number
  /** After an answer that did not help, and where no node shows calls at all. */
  readonly againMs: number
  readonly olderMs: number
}
const PACE: Pace = {
  turnMs: 15 * SECOND_MS,
  recentMs: MINUTE_MS,
  againMs: 10 * MINUTE_MS,
  olderMs: DAY_MS,
}
/** Where nobody is billed for a question, and people watch. */
const TEST_PACE: Pace = {
  turnMs: SECOND_MS,
  recentMs: SECOND_MS,
  againMs: 2 * SECOND_MS,
  olderMs: 10 * SECOND_MS,
}

/** Faults of the moment: the same block is asked for by a later turn. */
const PASSING: ReadonlySet<ChainFaultKind> = new Set(['unreachable', 'capacity', 'wrong_chain'])

/** One turn. A node's fault is no fault of the turn: it is told, and asked again later. */
export async function attributePayments(
  deps: AttributeDeps,
  request: AttributeRequest,
): Promise<AttributeMemory> {
  const nowMs = deps.clock.monotonicMs()
  const { settings, memory } = request
  if (nowMs < memory.nextTurnAtMs) return memory
  const pace = settings.test ? TEST_PACE : PACE
  const group = (['recent', 'older'] as const).find((name) => memory[name].nextAtMs <= nowMs)
  if (group === undefined) return { ...memory, nextTurnAtMs: nowMs + pace.turnMs }
  const recentFrom = Math.max(0, request.tipNumber - recentBlocks(settings) + 1)
  const answered = new Map([...memory.answered].filter(([, untilMs]) => untilMs > nowMs))
  const walk: Walk = { ...request, nowMs, pace, group, recentFrom, answered }
  const begin = memory[group]
  const fromBlock = group === 'recent' ? recentFrom : begin.fromBlock
  const step = await takeStep(deps, walk, { ...begin, fromBlock })
  const round = step.isDone
    ? { ...IDLE, nextAtMs: nowMs + (group === 'recent' ? pace.recentMs : pace.olderMs) }
    : step.round
  return { ...memory, answered, [group]: round, nextTurnAtMs: nowMs + step.waitMs }
}

function recentBlocks({ blockTimeMs }: ChainSettings): number {
  return Math.max(RECENT_BLOCKS, Math.ceil(RECENT_MS / blockTimeMs))
}

type Walk = Omit<AttributeRequest, 'memory'> & {
  readonly nowMs: number
  readonly pace: Pace
  readonly group: 'recent' | 'older'
  readonly recentFrom: number
  /** Filled while walking. */
  readonly answered: Map<string, number>
}

type Step = {
  readonly round: Round
  readonly isDone: boolean
  /** Before the next turn. */
  readonly waitMs: number
}

/** A page of open payments, of which a few blocks are asked for. */
async function takeStep(deps: AttributeDeps, walk: Walk, begin: Round): Promise<Step> {
  const { settings, group, recentFrom, answered, tipNumber, pace } = walk
  const { chainId } = settings
  const limit = PAYMENTS_PER_TURN
  const { fromBlock } = begin
  const page = await deps.store.findUnattributed({ chainId, fromBlock, after: begin.after, limit })
  const isMine = ({ observation: { id, blockNumber } }: Payment) =>
    group === 'recent' ? !answered.has(id) : blockNumber < recentFrom
  const open = page.payments.filter(isMine)
  const blocks = [...Map.groupBy(open, ({ observation }) => observation.blockHash).values()]
  let round = begin
  for (const payments of blocks.slice(0, BLOCKS_PER_TURN)) {
    const outcome = await askBlock(deps, walk, payments)
    // Neither this round nor the other is of use now.
    if (outcome === 'lacking') return { round, isDone: false, waitMs: pace.againMs }
    if (outcome === 'later') return { round, isDone: false, waitMs: pace.recentMs }
    const { blockNumber, id: paymentId } = (payments.at(-1) as Payment).observation
    round = { ...round, after: { blockNumber, paymentId } }
    // Out of reach: so is what is older. The round goes on halfway to now, not block by block.
    if (outcome === 'not_there' && group === 'older') {
      const halfway = blockNumber + Math.ceil((tipNumber - blockNumber) / 2)
      const isDone = halfway >= recentFrom
      return { round: { ...round, fromBlock: halfway }, isDone, waitMs: pace.turnMs }
    }
  }
  if (blocks.length > BLOCKS_PER_TURN) return { round, isDone: false, waitMs: pace.turnMs }
  const { cursor } = page
  const isDone = cursor === null || (group === 'older' && cursor.blockNumber >= recentFrom)
  return { round: { ...round, after: cursor }, isDone, waitMs: pace.turnMs }
}

type Outcome = AttributedBlock | 'not_there' | 'refused' | 'later'

async function askBlock(
  deps: AttributeDeps,
  walk: Walk,
  payments: readonly Payment[],
): Promise<Outcome> {
  const { settings, signal, answered, nowMs, pace } = walk
  const { chainId } = settings
  const { blockHash, blockNumber } = (payments[0] as Payment).observation
  const outcome = await attributeBlock(deps, { chainId, blockHash, payments, signal }).catch(
    (error: unknown): Outcome => {
      signal.throwIfAborted()
      if (!(error instanceof ChainSourceError)) throw error
      const { kind, message } = error
      deps.metrics.count('attribution_faults_total', { chain: String(chainId), kind })
      const fields = { chain_id: chainId, block: blockNumber, hash: blockHash, kind }
      deps.logger.debug(fields, `who sent coins is asked again later: ${message}`)
      if (PASSING.has(kind)) return 'later'
      return kind === 'not_there' ? 'not_there' : 'refused'
    },
  )
  if (outcome === 'lacking' || outcome === 'later' || outcome === 'conflict') return outcome
  for (const { observation } of payments) answered.set(observation.id, nowMs + pace.againMs)
  return outcome
}
