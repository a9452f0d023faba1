import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { createVault, deriveKey, loadSecretKey } from '../../../src/adapters/system/vault.ts'

const KEY = new Uint8Array(32).map((_, i) => i + 1)
const HEX = Buffer.from(KEY).toString('hex')
const BASE64 = Buffer.from(KEY).toString('base64')

const folder = mkdtempSync(join(tmpdir(), 'quittance-vault-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe('the vault', () => {
  const vault = createVault(KEY)
  const sealed = vault.seal('whsec_secret ü', 'we_1')

  test('opens what it sealed, also in a later process', () => {
    expect(vault.open(sealed, 'we_1')).toBe('whsec_secret ü')
    expect(createVault(KEY).open(sealed, 'we_1')).toBe('whsec_secret ü')
    expect(vault.open(vault.seal('', ''), '')).toBe('')
  })

  test('shows nothing of the text and never seals twice alike', () => {
    expect(sealed).toMatch(/^v1\.[A-Za-z0-9_-]+$/)
    expect(Buffer.from(sealed.slice(3), 'base64url').toString('latin1')).not.toContain('whsec')
    expect(vault.seal('whsec_secret ü', 'we_1')).not.toBe(sealed)
  })

  test('does not open in another context or with another key', () => {
    expect(() => vault.open(sealed, 'we_2')).toThrow('does not open')
    expect(() => createVault(new Uint8Array(32)).open(sealed, 'we_1')).toThrow('does not open')
  })

  test('does not open after a change of any bit', () => {
    const bytes = Buffer.from(sealed.slice(3), 'base64url')
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Buffer.from(bytes)
      changed[bit >> 3]! ^= 1 << (bit & 7)
      const text = `v1.${changed.toString('base64url')}`
      expect(() => vault.open(text, 'we_1')).toThrow('does not open')
    }
  })

  test.each([
    ['nothing', ''],
    ['no version', sealed.slice(3)],
    ['another version', `v2${sealed.slice(2)}`],
    ['a cut text', sealed.slice(0, -1)],
    ['less than a tag', sealed.slice(0, 20)],
    ['a longer text', `${sealed}A`],
    ['another part', `${sealed}.A`],
    ['a foreign character', `${sealed.slice(0, -1)}!`],
  ])('refuses %s', (_name, text) => {
    expect(() => vault.open(text, 'we_1')).toThrow('does not open')
  })

  test('wants 32 bytes of key', () => {
    expect(() => createVault(new Uint8Array(31))).toThrow('32 random bytes')
  })
})

test('derived keys differ by purpose and from the key', () => {
  const keys = [KEY, deriveKey(KEY, 'a'), deriveKey(KEY, 'b')].map((key) => toHex(key))
  expect(new Set(keys).size).toBe(3)
  expect(deriveKey(KEY, 'a')).toHaveLength(32)
  expect(deriveKey(KEY, 'a')).toEqual(deriveKey(KEY, 'a'))
})

describe('the secret key', () => {
  test.each([
    ['base64', BASE64],
    ['base64 without padding', BASE64.slice(0, -1)],
    ['base64url', Buffer.from(KEY).toString('base64url')],
    ['hex', HEX],
    ['upper-case hex and white space', ` ${HEX.toUpperCase()}\n`],
  ])('is read from %s', (_name, value) => {
    expect(loadSecretKey({ value })).toEqual(KEY)
  })

  test.each([
    ['nothing', ''],
    ['a short key', HEX.slice(2)],
    ['a long key', `${HEX}00`],
    ['a passphrase', 'correct horse battery staple correct horse battery staple'],
    ['hex with a prefix', `0x${HEX}`],
    ['something huge', 'A'.repeat(1000)],
  ])('is not %s, and no error repeats it', (_name, value) => {
    const attempt = () => loadSecretKey({ value })
    expect(attempt).toThrow(/QUITTANCE_SECRET_KEY must be 32 random bytes/)
    if (value !== '') expect(attempt).not.toThrow(value)
  })

  test('comes from a named file, which must exist', () => {
    const filePath = join(folder, 'named')
    expect(() => loadSecretKey({ filePath })).toThrow('does not exist')
    writeFileSync(filePath, `${BASE64}\n`)
    expect(loadSecretKey({ filePath, defaultPath: join(folder, 'unused') })).toEqual(KEY)
    expect(() => loadSecretKey({ filePath: folder })).toThrow('cannot be read')
    expect(() => loadSecretKey({ filePath, value: HEX })).toThrow('not both')
  })

  test('is made once in the state directory, for its owner alone', () => {
    const defaultPath = join(folder, 'state', 'secret.key')
    const key = loadSecretKey({ defaultPath })
    expect(loadSecretKey({ defaultPath })).toEqual(key)
    expect(statSync(defaultPath).mode & 0o777).toBe(0o600)
    expect(readFileSync(defaultPath, 'utf8').trim()).toBe(Buffer.from(key).toString('base64'))
  })

  test('is never replaced when its file is damaged', () => {
    const defaultPath = join(folder, 'damaged.key')
    writeFileSync(defaultPath, '')
    expect(() => loadSecretKey({ defaultPath })).toThrow('damaged.key must be 32 random bytes')
    expect(readFileSync(defaultPath, 'utf8')).toBe('')
  })

  test('is required where no default file is allowed', () => {
    expect(() => loadSecretKey({})).toThrow('is required')
  })
})

function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
