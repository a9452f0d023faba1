/** What the owner of a deposit address does with it: a transaction signed with its own key. */
import { encodeFunctionData, erc20Abi, toHex } from 'viem'
import { signTransaction } from '../../hardhat-local/src/sign-transaction.ts'
import { deriveKey } from './account-keys.ts'
import type { PaymentWorld } from './payment-world.ts'

type Hex = `0x${string}`

const ETHER = 10n ** 18n

export function tokenCall(
  functionName: 'transfer' | 'approve' | 'transferFrom',
  args: readonly unknown[],
): Hex {
  return encodeFunctionData({ abi: erc20Abi, functionName, args } as never)
}

/**
 * A call of USDC by an order's address, which is given gas for it. The order should not take the coin:
 * whoever looks at its balance would find gas that nobody sent.
 */
export async function signAsOwner(world: PaymentWorld, invoice: any, data: Hex): Promise<Hex> {
  const { address, derivation_path: path } = invoice
  await world.chain.setBalance(address, ETHER)
  const nonce = Number(await world.chain.rpc('eth_getTransactionCount', [address, 'latest']))
  const privateKey = toHex(deriveKey(path).privateKey as Uint8Array)
  const call = { chainId: 31_337, nonce, gasLimit: 200_000n, to: world.usdc.address, data }
  return signTransaction({ address, privateKey }, call)
}
