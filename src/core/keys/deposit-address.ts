/**
 * From the merchant's account-level extended public key to the address of one invoice:
 * `m/44'/60'/account'` is the key we are given, `/0/index` is ours to derive (BIP-32, BIP-44).
 */
import { secp256k1 } from '@noble/curves/secp256k1'
import { sha256 } from '@noble/hashes/sha2'
import { keccak_256 } from '@noble/hashes/sha3'
import { bytesToHex, concatBytes } from '@noble/hashes/utils'
import { HDKey } from '@scure/bip32'
import { assert } from '../assert.ts'
import type { Address } from '../money/asset.ts'

/** Purpose, coin type and account: an account key stands three levels below the seed (BIP-44). */
const ACCOUNT_DEPTH = 3
/**
 * Child numbers from here on are hardened (BIP-32). With a normal account number, one leaked child key
 * would open every account.
 */
const HARDENED_FROM = 2 ** 31
/** BIP-44 chains: addresses shown to others, and those of our own. */
const EXTERNAL_CHAIN = 0
const INTERNAL_CHAIN = 1
/**
 * Accounts of each internal chain that are known to be the merchant's: sponsor, payer, and some to
 * spare. Nobody needs many.
 */
export const INTERNAL_ACCOUNTS = 5
/** Normal (not hardened) indexes end here (BIP-32). */
export const MAX_DERIVATION_INDEX = 2 ** 31 - 1
/** Public keys have one of these first bytes when compressed (SEC 1); private ones have 0x00. */
const HEX_PRIVATE_KEY = /^(0x)?[0-9a-fA-F]{64}$/

export type AccountKey = {
  readonly xpub: string
  /** Hex of the first 16 bytes of SHA-256(public key, chain code): the same for the same account. */
  readonly fingerprint: string
  /** N of `m/44'/60'/N'`, as the key itself says. */
  readonly accountNumber: number
  readonly externalChain: HDKey
  /** Of the sponsor, who pays for collecting. */
  readonly internalChain: HDKey
}

export type AccountKeyFault =
  | 'private_key'
  | 'mnemonic'
  | 'unsupported_version'
  | 'malformed'
  | 'wrong_depth'
  | 'not_hardened'

export type ParsedAccountKey =
  | { readonly ok: true; readonly key: AccountKey }
  | { readonly ok: false; readonly fault: AccountKeyFault; readonly detail: string }

/**
 * Accepts an `xpub...` of depth 3 alone. Everything else is refused by kind; the text itself is never
 * part of the answer, since what was pasted by mistake may be a secret.
 */
export function parseAccountKey(text: string): ParsedAccountKey {
  const secret = recogniseSecret(text)
  if (secret !== null) return secret
  if (/^[a-zA-Z]pub/.test(text) && !text.startsWith('xpub')) {
    return refuse('unsupported_version', 'only keys that begin with xpub are accepted')
  }
  const node = readExtendedKey(text)
  if (node === null)
    return refuse('malformed', 'not an extended public key, or its checksum is wrong')
  if (node.privateKey !== null) return refuse('private_key', PRIVATE_KEY_DETAIL)
  if (node.depth !== ACCOUNT_DEPTH) {
    return refuse(
      'wrong_depth',
      `depth is ${node.depth}; an account key (m/44'/60'/0') has depth 3`,
    )
  }
  if (node.index < HARDENED_FROM) {
    return refuse('not_hardened', "the account is not hardened; derive it as m/44'/60'/0'")
  }
  assert(node.publicKey !== null && node.chainCode !== null, 'a public node has key and chain code')
  const digest = sha256(concatBytes(node.publicKey, node.chainCode))
  const key: AccountKey = {
    xpub: text,
    fingerprint: bytesToHex(digest.subarray(0, 16)),
    accountNumber: node.index - HARDENED_FROM,
    externalChain: node.deriveChild(EXTERNAL_CHAIN),
    internalChain: node.deriveChild(INTERNAL_CHAIN),
  }
  return { ok: true, key }
}

/** Address of `m/44'/60'/account'/0/index`: the last 20 bytes of keccak256 of the public key. */
export function deriveDepositAddress(account: AccountKey, index: number): Address {
  assert(
    Number.isSafeInteger(index) && index >= 0 && index <= MAX_DERIVATION_INDEX,
    'derivation index is 0 to 2^31-1',
  )
  return publicKeyToAddress(account.externalChain.deriveChild(index).publicKey as Uint8Array)
}

/** Address of `m/44'/60'/account'/1/index`, which pays for collecting (core/sweep). */
export function deriveSponsorAddress(account: AccountKey, index: number): Address {
  return publicKeyToAddress(account.internalChain.deriveChild(index).publicKey as Uint8Array)
}

/** Address of a compressed or uncompressed public key, lower case. */
export function publicKeyToAddress(publicKey: Uint8Array): Address {
  const uncompressed = secp256k1.ProjectivePoint.fromHex(publicKey).toRawBytes(false)
  return `0x${bytesToHex(keccak_256(uncompressed.subarray(1)).subarray(12))}`
}

/** Path shown to people and wallets. The account is 0 unless the merchant says otherwise. */
export function derivationPath(index: number, account = 0): string {
  return `m/44'/60'/${account}'/${EXTERNAL_CHAIN}/${index}`
}

const PRIVATE_KEY_DETAIL = 'this is a private key; the server takes only a public one (xpub)'

function recogniseSecret(given: string): ParsedAccountKey | null {
  const text = given.trim()
  if (/^[a-zA-Z]prv/.test(text) || HEX_PRIVATE_KEY.test(text)) {
    return refuse('private_key', PRIVATE_KEY_DETAIL)
  }
  const words = text.split(/\s+/)
  if (words.length >= 12 && words.every((word) => /^[\p{L}\p{M}]+$/u.test(word))) {
    return refuse('mnemonic', 'this looks like a mnemonic; the server takes only an xpub')
  }
  return null
}

function readExtendedKey(text: string): HDKey | null {
  try {
    return HDKey.fromExtendedKey(text)
  } catch {
    return null
  }
}

function refuse(fault: AccountKeyFault, detail: string): ParsedAccountKey {
  return { ok: false, fault, detail }
}
