import { HDKey } from '@scure/bip32'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type AccountKey,
  deriveDepositAddress,
  MAX_DERIVATION_INDEX,
  parseAccountKey,
} from '../../../src/core/keys/deposit-address.ts'
import {
  DERIVATION_BATCH,
  deriveDepositAddresses,
} from '../../../src/core/keys/derive-addresses.ts'

function accountOf(seed: Uint8Array): AccountKey {
  const node = HDKey.fromMasterSeed(seed).derive("m/44'/60'/0'")
  const parsed = parseAccountKey(node.publicExtendedKey)
  if (!parsed.ok) throw new Error(parsed.detail)
  return parsed.key
}

const ACCOUNT = accountOf(new Uint8Array(32).fill(7))
const oneByOne = (account: AccountKey, indexes: readonly number[]) =>
  indexes.map((index) => deriveDepositAddress(account, index))

describe('many addresses at once are those derived one by one', () => {
  test('for the first indexes, the last ones, and one that stands twice', () => {
    const indexes = [0, 1, 2, 255, 256, 65_536, MAX_DERIVATION_INDEX - 1, MAX_DERIVATION_INDEX, 1]
    expect(deriveDepositAddresses(ACCOUNT, indexes)).toEqual(oneByOne(ACCOUNT, indexes))
  })

  test('for one index, for none, and for more than a batch', () => {
    const many = Array.from({ length: 3 * DERIVATION_BATCH + 1 }, (_, i) => 1_000 + i)
    for (const indexes of [[], [12], many]) {
      expect(deriveDepositAddresses(ACCOUNT, indexes)).toEqual(oneByOne(ACCOUNT, indexes))
    }
  })

  test('for any account and any indexes', () => {
    const seeds = fc.uint8Array({ minLength: 16, maxLength: 64 })
    const indexes = fc.array(fc.integer({ min: 0, max: MAX_DERIVATION_INDEX }), { maxLength: 12 })
    fc.assert(
      fc.property(seeds, indexes, (seed, wanted) => {
        const account = accountOf(seed)
        expect(deriveDepositAddresses(account, wanted)).toEqual(oneByOne(account, wanted))
      }),
      { numRuns: 100 },
    )
  })

  test('and an index that no key has is refused', () => {
    for (const index of [-1, 0.5, MAX_DERIVATION_INDEX + 1]) {
      expect(() => deriveDepositAddresses(ACCOUNT, [0, index])).toThrow('derivation index')
    }
  })
})
