import { HDKey } from '@scure/bip32'
import { entropyToMnemonic, mnemonicToSeedSync, wordlists } from 'bip39'
import { mnemonicToAccount, privateKeyToAddress, HDKey as ViemHdKey } from 'viem/accounts'
import { describe, expect, test } from 'vitest'
import { deriveDepositAddress, parseAccountKey } from '../../src/core/keys/deposit-address.ts'
import { toChecksumAddress } from '../../src/core/money/asset.ts'
import { runKeys, spawnKeys } from './run-keys.ts'

const WORDS = 'test test test test test test test test test test test junk'

/** What an independent implementation says. */
function expectedXpub(words: string, account = 0, passphrase = ''): string {
  const seed = mnemonicToSeedSync(words, passphrase)
  return ViemHdKey.fromMasterSeed(seed).derive(`m/44'/60'/${account}'`).publicExtendedKey
}

describe('keys xpub', () => {
  test('prints the xpub alone on stdout', async () => {
    const run = await runKeys(['xpub'], { stdin: WORDS })
    expect(run).toMatchObject({ code: 0, stdout: `${expectedXpub(WORDS)}\n` })
  })

  test.each([
    ['blanks, tabs and line ends', `\n  ${WORDS.replaceAll(' ', ' \t\r\n ')}  \n`],
    ['capital letters', WORDS.toUpperCase()],
    ['full-width letters (NFKD)', WORDS.replaceAll('t', 'ｔ')],
  ])('reads the same words through %s', async (_name, stdin) => {
    const run = await runKeys(['xpub'], { stdin })
    expect(run.stdout.trim()).toBe(expectedXpub(WORDS))
  })

  test.each(['spanish', 'french', 'japanese', 'korean', 'chinese_simplified'])(
    'reads %s words, composed or decomposed',
    async (language) => {
      const words = entropyToMnemonic('8080808080808080808080808080808f', wordlists[language])
      for (const form of ['NFC', 'NFD'] as const) {
        const run = await runKeys(['xpub'], { stdin: words.normalize(form) })
        expect(run.stdout.trim()).toBe(expectedXpub(words))
      }
    },
  )

  test('another account and a passphrase are another key', async () => {
    const account = await runKeys(['xpub', '--account', '5'], { stdin: WORDS })
    expect(account.stdout.trim()).toBe(expectedXpub(WORDS, 5))
    const secret = await runKeys(['xpub', '--passphrase'], { stdin: `${WORDS}\n pass Å \n` })
    expect(secret.stdout.trim()).toBe(expectedXpub(WORDS, 0, ' pass Å '))
    expect(secret.stderr).not.toContain('pass Å')
  })

  test('asks a person without showing what is typed', async () => {
    const run = await runKeys(['xpub', '--passphrase'], { typed: [WORDS, 'öpen', 'öpen'] })
    expect(run.stdout.trim()).toBe(expectedXpub(WORDS, 0, 'öpen'))
    expect(run.stderr).toContain('Mnemonic (not shown): ')
    expect(`${run.stdout}${run.stderr}`).not.toMatch(/junk|öpen/)
  })

  test('a slip in the passphrase, or an end of input at a prompt, is an error', async () => {
    const slip = await runKeys(['xpub', '--passphrase'], { typed: [WORDS, 'one', 'two'] })
    expect(slip).toMatchObject({ code: 2, stdout: '' })
    expect(slip.stderr).toContain('error: --passphrase: the two entries differ.')
    const ended = await runKeys(['xpub'], { typed: [] })
    expect(ended).toMatchObject({ code: 2, stdout: '' })
  })

  test.each([
    ['nothing', '', 'no words were given'],
    ['11 words', WORDS.slice(5), 'not 11'],
    ['13 words', `${WORDS} junk`, 'not 13'],
    ['a word of no list', WORDS.replace('junk', 'junkk'), 'word 12 is in no word list'],
    ['a wrong checksum', WORDS.replace('junk', 'test'), 'the checksum is wrong'],
    ['a private key', 'ab'.repeat(32), 'not 1'],
    ['too much', 'test '.repeat(10_000), 'more than'],
  ])('refuses %s without echo', async (_name, stdin, reason) => {
    const run = await runKeys(['xpub'], { stdin })
    expect(run).toMatchObject({ code: 2, stdout: '' })
    expect(run.stderr).toContain(reason)
    expect(run.stderr.trim().split('\n')).toHaveLength(1)
    expect(run.stderr).not.toMatch(/junk|test|abab/)
  })

  test('refuses a missing passphrase line', async () => {
    const run = await runKeys(['xpub', '--passphrase'], { stdin: WORDS })
    expect(run).toMatchObject({ code: 2, stdout: '' })
    expect(run.stderr).toContain('--passphrase')
  })
})

describe('words are never taken as arguments', () => {
  test.each([
    [['xpub', ...WORDS.split(' ')]],
    [['xpub', WORDS]],
    [['new', WORDS]],
    [[WORDS]],
    [WORDS.split(' ')],
    [['xpub', `--mnemonic=${WORDS}`]],
    [['xpub', '--junk']],
    [['address', '--xpub', WORDS, '--index', '0']],
    [['verify-address', WORDS, '--xpub', expectedXpub(WORDS)]],
    [['new', '--account', WORDS]],
  ])('%j is refused without echo', async (args) => {
    const run = await runKeys(args, { stdin: WORDS })
    expect(run).toMatchObject({ code: 2, stdout: '' })
    expect(run.stderr).toMatch(/^error: [^\n]+\n$/)
    expect(run.stderr).not.toContain('junk')
  })

  test('the real process says the same, and prints no stack', async () => {
    const run = await spawnKeys(['xpub', WORDS])
    expect(run).toMatchObject({ code: 2, stdout: '' })
    expect(run.stderr).toMatch(/^error: [^\n]+\n$/)
    expect(run.stderr).not.toContain('junk')
  })

  test('the environment is not read either', async () => {
    const env = { MNEMONIC: WORDS, QUITTANCE_MNEMONIC: WORDS }
    const run = await spawnKeys(['xpub'], { env })
    expect(run).toMatchObject({ code: 2, stdout: '' })
    expect(run.stderr).toContain('no words were given on standard input')
  })
})

describe('SW-02 the xpub gives the addresses of an independent implementation', () => {
  test('first 1,000', async () => {
    const { stdout } = await runKeys(['xpub'], { stdin: WORDS })
    const parsed = parseAccountKey(stdout.trim())
    if (!parsed.ok) throw new Error(parsed.detail)
    // By private derivation, which shares no step with the public one of the gateway.
    const chain = HDKey.fromMasterSeed(mnemonicToSeedSync(WORDS)).derive("m/44'/60'/0'/0")
    for (let index = 0; index < 1_000; index++) {
      const ours = toChecksumAddress(deriveDepositAddress(parsed.key, index))
      expect(ours).toBe(addressOfPrivateKey(chain.deriveChild(index)))
    }
    const known = mnemonicToAccount(WORDS, { addressIndex: 999 }).address
    expect(toChecksumAddress(deriveDepositAddress(parsed.key, 999))).toBe(known)
  })
})

function addressOfPrivateKey(node: HDKey): string {
  return privateKeyToAddress(`0x${Buffer.from(node.privateKey as Uint8Array).toString('hex')}`)
}
