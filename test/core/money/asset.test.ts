import { getAddress } from 'viem/utils'
import { describe, expect, test } from 'vitest'
import {
  type Address,
  nativeAssetId,
  parseAddress,
  parseAssetId,
  parseTypedAddress,
  toChecksumAddress,
  tokenAssetId,
} from '../../../src/core/money/asset.ts'
import { fiatDecimals } from '../../../src/core/money/currency.ts'
import { createRandom } from '../../simulation/random.ts'

/** From EIP-55. */
const CHECKSUMMED: Address = '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed'
const LOWER = CHECKSUMMED.toLowerCase() as Address

describe('PA-34 addresses', () => {
  test.each([CHECKSUMMED, LOWER, `0x${CHECKSUMMED.slice(2).toUpperCase()}`])(
    '%s is one address',
    (text) => {
      expect(parseAddress(text)).toBe(LOWER)
      expect(toChecksumAddress(parseAddress(text) as Address)).toBe(CHECKSUMMED)
    },
  )

  test('typed by a person: one case throughout, or the right checksum', () => {
    const upper = `0x${LOWER.slice(2).toUpperCase()}`
    for (const text of [CHECKSUMMED, LOWER, upper]) {
      expect(parseTypedAddress(text)).toEqual({ ok: true, address: LOWER })
    }
    // The case of one letter changed.
    const mistyped = CHECKSUMMED.replace('aA', 'aa')
    expect(parseTypedAddress(mistyped)).toEqual({ ok: false, fault: 'checksum' })
    expect(parseTypedAddress(LOWER.replace('5a', '5A'))).toEqual({ ok: false, fault: 'checksum' })
    for (const text of ['', `${LOWER}0`, LOWER.slice(2)]) {
      expect(parseTypedAddress(text)).toEqual({ ok: false, fault: 'malformed' })
    }
  })

  // From EIP-55: all capital, all small, normal.
  test.each([
    '0x52908400098527886E0F7030069857D2E4169EE7',
    '0x8617E340B3D01FA5F11F306F4090FD50E238070D',
    '0xde709f2102306220921060314715629080e2fb77',
    '0x27b1fdb04752bbc536007a920d24acb045561c26',
    '0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359',
    '0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB',
    '0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb',
  ])('%s is written so', (form) => {
    expect(toChecksumAddress(form.toLowerCase() as Address)).toBe(form)
  })

  test('are written as another implementation does', () => {
    const random = createRandom(55)
    for (let n = 0; n < 2_000; n++) {
      const digits = Array.from({ length: 40 }, () => random.below(16).toString(16)).join('')
      expect(toChecksumAddress(`0x${digits}`)).toBe(getAddress(`0x${digits}`))
    }
  })

  test.each([
    '',
    '0x',
    LOWER.slice(2),
    LOWER.slice(0, -1),
    `${LOWER}0`,
    ` ${LOWER}`,
    `${LOWER}\n`,
    `0X${LOWER.slice(2)}`,
    `${LOWER.slice(0, -1)}g`,
    'vitalik.eth',
  ])('%j is none', (text) => {
    expect(parseAddress(text)).toBeNull()
  })
})

describe('asset ids', () => {
  test('name the native coin and tokens by CAIP-19, in lower case', () => {
    expect(nativeAssetId(8453)).toBe('eip155:8453/slip44:60')
    expect(tokenAssetId(1, CHECKSUMMED)).toBe(`eip155:1/erc20:${LOWER}`)
  })

  test.each([
    ['eip155:8453/slip44:60', 'eip155:8453/slip44:60'],
    [`eip155:31337/erc20:${CHECKSUMMED}`, `eip155:31337/erc20:${LOWER}`],
  ])('%s is read', (text, id) => {
    expect(parseAssetId(text)).toBe(id)
  })

  test.each([
    '',
    'ETH',
    'eip155:1',
    'eip155:0/slip44:60',
    'eip155:01/slip44:60',
    'eip155:-1/slip44:60',
    'eip155:1/slip44:0',
    'eip155:1/slip44:60/1',
    'eip155:1/erc20:0x12',
    `eip155:1/erc721:${LOWER}`,
    `eip155:1/erc20:${LOWER}0`,
    `eip155:99999999999999999/erc20:${LOWER}`,
    `solana:1/erc20:${LOWER}`,
    ` eip155:1/slip44:60`,
    'eip155:1/slip44:60\n',
  ])('%j is not', (text) => {
    expect(parseAssetId(text)).toBeNull()
  })
})

describe('fiat currencies', () => {
  test.each([
    ['USD', 2],
    ['EUR', 2],
    ['JPY', 0],
    ['KWD', 3],
  ])('%s has %i digits', (code, digits) => {
    expect(fiatDecimals(code)).toBe(digits)
  })

  test('every known currency has the digits of ISO 4217', () => {
    const known = Intl.supportedValuesOf('currency').filter((code) => fiatDecimals(code) !== null)
    expect(known.length).toBeGreaterThan(55)
    // ISO 4217, list one: all others of it have two.
    const none = 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'.split(' ')
    const three = 'BHD IQD JOD KWD LYD OMR TND'.split(' ')
    const digitsOf = (code: string) => (none.includes(code) ? 0 : three.includes(code) ? 3 : 2)
    const wrong = known.filter((code) => fiatDecimals(code) !== digitsOf(code))
    expect(wrong).toEqual([])
  })

  test.each(['', 'usd', 'USDC', 'XXX', '__proto__', 'constructor', 'toString', ' USD'])(
    '%j is none',
    (code) => {
      expect(fiatDecimals(code)).toBeNull()
    },
  )
})
