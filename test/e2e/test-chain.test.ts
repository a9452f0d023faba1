import { describe, expect, test } from 'vitest'
import { createTestChain } from '../../src/adapters/evm-rpc/test-chain.ts'
import {
  type Address,
  type Asset,
  nativeAssetId,
  tokenAssetId,
} from '../../src/core/money/asset.ts'
import { useLocalChain } from '../support/local-chain.ts'

const local = useLocalChain()
const clock = { nowMs: () => Date.now(), monotonicMs: () => performance.now() }
const connect = () => createTestChain({ urls: [local.node.url], clock })
const SHOPPER: Address = '0x00000000000000000000000000000000000b0b01'
const COIN: Asset = {
  id: nativeAssetId(31_337),
  chainId: 31_337,
  token: null,
  symbol: 'ETH',
  decimals: 18,
}

async function deployToken(): Promise<Asset> {
  const { chain } = local
  const { address } = await chain.deployToken({ name: 'USD Coin', symbol: 'USDC', decimals: 6 })
  await chain.mine()
  const holder = chain.accounts[3]?.address as Address
  await chain.mint(address, holder, 1_000n)
  await chain.mine()
  const token = address.toLowerCase() as Address
  return { id: tokenAssetId(31_337, token), chainId: 31_337, token, symbol: 'USDC', decimals: 6 }
}

describe('a test chain', () => {
  test('pays coins once they are mined', async () => {
    const { chain } = local
    const before = await chain.nativeBalance(SHOPPER)
    const hash = await connect().pay(COIN, SHOPPER, 123n)
    expect(await connect().mine(2)).toBe(await chain.blockNumber())
    expect((await chain.receipt(hash))?.status).toBe('0x1')
    expect(await chain.nativeBalance(SHOPPER)).toBe(before + 123n)
  })

  test('pays tokens from the account that has them, and says when none has', async () => {
    const token = await deployToken()
    await connect().pay(token, SHOPPER, 1_000n)
    await connect().mine(1)
    expect(await local.chain.tokenBalance(token.token as Address, SHOPPER)).toBe(1_000n)
    await expect(connect().pay(token, SHOPPER, 10n ** 30n)).rejects.toThrow('No unlocked account')
    await expect(connect().pay(COIN, SHOPPER, 10n ** 30n)).rejects.toThrow('No unlocked account')
  })

  test('rewrites its latest blocks', async () => {
    const { chain } = local
    const hash = await connect().pay(COIN, SHOPPER, 1n)
    await connect().mine(2)
    expect(await chain.receipt(hash)).not.toBeNull()
    await connect().reorg(2)
    expect(await chain.receipt(hash)).toBeNull()
    await expect(connect().reorg(100_000)).rejects.toThrow()
  })
})
