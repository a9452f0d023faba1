/**
 * Gas limits of a collection: upper bounds, of which only what is used is paid. Generous, because a
 * transaction that runs out collects nothing and is paid all the same.
 */
import type { PlannedTransaction, SweepFees } from './sweep-plan.ts'

/** Native coins have 18 decimals on every chain the tools know. */
export const COIN_DECIMALS = 18

/** Intrinsic cost of any transaction (yellow paper, G_transaction). */
const BASE_GAS = 21_000n
/** Per byte of calldata, at the floor price of EIP-7623: the dearer of its two prices. */
const GAS_PER_ZERO_BYTE = 10n
const GAS_PER_BYTE = 40n
/** Per authorization, charged as for an empty account (EIP-7702, PER_EMPTY_ACCOUNT_COST). */
export const GAS_PER_AUTHORIZATION = 25_000n
/** A call into a cold account and the loading of its delegate, with the loop around it. */
const GAS_PER_ENTRY = 12_000n
/** `balanceOf` of a token behind a proxy, cold. */
const GAS_PER_BALANCE = 15_000n
/** `transfer` of a token behind a proxy to a treasury that may be new to it. */
export const TOKEN_TRANSFER_GAS = 100_000n
/** Native coin to a treasury that may be new, or a contract wallet that writes a log. */
const GAS_PER_NATIVE = 45_000n
/** A plain transfer; to a contract wallet it is not enough, and then `direct` is refused. */
export const NATIVE_TRANSFER_GAS = BASE_GAS
/** 32,000 for CREATE2, 200 per byte of code (1.3 kB), and the constructor. */
export const DEPLOY_GAS = 400_000n
export const CLEAR_BASE_GAS = 30_000n
/** Below the cap of EIP-7825 (2^24), with room for what the loop itself costs. */
export const MAX_TRANSACTION_GAS = 15_000_000n

export function intrinsicGas(data: `0x${string}`): bigint {
  let gas = BASE_GAS
  for (let i = 2; i < data.length; i += 2) {
    gas += data.startsWith('00', i) ? GAS_PER_ZERO_BYTE : GAS_PER_BYTE
  }
  return gas
}

/** Of a batch without its entries. */
export function collectBaseGas(data: `0x${string}`): bigint {
  return intrinsicGas(data) + GAS_PER_ENTRY
}

export type EntryWork = {
  /** Tokens the batch asks each of its addresses for. */
  readonly tokens: number
  /** Of these, how many this address holds. */
  readonly transfers: number
  readonly authorized: boolean
}

export function collectEntryGas({ tokens, transfers, authorized }: EntryWork): bigint {
  return (
    GAS_PER_ENTRY +
    (authorized ? GAS_PER_AUTHORIZATION : 0n) +
    GAS_PER_BALANCE * BigInt(tokens) +
    TOKEN_TRANSFER_GAS * BigInt(transfers) +
    GAS_PER_NATIVE
  )
}

/** The most that an address's own transfer of native coin costs. */
export function directCostUnits(fees: SweepFees): bigint {
  return NATIVE_TRANSFER_GAS * fees.maxFeePerGasUnits + fees.extraPerTransactionUnits
}

/** The most these transactions can cost, in units of the native coin. */
export function maxFeeUnits(
  transactions: readonly Pick<PlannedTransaction, 'gasLimit'>[],
  fees: SweepFees,
): bigint {
  return transactions.reduce(
    (sum, { gasLimit }) => sum + gasLimit * fees.maxFeePerGasUnits + fees.extraPerTransactionUnits,
    0n,
  )
}
