/**
 * What one node calls final and safe. Its answer is a claim: whether it counts is judged by our own
 * chain, and a node that does not know a tag, or fails now, makes no claim.
 */
import type { FinalityTag } from '../../core/chain/finality.ts'
import type { FinalityClaim } from '../../core/chain/judge-finality.ts'
import type { BlockMark } from '../../core/chain/local-chain.ts'
import { toMark } from '../../core/chain/local-chain.ts'
import { ChainSourceError } from '../../errors.ts'
import { decodeHeader } from './decode-answers.ts'
import { type RpcAnswer, requireResult } from './json-rpc-client.ts'
import type { EvmNode } from './node.ts'

const BY_NUMBER = 'eth_getBlockByNumber'

/** Longest wait for the other nodes' claims: a turn of the watcher waits with it. */
const CLAIMS_MAX_MS = 2_000

/**
 * The claims of all nodes that are well, one small request each. A node that failed last is not
 * asked: what it serves may be another chain. Rejects only when `signal` is aborted, or for a bug.
 */
export function readFinality(
  nodes: readonly EvmNode[],
  tags: readonly FinalityTag[],
  signal: AbortSignal,
): Promise<FinalityClaim[]> {
  const until = AbortSignal.any([signal, AbortSignal.timeout(CLAIMS_MAX_MS)])
  const well = nodes.filter(({ isOk }) => isOk)
  return Promise.all(
    well.map((node) =>
      readClaim(node, tags, until).catch((error: unknown) => {
        signal.throwIfAborted()
        if (until.aborted || error instanceof ChainSourceError) return noClaim(node)
        throw error
      }),
    ),
  )
}

function noClaim({ client }: EvmNode): FinalityClaim {
  return { provider: client.name, finalized: null, safe: null }
}

async function readClaim(
  node: EvmNode,
  tags: readonly FinalityTag[],
  signal: AbortSignal,
): Promise<FinalityClaim> {
  const { client } = node
  const calls = tags.map((tag) => ({ method: BY_NUMBER, params: [tag, false] }))
  const answers = await client.batch(calls, signal)
  const markOf = (tag: FinalityTag) => {
    const answer = answers[tags.indexOf(tag)]
    return answer === undefined ? null : readMark(node, answer)
  }
  return { provider: client.name, finalized: markOf('finalized'), safe: markOf('safe') }
}

/** Null when the node has no such block, does not know the tag, or sends what is no header. */
function readMark({ client }: EvmNode, answer: RpcAnswer): BlockMark | null {
  try {
    const value = requireResult(client, BY_NUMBER, answer)
    return value === null ? null : toMark(decodeHeader(value, BY_NUMBER))
  } catch (error) {
    if (error instanceof ChainSourceError) return null
    throw error
  }
}
