import { createHmac } from 'node:crypto'
import { secp256k1 } from '@noble/curves/secp256k1'
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
  deriveAddressRange,
  deriveDepositAddresses,
} from '../../../src/core/keys/derive-addresses.ts'
import { type AffinePoint, sumPoints } from '../../../src/core/keys/sum-points.ts'
import VECTORS from '../../vectors/bip32.json' with { type: 'json' }

const { ProjectivePoint, CURVE } = secp256k1

function accountOf(seed: Uint8Array): AccountKey {
  const node = HDKey.fromMasterSeed(seed).derive("m/44'/60'/0'")
  const parsed = parseAccountKey(node.publicExtendedKey)
  if (!parsed.ok) throw new Error(parsed.detail)
  return parsed.key
}

const ACCOUNT = accountOf(new Uint8Array(32).fill(7))
const oneByOne = (account: AccountKey, indexes: readonly number[]) =>
  indexes.map((index) => deriveDepositAddress(account, index))
const upTo = (count: number, from = 0) => Array.from({ length: count }, (_, i) => from + i)

describe('many addresses at once are those derived one by one', () => {
  test('for the first indexes, the last ones, and one that stands twice', () => {
    const indexes = [0, 1, 2, 255, 256, 65_536, MAX_DERIVATION_INDEX - 1, MAX_DERIVATION_INDEX, 1]
    expect(deriveDepositAddresses(ACCOUNT, indexes)).toEqual(oneByOne(ACCOUNT, indexes))
  })

  test('for every size from none to more than a batch', () => {
    const known = oneByOne(ACCOUNT, upTo(DERIVATION_BATCH + 1, 1_000))
    for (let size = 0; size <= DERIVATION_BATCH + 1; size++) {
      expect(deriveDepositAddresses(ACCOUNT, upTo(size, 1_000))).toEqual(known.slice(0, size))
    }
  })

  test('for a thousand in a row', () => {
    const indexes = upTo(1_000, 5_000)
    expect(deriveAddressRange(ACCOUNT, indexes)).toEqual(oneByOne(ACCOUNT, indexes))
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

  test('for every public node of the vectors of BIP-32', () => {
    const nodes = Object.values(collectXpubs(VECTORS))
    expect(nodes.length).toBeGreaterThan(5)
    for (const xpub of nodes) {
      const account = { ...ACCOUNT, externalChain: HDKey.fromExtendedKey(xpub) }
      expect(deriveDepositAddresses(account, upTo(8))).toEqual(oneByOne(account, upTo(8)))
    }
  })

  test('and an index that no key has is refused', () => {
    for (const index of [-1, 0.5, MAX_DERIVATION_INDEX + 1]) {
      expect(() => deriveDepositAddresses(ACCOUNT, [0, index])).toThrow('derivation index')
    }
  })
})

/** A chain whose key is a small multiple of G, so that sums meet what random keys never meet. */
function chainFrom(multiple: number, chainCode: Uint8Array): AccountKey {
  const publicKey = ProjectivePoint.BASE.multiply(BigInt(Math.abs(multiple)))
  const signed = multiple < 0 ? publicKey.negate() : publicKey
  return { ...ACCOUNT, externalChain: new HDKey({ publicKey: signed.toRawBytes(true), chainCode }) }
}

/** What BIP-32 adds to the parent, by Node's own hash. */
function tweakOf({ externalChain }: AccountKey, index: number): bigint {
  const place = Buffer.alloc(4)
  place.writeUInt32BE(index)
  const mac = createHmac('sha512', externalChain.chainCode as Uint8Array)
  const digest = mac
    .update(externalChain.publicKey as Uint8Array)
    .update(place)
    .digest('hex')
  return BigInt(`0x${digest.slice(0, 64)}`)
}

describe('points that are equal or opposite', () => {
  // The parent stands beside the lowest digit of the tweak, which is 9 bits and signed.
  test.each([1, 2, 255, -1, -2, -255])(
    'a parent of %i * G beside the same multiple',
    (multiple) => {
      const account = chainFrom(multiple, new Uint8Array(32).fill(Math.abs(multiple) % 250))
      const indexes = upTo(3_000)
      const low = (index: number) => Number(tweakOf(account, index) % 512n)
      const equal = indexes.filter((index) => low(index) === (512 + multiple) % 512)
      const opposite = indexes.filter((index) => low(index) === (512 - multiple) % 512)
      expect(Math.min(equal.length, opposite.length)).toBeGreaterThan(0)
      for (const index of [equal[0] as number, opposite[0] as number]) {
        const wanted = upTo(8, Math.max(0, index - 4))
        expect(wanted).toContain(index)
        expect(deriveDepositAddresses(account, wanted)).toEqual(oneByOne(account, wanted))
      }
    },
  )
})

describe('sums of points', () => {
  const times = (scalar: bigint): AffinePoint => ProjectivePoint.BASE.multiply(scalar).toAffine()
  const N = CURVE.n

  test('are those of the library, however many there are', () => {
    const scalars = fc.array(fc.bigInt({ min: 1n, max: N - 1n }), { minLength: 1, maxLength: 9 })
    fc.assert(
      fc.property(fc.array(scalars, { maxLength: 5 }), (lists) => {
        const sums = lists.map((list) => list.reduce((sum, scalar) => (sum + scalar) % N))
        fc.pre(sums.every((sum) => sum !== 0n))
        expect(sumPoints(lists.map((list) => list.map(times)))).toEqual(sums.map(times))
      }),
      { numRuns: 50, examples: [[[[1n, 2n], [N - 1n], [N - 1n, 3n, N - 5n]]]] },
    )
  })

  test('are refused where one of them has another formula, in any step', () => {
    for (const list of [
      [1n, 1n],
      [1n, N - 1n],
      [1n, 4n, 2n, 3n],
      [5n, 7n, N - 4n, N - 8n],
      [1n, 2n, 3n],
    ]) {
      expect(sumPoints([[times(9n), times(11n)], list.map(times)])).toBeNull()
    }
  })

  test('of what is no point of the curve stop', () => {
    const { x, y } = times(3n)
    expect(() => sumPoints([[{ x, y: y + 1n }]])).toThrow('on the curve')
    expect(() => sumPoints([[{ x, y: y + 1n }, times(5n)]])).toThrow('on the curve')
  })
})

/** Every xpub that stands anywhere in the vectors, by its text. */
function collectXpubs(value: unknown, found: Record<string, string> = {}): Record<string, string> {
  if (typeof value === 'string' && value.startsWith('xpub')) found[value] = value
  if (typeof value === 'object' && value !== null) {
    for (const part of Object.values(value)) collectXpubs(part, found)
  }
  return found
}
