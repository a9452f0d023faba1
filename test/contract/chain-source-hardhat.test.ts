/** The chain source on a second implementation of Ethereum: what it relies on is not anvil alone. */
import { beforeAll } from 'vitest'
import { connectHardhatChain } from '../../hardhat-local/src/hardhat-chain.ts'
import { installHardhat } from '../../hardhat-local/src/install-hardhat.ts'
import { startHardhatNode } from '../../hardhat-local/src/start-hardhat-node.ts'
import { describeChainSource } from './chain-source-suite.ts'
import { CHAIN_ID, makeChainWorld } from './chain-source-world.ts'

const INSTALL_TIMEOUT_MS = 120_000

beforeAll(installHardhat, INSTALL_TIMEOUT_MS)

describeChainSource('Hardhat', async () => {
  const node = await startHardhatNode({ chainId: CHAIN_ID })
  return makeChainWorld(node, connectHardhatChain(node.url))
})
