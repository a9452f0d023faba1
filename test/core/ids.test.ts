import { describe, expect, test } from 'vitest'
import {
  createId,
  deriveId,
  encodeBase32,
  encodeToken,
  ID_RANDOM_BYTES,
  TOKEN_BYTES,
} from '../../src/core/ids.ts'

const ZEROS = new Uint8Array(ID_RANDOM_BYTES)
const ONES = new Uint8Array(ID_RANDOM_BYTES).fill(0xff)
const ID_TEXT = /^inv_[0-9abcdefghjkmnpqrstvwxyz]{26}$/

describe('createId', () => {
  test('has its prefix and 26 characters that nobody confuses', () => {
    expect(createId('inv', 1_790_000_000_000, ONES)).toMatch(ID_TEXT)
    expect(createId('inv', 0, ZEROS)).toBe(`inv_${'0'.repeat(26)}`)
  })

  test('sorts by age, whatever the random bytes', () => {
    const times = [0, 1, 255, 256, 65_535, 1_790_000_000_000, 1_790_000_000_001, 2 ** 47]
    const ids = times.map((ms, i) => createId('inv', ms, i % 2 === 0 ? ONES : ZEROS))
    expect([...ids].sort()).toEqual(ids)
  })

  test('differs when one random bit does', () => {
    const other = ZEROS.slice()
    other[ID_RANDOM_BYTES - 1] = 1
    expect(createId('inv', 5, other)).not.toBe(createId('inv', 5, ZEROS))
  })

  test('a clock before 1970 gives the earliest id; too little randomness is a bug', () => {
    expect(createId('inv', -5, ZEROS)).toBe(createId('inv', 0, ZEROS))
    expect(() => createId('inv', 0, new Uint8Array(9))).toThrow('invariant broken')
  })
})

describe('deriveId', () => {
  test('is the same for the same identity and for no other', () => {
    expect(deriveId('pay', '1/0xab/log:7')).toBe(deriveId('pay', '1/0xab/log:7'))
    expect(deriveId('pay', '1/0xab/log:7')).not.toBe(deriveId('pay', '1/0xab/log:8'))
    expect(deriveId('pay', '1/0xab/log:7')).toMatch(/^pay_[0-9a-z]{26}$/)
  })

  test('is frozen: stored ids must be found by every later release', () => {
    expect(deriveId('pay', '31337/0x00/log:0')).toMatchInlineSnapshot(
      `"pay_avw5yhx5ny3m9ryjfwgf4jp0br"`,
    )
  })
})

describe('tokens', () => {
  test('hold 128 bits', () => {
    expect(encodeToken(new Uint8Array(TOKEN_BYTES).fill(0xff))).toBe(`${'z'.repeat(25)}w`)
    expect(() => encodeToken(new Uint8Array(15))).toThrow('invariant broken')
  })
})

describe('encodeBase32', () => {
  // RFC 4648, 10, with Crockford's letters and without padding.
  test.each([
    ['', ''],
    ['f', 'cr'],
    ['fo', 'csqg'],
    ['foo', 'csqpy'],
    ['foob', 'csqpyrg'],
    ['fooba', 'csqpyrk1'],
    ['foobar', 'csqpyrk1e8'],
  ])('%j is %j', (text, encoded) => {
    expect(encodeBase32(new TextEncoder().encode(text))).toBe(encoded)
  })
})
