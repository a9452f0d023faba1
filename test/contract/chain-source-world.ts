/** The world of the chain source suite: any local chain behind a proxy that acts between requests. */
import type { LocalChain } from '../../hardhat-local/src/local-chain.ts'
import type { LocalNode } from '../../hardhat-local/src/start-anvil.ts'
import { createEvmChainSource } from '../../src/adapters/evm-rpc/evm-chain-source.ts'
import { setAllProofs } from '../../src/core/chain/chain-settings.ts'
import type { Address } from '../../src/core/money/asset.ts'
import { createManualClock, silentLogger } from '../adapters/evm-rpc/support.ts'
import { startFaultProxy } from '../support/fault-proxy.ts'
import type { ChainWorld } from './chain-source-suite.ts'

export const CHAIN_ID = 31_337

/** What every implementation of a local chain can do. */
type AnyChain = Pick<
  LocalChain,
  'accounts' | 'deploy' | 'deployToken' | 'mint' | 'mine' | 'reorg' | 'sendNative' | 'sendToken'
>

const lower = (address: string) => address.toLowerCase() as Address

/** Stops the node with itself. The methods of `unsupported` are taken away from the node. */
export async function makeChainWorld(
  node: Pick<LocalNode, 'url' | 'stop'>,
  chain: AnyChain,
  unsupported: readonly string[] = [],
): Promise<ChainWorld> {
  const proxy = await startFaultProxy({ target: node.url })
  proxy.rules.unsupported = unsupported
  // The account that deploys, so that one sender makes all transactions of a block.
  const from = chain.accounts[0]!
  const terms = { name: 'Test Dollar', symbol: 'TUSD', decimals: 6 }
  const { address: token } = await chain.deployToken(terms)
  await chain.mint(token, from.address, 1_000_000_000n)
  await chain.mine()
  const source = createEvmChainSource({
    chainId: CHAIN_ID,
    urls: [proxy.url],
    watched: { contracts: new Set([lower(token)]), native: true },
    proofs: setAllProofs('on'),
    clock: createManualClock(),
    logger: silentLogger,
  })

  return {
    chainId: CHAIN_ID,
    source,
    payer: lower(from.address),
    token: lower(token),
    sendToken: (to, units) => chain.sendToken({ from, token, to, units }),
    sendNative: (to, units) => chain.sendNative({ from, to, units }),
    sendFailing: (units) => chain.sendNative({ from, to: token, units }),
    createContract: async () => (await chain.deploy('Reverter')).hash,
    mine: (count) => chain.mine(count),
    reorg: (depth) => chain.reorg({ depth }),
    reorgWithinNextBlockRead: async (depth) => {
      proxy.intercept(async (method, _params, result) => {
        if (method !== 'eth_getBlockByHash') return result
        proxy.intercept(null)
        await chain.reorg({ depth })
        return result
      })
    },
    stop: async () => {
      await proxy.stop()
      await node.stop()
    },
  }
}
