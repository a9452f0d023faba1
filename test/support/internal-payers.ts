/** Contracts and accounts that send coins by a call, as wallets and exchanges do. */
import { type Abi, encodeFunctionData } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { loadArtifact } from '../../hardhat-local/src/artifacts.ts'
import type { DevAccount } from '../../hardhat-local/src/dev-accounts.ts'
import type { PaymentWorld } from './payment-world.ts'

type Hex = `0x${string}`

/** Gas of any of these payments, and of making a contract on the way. */
const GAS = 1_000_000n
const GAS_PRICE_WEI = 10_000_000_000n

export type InternalPayers = {
  /** Address of the wallet contract. */
  readonly wallet: Hex
  readonly spawner: Hex
  /** One transaction that pays all of them; returns its hash. */
  multisend(transfers: readonly { to: Hex; units: bigint }[]): Promise<Hex>
  /** A contract wallet executes a call with value. */
  fromWallet(to: Hex, units: bigint): Promise<Hex>
  /** A call that fails and is caught, then one that pays, in one transaction. */
  afterFailure(refused: Hex, to: Hex, units: bigint): Promise<Hex>
  /** `to` runs in the context of the wallet: value stands in the frame and does not move. */
  delegated(to: Hex, units: bigint): Promise<Hex>
  /** CREATE2 with value; the constructor pays it on. */
  spawnPaying(to: Hex, units: bigint): Promise<Hex>
  /** CREATE2 with value; SELFDESTRUCT in the constructor pays it on. */
  spawnDying(to: Hex, units: bigint): Promise<Hex>
  /** An account whose code is the wallet's (EIP-7702) calls itself, and pays from there. */
  fromDelegatedAccount(to: Hex, units: bigint): Promise<Hex>
  /** A frame that pays and reverts inside a transaction of status 1. */
  inRevertedFrame(to: Hex, units: bigint): Promise<Hex>
}

export async function deployInternalPayers(world: PaymentWorld): Promise<InternalPayers> {
  const { chain } = world
  const { address: wallet } = await chain.deploy('ContractWallet')
  const { address: spawner } = await chain.deploy('Spawner')
  const { address: batch } = await chain.deploy('BatchPayer')
  const delegated = chain.accounts[5] as DevAccount
  await world.mine()
  await delegateTo(world, delegated, wallet)
  const { abi } = await loadArtifact('ContractWallet')
  let salt = 0n
  const call = (
    contract: 'ContractWallet' | 'Spawner' | 'BatchPayer',
    functionName: string,
    args: readonly unknown[],
    units: bigint,
  ) => {
    const address = { ContractWallet: wallet, Spawner: spawner, BatchPayer: batch }[contract]
    return chain.sendCall({ contract, address, functionName, args, units, gasLimit: GAS })
  }
  const nextSalt = (): Hex => {
    salt += 1n
    return `0x${salt.toString(16).padStart(64, '0')}`
  }
  return {
    wallet,
    spawner,
    multisend: (transfers) => {
      const args = [transfers.map(({ to }) => to), transfers.map(({ units }) => units)]
      const units = transfers.reduce((sum, transfer) => sum + transfer.units, 0n)
      return call('BatchPayer', 'payNative', args, units)
    },
    fromWallet: (to, units) => call('ContractWallet', 'execute', [to, units, '0x'], units),
    afterFailure: (refused, to, units) =>
      call('ContractWallet', 'executeAfterFailure', [refused, to, units], units),
    delegated: (to, units) => call('ContractWallet', 'executeDelegated', [to, '0x'], units),
    spawnPaying: (to, units) => call('Spawner', 'spawnPaying', [nextSalt(), to], units),
    spawnDying: (to, units) => call('Spawner', 'spawnDying', [nextSalt(), to], units),
    inRevertedFrame: (to, units) =>
      call('BatchPayer', 'payInRevertedFrame', [[to], [units]], units),
    fromDelegatedAccount: (to, units) => {
      const data = encodeFunctionData({
        abi: abi as Abi,
        functionName: 'execute',
        args: [to, units, '0x'],
      })
      const payment = { from: delegated, to: delegated.address, units: 0n, data, gasLimit: GAS }
      return chain.sendNative(payment)
    },
  }
}

/** Gives an account the code of a contract (EIP-7702); the authorisation travels with account 6. */
async function delegateTo(world: PaymentWorld, owner: DevAccount, code: Hex): Promise<void> {
  const { chain } = world
  const chainId = 31_337
  const countOf = async (address: Hex) =>
    Number(await chain.rpc<Hex>('eth_getTransactionCount', [address, 'latest']))
  const authorization = await privateKeyToAccount(owner.privateKey).signAuthorization({
    chainId,
    address: code,
    nonce: await countOf(owner.address),
  })
  const sender = chain.accounts[6] as DevAccount
  const raw = await privateKeyToAccount(sender.privateKey).signTransaction({
    type: 'eip7702',
    chainId,
    nonce: await countOf(sender.address),
    gas: GAS,
    maxFeePerGas: GAS_PRICE_WEI,
    maxPriorityFeePerGas: GAS_PRICE_WEI / 10n,
    to: owner.address,
    value: 0n,
    authorizationList: [authorization],
  })
  await chain.sendRaw(raw)
  await world.mine()
}
