import type { Address, Hash } from '../money/asset.ts'

/** What a decision needs to know of a block: where it stands and when it was made. */
export type BlockRef = {
  readonly number: number
  readonly hash: Hash
  readonly parentHash: Hash
  /** Block time, seconds since 1970. Money is judged by it. */
  readonly timestampS: number
}

export type BlockTransaction = {
  readonly hash: Hash
  readonly index: number
  readonly from: Address
  /** Null for a contract creation. */
  readonly to: Address | null
  readonly valueUnits: bigint
  /** False when the receipt's status is 0: nothing moved, whatever the fields say. */
  readonly succeeded: boolean
}

/** A log as the node wrote it; hex is lower case. Nothing is decoded that nobody asked for. */
export type BlockLog = {
  readonly index: number
  readonly transactionIndex: number
  readonly transactionHash: Hash
  readonly address: Address
  readonly topics: readonly string[]
  readonly data: string
}

/** A block whose transactions, receipts and logs were checked to belong together. */
export type VerifiedBlock = {
  readonly ref: BlockRef
  readonly transactions: readonly BlockTransaction[]
  /** Ascending by index, contiguous from zero. */
  readonly logs: readonly BlockLog[]
}
