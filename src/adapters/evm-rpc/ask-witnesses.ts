/** One block as every node has it: what is not to be believed on the word of one. */
import type { BlockRef, VerifiedBlock } from '../../core/chain/block.ts'
import type { Hash } from '../../core/money/asset.ts'
import { MINUTE_MS, SECOND_MS } from '../../core/time.ts'
import type { BlockTestimony } from '../../ports/chain-source.ts'
import type { EvmNode } from './node.ts'
import { type NodePool, noteAnswer, noteFault } from './node-pool.ts'
import { mayAsk } from './node-record.ts'

export type AskWitnesses = (
  ref: BlockRef,
  signal: AbortSignal,
  read: (node: EvmNode) => Promise<VerifiedBlock>,
) => Promise<BlockTestimony>

/** Nodes that differ do so for long: they are asked again after this, and after twice as long then. */
const FIRST_WAIT_MS = 2 * SECOND_MS
const LONGEST_WAIT_MS = 10 * MINUTE_MS
/** Blocks whose nodes differ, at the same time. */
const REMEMBERED = 64

type Heard = { readonly said: BlockTestimony; readonly waitMs: number; readonly untilMs: number }

/** `longestWaitMs`: on test chains nobody waits for minutes. */
export function createWitnesses(pool: NodePool, longestWaitMs = LONGEST_WAIT_MS): AskWitnesses {
  const heard = new Map<Hash, Heard>()
  return async (ref, signal, read) => {
    const known = heard.get(ref.hash)
    const nowMs = pool.clock.monotonicMs()
    if (known !== undefined && nowMs < known.untilMs) return { ...known.said, isNew: false }
    const said = await askEach(pool, signal, read)
    const waitMs = Math.min(longestWaitMs, (known?.waitMs ?? FIRST_WAIT_MS / 2) * 2)
    heard.delete(ref.hash)
    heard.set(ref.hash, { said, waitMs, untilMs: nowMs + waitMs })
    const [oldest] = heard.keys()
    if (heard.size > REMEMBERED && oldest !== undefined) heard.delete(oldest)
    return said
  }
}

/**
 * A node that has failed for as long as a quarantine lasts has no say: else one that never comes back
 * would hold up money for ever.
 */
async function askEach(
  pool: NodePool,
  signal: AbortSignal,
  read: (node: EvmNode) => Promise<VerifiedBlock>,
): Promise<BlockTestimony> {
  const { nodes, clock, rules } = pool
  const blocks: VerifiedBlock[] = []
  let silent = 0
  for (const node of nodes) {
    const { record } = node
    const { failingSinceMs } = record
    const nowMs = clock.monotonicMs()
    const isGone = failingSinceMs !== null && nowMs - failingSinceMs >= rules.quarantineMs
    if (!mayAsk(record, nowMs)) {
      if (!isGone) silent += 1
      continue
    }
    try {
      blocks.push(await read(node))
      noteAnswer(pool, node)
    } catch (error) {
      signal.throwIfAborted()
      noteFault(pool, node, error)
      if (!isGone) silent += 1
    }
  }
  return { blocks, silent, isNew: true }
}
