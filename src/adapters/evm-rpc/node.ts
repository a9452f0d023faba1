/**
 * One node as this process has come to know it: how to ask it, what it can do, and when it last
 * proved to be on our chain. What was learned is forgotten when the connection is lost, because
 * behind the same URL another program may answer next.
 */
import type { BlockRef } from '../../core/chain/block.ts'
import type { Hash } from '../../core/money/asset.ts'
import { MINUTE_MS } from '../../core/time.ts'
import { type ChainFaultKind, ChainSourceError } from '../../errors.ts'
import type { Clock } from '../../ports/clock.ts'
import { decodeHeader, readQuantity } from './decode-answers.ts'
import type { JsonRpcClient, JsonRpcClientSettings, RpcAnswer, RpcCall } from './json-rpc-client.ts'
import { createJsonRpcClient, requireResult } from './json-rpc-client.ts'
import { createNodeRecord, type NodeRecord, recordLatency } from './node-record.ts'
import { createPace, type Pace } from './request-pace.ts'

/**
 * How receipts of a block are asked for: all at once by plain hash, all at once by `{ blockHash }`
 * (EIP-1898), or one by one. Tried in this order.
 */
export type ReceiptsForm = 'by_hash' | 'by_hash_object' | 'one_by_one'

/** The most blocks and addresses that one query for logs may name. */
export type LogsLimits = { readonly blocks: number | null; readonly addresses: number | null }

const NO_LIMITS: LogsLimits = { blocks: null, addresses: null }

export type EvmNode = {
  readonly client: JsonRpcClient
  /** On this machine: a request costs nothing, and a restart with a new chain is usual. */
  readonly isLocal: boolean
  readonly pace: Pace
  readonly record: NodeRecord
  receiptsForm: ReceiptsForm
  /** Whether it takes a block hash where it is asked for state (EIP-1898). */
  callsByHash: boolean
  /** What it takes in one query for logs, as learned; null: not refused yet. */
  logsLimits: LogsLimits
  /** Monotonic time of the last proof of identity; null before it and after a lost connection. */
  identifiedAtMs: number | null
  /** Latest block it showed; null before the first. */
  head: BlockRef | null
  /** Times in a row that it was asked for its head and showed none. */
  headlessPolls: number
  /** Whether it served what it was last asked for. */
  isOk: boolean
  /** The fault it last had; stays when it is well again. */
  lastFault: ChainFaultKind | null
  /** Monotonic time until which another node serves first, if one can. */
  mistrustedUntilMs: number
  /** Monotonic time since which another node shows more than this one's unchanged head. */
  overtakenSinceMs: number | null
  /** It stood still by its latest answer: that is long ago, or its block is old. */
  standsStill: boolean
  /** Monotonic time since which it has another block where most nodes agree. */
  dissentsSinceMs: number | null
}

/**
 * What every node of a chain must agree on. A genesis that is not known beforehand is that of the
 * first one to answer.
 */
export type ChainIdentity = { readonly chainId: number; genesisHash: Hash | null }

/**
 * Age at which the genesis is asked for again. Minutes, because paid nodes charge for it; the chain
 * id, which is free at most of them, comes with every head. A local node proves both each time.
 */
const IDENTITY_MAX_AGE_MS = 3 * MINUTE_MS

const CHAIN_ID_CALL: RpcCall = { method: 'eth_chainId', params: [] }
const GENESIS_CALL: RpcCall = { method: 'eth_getBlockByNumber', params: ['0x0', false] }

/** A node behind a URL, not yet connected to. */
export function createNode(settings: JsonRpcClientSettings): EvmNode {
  const { clock } = settings
  const isLocal = isLoopback(new URL(settings.url).hostname)
  const pace = createPace(clock, isLocal)
  const record = createNodeRecord()
  const meter = {
    bookMs: () => pace.book(),
    unbook: () => pace.unbook(),
    noteAnswer(latencyMs: number) {
      recordLatency(record, latencyMs)
      pace.noteSuccess()
    },
  }
  return {
    client: createJsonRpcClient({ ...settings, meter }),
    isLocal,
    pace,
    record,
    receiptsForm: 'by_hash',
    callsByHash: true,
    logsLimits: NO_LIMITS,
    identifiedAtMs: null,
    head: null,
    headlessPolls: 0,
    isOk: false,
    lastFault: null,
    mistrustedUntilMs: 0,
    overtakenSinceMs: null,
    standsStill: false,
    dissentsSinceMs: null,
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127(\.\d+){3}$/.test(host)
}

/** After a lost connection or a wrong chain: prove the identity and try the capabilities again. */
export function forgetNode(node: EvmNode): void {
  node.identifiedAtMs = null
  node.receiptsForm = 'by_hash'
  node.callsByHash = true
  node.logsLimits = NO_LIMITS
  node.client.forget()
}

/** Asks for chain id and genesis unless they were proven lately. Rejects with `wrong_chain`. */
export async function identifyNode(
  node: EvmNode,
  identity: ChainIdentity,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  if (!isIdentityDue(node, clock)) return
  const answers = await node.client.batch([CHAIN_ID_CALL, GENESIS_CALL], signal)
  checkChainId(node, identity, answers[0]!)
  checkGenesis(node, identity, answers[1]!, clock)
}

/** The answer to one call, in the same HTTP request as the proof that it comes from our chain. */
export async function callIdentified(
  node: EvmNode,
  identity: ChainIdentity,
  clock: Clock,
  call: RpcCall,
  signal: AbortSignal,
): Promise<RpcAnswer> {
  const withGenesis = node.isLocal || isIdentityDue(node, clock)
  const calls = withGenesis ? [CHAIN_ID_CALL, call, GENESIS_CALL] : [CHAIN_ID_CALL, call]
  const answers = await node.client.batch(calls, signal)
  checkChainId(node, identity, answers[0]!)
  if (withGenesis) checkGenesis(node, identity, answers[2]!, clock)
  return answers[1]!
}

function isIdentityDue(node: EvmNode, clock: Clock): boolean {
  const sinceMs = node.identifiedAtMs
  return sinceMs === null || clock.monotonicMs() - sinceMs >= IDENTITY_MAX_AGE_MS
}

function checkChainId(node: EvmNode, identity: ChainIdentity, answer: RpcAnswer): void {
  const { client } = node
  const value = requireResult(client, CHAIN_ID_CALL.method, answer)
  const chainId = readQuantity(value, CHAIN_ID_CALL.method, 'the chain id')
  if (chainId === identity.chainId) return
  const text = `${client.name} is on chain ${chainId}, not ${identity.chainId}`
  throw new ChainSourceError('wrong_chain', text)
}

function checkGenesis(
  node: EvmNode,
  identity: ChainIdentity,
  answer: RpcAnswer,
  clock: Clock,
): void {
  const { client } = node
  const { method } = GENESIS_CALL
  const value = requireResult(client, method, answer)
  if (value === null) throw new ChainSourceError('not_there', `${client.name} has no genesis block`)
  const genesis = decodeHeader(value, method)
  if (genesis.number !== 0) {
    throw new ChainSourceError('inconsistent', `${client.name} sent another block as genesis`)
  }
  identity.genesisHash ??= genesis.hash
  if (genesis.hash !== identity.genesisHash) {
    const text =
      `${client.name} has genesis ${genesis.hash}, not ${identity.genesisHash}: another chain, or ` +
      'one that was begun anew, which needs a new database'
    throw new ChainSourceError('wrong_chain', text)
  }
  node.identifiedAtMs = clock.monotonicMs()
}
