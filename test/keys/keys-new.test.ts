import { validateMnemonic } from 'bip39'
import { mnemonicToAccount } from 'viem/accounts'
import { describe, expect, test } from 'vitest'
import { createMnemonic } from '../../src/entrypoints/keys/mnemonic.ts'
import { runKeys, spawnKeys, withoutNetwork } from './run-keys.ts'

const isolation = withoutNetwork()

function wordsOf(stdout: string): string {
  return /^Words: +(.+)$/m.exec(stdout)?.[1] ?? ''
}

describe('SW-01 keys new', () => {
  test('prints 24 words with a valid checksum, their xpub and first address', async () => {
    const run = await runKeys(['new'])
    const words = wordsOf(run.stdout)
    expect(run.code).toBe(0)
    expect(words.split(' ')).toHaveLength(24)
    expect(validateMnemonic(words)).toBe(true)
    expect(run.stdout).toContain(`${mnemonicToAccount(words).address}  m/44'/60'/0'/0/0`)
    const xpub = await runKeys(['xpub'], { stdin: words })
    expect(run.stdout).toContain(xpub.stdout.trim())
  })

  test('12 words of another account, as JSON', async () => {
    const run = await runKeys(['new', '--words', '12', '--account', '7', '--json'])
    const made = JSON.parse(run.stdout)
    expect(made.mnemonic.split(' ')).toHaveLength(12)
    expect(made.path).toBe("m/44'/60'/7'")
    expect(made.first_address).toBe(mnemonicToAccount(made.mnemonic, { accountIndex: 7 }).address)
    expect(made.fingerprint).toMatch(/^[0-9a-f]{32}$/)
  })

  test('warns on stderr, and keeps the words out of there', async () => {
    const run = await runKeys(['new'])
    expect(run.stderr).toContain('off line')
    expect(run.stderr).not.toContain(wordsOf(run.stdout).split(' ').slice(0, 2).join(' '))
  })

  test.each([
    ['--words', '18'],
    ['--words', 'twelve'],
    ['--words', '024'],
    ['--account', '-1'],
    ['--account', '2147483648'],
    ['--account', '1.5'],
    ['--account', '0x1'],
  ])('refuses %s %s, naming the option', async (option, value) => {
    const run = await runKeys(['new', `${option}=${value}`])
    expect(run).toMatchObject({ code: 2, stdout: '' })
    expect(run.stderr).toMatch(new RegExp(`^error: ${option}: takes [^\n]+\n$`))
  })

  test('refuses a random source that is dead or short', () => {
    expect(() => createMnemonic((count) => new Uint8Array(count), 24)).toThrow('invariant')
    expect(() => createMnemonic(() => new Uint8Array([1, 2, 3]), 24)).toThrow('invariant')
  })

  test('uses all the randomness it is given: 1,000 mnemonics without repeat', async () => {
    const { randomBytes } = await import('node:crypto')
    const seen = new Set<string>()
    for (let i = 0; i < 1_000; i++) {
      const mnemonic = createMnemonic(randomBytes, 24)
      expect(validateMnemonic(mnemonic)).toBe(true)
      seen.add(mnemonic)
    }
    expect(seen.size).toBe(1_000)
  })
})

describe.runIf(isolation !== null)(
  'without a network (skipped where unshare -n is not allowed)',
  () => {
    test('SW-01 keys new and SW-07 keys xpub work in a process of their own', async () => {
      const below = isolation ?? []
      const first = await spawnKeys(['new'], { below })
      expect(first.code).toBe(0)
      expect(validateMnemonic(wordsOf(first.stdout))).toBe(true)
      const xpub = await spawnKeys(['xpub'], { below, stdin: wordsOf(first.stdout) })
      expect(first.stdout).toContain(xpub.stdout.trim())
    })
  },
)
