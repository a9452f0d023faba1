/** SW-16: what a collection costs beside what it brings. */
import { describe, expect, test } from 'vitest'
import { type Asset, nativeAssetId, tokenAssetId } from '../../../src/core/money/asset.ts'
import { parseRate } from '../../../src/core/money/rate.ts'
import { shareOfGas } from '../../../src/core/sweep/gas-share.ts'
import { directCostUnits } from '../../../src/core/sweep/sweep-gas.ts'
import type { Balance, SweepFacts } from '../../../src/core/sweep/sweep-plan.ts'

const COIN: Asset = { id: nativeAssetId(1), chainId: 1, token: null, symbol: 'ETH', decimals: 18 }
const TOKEN = `0x${'70'.repeat(20)}` as const
const DOLLAR: Asset = {
  ...COIN,
  id: tokenAssetId(1, TOKEN),
  token: TOKEN,
  symbol: 'USDC',
  decimals: 6,
}
const ETHER = 10n ** 18n

function facts(method: SweepFacts['method'], balances: readonly Balance[]): SweepFacts {
  return {
    chainId: 1,
    block: { number: 5, hash: `0x${'11'.repeat(32)}` },
    fingerprint: 'ab'.repeat(16),
    accountNumber: 0,
    destination: `0x${'7e'.repeat(20)}`,
    method,
    clear: false,
    // A transfer costs 0.0021 coins.
    fees: {
      maxFeePerGasUnits: 10n ** 11n,
      maxPriorityFeePerGasUnits: 1n,
      extraPerTransactionUnits: 0n,
    },
    sponsor: { index: 0, address: `0x${'5a'.repeat(20)}`, nonce: 0, balanceUnits: ETHER },
    delegateDeployed: true,
    assets: [COIN, DOLLAR],
    entries: [{ index: 1, address: `0x${'ad'.repeat(20)}`, nonce: 0, delegated: false, balances }],
    skipped: [],
  }
}

const prices = (known: Record<string, string>) => (id: string) => {
  const symbol = id === COIN.id ? 'ETH' : 'USDC'
  return known[symbol] === undefined ? null : parseRate(known[symbol])
}
const coins = facts('direct', [{ assetId: COIN.id, units: ETHER }])
const dollars = facts('top-up', [{ assetId: DOLLAR.id, units: 100_000_000n }])

describe('SW-16 the share of gas', () => {
  test('of coins is exact, and needs no price', () => {
    expect(shareOfGas(coins, prices({}))).toEqual({
      share: { numerator: 21n, denominator: 10_000n },
      unpriced: [],
    })
    expect(directCostUnits(coins.fees)).toBe((21n * ETHER) / 10_000n)
  })

  test('of tokens compares both at their prices', () => {
    // 121,000 gas at 100 gwei are 0.0121 coins, 24.20 USD of 100.
    const { share, unpriced } = shareOfGas(dollars, prices({ ETH: '2000', USDC: '1' }))
    expect(share).toEqual({ numerator: 121n, denominator: 500n })
    expect(unpriced).toEqual([])
  })

  test.each([
    ['the token', { ETH: '2000' }],
    ['the coin', { USDC: '1' }],
  ])('is not known without a price of %s', (_name, known) => {
    expect(shareOfGas(dollars, prices(known))).toEqual({ share: null, unpriced: ['USDC'] })
  })

  test('counts what has no price as worth nothing, and names it', () => {
    const both = facts('delegate', [
      { assetId: COIN.id, units: ETHER },
      { assetId: DOLLAR.id, units: 100_000_000n },
    ])
    const without = shareOfGas(both, prices({ ETH: '2000' }))
    const alone = facts('delegate', [{ assetId: COIN.id, units: ETHER }])
    expect(without.unpriced).toEqual(['USDC'])
    const sizeOf = ({ share }: ReturnType<typeof shareOfGas>) =>
      Number(share!.numerator) / Number(share!.denominator)
    expect(sizeOf(without)).toBeGreaterThan(sizeOf(shareOfGas(alone, prices({}))))
    const priced = shareOfGas(both, prices({ ETH: '2000', USDC: '1' }))
    expect(sizeOf(priced)).toBeLessThan(sizeOf(without))
  })
})
