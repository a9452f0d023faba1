import type { Address, Hash } from '../core/money/asset.ts'
import type { SweepFees } from '../core/sweep/sweep-plan.ts'

/**
 * A chain as the tools that move money out see it: read what addresses hold, send what was signed
 * elsewhere. Rejects with a `ChainSourceError` when the node cannot answer.
 */
export type SweepChain = {
  readonly chainId: number
  /** Also proves that the node is on this chain. */
  getHead(signal: AbortSignal): Promise<{ readonly number: number; readonly hash: Hash }>
  /** In the order of the addresses, all as of this block. */
  readAccounts(
    addresses: readonly Address[],
    tokens: readonly Address[],
    blockNumber: number,
    signal: AbortSignal,
  ): Promise<AccountState[]>
  suggestFees(signal: AbortSignal): Promise<SweepFees>
  getReceipts(hashes: readonly Hash[], signal: AbortSignal): Promise<(Receipt | null)[]>
  send(raw: `0x${string}`, signal: AbortSignal): Promise<SendResult>
  /** Why a transfer would fail now, in the node's words; null when it would not. */
  findTransferFault(transfer: TokenTransfer, signal: AbortSignal): Promise<string | null>
}

export type AccountState = {
  readonly address: Address
  readonly nonce: number
  /** `0x` without code; `0xef0100` and an address while it delegates (EIP-7702). */
  readonly code: string
  readonly nativeUnits: bigint
  /** Of each token asked for; null where the contract did not answer as a token. */
  readonly tokenUnits: readonly (bigint | null)[]
}

export type Receipt = {
  readonly blockNumber: number
  readonly succeeded: boolean
  readonly gasUsed: bigint
  /** What its logs say was moved, of any token. */
  readonly transfers: readonly TokenTransfer[]
}

export type TokenTransfer = {
  readonly token: Address
  readonly from: Address
  readonly to: Address
  readonly units: bigint
}

/**
 * `known`: the node has it already, in its pool. `nonce_used`: a block has a transaction with this
 * nonce of its sender: this one, or another.
 */
export type SendResult =
  | { readonly kind: 'sent' }
  | { readonly kind: 'known' }
  | { readonly kind: 'nonce_used' }
  | { readonly kind: 'refused'; readonly reason: string }
