// Usage: node hardhat-local/scripts/chain.ts mine [N] | reorg DEPTH | transfer KIND TO AMOUNT
// KIND is --native or --token ADDRESS, AMOUNT is in coins or tokens, such as 1.5. The node is
// QUITTANCE_LOCAL_RPC or http://127.0.0.1:8545.
import { getAddress, parseUnits } from 'viem'
import { connectLocalChain, type LocalChain } from '../src/local-chain.ts'

const NATIVE_DECIMALS = 18

/** Runs one command line and returns what there is to say about it. */
export async function runChainCommand(chain: LocalChain, argv: readonly string[]): Promise<string> {
  const [command, ...rest] = argv
  switch (command) {
    case 'mine':
      await chain.mine(rest[0] === undefined ? 1 : parseCount(rest[0]))
      return `head is block ${await chain.blockNumber()}`
    case 'reorg':
      await chain.reorg({ depth: parseCount(rest[0]) })
      return `replaced ${rest[0]} blocks, head is block ${await chain.blockNumber()}`
    case 'transfer':
      return await transfer(chain, rest)
    default:
      throw new Error(`unknown command ${command ?? '(none)'}: mine, reorg or transfer`)
  }
}

async function transfer(chain: LocalChain, argv: readonly string[]): Promise<string> {
  const [kind, ...rest] = argv
  if (kind === '--native' && rest.length === 2) {
    const [to, amount] = rest as [string, string]
    const units = parseUnits(amount, NATIVE_DECIMALS)
    return `sent ${await chain.sendNative({ to: getAddress(to), units })}`
  }
  if (kind === '--token' && rest.length === 3) {
    const [token, to, amount] = rest as [string, string, string]
    const address = getAddress(token)
    const decimals = await chain.read<number>({
      contract: 'TestToken',
      address,
      functionName: 'decimals',
    })
    const units = parseUnits(amount, decimals)
    // The payer starts without tokens, and every token of ours can be minted by anyone.
    await chain.mint(address, chain.accounts[1]!.address, units)
    return `sent ${await chain.sendToken({ token: address, to: getAddress(to), units })}`
  }
  throw new Error('transfer --native TO AMOUNT | transfer --token ADDRESS TO AMOUNT')
}

function parseCount(text: string | undefined): number {
  if (text === undefined || !/^[1-9]\d{0,8}$/.test(text)) {
    throw new Error(`not a number of blocks: ${text ?? '(none)'}`)
  }
  return Number(text)
}

if (import.meta.main) {
  const url = process.env.QUITTANCE_LOCAL_RPC ?? 'http://127.0.0.1:8545'
  try {
    process.stdout.write(
      `${await runChainCommand(connectLocalChain(url), process.argv.slice(2))}\n`,
    )
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
    process.exitCode = 1
  }
}
