/** Deposit addresses with money on a local chain, and their keys, for the tests of collecting. */
import { bytesToHex } from 'viem'
import { HDKey, privateKeyToAddress } from 'viem/accounts'
import type { LocalChain } from '../../hardhat-local/src/local-chain.ts'
import {
  type Address,
  type Asset,
  nativeAssetId,
  tokenAssetId,
} from '../../src/core/money/asset.ts'
import { delegateAddress } from '../../src/core/sweep/delegate-code.ts'
import { planTransactions } from '../../src/core/sweep/plan-transactions.ts'
import type { Balance, SweepFacts } from '../../src/core/sweep/sweep-plan.ts'
import {
  type SignedTransaction,
  type Signers,
  signTransactions,
} from '../../src/entrypoints/keys/sign-transactions.ts'

const CHAIN_ID = 31_337
const SEED = new Uint8Array(64).fill(7)

export const COIN: Asset = {
  id: nativeAssetId(CHAIN_ID),
  chainId: CHAIN_ID,
  token: null,
  symbol: 'ETH',
  decimals: 18,
}

export function tokenAsset(token: Address, symbol: string): Asset {
  return { id: tokenAssetId(CHAIN_ID, token), chainId: CHAIN_ID, token, symbol, decimals: 6 }
}

const account = HDKey.fromMasterSeed(SEED).derive("m/44'/60'/0'")

export function keyAt(chain: 0 | 1, index: number): `0x${string}` {
  return bytesToHex(account.deriveChild(chain).deriveChild(index).privateKey as Uint8Array)
}

export function addressAt(chain: 0 | 1, index: number): Address {
  return privateKeyToAddress(keyAt(chain, index)).toLowerCase() as Address
}

export const SIGNERS: Signers = {
  internal: (index, use) => use(keyAt(1, index)),
  deposit: (index, use) => use(keyAt(0, index)),
}

/** What a plan would read of the chain right now. Balances of zero are left out, empty entries too. */
export async function readFactsOf(
  chain: LocalChain,
  parameters: Pick<SweepFacts, 'destination' | 'method' | 'clear'> & {
    readonly assets: readonly Asset[]
    readonly indexes: readonly number[]
  },
): Promise<SweepFacts> {
  const nonceOf = async (address: Address) =>
    Number(await chain.rpc<string>('eth_getTransactionCount', [address, 'latest']))
  const codeOf = (address: Address) => chain.rpc<string>('eth_getCode', [address, 'latest'])
  const delegate = delegateAddress(parameters.destination)
  const sponsor = addressAt(1, 0)
  const entries = []
  for (const index of parameters.indexes) {
    const address = addressAt(0, index)
    const balances: Balance[] = []
    for (const { id, token } of parameters.assets) {
      const units = await (token === null
        ? chain.nativeBalance(address)
        : chain.tokenBalance(token, address))
      if (units > 0n) balances.push({ assetId: id, units })
    }
    const delegated = (await codeOf(address)) === `0xef0100${delegate.slice(2)}`
    if (balances.length > 0) {
      entries.push({ index, address, nonce: await nonceOf(address), delegated, balances })
    }
  }
  return {
    chainId: CHAIN_ID,
    block: { number: await chain.blockNumber(), hash: `0x${'00'.repeat(32)}` },
    fingerprint: 'ab'.repeat(16),
    accountNumber: 0,
    destination: parameters.destination,
    method: parameters.method,
    clear: parameters.clear,
    fees: {
      maxFeePerGasUnits: 20_000_000_000n,
      maxPriorityFeePerGasUnits: 1_000_000_000n,
      extraPerTransactionUnits: 0n,
    },
    sponsor: {
      index: 0,
      address: sponsor,
      nonce: await nonceOf(sponsor),
      balanceUnits: await chain.nativeBalance(sponsor),
    },
    delegateDeployed: (await codeOf(delegate)) !== '0x',
    assets: parameters.assets,
    entries,
    skipped: [],
  }
}

/** Signs and sends a plan, phase by phase, each in a block of its own. */
export async function sendPlan(chain: LocalChain, facts: SweepFacts): Promise<SignedTransaction[]> {
  const signed = await signTransactions(facts, planTransactions(facts), SIGNERS)
  for (const [, phase] of Map.groupBy(signed, ({ planned }) => planned.phase)) {
    for (const { raw } of phase) await chain.sendRaw(raw)
    await chain.mine()
  }
  return signed
}
