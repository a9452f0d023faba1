import type { z } from 'zod'
import type { Hash } from '../../core/money/asset.ts'
import type { chainFields } from '../chain-schema.ts'

type ChainFields = z.input<typeof chainFields>

/** What a profile must say, so that nobody is left with a default made for another chain. */
type Described =
  | 'name'
  | 'network_name'
  | 'testnet'
  | 'block_time_ms'
  | 'poll_interval_ms'
  | 'max_reorg_blocks'
  | 'finality'
  | 'finality_cap'
  | 'finalized_tag'
  | 'proofs'
  | 'native_mode'
  | 'native'
  | 'tokens'

/** A chain as the configuration file would describe it, without the nodes. */
export type ChainFragment = Omit<ChainFields, Described | 'rpc' | 'rpc_headers' | 'test'> &
  Readonly<{ [Name in Described]-?: NonNullable<ChainFields[Name]> }>

export type ChainProfile = {
  /** Of block 0. No setting: 64 hex digits in a file are refused, they may be a private key. */
  readonly genesisHash: Hash
  readonly settings: ChainFragment
}

/**
 * What whoever can rewrite the last minutes of a chain may win at most: a hundred orders of the first
 * tier, or ten of the second. A busier shop raises it, and knows that it does.
 */
export const FINALITY_CAP = '10000 USD'

/** A mismatch is told and lowers the level of the block; for chains without recorded blocks here. */
export const OBSERVE = {
  header_hash: 'observe',
  transactions_root: 'observe',
  receipts_root: 'observe',
  bloom: 'observe',
} as const

/** A mismatch refuses the answer of the node. */
export const PROVEN = {
  header_hash: 'on',
  transactions_root: 'on',
  receipts_root: 'on',
  bloom: 'on',
} as const
