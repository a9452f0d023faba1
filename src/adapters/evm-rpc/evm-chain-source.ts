/**
 * A chain read over JSON-RPC: the units of work, each done by one node of the pool (node-pool.ts).
 * Waiting and trying again is the caller's part.
 */
import { assert } from '../../core/assert.ts'
import type { BlockRef } from '../../core/chain/block.ts'
import type { Address, Hash } from '../../core/money/asset.ts'
import { ChainSourceError } from '../../errors.ts'
import type { ChainSource } from '../../ports/chain-source.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Logger } from '../../ports/logger.ts'
import { decodeHeader } from './decode-answers.ts'
import { createJsonRpcClient, requireResult } from './json-rpc-client.ts'
import { isRevert } from './judge-rpc-error.ts'
import type { EvmNode } from './node.ts'
import { callIdentified, createNode, identifyNode } from './node.ts'
import { describeProviders, getHighestHead, type NodePool, workOnOneNode } from './node-pool.ts'
import { readBlock } from './read-block.ts'

export type EvmChainSourceSettings = {
  readonly chainId: number
  /** Nodes in order of preference; `http://` or `https://`, credentials allowed. */
  readonly urls: readonly string[]
  /** Sent to every node of the list. */
  readonly headers?: Readonly<Record<string, string>>
  readonly timeoutMs?: number
  /** With several nodes: how long the others may take for a head once one has shown its own. */
  readonly headGraceMs?: number
  readonly maxBodyBytes?: number
  readonly clock: Clock
  readonly logger: Logger
}

/** One exchange. Receipts of the largest blocks take seconds; a node that hangs takes no longer. */
const DEFAULT_TIMEOUT_MS = 15_000
const DEFAULT_HEAD_GRACE_MS = 1_000

const BY_NUMBER = 'eth_getBlockByNumber'
const BY_HASH = 'eth_getBlockByHash'
/** `decimals()`, ERC-20. */
const DECIMALS_SELECTOR = '0x313ce567'
const WORD = /^0x[0-9a-fA-F]{64}$/
/** `decimals` is a uint8. */
const MAX_DECIMALS = 255n

/** A chain source over one or more nodes of the same chain. Connects at the first request. */
export function createEvmChainSource(settings: EvmChainSourceSettings): ChainSource {
  const { chainId, urls, clock, logger, headGraceMs = DEFAULT_HEAD_GRACE_MS, ...client } = settings
  assert(urls.length > 0, 'a chain source has at least one node')
  const timeoutMs = client.timeoutMs ?? DEFAULT_TIMEOUT_MS
  const nodes = urls.map((url) =>
    createNode(createJsonRpcClient({ ...client, url, clock, timeoutMs })),
  )
  const identity = { chainId, genesisHash: null }
  const pool: NodePool = { nodes, identity, clock, logger, headGraceMs, preferred: 0 }
  const onNode = <T>(
    signal: AbortSignal,
    work: (node: EvmNode) => Promise<T>,
    isThere?: (result: T) => boolean,
  ): Promise<T> => {
    const identified = async (node: EvmNode): Promise<T> => {
      await identifyNode(node, identity, clock, signal)
      return work(node)
    }
    return workOnOneNode(pool, signal, identified, isThere)
  }

  return {
    chainId,
    getHead: (signal) => getHighestHead(pool, signal, (node, until) => getHead(pool, node, until)),
    getHeaderByNumber: (number, signal) =>
      onNode(signal, (node) => getHeaderByNumber(node, number, signal)),
    // The hash says which block it is: whichever node has it may serve it.
    getHeaderByHash: (hash, signal) =>
      onNode(signal, (node) => getHeaderByHash(node, hash, signal), isKnown),
    getHeaders: (fromNumber, toNumber, signal) =>
      onNode(signal, (node) => getHeaders(node, fromNumber, toNumber, signal)),
    getBlock: (ref, signal) => onNode(signal, (node) => readBlock(node, logger, ref, signal)),
    getTokenDecimals: (token, signal) =>
      onNode(signal, (node) => getTokenDecimals(node, token, signal)),
    describeProviders: () => describeProviders(pool),
  }
}

function isKnown(header: BlockRef | null): boolean {
  return header !== null
}

async function getHead(pool: NodePool, node: EvmNode, signal: AbortSignal): Promise<BlockRef> {
  const { identity, clock } = pool
  const call = { method: BY_NUMBER, params: ['latest', false] }
  const answer = await callIdentified(node, identity, clock, call, signal)
  const value = requireResult(node.client, BY_NUMBER, answer)
  if (value === null) {
    throw new ChainSourceError('not_there', `${node.client.name} has no latest block`)
  }
  const head = decodeHeader(value, BY_NUMBER)
  node.head = head.number
  return head
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
