import { HDKey } from '@scure/bip32'
import { entropyToMnemonic, mnemonicToSeedSync, wordlists } from 'bip39'
import { mnemonicToAccount } from 'viem/accounts'
import { describe, expect, test } from 'vitest'
import {
  derivationPath,
  deriveDepositAddress,
  MAX_DERIVATION_INDEX,
  parseAccountKey,
} from '../../../src/core/keys/deposit-address.ts'

const WORDS = 'test test test test test test test test test test test junk'
const SEED = mnemonicToSeedSync(WORDS)

/** Version bytes of SLIP-132. */
const YPUB = { public: 0x049d7cb2, private: 0x049d7878 }
const ZPUB = { public: 0x04b24746, private: 0x04b2430c }
const TPUB = { public: 0x043587cf, private: 0x04358394 }

function nodeAt(path: string, versions?: { public: number; private: number }): HDKey {
  return HDKey.fromMasterSeed(SEED, versions).derive(path)
}

const XPUB = nodeAt("m/44'/60'/0'").publicExtendedKey

describe('parseAccountKey accepts', () => {
  test('an xpub of depth 3, and derives what a wallet derives', () => {
    const parsed = parseAccountKey(XPUB)
    if (!parsed.ok) throw new Error(parsed.detail)
    expect(parsed.key.xpub).toBe(XPUB)
    for (const addressIndex of [0, 1, 2, 1_000, MAX_DERIVATION_INDEX]) {
      const known = mnemonicToAccount(WORDS, { addressIndex }).address.toLowerCase()
      expect(deriveDepositAddress(parsed.key, addressIndex)).toBe(known)
    }
  })

  test('keys of two accounts, with two fingerprints', () => {
    const prints = ["m/44'/60'/0'", "m/44'/60'/1'"].map((path) => {
      const parsed = parseAccountKey(nodeAt(path).publicExtendedKey)
      return parsed.ok ? parsed.key.fingerprint : null
    })
    expect(prints[0]).toMatch(/^[0-9a-f]{32}$/)
    expect(prints[1]).toMatch(/^[0-9a-f]{32}$/)
    expect(prints[0]).not.toBe(prints[1])
  })
})

const PRIVATE_KEY = Buffer.from(nodeAt("m/44'/60'/0'/0/0").privateKey as Uint8Array).toString('hex')
const WORDS_24 = entropyToMnemonic(
  '8080808080808080808080808080808080808080808080808080808080808080',
)
const CHANGED = `${XPUB.slice(0, 50)}${XPUB[50] === 'a' ? 'b' : 'a'}${XPUB.slice(51)}`

// biome-ignore format: a table reads better in rows
const REFUSED: [string, string, string][] = [
  ['xprv of the account', nodeAt("m/44'/60'/0'").privateExtendedKey, 'private_key'],
  ['xprv of the root', nodeAt('m').privateExtendedKey, 'private_key'],
  ['xprv cut short', nodeAt('m').privateExtendedKey.slice(0, 60), 'private_key'],
  ['yprv', nodeAt("m/44'/60'/0'", YPUB).privateExtendedKey, 'private_key'],
  ['zprv', nodeAt("m/44'/60'/0'", ZPUB).privateExtendedKey, 'private_key'],
  ['tprv', nodeAt("m/44'/60'/0'", TPUB).privateExtendedKey, 'private_key'],
  ['mnemonic of 12 words', WORDS, 'mnemonic'],
  ['mnemonic of 24 words', WORDS_24, 'mnemonic'],
  ['mnemonic over several lines', WORDS.replaceAll(' ', '\n'), 'mnemonic'],
  ['mnemonic with a wrong checksum', WORDS.replace('junk', 'test'), 'mnemonic'],
  ['Japanese mnemonic', entropyToMnemonic('80'.repeat(16), wordlists.japanese), 'mnemonic'],
  ['private key', PRIVATE_KEY, 'private_key'],
  ['private key with a line end', `${PRIVATE_KEY}\n`, 'private_key'],
  ['xprv with a blank before it', ` ${nodeAt('m').privateExtendedKey}`, 'private_key'],
  ['private key with 0x', `0x${PRIVATE_KEY}`, 'private_key'],
  ['private key in capitals', PRIVATE_KEY.toUpperCase(), 'private_key'],
  ['ypub', nodeAt("m/49'/60'/0'", YPUB).publicExtendedKey, 'unsupported_version'],
  ['zpub', nodeAt("m/84'/60'/0'", ZPUB).publicExtendedKey, 'unsupported_version'],
  ['tpub', nodeAt("m/44'/1'/0'", TPUB).publicExtendedKey, 'unsupported_version'],
  ['xpub with one character changed', CHANGED, 'malformed'],
  ['xpub cut by one character', XPUB.slice(0, -1), 'malformed'],
  ['xpub with a blank before it', ` ${XPUB}`, 'malformed'],
  ['xpub with a line end', `${XPUB}\n`, 'malformed'],
  ['two xpubs', `${XPUB},${XPUB}`, 'malformed'],
  ['an address', mnemonicToAccount(WORDS).address, 'malformed'],
  ['nothing', '', 'malformed'],
  ['depth 0', nodeAt('m').publicExtendedKey, 'wrong_depth'],
  ['depth 1', nodeAt("m/44'").publicExtendedKey, 'wrong_depth'],
  ['depth 2', nodeAt("m/44'/60'").publicExtendedKey, 'wrong_depth'],
  ['depth 4', nodeAt("m/44'/60'/0'/0").publicExtendedKey, 'wrong_depth'],
  ['depth 5', nodeAt("m/44'/60'/0'/0/0").publicExtendedKey, 'wrong_depth'],
]

describe('SW-05 parseAccountKey refuses, without echo:', () => {
  test.each(REFUSED)('%s', (_name, text, fault) => {
    const answer = parseAccountKey(text)
    expect(answer).toMatchObject({ ok: false, fault })
    const told = JSON.stringify(answer)
    for (const part of text.split(/\s+/).filter((word) => word.length > 3)) {
      expect(told).not.toContain(part)
    }
    // Nor any stretch of it long enough to help somebody.
    for (let at = 0; at + 12 <= text.length; at++) {
      expect(told).not.toContain(text.slice(at, at + 12))
    }
  })
})

describe('derivation', () => {
  test.each([-1, 0.5, Number.NaN, MAX_DERIVATION_INDEX + 1])('index %s is a bug', (index) => {
    const parsed = parseAccountKey(XPUB)
    if (!parsed.ok) throw new Error(parsed.detail)
    expect(() => deriveDepositAddress(parsed.key, index)).toThrow('invariant broken')
  })

  test('the path is what wallets show', () => {
    expect(derivationPath(7)).toBe("m/44'/60'/0'/0/7")
    expect(derivationPath(7, 3)).toBe("m/44'/60'/3'/0/7")
  })
})
