import {
  type Address,
  encodeFunctionData,
  erc20Abi,
  type Hex,
  keccak256,
  type TransactionSerializable,
} from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import type { DevAccount } from './dev-accounts.ts'

/**
 * What a caller may choose about any transaction. With `gasPriceWei` it is a legacy one, else
 * EIP-1559.
 */
export type TransactionOptions = {
  from?: DevAccount
  /** Default: the node's next nonce, transactions in its mempool counted. */
  nonce?: number
  gasLimit?: bigint
  gasPriceWei?: bigint
  maxFeePerGasWei?: bigint
  maxPriorityFeePerGasWei?: bigint
}

export type NativeTransfer = TransactionOptions & { to: Address; units: bigint; data?: Hex }
export type TokenTransfer = TransactionOptions & { token: Address; to: Address; units: bigint }

/** A transaction reduced to what goes on the wire; without `to` it creates a contract. */
export type UnsignedTransaction = TransactionOptions & { to?: Address; units?: bigint; data?: Hex }

// Estimates would run against the mined state and miss what waits in the mempool, so limits are
// fixed. A block of 30 million gas takes 300 transfers by limit, and more by what they really use.
const TRANSFER_GAS_LIMIT = 100_000n

// Far above the base fee of a local chain, which starts at 1 gwei and falls.
const MAX_FEE_PER_GAS_WEI = 100_000_000_000n
const MAX_PRIORITY_FEE_PER_GAS_WEI = 1_000_000_000n

/** Writes a native transfer as a transaction. */
export function planNativeTransfer(transfer: NativeTransfer): UnsignedTransaction {
  return { gasLimit: TRANSFER_GAS_LIMIT, ...transfer }
}

/** Writes an ERC-20 `transfer` as a transaction. */
export function planTokenTransfer({ token, to, units, ...options }: TokenTransfer) {
  const data = encodeFunctionData({ abi: erc20Abi, functionName: 'transfer', args: [to, units] })
  return { gasLimit: TRANSFER_GAS_LIMIT, ...options, to: token, data } satisfies UnsignedTransaction
}

/** Signs and serialises a transaction: the raw form `eth_sendRawTransaction` and `reorg` take. */
export async function signTransaction(
  account: DevAccount,
  transaction: UnsignedTransaction & { chainId: number; nonce: number; gasLimit: bigint },
): Promise<Hex> {
  const { chainId, nonce, gasLimit, to, units = 0n, data = '0x', gasPriceWei } = transaction
  const common = { chainId, nonce, gas: gasLimit, value: units, data, ...(to && { to }) }
  const serializable: TransactionSerializable =
    gasPriceWei === undefined
      ? {
          ...common,
          type: 'eip1559',
          maxFeePerGas: transaction.maxFeePerGasWei ?? MAX_FEE_PER_GAS_WEI,
          maxPriorityFeePerGas: transaction.maxPriorityFeePerGasWei ?? MAX_PRIORITY_FEE_PER_GAS_WEI,
        }
      : { ...common, type: 'legacy', gasPrice: gasPriceWei }
  return privateKeyToAccount(account.privateKey).signTransaction(serializable)
}

/** The hash a raw transaction has wherever it is mined. */
export function hashTransaction(raw: Hex): Hex {
  return keccak256(raw)
}
