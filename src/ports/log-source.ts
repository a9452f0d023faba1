import type { BlockRef } from '../core/chain/block.ts'
import type { Address } from '../core/money/asset.ts'

/**
 * Where in a range of blocks to look, from one query for the logs of all of them. Finds and proves
 * nothing: a node can leave out a log under the right hash. What is found is read whole and proven;
 * what is left out shows in the bloom of the header. Rejects with a `ChainSourceError`.
 */
export type LogSource = {
  /** One for each of these blocks, which ascend and are linked; all from one node. */
  readSightings(refs: readonly BlockRef[], signal: AbortSignal): Promise<BlockSighting[]>
  /** Those whose bloom allows for a transfer to one of these addresses. */
  findInBlooms(
    sightings: readonly BlockSighting[],
    addresses: readonly Address[],
  ): Promise<BlockSighting[]>
}

export type BlockSighting = {
  readonly ref: BlockRef
  /** Logs of watched contracts that move something, as the node listed them. */
  readonly logs: readonly SeenLog[]
  /** Whom transactions with value go to, where the native coin is watched. */
  readonly payees: readonly Address[]
  /** Of the header; null where none is looked at, or it allows for no transfer of what is watched. */
  readonly bloom: Uint8Array | null
  /** The node could not tell, or what it told is disproven by the header: read the block whole. */
  readonly isDoubtful: boolean
}

export type SeenLog = {
  readonly index: number
  /** Null where the log is odd, or names an address that certainly nobody here has. */
  readonly from: Address | null
  readonly to: Address | null
}
