import { describe, expect, test } from 'vitest'
import type { ChainSettings, FinalityTier } from '../../../src/core/chain/chain-settings.ts'
import { chooseFinality } from '../../../src/core/invoice/choose-finality.ts'
import { createFraction, type Fraction } from '../../../src/core/money/fraction.ts'

function chainWith(finality: readonly FinalityTier[]): ChainSettings {
  return {
    chainId: 1,
    name: 'Chain',
    test: false,
    assets: [],
    finality,
    pollIntervalMs: 1_000,
    blockTimeMs: 12_000,
    maxReorgBlocks: 300,
  }
}

const upTo = (amount: string) => ({ amount, currency: 'USD' })
const TIERS = chainWith([
  { upTo: upTo('100'), confirmations: 2 },
  { upTo: upTo('1000.50'), confirmations: 12 },
  { upTo: null, confirmations: 64 },
])

const dollars =
  (cents: bigint) =>
  (currency: string): Fraction | null =>
    currency === 'USD' ? createFraction(cents, 100n) : null

describe('chooseFinality', () => {
  test.each([
    [1n, 2],
    [10_000n, 2],
    [10_001n, 12],
    [100_050n, 12],
    [100_051n, 64],
    [10n ** 20n, 64],
  ])('%s cents need %i confirmations', (cents, confirmations) => {
    expect(chooseFinality(TIERS, dollars(cents))).toEqual({ confirmations })
  })

  test('the bound is exact: a fraction of a cent above it is the next tier', () => {
    const above = () => createFraction(100n * 10n ** 18n + 1n, 10n ** 18n)
    expect(chooseFinality(TIERS, above)).toEqual({ confirmations: 12 })
  })

  test('what cannot be valued takes the deepest, wherever it stands', () => {
    expect(chooseFinality(TIERS, () => null)).toEqual({ confirmations: 64 })
    const odd = chainWith([
      { upTo: upTo('100'), confirmations: 90 },
      { upTo: null, confirmations: 5 },
    ])
    expect(chooseFinality(odd, () => null)).toEqual({ confirmations: 90 })
  })

  test('one tier needs no value', () => {
    const one = chainWith([{ upTo: null, confirmations: 5 }])
    expect(chooseFinality(one, () => null)).toEqual({ confirmations: 5 })
  })
})
