import { readFile } from 'node:fs/promises'
import type { Abi, Hex } from 'viem'

/** The contracts of `contracts/`, by name; `abi/` holds one file for each. */
export const CONTRACT_NAMES = [
  'BatchPayer',
  'ContractWallet',
  'FalseReturnToken',
  'FeeToken',
  'NoReturnToken',
  'OddTransferToken',
  'PhantomToken',
  'PriceFeed',
  'Reverter',
  'SignedToken',
  'Spawner',
  'SweepDelegate',
  'TestToken',
  'TokenRouter',
] as const

export type ContractName = (typeof CONTRACT_NAMES)[number]

export type ContractArtifact = { contractName: ContractName; abi: Abi; bytecode: Hex }

/** Reads a committed artefact: nothing is compiled to use a contract. */
export async function loadArtifact(name: ContractName): Promise<ContractArtifact> {
  const file = new URL(`../abi/${name}.json`, import.meta.url)
  return JSON.parse(await readFile(file, 'utf8'))
}
