/** A plan of two payouts with an unused nonce between them. */
import {
  type Address,
  type Asset,
  nativeAssetId,
  tokenAssetId,
} from '../../src/core/money/asset.ts'
import type { PayoutFacts } from '../../src/core/payout/payout-plan.ts'

const CHAIN_ID = 31_337
const TOKEN: Address = `0x${'70'.repeat(20)}`

export const COIN: Asset = {
  id: nativeAssetId(CHAIN_ID),
  chainId: CHAIN_ID,
  token: null,
  symbol: 'ETH',
  decimals: 18,
}

export const DOLLAR: Asset = {
  id: tokenAssetId(CHAIN_ID, TOKEN),
  chainId: CHAIN_ID,
  token: TOKEN,
  symbol: 'USDC',
  decimals: 6,
}

export function payoutFacts(overrides: Partial<PayoutFacts> = {}): PayoutFacts {
  const payout = { toContract: false }
  return {
    chainId: CHAIN_ID,
    block: { number: 5, hash: `0x${'11'.repeat(32)}` },
    fingerprint: 'ab'.repeat(16),
    accountNumber: 0,
    fees: {
      maxFeePerGasUnits: 2_000_000_000n,
      maxPriorityFeePerGasUnits: 1n,
      extraPerTransactionUnits: 0n,
    },
    assets: [COIN, DOLLAR],
    payer: { index: 1, address: `0x${'9a'.repeat(20)}`, nonce: 4, balanceUnits: 10n ** 18n },
    payouts: [
      {
        ...payout,
        reference: 'refund 1',
        assetId: COIN.id,
        to: `0x${'c1'.repeat(20)}`,
        units: 5n * 10n ** 17n,
        nonce: 4,
      },
      {
        ...payout,
        reference: 'refund 2',
        assetId: DOLLAR.id,
        to: `0x${'c2'.repeat(20)}`,
        units: 12_500_000n,
        nonce: 6,
      },
    ],
    ...overrides,
  }
}

/** As it comes back from a disk. */
export function toJson(value: unknown): any {
  return JSON.parse(JSON.stringify(value))
}
