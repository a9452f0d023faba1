import { describe, expect, test } from 'vitest'
import {
  type ChainSettings,
  type FinalityTier,
  setAllProofs,
} from '../../../src/core/chain/chain-settings.ts'
import { depthRule, tagRule } from '../../../src/core/chain/finality.ts'
import { chooseFinality } from '../../../src/core/invoice/choose-finality.ts'
import { createFraction, type Fraction } from '../../../src/core/money/fraction.ts'

function chainWith(finality: readonly FinalityTier[]): ChainSettings {
  return {
    chainId: 1,
    name: 'Chain',
    networkName: 'Chain network',
    test: false,
    testnet: false,
    assets: [],
    finality,
    pollIntervalMs: 1_000,
    blockTimeMs: 12_000,
    maxReorgBlocks: 300,
    verifyBalanceOf: [],
    ownSenders: [],
    dustUnits: new Map(),
    finalizedTag: false,
    proofs: setAllProofs('on'),
    excludedTxTypes: [],
    nativeMode: 'direct',
  }
}

const upTo = (amount: string) => ({ amount, currency: 'USD' })
const TIERS = chainWith([
  { upTo: upTo('100'), rule: depthRule(2) },
  { upTo: upTo('1000.50'), rule: depthRule(12) },
  { upTo: null, rule: depthRule(64) },
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
    expect(chooseFinality(TIERS, dollars(cents))).toEqual(depthRule(confirmations))
  })

  test('the bound is exact: a fraction of a cent above it is the next tier', () => {
    const above = () => createFraction(100n * 10n ** 18n + 1n, 10n ** 18n)
    expect(chooseFinality(TIERS, above)).toEqual(depthRule(12))
  })

  test('what cannot be valued takes the deepest, wherever it stands', () => {
    expect(chooseFinality(TIERS, () => null)).toEqual(depthRule(64))
    const odd = chainWith([
      { upTo: upTo('100'), rule: depthRule(90) },
      { upTo: null, rule: depthRule(5) },
    ])
    expect(chooseFinality(odd, () => null)).toEqual(depthRule(90))
  })

  test('a tag asks for more than any count, finalized for more than safe', () => {
    const tags = chainWith([
      { upTo: upTo('100'), rule: depthRule(900) },
      { upTo: upTo('1000'), rule: tagRule('safe', { plusBlocks: 9 }) },
      { upTo: null, rule: tagRule('finalized') },
    ])
    expect(chooseFinality(tags, dollars(100_000n))).toEqual(tagRule('safe', { plusBlocks: 9 }))
    expect(chooseFinality(tags, dollars(100_001n))).toEqual(tagRule('finalized'))
    expect(chooseFinality(tags, () => null)).toEqual(tagRule('finalized'))
  })

  test('one tier needs no value', () => {
    const one = chainWith([{ upTo: null, rule: depthRule(5) }])
    expect(chooseFinality(one, () => null)).toEqual(depthRule(5))
  })
})
