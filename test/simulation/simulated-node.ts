/**
 * A node's view of a simulated chain, as a ChainSource: it lags, drops back, shows another branch,
 * answers from two backends by turns, fails in many ways, and recovers. Whatever it answers keeps
 * the contract of the port; what breaks that is refused by the adapter before the core sees it.
 */
import type { BlockRef, VerifiedBlock } from '../../src/core/chain/block.ts'
import type { Hash } from '../../src/core/money/asset.ts'
import { type ChainFaultKind, ChainSourceError } from '../../src/errors.ts'
import type { ChainSource } from '../../src/ports/chain-source.ts'
import type { LogSource } from '../../src/ports/log-source.ts'
import type { NativeSource } from '../../src/ports/native-source.ts'
import { createRandom } from './random.ts'
import type { SimulatedBlock, SimulatedChain } from './simulated-chain.ts'
import { type CoinHabits, createSimulatedCoins } from './simulated-coins.ts'
import { createSimulatedLogs, type LogHabits } from './simulated-logs.ts'

/** Which head the node shows. */
export type NodeView =
  /** The best tip, as soon as it is there. */
  | { readonly kind: 'follow' }
  /** This many blocks below the best tip. */
  | { readonly kind: 'behind'; readonly blocks: number }
  /** One block and nothing above it. */
  | { readonly kind: 'at'; readonly hash: Hash }
  /** Two backends behind one address, asked by turns. */
  | { readonly kind: 'mixed'; readonly hash: Hash }

export const NODE_FAULTS = [
  'unreachable',
  'malformed',
  'inconsistent',
  'not_there',
  'capacity',
  'wrong_chain',
  /** Blocks and headers that exist are answered by null. */
  'null',
  /** Headers by hash are unknown, all else works. */
  'hash_unknown',
  /** The head is some blocks older than what other calls know. */
  'slow_head',
  /** The head is newer than what other calls know. */
  'fast_head',
  /** The head is one of long ago, as after a restart from an old state. */
  'stale_head',
  /** Heights are answered from another branch than the head's. */
  'torn',
  /** Some calls fail, each in its own way; the ones between work. */
  'flaky',
  /** What is told of a block is disproven by its header: the node lies, and the adapter notices. */
  'disproven',
] as const
/** Drawn where coins are looked for beyond blocks. */
export const COIN_FAULTS = [
  /** It makes up calls and balances. */
  'false_coins',
  /** Calls alone: what it says of balances is right. */
  'false_calls',
  /** It shows transactions without their calls. */
  'hidden_calls',
] as const
export type NodeFault = (typeof NODE_FAULTS)[number] | (typeof COIN_FAULTS)[number]

export type SimulatedNode = {
  readonly source: ChainSource
  /** Null where blocks are read whole. */
  readonly logs: LogSource | null
  /** Null where coins are looked for in blocks alone. */
  readonly native: NativeSource | null
  show(view: NodeView): void
  view(): NodeView
  /** The next calls fail in this way. */
  fail(fault: NodeFault, calls: number): void
  /** Something happens to the chain right before the nth call from now. */
  interrupt(calls: number, action: () => void): void
  recover(): void
  /** Whether it did not serve the balances it was last asked for. */
  hasRefusedBalances(): boolean
  /** Whether it ever refused a question about an address for good, so that nobody asked again. */
  hasRefusedLooks(): boolean
  /** Blocks it ever called final. */
  calledFinal(): ReadonlySet<Hash>
  /** When this block was first shown as the head, by the clock given; null if never. */
  firstShownMs(hash: Hash): number | null
}

/** Blocks by which a slow head is behind, and a fast one ahead. */
const HEAD_SKEW = 2

const THROWN: ReadonlySet<NodeFault> = new Set([
  'unreachable',
  'malformed',
  'inconsistent',
  'not_there',
  'capacity',
  'wrong_chain',
])
const ASKED_AGAIN: ReadonlySet<ChainFaultKind> = new Set(['unreachable', 'wrong_chain'])
const FLAKY_SHARE = 0.3
const FLAKY_KINDS = [...THROWN] as ChainFaultKind[]
/** A stale head is up to so many blocks old. */
const STALE_MAX = 40

/** How a node is, all its life. */
export type NodeNature = {
  /** Blocks by which its tags are behind; null: it has none. */
  readonly finalLag: number | null
  readonly safeLag: number | null
  /** How it lists logs; null where nobody asks for them. */
  readonly logHabits: LogHabits | null
  /** What it tells of coins beyond blocks; null where nobody asks. */
  readonly coinHabits: CoinHabits | null
}

const PLAIN: NodeNature = { finalLag: null, safeLag: null, logHabits: null, coinHabits: null }

export function createSimulatedNode(
  chain: SimulatedChain,
  nowMs: () => number,
  { finalLag, safeLag, logHabits, coinHabits }: NodeNature = PLAIN,
): SimulatedNode {
  const shown = new Map<Hash, number>()
  const final = new Set<Hash>()
  let view: NodeView = { kind: 'follow' }
  let fault: { kind: NodeFault; calls: number } | null = null
  let interruption: { calls: number; action: () => void } | null = null
  let calls = 0
  let balancesRefused = false
  let looksRefused = false

  /** Counts a call; answers the fault it meets, or throws it. */
  const enter = (): NodeFault | null => {
    calls += 1
    if (interruption !== null) {
      interruption.calls -= 1
      if (interruption.calls <= 0) {
        const { action } = interruption
        interruption = null
        action()
      }
    }
    if (fault === null) return null
    const { kind } = fault
    fault.calls -= 1
    if (fault.calls <= 0) fault = null
    if (THROWN.has(kind)) throw new ChainSourceError(kind as ChainFaultKind, 'simulated fault')
    const chance = createRandom(calls)
    if (kind === 'flaky' && chance.chance(FLAKY_SHARE)) {
      throw new ChainSourceError(chance.pick(FLAKY_KINDS), 'simulated fault, now and then')
    }
    return kind
  }
  const shownTip = (): Hash => {
    const best = chain.bestTip()
    const number = heightOf(chain, best)
    switch (view.kind) {
      case 'follow':
        return best
      case 'behind':
        return hashAt(chain, best, number - view.blocks)
      case 'at':
        return view.hash
      case 'mixed':
        return calls % 2 === 0 ? best : view.hash
    }
  }
  const lowered = (tip: Hash, by = HEAD_SKEW) => hashAt(chain, tip, heightOf(chain, tip) - by)
  const headerAt = (number: number): BlockRef | null => {
    const met = enter()
    if (met === 'null') return null
    const tip = tipUnder(met)
    return chain.ancestorAt(tip, number)?.ref ?? null
  }
  /** The branch of which a call is answered. */
  const tipUnder = (met: NodeFault | null): Hash => {
    const tip = shownTip()
    switch (met) {
      case 'fast_head':
        return lowered(tip)
      case 'torn':
        return chain.tips().findLast((other) => other !== tip) ?? tip
      default:
        return tip
    }
  }
  const headUnder = (met: NodeFault | null): Hash => {
    const tip = shownTip()
    switch (met) {
      case 'slow_head':
        return lowered(tip)
      case 'stale_head':
        return lowered(tip, createRandom(calls).between(1, STALE_MAX))
      default:
        return tip
    }
  }

  const tellMark = (lag: number | null): BlockRef | null => {
    if (lag === null) return null
    try {
      const met = enter()
      if (met === 'null') return null
      const tip = met === 'stale_head' ? headUnder(met) : tipUnder(met)
      return chain.ancestorAt(tip, heightOf(chain, tip) - lag)?.ref ?? null
    } catch (error) {
      if (error instanceof ChainSourceError) return null
      throw error
    }
  }

  const source: ChainSource = {
    chainId: chain.chainId,
    async getHead() {
      const met = enter()
      const block = chain.getBlock(headUnder(met)) as SimulatedBlock
      if (!shown.has(block.ref.hash)) shown.set(block.ref.hash, nowMs())
      return block.ref
    },
    getHeaderByNumber: async (number) => headerAt(number),
    async getHeaderByHash(hash) {
      const met = enter()
      if (met === 'null' || met === 'hash_unknown') return null
      return chain.getBlock(hash)?.ref ?? null
    },
    async getHeaders(fromNumber, toNumber) {
      const headers: BlockRef[] = []
      for (let number = fromNumber; number <= toNumber; number++) {
        const header = headerAt(number)
        if (header === null) throw new ChainSourceError('not_there', 'a header is missing')
        const before = headers.at(-1)
        if (before !== undefined && header.parentHash !== before.hash) {
          throw new ChainSourceError('inconsistent', 'headers are not linked')
        }
        headers.push(header)
      }
      return headers
    },
    async getBlock(ref) {
      const met = enter()
      if (met === 'disproven') throw new ChainSourceError('disproven', 'simulated lie')
      const block = met === 'null' ? undefined : chain.getBlock(ref.hash)
      if (block === undefined) throw new ChainSourceError('not_there', 'the block is missing')
      const { proofLevel, transactions, logs } = block
      return { ref: block.ref, proofLevel, transactions, logs }
    },
    async getBlocks(refs, signal) {
      const blocks: VerifiedBlock[] = []
      for (const ref of refs) blocks.push(await source.getBlock(ref, signal))
      return blocks
    },
    // There is no other one.
    getBlockOfEach: async () => ({ blocks: [], silent: 0, isNew: true }),
    // Not to answer is no fault of the turn, and a node without the tag says nothing.
    async getFinality(tags) {
      const finalized = tellMark(finalLag)
      if (finalized !== null) final.add(finalized.hash)
      const safe = tags.includes('safe') ? tellMark(safeLag) : null
      return [{ provider: 'simulated:1', finalized, safe }]
    },
    getTokenDecimals: async () => null,
    getTransaction: async () => ({ kind: 'unknown' }),
    async getTokenBalances(questions) {
      balancesRefused = true
      const met = enter()
      balancesRefused = met === 'null'
      if (balancesRefused) looksRefused = true
      return questions.map(({ token, holder, block }) => {
        return met === 'null' ? null : chain.tokenBalance(block.hash, token, holder)
      })
    },
    async getAgreedTokenBalance({ token, holder, block }) {
      const wasRefused = balancesRefused
      balancesRefused = true
      const met = enter()
      balancesRefused = wasRefused || met === 'null'
      return met === 'null' ? null : chain.tokenBalance(block.hash, token, holder)
    },
    async getTokenOutflow(question, fromNumber) {
      const wasRefused = balancesRefused
      balancesRefused = true
      enter()
      balancesRefused = wasRefused
      return chain.tokenOutflow(question, fromNumber)
    },
    async getTokenArrivals(question) {
      try {
        if (enter() === 'null') throw new ChainSourceError('malformed', 'no logs')
      } catch (error) {
        const { kind } = error as ChainSourceError
        if (!ASKED_AGAIN.has(kind)) looksRefused = true
        throw error
      }
      return chain.tokenArrivals(question)
    },
    describeProviders: () => [],
    genesisHash: () => null,
    // No other node proves what this one does not: without a tag the chain goes on as it is.
    describeAgreement: () => ({ agreedBy: 1, conflict: null, isProofLowered: true }),
  }
  return {
    source,
    logs: logHabits === null ? null : createSimulatedLogs(chain, logHabits, enter),
    native: coinHabits === null ? null : createSimulatedCoins(chain, coinHabits, enter),
    show: (next) => {
      view = next
    },
    calledFinal: () => final,
    firstShownMs: (hash) => shown.get(hash) ?? null,
    view: () => view,
    hasRefusedBalances: () => balancesRefused,
    hasRefusedLooks: () => looksRefused,
    fail: (kind, count) => {
      fault = { kind, calls: count }
    },
    interrupt: (count, action) => {
      interruption = { calls: count, action }
    },
    recover() {
      view = { kind: 'follow' }
      fault = null
      interruption = null
    },
  }
}

function heightOf(chain: SimulatedChain, hash: Hash): number {
  return (chain.getBlock(hash) as SimulatedBlock).ref.number
}

function hashAt(chain: SimulatedChain, tip: Hash, number: number): Hash {
  return (chain.ancestorAt(tip, Math.max(0, number)) as SimulatedBlock).ref.hash
}
