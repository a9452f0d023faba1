/** Calls, balances and access lists: what nodes tell of native coins beyond the blocks themselves. */
import type { BlockRef } from '../../core/chain/block.ts'
import type { BlockFrames } from '../../core/chain/call-frames.ts'
import { knowsItsBlock } from '../../core/chain/native-mode.ts'
import type { Address } from '../../core/money/asset.ts'
import { MINUTE_MS, SECOND_MS } from '../../core/time.ts'
import { ChainSourceError } from '../../errors.ts'
import type { Clock } from '../../ports/clock.ts'
import type { NativeSource } from '../../ports/native-source.ts'
import { readQuantity } from './decode-answers.ts'
import { decodeFrames, FRAMES_METHOD } from './decode-frames.ts'
import { requireResult } from './json-rpc-client.ts'
import type { EvmNode } from './node.ts'
import { readBalanceChanges } from './read-balance-changes.ts'
import { askBalances, callBalances } from './read-balances.ts'
import { readSpentUnits } from './read-spent-units.ts'

export type NativeNodes = {
  readonly chainId: number
  /** In the order in which they are to be asked. */
  list(): readonly EvmNode[]
  /** Proves that the node is on our chain, unless it did so lately. */
  identify(node: EvmNode, signal: AbortSignal): Promise<void>
  readonly clock: Clock
  /** Local nodes, which nobody is billed for. */
  readonly test?: boolean | undefined
}

/** A capability that a node lacks is tried again after this time: another program may answer then. */
const RETRY_LACKING_MS = 10 * MINUTE_MS
const RETRY_LACKING_TEST_MS = 2 * SECOND_MS
/** An internal limit of geth's tracer, so that one block does not hold up the watcher. */
const TRACER = { tracer: 'callTracer', timeout: '10s' }
const NONCE = 'eth_getTransactionCount'
const CODE = 'eth_getCode'

type Capability = 'frames' | 'changes' | 'balances' | 'code'

export function createNativeSource(nodes: NativeNodes): NativeSource {
  const retryLackingMs = nodes.test ? RETRY_LACKING_TEST_MS : RETRY_LACKING_MS
  const lackingUntil = new WeakMap<EvmNode, Map<Capability, number>>()

  const lacks = (node: EvmNode, capability: Capability): boolean =>
    (lackingUntil.get(node)?.get(capability) ?? 0) > nodes.clock.monotonicMs()

  const noteLacking = (node: EvmNode, capability: Capability): void => {
    const known = lackingUntil.get(node) ?? new Map<Capability, number>()
    known.set(capability, nodes.clock.monotonicMs() + retryLackingMs)
    lackingUntil.set(node, known)
  }

  /** The first node that serves it. Null when every node lacks it, else the first fault is thrown. */
  async function ask<T>(
    capability: Capability,
    signal: AbortSignal,
    work: (node: EvmNode) => Promise<T | null>,
  ): Promise<T | null> {
    let fault: ChainSourceError | null = null
    for (const node of nodes.list()) {
      if (lacks(node, capability)) continue
      try {
        await nodes.identify(node, signal)
        const result = await work(node)
        if (result !== null) return result
        noteLacking(node, capability)
      } catch (error) {
        signal.throwIfAborted()
        if (!(error instanceof ChainSourceError)) throw error
        fault ??= error
      }
    }
    if (fault !== null) throw fault
    return null
  }

  const readBalances = async (
    node: EvmNode,
    ref: BlockRef,
    addresses: readonly Address[],
    signal: AbortSignal,
  ): Promise<readonly bigint[] | null> => {
    if (knowsItsBlock(nodes.chainId) && !lacks(node, 'code')) {
      const balances = await callBalances(node, nodes.chainId, ref, addresses, signal)
      if (balances !== null) return balances
      noteLacking(node, 'code')
    }
    return askBalances(node, ref, addresses, signal)
  }

  /** What each node says; those that fail or lack it say nothing, unless all do. */
  async function askEach<T>(
    signal: AbortSignal,
    work: (node: EvmNode) => Promise<T | null>,
  ): Promise<[string, T][]> {
    const said: [string, T][] = []
    let fault: ChainSourceError | null = null
    for (const node of nodes.list()) {
      if (lacks(node, 'balances')) continue
      try {
        await nodes.identify(node, signal)
        const result = await work(node)
        if (result === null) noteLacking(node, 'balances')
        else said.push([node.client.name, result])
      } catch (error) {
        signal.throwIfAborted()
        if (!(error instanceof ChainSourceError)) throw error
        fault ??= error
      }
    }
    if (said.length === 0 && fault !== null) throw fault
    return said
  }

  /** What all of them say; null where no node can. */
  async function agree<T extends bigint | number | boolean>(
    what: string,
    ref: BlockRef,
    signal: AbortSignal,
    work: (node: EvmNode) => Promise<T | null>,
  ): Promise<T | null> {
    const said = await askEach(signal, work)
    const [first] = said
    const dissent = said.find(([, result]) => result !== first?.[1])
    if (dissent === undefined) return first?.[1] ?? null
    const text = `${first?.[0]} and ${dissent[0]} differ on ${what} at block ${ref.hash}`
    throw new ChainSourceError('inconsistent', text)
  }

  async function mustAgree<T extends bigint | number | boolean>(
    what: string,
    ref: BlockRef,
    signal: AbortSignal,
    work: (node: EvmNode) => Promise<T>,
  ): Promise<T> {
    const result = await agree(what, ref, signal, work)
    if (result === null) throw new ChainSourceError('not_there', 'no node serves states by hash')
    return result
  }

  return {
    getFrames: (ref, signal) => ask('frames', signal, (node) => readFrames(node, ref, signal)),
    getBalances: (ref, addresses, signal) =>
      ask('balances', signal, (node) => readBalances(node, ref, addresses, signal)),
    getAgreedBalance: (ref, address, signal) =>
      agree('a balance', ref, signal, async (node) => {
        return (await readBalances(node, ref, [address], signal))?.[0] ?? null
      }),
    getBalanceChanges: (ref, signal) =>
      ask('changes', signal, (node) => readBalanceChanges(node, ref, signal)),
    getNonce: (ref, address, signal) =>
      mustAgree('a nonce', ref, signal, (node) => readNonce(node, ref, address, signal)),
    hasCode: (ref, address, signal) =>
      mustAgree('code', ref, signal, (node) => readCode(node, ref, address, signal)),
    getSpentUnits: (ref, address, signal) =>
      mustAgree('what an address spent', ref, signal, (node) =>
        readSpentUnits(node, ref, address, signal),
      ),
  }
}

async function readFrames(
  node: EvmNode,
  ref: BlockRef,
  signal: AbortSignal,
): Promise<BlockFrames | null> {
  const answer = await node.client.call(FRAMES_METHOD, [ref.hash, TRACER], signal)
  if (answer.kind === 'unsupported') return null
  const value = requireResult(node.client, FRAMES_METHOD, answer)
  if (value === null) {
    throw new ChainSourceError('not_there', `${node.client.name} has no traces of ${ref.hash}`)
  }
  return decodeFrames(value)
}

async function readNonce(
  node: EvmNode,
  ref: BlockRef,
  address: Address,
  signal: AbortSignal,
): Promise<number> {
  const answer = await node.client.call(NONCE, [address, { blockHash: ref.hash }], signal)
  return readQuantity(requireResult(node.client, NONCE, answer), NONCE, 'the nonce')
}

async function readCode(
  node: EvmNode,
  ref: BlockRef,
  address: Address,
  signal: AbortSignal,
): Promise<boolean> {
  const answer = await node.client.call(CODE, [address, { blockHash: ref.hash }], signal)
  const value = requireResult(node.client, CODE, answer)
  if (typeof value === 'string' && value.startsWith('0x')) return value !== '0x'
  throw new ChainSourceError('malformed', `${CODE}: the result is not bytes of hex`)
}
