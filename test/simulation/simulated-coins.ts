/**
 * What a node tells of native coins beyond the blocks: calls, balances, access lists. It may make up
 * calls and balances of its own; what all nodes say together, and what a header commits to, it cannot.
 */
import type { BlockRef } from '../../src/core/chain/block.ts'
import type { BlockFrames, CallFrame } from '../../src/core/chain/call-frames.ts'
import type { Address } from '../../src/core/money/asset.ts'
import { ChainSourceError } from '../../src/errors.ts'
import type { NativeSource } from '../../src/ports/native-source.ts'
import type { CoinAccount } from './coin-accounts.ts'
import type { SimulatedBlock, SimulatedChain } from './simulated-chain.ts'
import type { NodeFault } from './simulated-node.ts'

export type CoinHabits = {
  /** Whether it shows the calls of blocks at all. */
  showsCalls(): boolean
  /** Whether blocks have access lists. */
  readonly hasLists: boolean
}

const NOBODY: CoinAccount = { units: 0n, nonce: 0 }
/** What a false node says is there, and is not; by turns that it is not, where it is, or nothing is. */
const FALSE_UNITS = 12_300_000_000_000_000n

/** `enter` counts a call and answers the fault that it meets. */
export function createSimulatedCoins(
  chain: SimulatedChain,
  { showsCalls, hasLists }: CoinHabits,
  enter: () => NodeFault | null,
): NativeSource {
  const find = ({ hash }: BlockRef): SimulatedBlock => {
    const block = chain.getBlock(hash)
    if (block === undefined) throw new ChainSourceError('not_there', 'the block is missing')
    return block
  }
  const accountAt = (ref: BlockRef, address: Address) =>
    find(ref).coins.accounts.get(address) ?? NOBODY
  const meet = (): NodeFault | null => {
    const met = enter()
    if (met === 'null') throw new ChainSourceError('not_there', 'the state is missing')
    return met
  }
  /** A false node is not alone: where it says something else than the others nobody is believed. */
  const meetAll = (): void => {
    if (meet() === 'false_coins') throw new ChainSourceError('inconsistent', 'nodes differ')
  }
  return {
    async getFrames(ref) {
      const met = enter()
      if (met === 'null' || !showsCalls()) return null
      const frames = framesOf(find(ref))
      if (met === 'false_coins' || met === 'false_calls') return addCalls(frames, find(ref))
      return met === 'hidden_calls' ? frames.map(hideCalls) : frames
    },
    async getBalances(ref, addresses) {
      const met = meet()
      return addresses.map((address) => {
        const { units } = accountAt(ref, address)
        if (met !== 'false_coins') return units
        if (ref.number % 3 === 0) return 0n
        return ref.number % 2 === 0 || units < FALSE_UNITS
          ? units + FALSE_UNITS
          : units - FALSE_UNITS
      })
    },
    async getAgreedBalance(ref, address) {
      meetAll()
      return accountAt(ref, address).units
    },
    async getBalanceChanges(ref) {
      const met = enter()
      if (met === 'null' || !hasLists) return null
      return [...find(ref).coins.changes].map(([address, changes]) => ({ address, changes }))
    },
    async getNonce(ref, address) {
      meetAll()
      return accountAt(ref, address).nonce
    },
    async hasCode() {
      meetAll()
      return false
    },
    async getSpentUnits(ref, address) {
      meetAll()
      return find(ref).coins.spent.get(address) ?? 0n
    },
  }
}

function framesOf({ included }: SimulatedBlock): BlockFrames {
  return included.map(({ hash, from, to, valueUnits, succeeded, calls }) => ({
    txHash: hash,
    root: {
      type: to === null ? 'CREATE' : 'CALL',
      from,
      to,
      valueUnits,
      failed: !succeeded,
      calls: calls?.frames ?? [],
    },
  }))
}

type Traced = BlockFrames[number]

function hideCalls({ txHash, root }: Traced): Traced {
  return { txHash, root: { ...root, calls: [] } }
}

/** Every transaction that succeeded pays everybody whom the block pays. */
function addCalls(frames: BlockFrames, { coins }: SimulatedBlock): BlockFrames {
  const payees = new Set(coins.moves.map(({ to }) => to))
  const made = [...payees].map((to): CallFrame => {
    const from = '0x00000000000000000000000000000000000fa15e'
    return { type: 'CALL', from, to, valueUnits: FALSE_UNITS, failed: false, calls: [] }
  })
  return frames.map(({ txHash, root }) => ({
    txHash,
    root: root.failed ? root : { ...root, calls: [...root.calls, ...made] },
  }))
}
