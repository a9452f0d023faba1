/** Local nodes that stand in for public chains: their ids, their tokens at the real addresses. */
import { connectLocalChain, type LocalChain } from '../../hardhat-local/src/local-chain.ts'
import { type LocalNode, startAnvil } from '../../hardhat-local/src/start-anvil.ts'
import { CHAIN_PROFILES } from '../../src/config/chain-profiles.ts'

type Hex = `0x${string}`
type Token = { readonly address: Hex; readonly symbol: string; readonly decimals: number }

export type StandIn = {
  readonly id: number
  readonly node: LocalNode
  readonly chain: LocalChain
  /** As the built-in profile lists them. */
  readonly tokens: readonly Token[]
  tokenOf(symbol: string): Token & { readonly asset: string }
  /** What the configuration file says of it: a local chain with the real one's tokens. */
  readonly settings: object
}

const FUNDS = 10n ** 40n
export const STAND_IN_DEPTH = 2

/** The profile's tokens, with the decimals that the real contracts have. */
export async function startStandIn(
  id: number,
  realDecimals: Readonly<Record<string, number>>,
  port?: number,
): Promise<StandIn> {
  const listed = CHAIN_PROFILES.get(String(id))?.settings.tokens
  if (listed === undefined) throw new Error(`chain ${id} has no profile`)
  const tokens = listed.map((token) => ({ ...token, address: token.address as Hex }))
  const node = await startAnvil({ mining: 'manual', chainId: id, ...(port ? { port } : {}) })
  const chain = connectLocalChain(node.url)
  for (const { address, symbol } of tokens) {
    const decimals = realDecimals[symbol]
    if (decimals === undefined) throw new Error(`how many decimals has ${symbol} on ${id}?`)
    await placeToken(chain, address, symbol, decimals)
  }
  await chain.mine(1)
  return {
    id,
    node,
    chain,
    tokens,
    tokenOf(symbol) {
      const token = tokens.find((one) => one.symbol === symbol)
      if (token === undefined) throw new Error(`chain ${id} has no ${symbol}`)
      return { ...token, asset: `eip155:${id}/erc20:${token.address.toLowerCase()}` }
    },
    settings: {
      test: true,
      rpc: [node.url],
      finality: [{ confirmations: STAND_IN_DEPTH }],
      tokens: listed,
    },
  }
}

/** Decimals are part of the code, so the code alone makes the token; the payer gets plenty. */
async function placeToken(chain: LocalChain, address: Hex, symbol: string, decimals: number) {
  const made = await chain.deployToken({ name: symbol, symbol, decimals })
  await chain.mine(1)
  const code = await chain.rpc<Hex>('eth_getCode', [made.address, 'latest'])
  await chain.rpc('anvil_setCode', [address, code])
  const payer = chain.accounts[1]
  if (payer === undefined) throw new Error('the node has accounts')
  await chain.mint(address, payer.address, FUNDS)
}
