/** The chain source on a second implementation of Ethereum: what it relies on is not anvil alone. */
import { beforeAll } from 'vitest'
import { connectHardhatChain } from '../../hardhat-local/src/hardhat-chain.ts'
import { installHardhat } from '../../hardhat-local/src/install-hardhat.ts'
import { startHardhatNode } from '../../hardhat-local/src/start-hardhat-node.ts'
import { createEvmChainSource } from '../../src/adapters/evm-rpc/evm-chain-source.ts'
import type { Address } from '../../src/core/money/asset.ts'
import { createManualClock, silentLogger } from '../adapters/evm-rpc/support.ts'
import { startFaultProxy } from '../support/fault-proxy.ts'
import { type ChainWorld, describeChainSource } from './chain-source-suite.ts'

const CHAIN_ID = 31_337
const INSTALL_TIMEOUT_MS = 120_000
const lower = (address: string) => address.toLowerCase() as Address

beforeAll(installHardhat, INSTALL_TIMEOUT_MS)

async function makeHardhatWorld(): Promise<ChainWorld> {
  const node = await startHardhatNode({ chainId: CHAIN_ID })
  const proxy = await startFaultProxy({ target: node.url })
  const chain = connectHardhatChain(node.url)
  const from = chain.accounts[0]!
  const terms = { name: 'Test Dollar', symbol: 'TUSD', decimals: 6 }
  const { address: token } = await chain.deployToken(terms)
  await chain.mint(token, from.address, 1_000_000_000n)
  await chain.mine()
  const source = createEvmChainSource({
    chainId: CHAIN_ID,
    urls: [proxy.url],
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

describeChainSource('Hardhat', makeHardhatWorld)
