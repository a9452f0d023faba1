/**
 * The head of a chain, as its nodes show it together: the highest block that two of them have. A
 * node alone is followed when it is the only one there is, or the only one left.
 */
import type { BlockRef } from '../../core/chain/block.ts'
import { ChainSourceError } from '../../errors.ts'
import { type AskHeaders, agreeOnHead } from './agree-on-head.ts'
import { createLinkedAbort } from './linked-abort.ts'
import type { EvmNode } from './node.ts'
import {
  chooseFault,
  createQuarantineFault,
  type NodePool,
  noteAnswer,
  noteFault,
  quarantineNode,
  rememberAgreed,
} from './node-pool.ts'
import { isOpen, isQuarantined, mayAsk } from './node-record.ts'

export type HeadQuestions = {
  readonly askHead: (node: EvmNode, signal: AbortSignal) => Promise<BlockRef>
  readonly askHeaders: (
    node: EvmNode,
    numbers: readonly number[],
    signal: AbortSignal,
  ) => Promise<(BlockRef | null)[]>
}

type Shown = { readonly node: EvmNode; readonly head: BlockRef }

/** Polls in a row without a head after which a node is no longer waited for. */
const HEADLESS_POLLS_MAX = 3

/**
 * Rejects with `providers_disagree` when nothing is common to the nodes, and with the fault of a
 * node while the others wait for it.
 */
export async function followHead(
  pool: NodePool,
  signal: AbortSignal,
  questions: HeadQuestions,
): Promise<BlockRef> {
  const { shown, faults } = await collectHeads(pool, signal, questions)
  const [first] = shown
  if (first === undefined) throw chooseFault(faults)
  noteStandingStill(pool, shown)
  const ask = createAsk(pool, signal, questions)
  const voters =
    shown.length === 2 ? await dropStandingStill(pool, shown as [Shown, Shown], ask) : shown
  if (voters.length > 1) return followAgreed(pool, voters, ask)
  const only = voters[0]!
  const isWaitedFor = (node: EvmNode) =>
    !shown.some((s) => s.node === node) && isExpected(pool, node)
  if (pool.nodes.some(isWaitedFor)) return keepLastHead(pool, faults)
  return followAlone(pool, only)
}

async function collectHeads(pool: NodePool, signal: AbortSignal, { askHead }: HeadQuestions) {
  const asked = chooseAsked(pool)
  const answers = await askAll(asked, pool.rules.headGraceMs, signal, askHead)
  signal.throwIfAborted()
  const shown: Shown[] = []
  const faults: ChainSourceError[] = []
  for (const [place, answer] of answers.entries()) {
    const node = asked[place]!
    if (answer.status === 'rejected') {
      node.headlessPolls += 1
      faults.push(noteFault(pool, node, answer.reason))
      continue
    }
    const head = answer.value
    noteAnswer(pool, node)
    node.headlessPolls = 0
    if (node.head?.hash !== head.hash) node.overtakenSinceMs = null
    node.head = head
    shown.push({ node, head })
  }
  return { shown, faults }
}

/** Not those that must be left alone; of several, not those that would answer late by our pace. */
function chooseAsked({ nodes, clock, rules }: NodePool): readonly EvmNode[] {
  const nowMs = clock.monotonicMs()
  const believed = nodes.filter(({ record }) => !isQuarantined(record, nowMs))
  if (believed.length === 0) throw createQuarantineFault(nodes.length)
  const usable = believed.filter(({ record }) => mayAsk(record, nowMs))
  const asked = usable.filter(({ pace }) => pace.waitMs() < rules.headGraceMs)
  for (const node of usable) if (!asked.includes(node)) node.headlessPolls += 1
  return asked.length > 0 ? asked : usable.length > 0 ? usable : believed
}

/** All at once. The first answer starts the time that is left to the others. */
async function askAll(
  nodes: readonly EvmNode[],
  headGraceMs: number,
  signal: AbortSignal,
  askHead: HeadQuestions['askHead'],
): Promise<PromiseSettledResult<BlockRef>[]> {
  signal.throwIfAborted()
  const end = createLinkedAbort(signal)
  let grace: NodeJS.Timeout | undefined
  try {
    return await Promise.allSettled(
      nodes.map(async (node) => {
        const head = await askHead(node, end.signal)
        grace ??= setTimeout(() => end.abort(createLateFault(headGraceMs)), headGraceMs)
        return head
      }),
    )
  } finally {
    clearTimeout(grace)
    end.release()
  }
}

function createLateFault(graceMs: number): ChainSourceError {
  return new ChainSourceError(
    'unreachable',
    `no head ${graceMs} ms after another node showed its own`,
  )
}

/** Whether a node that showed nothing may be back with the next poll: until then none is alone. */
function isExpected({ clock }: NodePool, node: EvmNode): boolean {
  if (isQuarantined(node.record, clock.monotonicMs()) || isOpen(node.record)) return false
  if (!node.isOk && node.lastFault === 'wrong_chain') return false
  return node.headlessPolls < HEADLESS_POLLS_MAX
}

function keepLastHead(pool: NodePool, faults: readonly ChainSourceError[]): BlockRef {
  if (pool.lastHead !== null) return pool.lastHead
  if (faults.length > 0) throw chooseFault(faults)
  throw new ChainSourceError('not_there', 'no two nodes have shown a head yet')
}

function followAlone(pool: NodePool, { node, head }: Shown): BlockRef {
  pool.conflict = null
  pool.holders = [node]
  pool.lastHead = head
  pool.preferred = node
  return head
}

/**
 * Of two, the one that stands still is left out: judged by the age of its head, while that of the
 * other is young. Among more, two that go on agree without it. Whoever stands still on a block that
 * the other one has not does not lag, but disagrees, and is heard for as long as it says so.
 */
async function dropStandingStill(
  pool: NodePool,
  shown: readonly [Shown, Shown],
  ask: AskHeaders<EvmNode>,
): Promise<readonly Shown[]> {
  const [low, high] = shown[0].head.number < shown[1].head.number ? shown : shown.toReversed()
  if (!low!.node.standsStill) return shown
  return (await isBehind(pool, low!, high!, ask)) ? [high!] : shown
}

/** Of any number; one among many is outvoted, and health tells of it all the same. */
function noteStandingStill(pool: NodePool, shown: readonly Shown[]): void {
  const highest = shown.reduce((best, one) => (one.head.number > best.head.number ? one : best))
  for (const one of shown) {
    const isLower = one.head.number < highest.head.number
    one.node.standsStill = isLower && standsStill(pool, one, highest)
  }
}

function standsStill(pool: NodePool, low: Shown, high: Shown): boolean {
  const { clock, rules } = pool
  const nowMs = clock.monotonicMs()
  low.node.overtakenSinceMs ??= nowMs
  if (rules.staleAgeMs === null) return nowMs - low.node.overtakenSinceMs > rules.overtakenMs
  const ageMs = ({ head }: Shown) => clock.nowMs() - head.timestampS * 1_000
  return ageMs(low) > rules.staleAgeMs && ageMs(high) <= rules.staleAgeMs
}

/** Its head is one that both had, or have. */
async function isBehind(
  pool: NodePool,
  low: Shown,
  high: Shown,
  ask: AskHeaders<EvmNode>,
): Promise<boolean> {
  const { number, hash } = low.head
  if (pool.agreed.has(hash)) return true
  const [header = null] = await ask(high.node, [number])
  if (header?.hash !== hash) return false
  rememberAgreed(pool, [hash])
  return true
}

function createAsk(
  pool: NodePool,
  signal: AbortSignal,
  { askHeaders }: HeadQuestions,
): AskHeaders<EvmNode> {
  return async (node, numbers) => {
    try {
      return await askHeaders(node, numbers, signal)
    } catch (error) {
      signal.throwIfAborted()
      noteFault(pool, node, error)
      return numbers.map(() => null)
    }
  }
}

async function followAgreed(
  pool: NodePool,
  voters: readonly Shown[],
  ask: AskHeaders<EvmNode>,
): Promise<BlockRef> {
  const { head, holders, conflictAt, dissenters } = await agreeOnHead(voters, ask, (hash) =>
    pool.agreed.has(hash),
  )
  noteConflict(pool, conflictAt)
  if (head === null) {
    if (conflictAt === null) return keepLastHead(pool, [])
    const text = `the nodes have different blocks at ${conflictAt} and none in common`
    throw new ChainSourceError('providers_disagree', text)
  }
  noteDissent(pool, voters, dissenters)
  rememberAgreed(pool, [head.parentHash, head.hash])
  pool.lastHead = head
  pool.holders = holders
  const nowMs = pool.clock.monotonicMs()
  const trusted = holders.filter(({ mistrustedUntilMs }) => mistrustedUntilMs <= nowMs)
  const servers = trusted.length > 0 ? trusted : holders
  if (!servers.includes(pool.preferred)) pool.preferred = servers[0]!
  return head
}

function noteConflict(pool: NodePool, conflictAt: number | null): void {
  const { conflict, identity, clock, logger, metrics } = pool
  if (conflictAt === null) {
    if (conflict !== null) {
      logger.info({ chain_id: identity.chainId, block: conflict.number }, 'nodes agree again')
    }
    pool.conflict = null
    return
  }
  if (conflict?.number === conflictAt) return
  pool.conflict = { number: conflictAt, sinceMs: conflict?.sinceMs ?? clock.monotonicMs() }
  metrics.count('node_conflicts_total', { chain: String(identity.chainId) })
  const fields = { chain_id: identity.chainId, block: conflictAt }
  logger.warn(fields, 'nodes have different blocks at one height: nothing of it is followed')
}

/** A branch of a moment is forgiven; one that is held on to is not. */
function noteDissent(
  pool: NodePool,
  voters: readonly Shown[],
  dissenters: readonly EvmNode[],
): void {
  const nowMs = pool.clock.monotonicMs()
  for (const { node, head } of voters) {
    if (!dissenters.includes(node)) {
      node.dissentsSinceMs = null
      continue
    }
    node.dissentsSinceMs ??= nowMs
    if (nowMs - node.dissentsSinceMs < pool.rules.dissentMs) continue
    node.dissentsSinceMs = null
    const detail = `its block ${head.number} ${head.hash} is not on the branch of most nodes`
    quarantineNode(pool, node, 'minority', detail)
  }
}
