// Usage: node hardhat-local/scripts/hardhat-node.ts PORT [CHAIN_ID [manual | auto | SECONDS]]
// Hardhat's own node (EDR) on loopback. Needs `npm ci --prefix hardhat-local` once.
import { createHardhatRuntimeEnvironment } from 'hardhat/hre'

const NETWORK = 'local'

const [port = '8545', chainId = '31337', mining = 'manual'] = process.argv.slice(2)

// Built from values alone: the project's own configuration would load the compiler.
const hardhat = await createHardhatRuntimeEnvironment({
  networks: {
    [NETWORK]: {
      type: 'edr-simulated',
      chainType: 'l1',
      chainId: Number(chainId),
      mining: readMining(mining),
      // As on anvil: several blocks within a second need no invented time.
      allowBlocksWithSameTimestamp: true,
      throwOnTransactionFailures: false,
    },
  },
})
const server = await hardhat.network.createServer(NETWORK, '127.0.0.1', Number(port))
await server.listen()

function readMining(text: string) {
  // Arrival order makes the content of a block predictable; the default sorts by fee.
  const mempool = { order: 'fifo' } as const
  if (text === 'auto') return { auto: true, mempool }
  return { auto: false, interval: text === 'manual' ? 0 : Number(text) * 1_000, mempool }
}
