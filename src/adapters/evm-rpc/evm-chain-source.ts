/**
 * A chain read over JSON-RPC. Each unit of work (a head, a range of headers, a whole block) is
 * served by one node from beginning to end; when a node fails, the unit begins anew at the next
 * one, and that one is kept until it fails in turn. Waiting and trying again is the caller's part.
 */
import { assert } from '../../core/assert.ts'
import type { BlockRef } from '../../core/chain/block.ts'
import type { Address, Hash } from '../../core/money/asset.ts'
import type { ChainFaultKind } from '../../errors.ts'
import { ChainSourceError } from '../../errors.ts'
import type { ChainSource } from '../../ports/chain-source.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Logger } from '../../ports/logger.ts'
import { decodeHeader } from './decode-answers.ts'
import { createJsonRpcClient, requireResult } from './json-rpc-client.ts'
import { isRevert } from './judge-rpc-error.ts'
import type { ChainIdentity, EvmNode } from './node.ts'
import { callIdentified, createNode, forgetNode, identifyNode } from './node.ts'
import { readBlock } from './read-block.ts'

export type EvmChainSourceSettings = {
  readonly chainId: number
  /** Nodes in order of preference; `http://` or `https://`, credentials allowed. */
  readonly urls: readonly string[]
  /** Sent to every node of the list. */
  readonly headers?: Readonly<Record<string, string>>
  readonly timeoutMs?: number
  readonly maxBodyBytes?: number
  readonly clock: Clock
  readonly logger: Logger
}

/** One exchange. Receipts of the largest blocks take seconds; a node that hangs takes no longer. */
const DEFAULT_TIMEOUT_MS = 15_000

/** Faults of a node rather than of the question: the next node may do better. */
const NODE_FAULTS: ReadonlySet<ChainFaultKind> = new Set<ChainFaultKind>([
  'unreachable',
  'capacity',
  'malformed',
  'wrong_chain',
])

const BY_NUMBER = 'eth_getBlockByNumber'
const BY_HASH = 'eth_getBlockByHash'
/** `decimals()`, ERC-20. */
const DECIMALS_SELECTOR = '0x313ce567'
const WORD = /^0x[0-9a-fA-F]{64}$/
/** `decimals` is a uint8. */
const MAX_DECIMALS = 255n

type Context = {
  readonly nodes: readonly EvmNode[]
  readonly identity: ChainIdentity
  readonly clock: Clock
  readonly logger: Logger
  /** Index of the node that served last. */
  preferred: number
}

/** A chain source over one or more nodes of the same chain. Connects at the first request. */
export function createEvmChainSource(settings: EvmChainSourceSettings): ChainSource {
  const { chainId, urls, clock, logger, timeoutMs = DEFAULT_TIMEOUT_MS, ...client } = settings
  assert(urls.length > 0, 'a chain source has at least one node')
  const nodes = urls.map((url) =>
    createNode(createJsonRpcClient({ ...client, url, clock, timeoutMs })),
  )
  const identity = { chainId, genesisHash: null }
  const context: Context = { nodes, identity, clock, logger, preferred: 0 }
  const onNode = <T>(signal: AbortSignal, work: (node: EvmNode) => Promise<T>): Promise<T> =>
    workOnOneNode(context, signal, async (node) => {
      await identifyNode(node, identity, clock, signal)
      return work(node)
    })

  return {
    chainId,
    getHead: (signal) => workOnOneNode(context, signal, (node) => getHead(context, node, signal)),
    getHeaderByNumber: (number, signal) =>
      onNode(signal, (node) => getHeaderByNumber(node, number, signal)),
    getHeaderByHash: (hash, signal) =>
      onNode(signal, (node) => getHeaderByHash(node, hash, signal)),
    getHeaders: (fromNumber, toNumber, signal) =>
      onNode(signal, (node) => getHeaders(node, fromNumber, toNumber, signal)),
    getBlock: (ref, signal) => onNode(signal, (node) => readBlock(node, logger, ref, signal)),
    getTokenDecimals: (token, signal) =>
      onNode(signal, (node) => getTokenDecimals(node, token, signal)),
  }
}

/** Whole units of work, each on one node; the first fault is told when all nodes fail. */
async function workOnOneNode<T>(
  context: Context,
  signal: AbortSignal,
  work: (node: EvmNode) => Promise<T>,
): Promise<T> {
  const { nodes, logger } = context
  const first = context.preferred
  let fault: ChainSourceError | null = null
  for (let step = 0; step < nodes.length; step += 1) {
    const place = (first + step) % nodes.length
    const node = nodes[place]!
    try {
      const result = await work(node)
      context.preferred = place
      return result
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof ChainSourceError)) throw error
      if (error.kind === 'unreachable' || error.kind === 'wrong_chain') forgetNode(node)
      if (!NODE_FAULTS.has(error.kind)) throw error
      // A wrong chain is a mistake that a person must see; it is not hidden behind a timeout.
      if (fault === null || error.kind === 'wrong_chain') fault = error
      const fields = { chainId: context.identity.chainId, fault: error.kind, reason: error.message }
      logger.warn(fields, 'node failed')
    }
  }
  throw fault!
}

async function getHead(context: Context, node: EvmNode, signal: AbortSignal): Promise<BlockRef> {
  const { identity, clock } = context
  const call = { method: BY_NUMBER, params: ['latest', false] }
  const answer = await callIdentified(node, identity, clock, call, signal)
  const value = requireResult(node.client, BY_NUMBER, answer)
  if (value === null) {
    throw new ChainSourceError('not_there', `${node.client.name} has no latest block`)
  }
  return decodeHeader(value, BY_NUMBER)
}

async function getHeaderByNumber(
  node: EvmNode,
  number: number,
  signal: AbortSignal,
): Promise<BlockRef | null> {
  const answer = await node.client.call(BY_NUMBER, [toQuantity(number), false], signal)
  if (answer.kind === 'not_there') return null
  const value = requireResult(node.client, BY_NUMBER, answer)
  return value === null ? null : decodeHeaderAt(node, number, value)
}

async function getHeaderByHash(
  node: EvmNode,
  hash: Hash,
  signal: AbortSignal,
): Promise<BlockRef | null> {
  const answer = await node.client.call(BY_HASH, [hash, false], signal)
  if (answer.kind === 'not_there') return null
  const value = requireResult(node.client, BY_HASH, answer)
  if (value === null) return null
  const header = decodeHeader(value, BY_HASH)
  if (header.hash !== hash) {
    const text = `${node.client.name} sent block ${header.hash} when asked for ${hash}`
    throw new ChainSourceError('inconsistent', text)
  }
  return header
}

async function getHeaders(
  node: EvmNode,
  fromNumber: number,
  toNumber: number,
  signal: AbortSignal,
): Promise<BlockRef[]> {
  assert(fromNumber >= 0 && fromNumber <= toNumber, 'a range of headers ascends')
  const numbers = Array.from({ length: toNumber - fromNumber + 1 }, (_, step) => fromNumber + step)
  const calls = numbers.map((n) => ({ method: BY_NUMBER, params: [toQuantity(n), false] }))
  const answers = await node.client.batch(calls, signal)
  const headers: BlockRef[] = []
  for (const [step, answer] of answers.entries()) {
    const number = fromNumber + step
    const value = requireResult(node.client, BY_NUMBER, answer)
    if (value === null) {
      const text = `${node.client.name} does not have block ${number}`
      throw new ChainSourceError('not_there', text)
    }
    const header = decodeHeaderAt(node, number, value)
    const parent = headers.at(-1)
    if (parent !== undefined && header.parentHash !== parent.hash) {
      const text = `${node.client.name} sent blocks ${number - 1} and ${number} of two branches`
      throw new ChainSourceError('inconsistent', text)
    }
    headers.push(header)
  }
  return headers
}

/** Null only where the chain says so: no code there, a revert, or a word that is no uint8. */
async function getTokenDecimals(
  node: EvmNode,
  token: Address,
  signal: AbortSignal,
): Promise<number | null> {
  const call = [{ to: token, data: DECIMALS_SELECTOR }, 'latest']
  const answer = await node.client.call('eth_call', call, signal)
  if (answer.kind === 'refused' && isRevert(answer)) return null
  const value = requireResult(node.client, 'eth_call', answer)
  if (typeof value !== 'string') {
    throw new ChainSourceError('malformed', 'eth_call: the result is not bytes of hex')
  }
  if (!WORD.test(value)) return null
  const decimals = BigInt(value)
  return decimals > MAX_DECIMALS ? null : Number.parseInt(value, 16)
}

function decodeHeaderAt(node: EvmNode, number: number, value: unknown): BlockRef {
  const header = decodeHeader(value, BY_NUMBER)
  if (header.number === number) return header
  const text = `${node.client.name} sent block ${header.number} when asked for ${number}`
  throw new ChainSourceError('inconsistent', text)
}

function toQuantity(number: number): string {
  return `0x${number.toString(16)}`
}
