import { afterAll, beforeAll, beforeEach, expect } from 'vitest'
import {
  createEvmChainSource,
  type EvmChainSourceSettings,
} from '../../../src/adapters/evm-rpc/evm-chain-source.ts'
import type { VerifiedBlock } from '../../../src/core/chain/block.ts'
import { setAllProofs } from '../../../src/core/chain/chain-settings.ts'
import type { ChainFaultKind } from '../../../src/errors.ts'
import type { ChainSource } from '../../../src/ports/chain-source.ts'
import { type Failure, type FaultProxy, startFaultProxy } from '../../support/fault-proxy.ts'
import {
  addressOf,
  createGoodBlock,
  createHeader,
  hashOf,
  REF,
  TRANSACTION_HASHES,
} from './node-block.ts'
import {
  answerByMethod,
  createManualClock,
  type ManualClock,
  never,
  type ScriptedServer,
  silentLogger,
  startScriptedServer,
} from './support.ts'

export const CHAIN_ID = 31_337
export const RECEIPTS = 'eth_getBlockReceipts'
export const GENESIS = {
  number: '0x0',
  hash: hashOf('6e'),
  parentHash: hashOf('0'),
  timestamp: '0x0',
}
const TIMEOUT_MS = 500
const WATCHED = { contracts: new Set([addressOf('c0')]), native: true }

/** Every way in which a node fails as a whole, and what it is called. */
export const FAILURES: [Failure, ChainFaultKind][] = [
  ['hang', 'unreachable'],
  ['reset', 'unreachable'],
  ['http_500', 'unreachable'],
  ['http_429', 'capacity'],
  ['rpc_429', 'capacity'],
  ['rpc_limit', 'capacity'],
  ['bare_error', 'capacity'],
  ['html', 'malformed'],
  ['truncated', 'malformed'],
  ['wrong_id', 'malformed'],
]

/**
 * A node that holds the good block of `node-block.ts` and its genesis, two proxies to break it, and
 * a source that reads through the first. All of it is as new in each test.
 */
export type ScriptedChain = {
  node: ScriptedServer
  /** What the node answers, by method: a result, or a function of the parameters. */
  results: Record<string, unknown>
  proxy: FaultProxy
  second: FaultProxy
  clock: ManualClock
  source: ChainSource
  connect(urls: string[], settings?: Partial<EvmChainSourceSettings>): ChainSource
  getBlock(): Promise<VerifiedBlock>
  expectGoodBlock(): Promise<void>
}

/** The returned object may be read inside tests and hooks only. */
export function useScriptedChain(): ScriptedChain {
  const chain = {} as ScriptedChain
  beforeAll(async () => {
    chain.node = await startScriptedServer()
    chain.proxy = await startFaultProxy({ target: chain.node.url })
    chain.second = await startFaultProxy({ target: chain.node.url })
  })
  afterAll(() => Promise.all([chain.proxy.stop(), chain.second.stop(), chain.node.stop()]))
  beforeEach(() => {
    chain.results = createHonestResults()
    chain.node.respond = answerByMethod(chain.results)
    chain.proxy.reset()
    chain.second.reset()
    chain.clock = createManualClock()
    chain.source = chain.connect([chain.proxy.url])
  })
  chain.connect = (urls, overrides = {}) => {
    const settings = { chainId: CHAIN_ID, urls, timeoutMs: TIMEOUT_MS, clock: chain.clock }
    // The good block has no true roots: what is asked here is who answers what.
    const reading = { watched: WATCHED, proofs: setAllProofs('off'), logger: silentLogger }
    return createEvmChainSource({ ...settings, ...reading, ...overrides })
  }
  chain.getBlock = () => chain.source.getBlock(REF, never())
  chain.expectGoodBlock = async () => {
    const block = await chain.getBlock()
    expect(block.ref).toEqual(REF)
    expect(block.transactions.map(({ hash }) => hash)).toEqual(TRANSACTION_HASHES)
    expect(block.logs).toHaveLength(3)
  }
  return chain
}

/** Blocks before the good one. */
function ancestor(tag: string): unknown {
  const number = Number.parseInt(tag, 16)
  return number < REF.number ? createHeader(number) : null
}

function createHonestResults(): Record<string, unknown> {
  const { block, receipts } = createGoodBlock()
  return {
    eth_chainId: '0x7a69',
    eth_getBlockByNumber: (tag: string) =>
      tag === '0x0' ? GENESIS : tag === 'latest' || tag === block.number ? block : ancestor(tag),
    eth_getBlockByHash: (hash: string) => (hash === REF.hash ? block : null),
    [RECEIPTS]: (hash: unknown) => (hash === REF.hash ? receipts : null),
    eth_getTransactionReceipt: (hash: string) =>
      receipts.find(({ transactionHash }) => transactionHash === hash) ?? null,
    eth_call: hashOf('6'),
  }
}

/** The node shows a head so many blocks away from the good one, on the same chain. */
export function showHead(node: FaultProxy, offset: number): void {
  const head = REF.number + offset
  node.intercept((method, [tag], result) => {
    if (method !== 'eth_getBlockByNumber') return result
    const number = tag === 'latest' ? head : Number.parseInt(String(tag), 16)
    if (number > head) return null
    return number > REF.number || tag === 'latest' ? createHeader(number) : result
  })
}
