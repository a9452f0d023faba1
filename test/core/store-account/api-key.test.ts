import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import {
  API_KEY_BYTES,
  createApiKeyText,
  hashApiKey,
  isApiKeyText,
  prefixOfApiKey,
} from '../../../src/core/store-account/api-key.ts'

const bytesOf = (value: number) => new Uint8Array(API_KEY_BYTES).fill(value)

describe('API keys', () => {
  test('are qk_ and 43 letters and digits that hold all 256 bits', () => {
    expect(createApiKeyText(bytesOf(0))).toBe(`qk_${'0'.repeat(43)}`)
    const most = createApiKeyText(bytesOf(0xff))
    expect(most).toMatch(/^qk_[0-9A-Za-z]{43}$/)
    const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
    const value = [...most.slice(3)].reduce((sum, c) => sum * 62n + BigInt(digits.indexOf(c)), 0n)
    expect(value).toBe(2n ** 256n - 1n)
    expect(isApiKeyText(most)).toBe(true)
  })

  test('a short random source is a bug', () => {
    expect(() => createApiKeyText(new Uint8Array(31))).toThrow('invariant broken')
  })

  test('are kept as SHA-256 and told apart by nine characters', () => {
    const key = createApiKeyText(bytesOf(7))
    expect(hashApiKey(key)).toBe(createHash('sha256').update(key).digest('hex'))
    expect(prefixOfApiKey(key)).toBe(key.slice(0, 9))
  })

  // biome-ignore format: a table reads better in rows
  test.each([
    ['32 characters', `qk_${'a'.repeat(32)}`, true], ['31 characters', `qk_${'a'.repeat(31)}`, false],
    ['256 characters', `qk_${'a'.repeat(256)}`, true], ['257 characters', `qk_${'a'.repeat(257)}`, false],
    ['another prefix', `sk_${'a'.repeat(43)}`, false], ['no prefix', 'a'.repeat(46), false],
    ['a blank', `qk_${'a'.repeat(40)} aa`, false], ['a line end', `qk_${'a'.repeat(43)}\n`, false],
    ['NUL', `qk_${'a'.repeat(43)}\u0000`, false], ['other script', `qk_${'\u0430'.repeat(43)}`, false],
    ['nothing', '', false],
  ])('%s: a key %s', (_name, text, isKey) => {
    expect(isApiKeyText(text)).toBe(isKey)
  })
})
