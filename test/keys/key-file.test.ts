/** Words behind a password: made, opened by every command that needs words, and never without it. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { scrypt } from '@noble/hashes/scrypt'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { permissionsFor } from '../../src/entrypoints/cli/run-offline.ts'
import { TEST_MNEMONIC, TEST_XPUB } from '../support/gateway-process.ts'
import { runKeys } from './run-keys.ts'

const PASSWORD = 'pass word and 12 more'
const folder = mkdtempSync(join(tmpdir(), 'quittance-key-file-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const path = join(folder, 'wallet.json')

let files = 0
async function encrypt(stdin: string, out = join(folder, `other-${++files}.json`)) {
  return { out, ...(await runKeys(['encrypt', '--out', out], { stdin })) }
}

beforeAll(async () => {
  const run = await encrypt(`${TEST_MNEMONIC}\n${PASSWORD}\n`, path)
  expect(run).toMatchObject({ code: 0, stderr: '' })
})

describe('keys encrypt', () => {
  test('makes a file for its owner alone, without a word of the words', async () => {
    expect(statSync(path).mode & 0o777).toBe(0o600)
    const text = readFileSync(path, 'utf8')
    for (const word of ['test', 'junk', PASSWORD]) expect(text).not.toContain(word)
    const run = await runKeys(['xpub', '--key-file', path], { stdin: `${PASSWORD}\n` })
    expect(run).toMatchObject({ code: 0, stdout: `${TEST_XPUB}\n` })
    expect(`${run.stdout}${run.stderr}`).not.toContain('junk')
  })

  test('twice the same words are not the same file', async () => {
    const { out } = await encrypt(`${TEST_MNEMONIC}\n${PASSWORD}`)
    const [one, other] = [path, out].map((file) => JSON.parse(readFileSync(file, 'utf8')))
    expect(one.kdf.salt).not.toBe(other.kdf.salt)
    expect(one.nonce).not.toBe(other.nonce)
    expect(one.data).not.toBe(other.data)
  })

  test('is what it says: scrypt and AES-256-GCM, opened by other implementations', async () => {
    const { data, ...header } = JSON.parse(readFileSync(path, 'utf8'))
    expect(header).toMatchObject({ kdf: { name: 'scrypt', n: 131_072, r: 8, p: 1 } })
    const { n: N, r, p, salt } = header.kdf
    const bytes = scrypt(PASSWORD, Buffer.from(salt, 'hex'), { N, r, p, dkLen: 32 })
    const raw = Uint8Array.from(bytes)
    const key = await crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['decrypt'])
    const iv = Buffer.from(header.nonce, 'hex')
    const additionalData = Buffer.from(JSON.stringify(header))
    const terms = { name: 'AES-GCM', iv, additionalData, tagLength: 128 }
    const opened = await crypto.subtle.decrypt(terms, key, Buffer.from(data, 'hex'))
    expect(Buffer.from(opened).toString()).toBe(TEST_MNEMONIC)
  })

  test.each([
    ['a short password', `${TEST_MNEMONIC}\nshort`, 'fewer than 12 characters'],
    ['no password', TEST_MNEMONIC, 'password: its line is missing'],
    ['wrong words', `${TEST_MNEMONIC} junk\n${PASSWORD}`, 'mnemonic:'],
  ])('refuses %s', async (_name, stdin, fault) => {
    const run = await encrypt(stdin)
    expect(run).toMatchObject({ code: 2, stdout: '' })
    expect(run.stderr).toContain(fault)
    expect(() => statSync(run.out)).toThrow()
  })

  test('refuses to write over a file', async () => {
    const before = readFileSync(path, 'utf8')
    expect(await encrypt(`${TEST_MNEMONIC}\n${PASSWORD}`, path)).toMatchObject({ code: 2 })
    expect(readFileSync(path, 'utf8')).toBe(before)
  })

  test('asks a person for the password twice', async () => {
    const out = join(folder, 'typed.json')
    const args = ['encrypt', '--out', out]
    const slip = await runKeys(args, { typed: [TEST_MNEMONIC, PASSWORD, `${PASSWORD}r`] })
    expect(slip).toMatchObject({ code: 2 })
    expect(slip.stderr).toContain('password: the two entries differ')
    const run = await runKeys(args, { typed: [TEST_MNEMONIC, PASSWORD, PASSWORD] })
    expect(run).toMatchObject({ code: 0 })
    expect(`${run.stdout}${run.stderr}`).not.toContain('junk')
  })
})

/** `hex` with another first byte, whatever it was: the data of a key file is random. */
function otherFirstByte(hex: string): string {
  const [first] = Buffer.from(hex, 'hex')
  return Buffer.from([first! ^ 1]).toString('hex') + hex.slice(2)
}

describe('--key-file', () => {
  test.each<[string, (file: any) => unknown, string]>([
    ['a wrong password', (file) => file, 'the password is wrong, or the file was changed'],
    ['other data', (file) => ({ ...file, data: otherFirstByte(file.data) }), 'wrong'],
    ['another nonce', (file) => ({ ...file, nonce: otherFirstByte(file.nonce) }), 'wrong'],
    ['a cut tag', (file) => ({ ...file, data: file.data.slice(0, 8) }), 'wrong'],
    ['a weaker key', (file) => ({ ...file, kdf: { ...file.kdf, n: 2 } }), 'no key file'],
    ['a dearer key', (file) => ({ ...file, kdf: { ...file.kdf, n: 2 ** 30 } }), 'no key file'],
    ['a field more', (file) => ({ ...file, x: 1 }), 'no key file'],
    ['something else', () => [], 'no key file'],
  ])('%s opens nothing', async (name, change, fault) => {
    const changed = join(folder, `changed-${++files}.json`)
    writeFileSync(changed, JSON.stringify(change(JSON.parse(readFileSync(path, 'utf8')))))
    const stdin = name === 'a wrong password' ? `${PASSWORD}!` : PASSWORD
    const run = await runKeys(['xpub', '--key-file', changed], { stdin })
    expect(run).toMatchObject({ code: 2, stdout: '' })
    expect(run.stderr).toContain(`--key-file: ${fault.startsWith('no') ? 'is ' : ''}`)
    expect(run.stderr).toContain(fault)
  })

  test('a BIP-39 passphrase is asked for beside it, on a line of its own', async () => {
    const args = ['xpub', '--passphrase']
    const words = await runKeys(args, { stdin: `${TEST_MNEMONIC}\nextra` })
    const file = await runKeys([...args, '--key-file', path], { stdin: `${PASSWORD}\nextra\n` })
    expect(file).toMatchObject({ code: 0, stdout: words.stdout })
    expect(file.stdout).not.toBe(`${TEST_XPUB}\n`)
  })

  test('the tool may read that file, and write the one that `encrypt` makes', () => {
    expect(permissionsFor(['xpub', '--key-file', path])).toContain(`--allow-fs-read=${path}`)
    expect(permissionsFor(['xpub', `--key-file=${path}`])).toContain(`--allow-fs-read=${path}`)
    expect(permissionsFor(['encrypt', '--out', path])).toContain(`--allow-fs-write=${path}`)
    expect(permissionsFor(['xpub', '--out', path])).not.toContain(`--allow-fs-write=${path}`)
  })
})
