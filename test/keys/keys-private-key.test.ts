import { secp256k1 } from '@noble/curves/secp256k1'
import { hmac } from '@noble/hashes/hmac'
import { sha512 } from '@noble/hashes/sha2'
import { bytesToHex, hexToBytes } from '@noble/hashes/utils'
import { HDKey } from '@scure/bip32'
import { mnemonicToSeedSync } from 'bip39'
import { privateKeyToAddress } from 'viem/accounts'
import { describe, expect, test } from 'vitest'
import { type KeysRun, runKeys } from './run-keys.ts'

const WORDS = 'test test test test test test test test test test test junk'
const FLAG = '--i-understand-xpub-risk'
const N = secp256k1.CURVE.n

const account = (number: number, passphrase = '') =>
  HDKey.fromMasterSeed(mnemonicToSeedSync(WORDS, passphrase)).derive(`m/44'/60'/${number}'`)
const hexOf = (key: HDKey) => bytesToHex(key.privateKey as Uint8Array)

/** k_parent = k_child - IL mod n, where IL needs nothing but public values (BIP-32). */
function climb(parent: HDKey, index: number, childKey: bigint): bigint {
  const data = new Uint8Array(37)
  data.set(parent.publicKey as Uint8Array)
  new DataView(data.buffer).setUint32(33, index)
  const left = hmac(sha512, parent.chainCode as Uint8Array, data).subarray(0, 32)
  return (childKey - BigInt(`0x${bytesToHex(left)}`) + N) % N
}

/** Every key of the account that could stand in an output, by any spelling of its digits. */
function showsKey(run: KeysRun, keys: readonly HDKey[]): boolean {
  const text = `${run.stdout}${run.stderr}`.toLowerCase()
  return keys.some((key) => text.includes(hexOf(key))) || /xprv/.test(text)
}

describe('SW-06 keys private-key', () => {
  test('SW-06 the xpub and one child key give the key of the account: why it is never shown', async () => {
    const xpub = (await runKeys(['xpub', '--account', '3'], { stdin: WORDS })).stdout.trim()
    const args = ['private-key', '--index', '7', '--account', '3', FLAG]
    const childKey = BigInt((await runKeys(args, { stdin: WORDS })).stdout.trim())
    // From here on: what a server knows, and one key.
    const published = HDKey.fromExtendedKey(xpub)
    expect(published.privateKey).toBeNull()
    const external = published.deriveChild(0)
    const accountKey = climb(published, 0, climb(external, 7, childKey))
    expect(accountKey.toString(16).padStart(64, '0')).toBe(hexOf(account(3)))
    const thief = new HDKey({
      privateKey: hexToBytes(accountKey.toString(16).padStart(64, '0')),
      chainCode: published.chainCode as Uint8Array,
    })
    const other = account(3).deriveChild(0).deriveChild(4_242)
    expect(hexOf(thief.deriveChild(0).deriveChild(4_242))).toBe(hexOf(other))
  })

  test('prints the key of its address alone on stdout, with the risk beside it', async () => {
    const run = await runKeys(['private-key', '--index', '2', FLAG], { stdin: WORDS })
    expect(run.code).toBe(0)
    expect(run.stdout).toBe(`0x${hexOf(account(0).deriveChild(0).deriveChild(2))}\n`)
    expect(run.stderr).toContain(privateKeyToAddress(run.stdout.trim() as `0x${string}`))
    expect(run.stderr).toContain('give the private key of the whole account')
    const secret = await runKeys(['private-key', '--index', '2', '--passphrase', FLAG], {
      stdin: `${WORDS}\nopen\n`,
    })
    expect(secret.stdout).toBe(`0x${hexOf(account(0, 'open').deriveChild(0).deriveChild(2))}\n`)
  })

  test('without the flag nothing is read or printed, and it says why', async () => {
    const run = await runKeys(['private-key', '--index', '2'], { typed: [WORDS] })
    expect(run).toMatchObject({ code: 2, stdout: '' })
    expect(run.stderr).not.toContain('Mnemonic')
    expect(run.stderr).toContain(`needs ${FLAG}`)
    expect(run.stderr).toContain('give the private key of the whole account')
  })

  test('an index that is none, or wrong words, is refused', async () => {
    for (const index of ['2147483648', '-1', 'x']) {
      const run = await runKeys(['private-key', '--index', index, FLAG], { stdin: WORDS })
      expect(run).toMatchObject({ code: 2, stdout: '' })
    }
    const run = await runKeys(['private-key', '--index', '1', FLAG], { stdin: `${WORDS} test` })
    expect(run).toMatchObject({ code: 2, stdout: '' })
    expect(run.stderr).not.toContain('junk')
  })

  test('SW-06 no other command shows a private key', async () => {
    const xpub = account(0).publicExtendedKey
    const keys = [account(0), account(0).deriveChild(0), account(0).deriveChild(1)]
    for (let index = 0; index < 5; index++) keys.push(account(0).deriveChild(0).deriveChild(index))
    const own = privateKeyToAddress(`0x${hexOf(keys[3] as HDKey)}`)
    for (const args of [
      ['xpub'],
      ['address', '--xpub', xpub, '--index', '0', '--count', '5'],
      ['verify-address', own, '--xpub', xpub],
      ['private-key', '--index', '0'],
      ['--help'],
      ['private-key', '--help'],
    ]) {
      const run = await runKeys(args, { stdin: WORDS })
      expect([args, showsKey(run, keys)]).toEqual([args, false])
    }
    const shown = await runKeys(['private-key', '--index', '1', FLAG], { stdin: WORDS })
    expect(showsKey(shown, keys)).toBe(true)
  })
})
