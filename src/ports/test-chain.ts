import type { Address, Asset, Hash } from '../core/money/asset.ts'

/** What only a local chain can do: move its own coins and time, so that a shop can rehearse. */
export type TestChain = {
  /** Sends from an account the node holds unlocked. Rejects when it has too little of the asset. */
  pay(asset: Asset, to: Address, units: bigint): Promise<Hash>
  /** Mines blocks; answers the height afterwards. */
  mine(blocks: number): Promise<number>
  /** Replaces the latest blocks by empty ones, dropping their transactions. */
  reorg(depth: number): Promise<void>
}
