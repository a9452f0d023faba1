import { HDKey } from '@scure/bip32'
import { entropyToMnemonic, mnemonicToEntropy } from 'bip39'
import { describe, expect, test } from 'vitest'
import { createMnemonic, deriveSeed, parseMnemonic } from '../../src/entrypoints/keys/mnemonic.ts'
import bip32 from '../vectors/bip32.json' with { type: 'json' }
import bip39 from '../vectors/bip39.json' with { type: 'json' }

describe('SW-01 BIP-39 vectors', () => {
  test.each(bip39.vectors)('$entropy', ({ entropy, mnemonic, seed, xprv }) => {
    expect(entropyToMnemonic(entropy)).toBe(mnemonic)
    expect(mnemonicToEntropy(mnemonic)).toBe(entropy)
    expect(parseMnemonic(mnemonic)).toBe(mnemonic)
    const derived = deriveSeed(mnemonic, bip39.passphrase)
    expect(Buffer.from(derived).toString('hex')).toBe(seed)
    expect(HDKey.fromMasterSeed(derived).privateExtendedKey).toBe(xprv)
  })

  test('our own way from randomness to words makes the vectors too', () => {
    const made = bip39.vectors.filter(({ entropy }) => [32, 64].includes(entropy.length))
    const varied = made.filter(({ entropy }) => new Set(Buffer.from(entropy, 'hex')).size > 1)
    expect(varied.length).toBeGreaterThan(5)
    for (const { entropy, mnemonic } of varied) {
      const bytes = Buffer.from(entropy, 'hex')
      const wordCount = bytes.length === 16 ? 12 : 24
      expect(createMnemonic(() => bytes, wordCount)).toBe(mnemonic)
    }
  })
})

describe('SW-01 BIP-32 vectors', () => {
  const cases = bip32.vectors.flatMap(({ seed, chains }) =>
    chains.map((chain) => ({ seed, ...chain })),
  )
  test.each(cases)('$path of $seed', ({ seed, path, xpub, xprv }) => {
    const node = HDKey.fromMasterSeed(Buffer.from(seed, 'hex')).derive(path)
    expect(node.publicExtendedKey).toBe(xpub)
    expect(node.privateExtendedKey).toBe(xprv)
  })

  test('public derivation gives what private derivation gives', () => {
    for (const { xpub, child } of publicSteps()) {
      expect(HDKey.fromExtendedKey(xpub).deriveChild(child.number).publicExtendedKey).toBe(
        child.xpub,
      )
    }
  })
})

/** Neighbours of a vector whose step is not hardened. */
function publicSteps() {
  return bip32.vectors.flatMap(({ chains }) =>
    chains.slice(1).flatMap((chain, i) => {
      const step = chain.path.split('/').at(-1) as string
      if (step.endsWith("'")) return []
      const parent = chains[i] as (typeof chains)[number]
      return [{ xpub: parent.xpub, child: { number: Number(step), xpub: chain.xpub } }]
    }),
  )
}
