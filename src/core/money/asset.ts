/**
 * An asset is named by its CAIP-19 id: `eip155:8453/slip44:60` for a native coin,
 * `eip155:8453/erc20:0x...` (lower case) for a token. The lower-case form is
 * the identity everywhere, also in answers. Symbols are for people and never matched.
 */
import { keccak_256 } from '@noble/hashes/sha3'
import { utf8ToBytes } from '@noble/hashes/utils'

/** 20 bytes as `0x` and 40 lower-case hex digits. The checksum form exists only on the way out. */
export type Address = `0x${string}`
/** 32 bytes as `0x` and 64 lower-case hex digits. */
export type Hash = `0x${string}`

export type AssetId = `eip155:${number}/${string}`

export type Asset = {
  readonly id: AssetId
  readonly chainId: number
  /** Null for the chain's native coin. */
  readonly token: Address | null
  readonly symbol: string
  /** Digits of the fraction: one coin is 10^decimals units. 0 to 36. */
  readonly decimals: number
}

const ADDRESS = /^0x[0-9a-fA-F]{40}$/

/** Any case of hex to the one form used inside; null when it is no address. Mixed case is not judged. */
export function parseAddress(text: string): Address | null {
  return ADDRESS.test(text) ? (text.toLowerCase() as Address) : null
}

export type TypedAddress =
  | { readonly ok: true; readonly address: Address }
  | { readonly ok: false; readonly fault: 'malformed' | 'checksum' }

/**
 * An address that a person typed or copied: one case of hex throughout, or mixed case that is the
 * right checksum (EIP-55).
 */
export function parseTypedAddress(text: string): TypedAddress {
  const address = parseAddress(text)
  if (address === null) return { ok: false, fault: 'malformed' }
  const digits = text.slice(2)
  const hasOneCase = digits === digits.toLowerCase() || digits === digits.toUpperCase()
  const isRight = hasOneCase || toChecksumAddress(address) === text
  return isRight ? { ok: true, address } : { ok: false, fault: 'checksum' }
}

/**
 * Checksum forms remembered at the same time, some 200 bytes each: an invoice shows its address in
 * every answer and event, and each form costs a hash. Beyond it the oldest is forgotten.
 */
const MAX_CHECKSUMS = 8_192
const checksums = new Map<Address, Address>()

/** EIP-55 form, for people. */
export function toChecksumAddress(address: Address): Address {
  const known = checksums.get(address)
  if (known !== undefined) return known
  const form = writeChecksum(address)
  if (checksums.size >= MAX_CHECKSUMS) checksums.delete(checksums.keys().next().value as Address)
  checksums.set(address, form)
  return form
}

/**
 * EIP-55: a letter is upper case where the hash of the lower-case digits has 8 or more. By hand,
 * since the library around it costs a third of what a start takes.
 */
function writeChecksum(address: Address): Address {
  const digits = address.slice(2).toLowerCase()
  const hash = keccak_256(utf8ToBytes(digits))
  let form: Address = '0x'
  for (let i = 0; i < digits.length; i += 1) {
    const isHigh = (hash[i >> 1]! & (i % 2 === 0 ? 0x80 : 0x08)) !== 0
    form += isHigh ? digits[i]!.toUpperCase() : digits[i]!
  }
  return form
}

/** SLIP-44 coin type of native coins on EVM chains; 60 for all, as wallets derive by it. */
const NATIVE_COIN_TYPE = 60

export function nativeAssetId(chainId: number): AssetId {
  return `eip155:${chainId}/slip44:${NATIVE_COIN_TYPE}`
}

export function tokenAssetId(chainId: number, token: Address): AssetId {
  return `eip155:${chainId}/erc20:${token.toLowerCase()}`
}

/** The chain an asset lies on. */
export function chainIdOf(id: AssetId): number {
  return Number.parseInt(id.slice('eip155:'.length), 10)
}

/** Accepts any case of a token address; null when the text is not an asset id. */
export function parseAssetId(text: string): AssetId | null {
  const match = /^eip155:([1-9]\d{0,15})\/(?:slip44:60|erc20:(0x[0-9a-fA-F]{40}))$/.exec(text)
  if (match === null) return null
  const chainId = Number.parseInt(match[1] as string, 10)
  return match[2] === undefined
    ? nativeAssetId(chainId)
    : tokenAssetId(chainId, match[2].toLowerCase() as Address)
}
