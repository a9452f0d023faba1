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
  /** By what its sender can be recovered; only where value moves, a proof was asked for and one signed. */
  readonly signing?: Signing
}

/** What was signed, as keccak256, and the signature (secp256k1). */
export type Signing = {
  readonly digest: Uint8Array
  readonly r: bigint
  readonly s: bigint
  /** Parity of the y of the signature's point. */
  readonly isOdd: boolean
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

/**
 * How much speaks for the content of a block, beyond that its parts belong together.
 * 0 single: one node says so. 1 corroborated: two nodes returned the same matched logs. 2 sealed: the
 * header's hash was recomputed and the roots under it, or the logs fill its bloom exactly.
 * 3 proven: as 2, and the hash is agreed by two nodes or more.
 */
export type ProofLevel = 0 | 1 | 2 | 3

/**
 * A block whose transactions, receipts and logs were checked to belong together. All logs were read and
 * proven; those of the watched contracts are here, besides transfers among strangers.
 */
export type VerifiedBlock = {
  readonly ref: BlockRef
  readonly proofLevel: ProofLevel
  readonly transactions: readonly BlockTransaction[]
  /** Of the watched contracts alone. Ascending by index; the index counts all logs of the block. */
  readonly logs: readonly BlockLog[]
  /** Transfers of tokens among strangers that are not among them (watched-content.ts). */
  readonly leftOut?: number
}
