/**
 * The nodes of one chain, and which of them serves. Each unit of work (a range of headers, a whole
 * block) is served by one node from beginning to end, and begun anew at the next one when it fails
 * or is slow. A node that does not answer is left alone for seconds, one that served something
 * untrue for minutes.
 */
import type { BlockRef } from '../../core/chain/block.ts'
import type { Hash } from '../../core/money/asset.ts'
import { SECOND_MS } from '../../core/time.ts'
import { ChainSourceError } from '../../errors.ts'
import type { ProviderHealth } from '../../ports/chain-source.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Logger } from '../../ports/logger.ts'
import type { Metrics } from '../../ports/metrics.ts'
import { createUnitTimes, hedge, type UnitTimes } from './hedge.ts'
import type { ChainIdentity, EvmNode } from './node.ts'
import { forgetNode } from './node.ts'
import {
  isOpen,
  isQuarantined,
  mayAsk,
  type QuarantineReason,
  quarantine,
  type RecordRules,
  recordAnswer,
  recordFault,
} from './node-record.ts'

export type PoolRules = RecordRules & {
  /** How long the other nodes may take for their head once one has shown its own. */
  readonly headGraceMs: number
  /** How long a node may have another block where most agree: branches of a moment are usual. */
  readonly dissentMs: number
  /** A node stands still when its head is older than this; null on test chains. */
  readonly staleAgeMs: number | null
  /** On test chains, whose block times say nothing: how long its head may stay overtaken. */
  readonly overtakenMs: number
}

export type NodePool = {
  readonly nodes: readonly EvmNode[]
  readonly identity: ChainIdentity
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
  readonly rules: PoolRules
  readonly times: UnitTimes
  /** Blocks that at least two nodes have, as far as is remembered. */
  readonly agreed: Set<Hash>
  /** Nodes that had the latest agreed head; they have all that leads to it. */
  holders: readonly EvmNode[]
  /** What the nodes said when they were last asked for their heads. */
  lastHead: BlockRef | null
  /** Height at which nodes have different blocks, and the monotonic time since when. */
  conflict: { readonly number: number; readonly sinceMs: number } | null
  /** The node that is asked first. */
  preferred: EvmNode
}

/**
 * A node that shows a head and cannot serve what leads to it is not asked first for so long, or it
 * would be chosen again with every head. Short: a reorg in the middle of a unit looks the same.
 */
const MISTRUST_MS = 15 * SECOND_MS
/** Agreed blocks that are remembered: what a turn of catching up takes, many times over. */
const AGREED_MAX = 4_096

export type Nodes = Pick<NodePool, 'nodes' | 'identity' | 'clock' | 'logger' | 'metrics' | 'rules'>

/** A pool that was not asked anything yet. */
export function createNodePool(parts: Nodes): NodePool {
  return {
    ...parts,
    times: createUnitTimes(),
    agreed: new Set(),
    holders: [],
    lastHead: null,
    conflict: null,
    preferred: parts.nodes[0]!,
  }
}

export type Unit<T> = {
  /** Names units that take about as long. */
  readonly kind: string
  readonly work: (node: EvmNode, signal: AbortSignal) => Promise<T>
  /** Whether a result is what was asked for; what it refuses stands when no node has better. */
  readonly isThere?: (result: T) => boolean
}

type Outcome<T> =
  | { readonly node: EvmNode; readonly result: T }
  | { readonly node: EvmNode; readonly fault: ChainSourceError }

/**
 * The result of the first node that serves it; the first fault is told when all of them fail. A
 * node whose block another one disproves by serving a proven one is quarantined.
 */
export async function workOnOneNode<T>(
  pool: NodePool,
  signal: AbortSignal,
  { kind, work, isThere = () => true }: Unit<T>,
): Promise<T> {
  const faults: { node: EvmNode; fault: ChainSourceError }[] = []
  let absence: { readonly result: T } | null = null
  const queue = orderNodes(pool)
  const attempt = (node: EvmNode, until: AbortSignal) =>
    attemptUnit(pool, node, signal, until, work)
  const isGood = (outcome: Outcome<T>) => 'result' in outcome && isThere(outcome.result)
  for (let first = true; queue.length > 0; first = false) {
    const asked = queue[0]!
    const startMs = pool.clock.monotonicMs()
    const outcomes = await hedge(pool.times, { kind, queue, isGood, attempt, signal })
    for (const outcome of outcomes) {
      if ('fault' in outcome) faults.push(outcome)
      else if (!isThere(outcome.result)) absence ??= { result: outcome.result }
      else {
        pool.times.note(kind, pool.clock.monotonicMs() - startMs)
        pool.preferred = outcome.node
        for (const { node, fault } of faults) {
          if (fault.kind === 'disproven') quarantineNode(pool, node, 'disproven', fault.message)
        }
        return outcome.result
      }
    }
    if (first) mistrust(pool, asked)
  }
  if (absence !== null) return absence.result
  if (faults.length === 0) throw createQuarantineFault(pool.nodes.length)
  throw chooseFault(faults.map(({ fault }) => fault))
}

async function attemptUnit<T>(
  pool: NodePool,
  node: EvmNode,
  signal: AbortSignal,
  until: AbortSignal,
  work: Unit<T>['work'],
): Promise<Outcome<T>> {
  try {
    const result = await work(node, until)
    noteAnswer(pool, node)
    return { node, result }
  } catch (error) {
    signal.throwIfAborted()
    // The other one was faster: that is no fault.
    until.throwIfAborted()
    return { node, fault: noteFault(pool, node, error) }
  }
}

/**
 * Who is asked, in this order. What is open or quarantined is left out, unless nothing else is
 * there; a node alone is always asked, and how often is the watcher's affair.
 */
export function orderNodes({ nodes, clock, preferred }: NodePool): EvmNode[] {
  const nowMs = clock.monotonicMs()
  const first = nodes.indexOf(preferred)
  const ring = [...nodes.slice(first), ...nodes.slice(0, first)]
  const usable = ring.filter(({ record }) => mayAsk(record, nowMs))
  const candidates =
    usable.length > 0 ? usable : ring.filter(({ record }) => !isQuarantined(record, nowMs))
  const isHeldBack = (node: EvmNode) => node.pace.isPaused() || node.dissentsSinceMs !== null
  return [...candidates.filter((n) => !isHeldBack(n)), ...candidates.filter(isHeldBack)]
}

/** What the configuration names is there, and none of it is believed for now. */
export function createQuarantineFault(nodes: number): ChainSourceError {
  return new ChainSourceError('unreachable', `all ${nodes} nodes are quarantined`)
}

/** Does nothing to a node that is the only one: there would be nobody left to ask. */
export function quarantineNode(
  pool: NodePool,
  node: EvmNode,
  reason: QuarantineReason,
  detail: string,
): void {
  const { nodes, identity, clock, logger, metrics, rules } = pool
  if (nodes.length === 1) return
  quarantine(node.record, reason, clock.monotonicMs(), rules)
  const { name } = node.client
  metrics.count('node_quarantines_total', { chain: String(identity.chainId), node: name, reason })
  const fields = { chain_id: identity.chainId, node: name, reason, ms: rules.quarantineMs }
  logger.error({ ...fields, detail }, 'ALARM: node quarantined')
}

export function rememberAgreed({ agreed }: NodePool, hashes: readonly Hash[]): void {
  for (const hash of hashes) {
    agreed.delete(hash)
    agreed.add(hash)
  }
  for (const oldest of agreed) {
    if (agreed.size <= AGREED_MAX) return
    agreed.delete(oldest)
  }
}

/** How each node did when it was last asked, in the order of the configuration. */
export function describeProviders({ nodes, clock }: NodePool): ProviderHealth[] {
  const nowMs = clock.monotonicMs()
  return nodes.map((node) => {
    const { client, head, isOk, lastFault, record } = node
    return {
      name: client.name,
      head: head?.number ?? null,
      isOk,
      lastFault,
      state: judgeState(node, nowMs),
      latencyMs: record.latencyMs,
      errorShare: record.errorShare,
      errors: Object.fromEntries(record.errors),
    }
  })
}

function judgeState(node: EvmNode, nowMs: number): ProviderHealth['state'] {
  const { record, pace, isOk, head, standsStill } = node
  if (isQuarantined(record, nowMs)) return 'quarantined'
  if (isOpen(record)) return 'open'
  if (pace.isPaused()) return 'limited'
  if (!isOk) return head === null && record.errors.size === 0 ? 'unknown' : 'failing'
  return standsStill ? 'stale' : 'ok'
}

/** A wrong chain is a mistake that a person must see; it is not hidden behind a timeout. */
export function chooseFault(faults: readonly ChainSourceError[]): ChainSourceError {
  return faults.find(({ kind }) => kind === 'wrong_chain') ?? faults[0]!
}

export function noteAnswer({ identity, logger }: NodePool, node: EvmNode): void {
  if (!node.isOk && node.lastFault !== null) {
    logger.info({ chain_id: identity.chainId, node: node.client.name }, 'node is back')
  }
  node.isOk = true
  recordAnswer(node.record)
}

/** Remembers and returns the fault; throws what is none of a node. Told once, not at every poll. */
export function noteFault(pool: NodePool, node: EvmNode, error: unknown): ChainSourceError {
  if (!(error instanceof ChainSourceError)) throw error
  const { identity, logger, clock, rules } = pool
  const { kind, message } = error
  if (kind === 'unreachable' || kind === 'wrong_chain') forgetNode(node)
  if (kind === 'capacity') node.pace.noteLimit(error.retryAfterMs)
  else if (kind === 'unreachable') node.pace.noteError()
  if (node.isOk || node.lastFault !== kind) {
    const fields = { chain_id: identity.chainId, node: node.client.name, fault: kind }
    logger.warn({ ...fields, reason: message }, 'node failed')
  }
  node.isOk = false
  node.lastFault = kind
  recordFault(node.record, kind, clock.monotonicMs(), rules)
  return error
}

/** Not for a node that is gone: once it answers again, what it shows is as good as before. */
function mistrust({ clock }: NodePool, node: EvmNode): void {
  if (!node.isOk && node.lastFault === 'unreachable') return
  node.mistrustedUntilMs = clock.monotonicMs() + MISTRUST_MS
}
