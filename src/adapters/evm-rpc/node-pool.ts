/**
 * The nodes of one chain, and which of them is asked. Each unit of work (a range of headers, a
 * whole block) is served by one node from beginning to end, and begun anew at the next one when it
 * fails. All are asked for the head, and the one that shows the highest serves what follows.
 */
import type { BlockRef } from '../../core/chain/block.ts'
import { SECOND_MS } from '../../core/time.ts'
import { ChainSourceError } from '../../errors.ts'
import type { ProviderHealth } from '../../ports/chain-source.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Logger } from '../../ports/logger.ts'
import type { ChainIdentity, EvmNode } from './node.ts'
import { forgetNode } from './node.ts'

export type NodePool = {
  readonly nodes: readonly EvmNode[]
  readonly identity: ChainIdentity
  readonly clock: Clock
  readonly logger: Logger
  /** How long the other nodes may take for their head once one has shown its own. */
  readonly headGraceMs: number
  /** Index of the node that is asked first. */
  preferred: number
}

/**
 * A node that shows a head and cannot serve what leads to it is not followed for so long, or it
 * would be chosen again with every head. Short: a reorg in the middle of a unit looks the same.
 */
const MISTRUST_MS = 15 * SECOND_MS

/**
 * The result of the first node that serves it; the first fault is told when all of them fail. A
 * result that `isThere` refuses is what remains when no other node has a better one.
 */
export async function workOnOneNode<T>(
  pool: NodePool,
  signal: AbortSignal,
  work: (node: EvmNode) => Promise<T>,
  isThere: (result: T) => boolean = () => true,
): Promise<T> {
  const { nodes } = pool
  const first = pool.preferred
  const faults: ChainSourceError[] = []
  let absence: { readonly result: T } | null = null
  for (let step = 0; step < nodes.length; step += 1) {
    const place = (first + step) % nodes.length
    const node = nodes[place]!
    try {
      const result = await work(node)
      noteAnswer(pool, node)
      if (isThere(result)) {
        pool.preferred = place
        return result
      }
      absence ??= { result }
    } catch (error) {
      signal.throwIfAborted()
      faults.push(noteFault(pool, node, error))
    }
    if (step === 0) mistrustHead(pool, node)
  }
  if (absence !== null) return absence.result
  throw chooseFault(faults)
}

/**
 * The highest head of all nodes. None is waited for long once another has answered. Until it is
 * known which chain this is, they are asked in the order of the configuration: the first one says.
 */
export async function getHighestHead(
  pool: NodePool,
  signal: AbortSignal,
  askHead: (node: EvmNode, signal: AbortSignal) => Promise<BlockRef>,
): Promise<BlockRef> {
  const { nodes, identity } = pool
  if (nodes.length === 1 || identity.genesisHash === null) {
    return workOnOneNode(pool, signal, (node) => askHead(node, signal))
  }
  const answers = await askAll(pool, signal, askHead)
  signal.throwIfAborted()
  const shown: { readonly place: number; readonly head: BlockRef }[] = []
  const faults: ChainSourceError[] = []
  for (const [place, answer] of answers.entries()) {
    const node = nodes[place]!
    if (answer.status === 'rejected') {
      faults.push(noteFault(pool, node, answer.reason))
      continue
    }
    noteAnswer(pool, node)
    shown.push({ place, head: answer.value })
  }
  if (shown.length === 0) throw chooseFault(faults)
  const nowMs = pool.clock.monotonicMs()
  const trusted = shown.filter(({ place }) => nodes[place]!.mistrustedUntilMs <= nowMs)
  const candidates = trusted.length > 0 ? trusted : shown
  const height = Math.max(...candidates.map(({ head }) => head.number))
  const highest = candidates.filter(({ head }) => head.number === height)
  const chosen = highest.find(({ place }) => place === pool.preferred) ?? highest[0]!
  pool.preferred = chosen.place
  return chosen.head
}

/** How each node did when it was last asked, in the order of the configuration. */
export function describeProviders({ nodes }: NodePool): ProviderHealth[] {
  return nodes.map(({ client, head, isOk, lastFault }) => {
    return { name: client.name, head, isOk, lastFault }
  })
}

/** All at once. The first answer starts the time that is left to the others. */
async function askAll(
  pool: NodePool,
  signal: AbortSignal,
  askHead: (node: EvmNode, signal: AbortSignal) => Promise<BlockRef>,
): Promise<PromiseSettledResult<BlockRef>[]> {
  signal.throwIfAborted()
  const { nodes, headGraceMs } = pool
  const end = new AbortController()
  const giveUp = () => end.abort(signal.reason)
  signal.addEventListener('abort', giveUp, { once: true })
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
    signal.removeEventListener('abort', giveUp)
  }
}

function createLateFault(graceMs: number): ChainSourceError {
  return new ChainSourceError(
    'unreachable',
    `no head ${graceMs} ms after another node showed its own`,
  )
}

/** A wrong chain is a mistake that a person must see; it is not hidden behind a timeout. */
function chooseFault(faults: readonly ChainSourceError[]): ChainSourceError {
  return faults.find(({ kind }) => kind === 'wrong_chain') ?? faults[0]!
}

function noteAnswer({ identity, logger }: NodePool, node: EvmNode): void {
  if (!node.isOk && node.lastFault !== null) {
    logger.info({ chain_id: identity.chainId, node: node.client.name }, 'node is back')
  }
  node.isOk = true
}

/** Remembers and returns the fault; throws what is none of a node. Told once, not at every poll. */
function noteFault({ identity, logger }: NodePool, node: EvmNode, error: unknown) {
  if (!(error instanceof ChainSourceError)) throw error
  const { kind, message } = error
  if (kind === 'unreachable' || kind === 'wrong_chain') forgetNode(node)
  if (node.isOk || node.lastFault !== kind) {
    const fields = { chain_id: identity.chainId, node: node.client.name, fault: kind }
    logger.warn({ ...fields, reason: message }, 'node failed')
  }
  node.isOk = false
  node.lastFault = kind
  return error
}

/** Not for a node that is gone: once it answers again, what it shows is as good as before. */
function mistrustHead({ clock }: NodePool, node: EvmNode): void {
  if (!node.isOk && node.lastFault === 'unreachable') return
  node.mistrustedUntilMs = clock.monotonicMs() + MISTRUST_MS
}
