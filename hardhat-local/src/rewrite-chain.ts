import { type Address, type Hex, hexToNumber, keccak256, slice } from 'viem'
import { hashTransaction } from './sign-transaction.ts'

/** A raw signed transaction and the replacement block it goes to, 0 being the first. */
export type PlacedTransaction = readonly [raw: Hex, blockIndex: number]

export type ReorgParameters = {
  /** How many blocks from the head are replaced, by as many new ones. */
  depth: number
  /** All there is in the new blocks; what else was in the old ones is gone, not pending. */
  transactions?: readonly PlacedTransaction[]
  /** Seconds between the new blocks. Default: all are dated like the common ancestor. */
  intervalS?: number
}

type Rpc = <Result>(method: string, params?: readonly unknown[]) => Promise<Result>
type Header = { hash: Hex; timestamp: Hex }

/**
 * Replaces the last `depth` blocks. Throws when a transaction did not make it into the new branch.
 */
export async function reorgChain(rpc: Rpc, parameters: ReorgParameters) {
  const { depth, transactions = [], intervalS } = parameters
  await rewrite(rpc, async () => {
    if (intervalS !== undefined) await rpc('anvil_setBlockTimestampInterval', [intervalS])
    try {
      await rpc('anvil_reorg', [depth, transactions])
    } finally {
      if (intervalS !== undefined) await rpc('anvil_removeBlockTimestampInterval')
    }
  })
  for (const [raw, blockIndex] of transactions) {
    const hash = hashTransaction(raw)
    // Anvil leaves out what cannot be mined (nonce, funds) without a word.
    if ((await rpc('eth_getTransactionReceipt', [hash])) === null) {
      throw new Error(`reorg left out transaction ${hash} of replacement block ${blockIndex}`)
    }
  }
}

/** Removes the last `depth` blocks and what they held. */
export async function rollbackChain(rpc: Rpc, depth: number) {
  await rewrite(rpc, () => rpc('anvil_rollback', [depth]))
}

/** Returns to a snapshot, which is used up by it. The clock returns as well. */
export async function revertChain(rpc: Rpc, snapshotId: Hex) {
  const oldHead = await rpc<Header>('eth_getBlockByNumber', ['latest', false])
  if (!(await rpc<boolean>('evm_revert', [snapshotId]))) {
    throw new Error(`there is no snapshot ${snapshotId}: each one can be reverted to once`)
  }
  await changeCoinbase(rpc, oldHead.hash)
}

/**
 * Runs a rewrite such that new blocks differ from the old ones and the clock goes on. Left alone,
 * anvil may rebuild an equal block, hash and all, and then dates blocks from the common ancestor
 * onwards.
 */
async function rewrite(rpc: Rpc, run: () => Promise<unknown>) {
  const oldHead = await rpc<Header>('eth_getBlockByNumber', ['latest', false])
  const pending = await rpc<Header>('eth_getBlockByNumber', ['pending', false])
  await changeCoinbase(rpc, oldHead.hash)
  await run()
  const newHead = await rpc<Header>('eth_getBlockByNumber', ['latest', false])
  const timeS = Math.max(hexToNumber(pending.timestamp), hexToNumber(newHead.timestamp))
  await rpc('evm_setTime', [timeS])
}

/** Blocks mined from now on name a beneficiary that no block of this chain has named before. */
async function changeCoinbase(rpc: Rpc, oldHeadHash: Hex) {
  await rpc('anvil_setCoinbase', [renderCoinbase(oldHeadHash)])
}

/** A beneficiary by which blocks after a rewrite differ from those before it. */
export function renderCoinbase(oldHeadHash: Hex): Address {
  return slice(keccak256(oldHeadHash), 12)
}
