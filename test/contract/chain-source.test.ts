import { connectLocalChain } from '../../hardhat-local/src/local-chain.ts'
import { startAnvil } from '../../hardhat-local/src/start-anvil.ts'
import { describeChainSource } from './chain-source-suite.ts'
import { CHAIN_ID, makeChainWorld } from './chain-source-world.ts'

async function makeAnvilWorld(unsupported: readonly string[]) {
  const node = await startAnvil({ chainId: CHAIN_ID, mining: 'manual' })
  return makeChainWorld(node, connectLocalChain(node.url), unsupported)
}

describeChainSource('anvil', () => makeAnvilWorld([]))
describeChainSource('anvil without eth_getBlockReceipts', () =>
  makeAnvilWorld(['eth_getBlockReceipts']),
)
