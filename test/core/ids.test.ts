import { describe, expect, test } from 'vitest'
import {
  createId,
  createToken,
  deriveId,
  encodeBase32,
  ID_RANDOM_BYTES,
  isTokenText,
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
  test('hold their time and 128 bits', () => {
    const random = new Uint8Array(TOKEN_BYTES).fill(0xff)
    expect(createToken(0, random)).toBe(`${'0'.repeat(9)}3${'z'.repeat(25)}g`)
    expect(() => createToken(0, new Uint8Array(15))).toThrow('invariant broken')
  })

  test('sort by their time', () => {
    const tokens = [5, 1_763_900_000_000, 1_763_900_000_001].map((nowMs, i) =>
      createToken(nowMs, new Uint8Array(TOKEN_BYTES).fill(0xff - i)),
    )
    expect(tokens.toSorted()).toEqual(tokens)
  })

  test('are known by their form, those without a time too', () => {
    expect(isTokenText(createToken(1, new Uint8Array(TOKEN_BYTES)))).toBe(true)
    expect(isTokenText('5r74dwe8v828zp125x3k5bq2jc')).toBe(true)
    for (const text of ['', '0'.repeat(25), '0'.repeat(30), '0'.repeat(37), `${'0'.repeat(35)}/`]) {
      expect(isTokenText(text)).toBe(false)
    }
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
