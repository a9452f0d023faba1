/**
 * The logs of a range of blocks from one node, whatever it takes at once: addresses are asked for in
 * groups and ranges in parts, by what the node has refused before or names in its refusal. An answer
 * counts only where the same node shows the last block of the range under our hash.
 */
import type { BlockRef } from '../../core/chain/block.ts'
import type { Address } from '../../core/money/asset.ts'
import { ChainSourceError } from '../../errors.ts'
import { requireValue } from './answer-bytes.ts'
import { decodeHeader } from './decode-answers.ts'
import type { RawAnswer, RpcAnswer } from './json-rpc-client.ts'
import { requireResult } from './json-rpc-client.ts'
import type { LogsLimit } from './judge-logs-refusal.ts'
import type { EvmNode } from './node.ts'

const LOGS = 'eth_getLogs'
const BY_NUMBER = 'eth_getBlockByNumber'

export type LogsQuery = {
  /** Ascending and linked, without a gap. */
  readonly refs: readonly BlockRef[]
  readonly addresses: readonly Address[]
  /** Any of them as the first topic. */
  readonly topics: readonly string[]
}

export type FoundLogs = {
  /** Lists of logs, unjudged: what the node sent. */
  readonly lists: readonly RawAnswer[]
  /** Places of blocks that alone have more logs than the node sends. */
  readonly unread: ReadonlySet<number>
}

/** Remembers on the node what it takes. Rejects with what it refuses in its smallest form. */
export async function queryLogs(
  node: EvmNode,
  { refs, addresses, topics }: LogsQuery,
  signal: AbortSignal,
): Promise<FoundLogs> {
  const lists: RawAnswer[] = []
  const unread = new Set<number>()
  let first = 0
  while (first < addresses.length) {
    const size = Math.min(node.logsLimits.addresses ?? addresses.length, addresses.length - first)
    const group = { refs, addresses: addresses.slice(first, first + size), topics }
    const read = await queryGroup(node, group, signal)
    if (read === 'too_many_addresses') {
      node.logsLimits = { ...node.logsLimits, addresses: Math.floor(size / 2) }
      continue
    }
    lists.push(...read.lists)
    for (const place of read.unread) unread.add(place)
    first += size
  }
  return { lists, unread }
}

async function queryGroup(
  node: EvmNode,
  query: LogsQuery,
  signal: AbortSignal,
): Promise<FoundLogs | 'too_many_addresses'> {
  const { refs, addresses } = query
  const lists: RawAnswer[] = []
  const unread = new Set<number>()
  let first = 0
  /** Blocks asked for at once. How many results they have is no limit of the node: not remembered. */
  let size = refs.length
  while (first < refs.length) {
    size = Math.min(size, node.logsLimits.blocks ?? size, refs.length - first)
    const answer = await askForLogs(node, query, first, first + size - 1, signal)
    const limit = answer.kind === 'refused' ? answer.limit : undefined
    if (limit === undefined) {
      if (answer.kind !== 'bytes') requireResult(node.client, LOGS, answer)
      lists.push(answer)
      first += size
      continue
    }
    if (limit.kind === 'too_many_addresses' && addresses.length > 1) return 'too_many_addresses'
    if (size > 1 && limit.kind !== 'too_many_addresses') {
      size = planSize(node, limit, (refs[first] as BlockRef).number, size)
    } else if (limit.kind === 'too_many_results') {
      unread.add(first)
      first += 1
    } else {
      requireResult(node.client, LOGS, answer as RpcAnswer)
    }
  }
  return { lists, unread }
}

/** Fewer blocks than were refused, and at least one. */
function planSize(node: EvmNode, limit: LogsLimit, fromNumber: number, size: number): number {
  const half = Math.floor(size / 2)
  if (limit.kind === 'range_named') {
    const named = limit.toNumber - fromNumber + 1
    return limit.fromNumber <= fromNumber && named >= 1 && named < size ? named : half
  }
  if (limit.kind !== 'range_too_wide') return half
  const { maxBlocks } = limit
  const blocks = maxBlocks !== null && maxBlocks < size ? maxBlocks : half
  node.logsLimits = { ...node.logsLimits, blocks }
  return blocks
}

/**
 * Header and logs in one request, so that a balancer sends both to the same node: the range is
 * complete only where its last block was there before.
 */
async function askForLogs(
  node: EvmNode,
  { refs, addresses, topics }: LogsQuery,
  first: number,
  last: number,
  signal: AbortSignal,
): Promise<RawAnswer> {
  const from = refs[first] as BlockRef
  const to = refs[last] as BlockRef
  const filter = {
    fromBlock: toQuantity(from.number),
    toBlock: toQuantity(to.number),
    address: addresses,
    topics: [topics],
  }
  const header = { method: BY_NUMBER, params: [toQuantity(to.number), false] }
  const calls = [header, { method: LOGS, params: [filter] }]
  const [held, answer] = (await node.client.batchRaw(calls, signal)) as [RawAnswer, RawAnswer]
  const value = requireValue(node, BY_NUMBER, held)
  if (value !== null && decodeHeader(value, BY_NUMBER).hash === to.hash) return answer
  const text = `${node.client.name} does not have block ${to.number} ${to.hash}`
  throw new ChainSourceError(value === null ? 'not_there' : 'inconsistent', text)
}

function toQuantity(number: number): string {
  return `0x${number.toString(16)}`
}
