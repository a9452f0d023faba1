/**
 * A chain read over JSON-RPC: the units of work, each done by one node of the pool (node-pool.ts).
 * Waiting and trying again is the caller's part.
 */
import { assert } from '../../core/assert.ts'
import type { BlockRef } from '../../core/chain/block.ts'
import { staleHeadMs } from '../../core/chain/chain-settings.ts'
import type { Address, Hash } from '../../core/money/asset.ts'
import { ChainSourceError } from '../../errors.ts'
import type { ChainSource } from '../../ports/chain-source.ts'
import type { Clock } from '../../ports/clock.ts'
import type { LogSource } from '../../ports/log-source.ts'
import type { Metrics } from '../../ports/metrics.ts'
import type { NativeSource } from '../../ports/native-source.ts'
import type { FeedReading } from '../../ports/price-feed.ts'
import { agreeOnUnits } from './agree-on-units.ts'
import { createWitnesses } from './ask-witnesses.ts'
import { createBlockReader, type ReadingSettings } from './block-reader.ts'
import { createBlockSource } from './block-source.ts'
import { decodeHeader } from './decode-answers.ts'
import { createProofDoubt } from './doubt-proofs.ts'
import { followHead } from './follow-head.ts'
import { requireResult } from './json-rpc-client.ts'
import { createLogSource } from './log-source.ts'
import { createNativeSource } from './native-source.ts'
import type { EvmNode } from './node.ts'
import { callIdentified, createNode, identifyNode } from './node.ts'
import {
  createNodePool,
  describeProviders,
  type NodePool,
  noteFault,
  orderNodes,
  type PoolRules,
  rememberAgreed,
  type Unit,
  workOnOneNode,
} from './node-pool.ts'
import { STANDARD_RULES, TEST_RULES } from './node-record.ts'
import { readFinality } from './read-finality.ts'
import { readPriceFeed } from './read-price-feed.ts'
import { readTokenBalances } from './read-token-balances.ts'
import { readTokenDecimals } from './read-token-decimals.ts'
import { readTokenArrivals, readTokenOutflow } from './read-token-transfers.ts'
import { readTransaction } from './read-transaction.ts'

export type EvmChainSourceSettings = ReadingSettings & {
  readonly chainId: number
  /** Of block 0, when it is known; else that of the first node to answer counts. */
  readonly genesisHash?: Hash | null
  /** Nodes in order of preference; `http://` or `https://`, credentials allowed. */
  readonly urls: readonly string[]
  /** Sent to every node of the list. */
  readonly headers?: Readonly<Record<string, string>>
  readonly timeoutMs?: number
  /** With several nodes: how long the others may take for a head once one has shown its own. */
  readonly headGraceMs?: number
  readonly maxBodyBytes?: number
  /** A local chain: block times say nothing, and nobody waits for minutes. */
  readonly test?: boolean
  /** Usual time between two blocks, and between two looks at the head. */
  readonly blockTimeMs?: number
  readonly pollIntervalMs?: number
  readonly clock: Clock
}

/** One exchange. Receipts of the largest blocks take seconds; a node that hangs takes no longer. */
const DEFAULT_TIMEOUT_MS = 15_000
const DEFAULT_HEAD_GRACE_MS = 1_000
const DEFAULT_BLOCK_TIME_MS = 12_000
const DEFAULT_POLL_MS = 2_000
/** On a test chain, how long a node may show less than the other one before it is left out. */
const OVERTAKEN_MS = 2_000

const BY_NUMBER = 'eth_getBlockByNumber'
const BY_HASH = 'eth_getBlockByHash'
export type EvmChainSource = ChainSource & {
  readonly native: NativeSource
  readonly logs: LogSource
  /** As `ReadPriceFeed`, of this chain. */
  readPriceFeed(address: Address, signal: AbortSignal): Promise<FeedReading | null>
}

/** A chain source over one or more nodes of the same chain. Connects at the first request. */
export function createEvmChainSource(settings: EvmChainSourceSettings): EvmChainSource {
  const { chainId, urls, clock, logger, headers = {}, metrics = NO_METRICS } = settings
  const { timeoutMs = DEFAULT_TIMEOUT_MS, maxBodyBytes } = settings
  assert(urls.length > 0, 'a chain source has at least one node')
  const client = { headers, clock, timeoutMs, ...(maxBodyBytes && { maxBodyBytes }) }
  const nodes = urls.map((url) => createNode({ ...client, url }))
  const identity = { chainId, genesisHash: settings.genesisHash ?? null }
  const rules = createRules(settings)
  const pool = createNodePool({ nodes, identity, clock, logger, metrics, rules })
  const { quarantineMs: goneMs } = rules
  const { proofs } = settings
  const doubt = createProofDoubt({ chainId, nodes, proofs, goneMs, clock, logger, metrics })
  const onNode = <T>(signal: AbortSignal, unit: Unit<T>): Promise<T> => {
    const work: Unit<T>['work'] = async (node, until) => {
      await identifyNode(node, identity, clock, until)
      return unit.work(node, until)
    }
    return workOnOneNode(pool, signal, { ...unit, work })
  }
  const reader = createBlockReader(settings)
  const askWitnesses = createWitnesses(pool, settings.test ? rules.maxOpenMs : undefined)
  const identified =
    <T>(signal: AbortSignal, read: (node: EvmNode) => Promise<T>) =>
    async (node: EvmNode): Promise<T> => {
      await identifyNode(node, identity, clock, signal)
      return read(node)
    }
  const onEachNode = (
    what: string,
    signal: AbortSignal,
    read: (node: EvmNode) => Promise<bigint | null>,
  ) => agreeOnUnits(pool, what, identified(signal, read), signal)

  return {
    chainId,
    genesisHash: () => identity.genesisHash,
    async getHead(signal) {
      // The first one of the list says which chain this is, before the others are asked.
      if (identity.genesisHash === null && nodes.length > 1) {
        await onNode(signal, { kind: 'identity', work: async () => null })
      }
      return followHead(pool, signal, {
        askHead: (node, until) => getHead(pool, node, until),
        askHeaders: getHeadersIfThere,
      })
    },
    getHeaderByNumber: (number, signal) =>
      onNode(signal, {
        kind: 'header',
        work: (node, until) => getHeaderByNumber(node, number, until),
      }),
    // The hash says which block it is: whichever node has it may serve it.
    getHeaderByHash: (hash, signal) =>
      onNode(signal, {
        kind: 'header',
        work: (node, until) => getHeaderByHash(pool, node, hash, until),
        isThere: isKnown,
      }),
    async getHeaders(fromNumber, toNumber, signal) {
      const headers = await onNode(signal, {
        kind: 'headers',
        work: (node, until) => getHeaders(node, fromNumber, toNumber, until),
      })
      await confirmHeaders(pool, headers, signal)
      return headers
    },
    ...createBlockSource({ reader, doubt, onNode, agreed: pool.agreed }),
    getBlockOfEach(ref, signal) {
      const read = (node: EvmNode) => reader.read(node, ref, signal, doubt.proofs())
      return askWitnesses(ref, signal, identified(signal, read))
    },
    getFinality: (tags, signal) => readFinality(orderNodes(pool), tags, signal),
    getTokenDecimals: (token, signal) =>
      onNode(signal, {
        kind: 'call',
        work: (node, until) => readTokenDecimals(node, token, until),
      }),
    getTransaction: (hash, signal) =>
      onNode(signal, {
        kind: 'transaction',
        work: (node, until) => readTransaction(node, hash, until),
        isThere: ({ kind }) => kind === 'mined' || kind === 'failed',
      }),
    // The state of an old block may be gone at one node and there at another.
    getTokenBalances: (questions, signal) =>
      onNode(signal, {
        kind: 'balances',
        work: (node, until) => readTokenBalances(node, questions, until),
        isThere: (balances) => !balances.includes(null),
      }),
    getAgreedTokenBalance: (question, signal) =>
      onEachNode('a balance', signal, async (node) => {
        return (await readTokenBalances(node, [question], signal))[0] ?? null
      }),
    async getTokenOutflow(question, fromNumber, signal) {
      const units = await onEachNode('an outflow', signal, (node) =>
        readTokenOutflow(node, question, fromNumber, signal),
      )
      return units ?? 0n
    },
    readPriceFeed: (address, signal) =>
      onNode(signal, { kind: 'call', work: (node, until) => readPriceFeed(node, address, until) }),
    getTokenArrivals: (question, signal) =>
      onNode(signal, {
        kind: 'arrivals',
        work: (node, until) => readTokenArrivals(node, question, until),
        isThere: (arrivals) => arrivals.length > 0,
      }),
    describeProviders: () => describeProviders(pool),
    native: createNativeSource({
      chainId,
      clock,
      list: () => orderNodes(pool),
      identify: (node, signal) => identifyNode(node, identity, clock, signal),
      test: settings.test,
    }),
    logs: createLogSource({ settings, proofs: () => doubt.proofs(), onNode }),
    describeAgreement: () => ({
      agreedBy: pool.holders.length,
      conflict: pool.conflict,
      isProofLowered: doubt.isLowered(),
    }),
  }
}

const NO_METRICS: Metrics = { count() {} }

function createRules(settings: EvmChainSourceSettings): PoolRules {
  const { test = false, blockTimeMs = DEFAULT_BLOCK_TIME_MS } = settings
  const { pollIntervalMs = DEFAULT_POLL_MS, headGraceMs = DEFAULT_HEAD_GRACE_MS } = settings
  return {
    ...(test ? TEST_RULES : STANDARD_RULES),
    headGraceMs,
    dissentMs: Math.max(2 * blockTimeMs, 3 * pollIntervalMs),
    staleAgeMs: test ? null : staleHeadMs(blockTimeMs),
    overtakenMs: OVERTAKEN_MS,
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
  pool: NodePool,
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
  if (pool.agreed.has(hash)) rememberAgreed(pool, [header.parentHash])
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

/** Headers at these heights, each null when the node has none there. */
async function getHeadersIfThere(
  node: EvmNode,
  numbers: readonly number[],
  signal: AbortSignal,
): Promise<(BlockRef | null)[]> {
  const calls = numbers.map((n) => ({ method: BY_NUMBER, params: [toQuantity(n), false] }))
  const answers = await node.client.batch(calls, signal)
  return answers.map((answer, i) => {
    if (answer.kind === 'not_there') return null
    const value = requireResult(node.client, BY_NUMBER, answer)
    return value === null ? null : decodeHeaderAt(node, numbers[i]!, value)
  })
}

/**
 * A range leads up to what nodes agreed on, or a second node has its last block too. Without this
 * one node could make up everything between our tip and the head while we catch up.
 */
async function confirmHeaders(
  pool: NodePool,
  headers: readonly BlockRef[],
  signal: AbortSignal,
): Promise<void> {
  const { number, hash } = headers.at(-1)!
  const others = pool.holders.filter((node) => node !== pool.preferred)
  if (!pool.agreed.has(hash)) {
    if (pool.holders.length < 2) return
    if (!(await hasBlock(pool, others, number, hash, signal))) {
      const { name } = pool.preferred.client
      pool.preferred = others[0]!
      const text = `${name} sent block ${number} ${hash}, which no other node has`
      throw new ChainSourceError('inconsistent', text)
    }
  }
  rememberAgreed(
    pool,
    headers.map((header) => header.hash),
  )
}

/** Rejects with the last fault when none of them can say. */
async function hasBlock(
  pool: NodePool,
  nodes: readonly EvmNode[],
  number: number,
  hash: Hash,
  signal: AbortSignal,
): Promise<boolean> {
  let fault: ChainSourceError | null = null
  let answers = 0
  for (const node of nodes) {
    try {
      const [header = null] = await getHeadersIfThere(node, [number], signal)
      if (header?.hash === hash) return true
      answers += 1
    } catch (error) {
      signal.throwIfAborted()
      fault = noteFault(pool, node, error)
    }
  }
  if (answers === 0 && fault !== null) throw fault
  return false
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
