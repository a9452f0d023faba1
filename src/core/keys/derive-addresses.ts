/**
 * Many deposit addresses of one account key at once, at about half the cost of one after the other.
 * The curve library does all arithmetic; what is spared is its care against timing (everything here
 * is public) and all but one division. Gives exactly what `deriveDepositAddress` gives.
 *
 * A child's public key is `parent + tweak * G` (BIP-32). What each byte of a tweak stands for is in
 * a table of multiples of G, so that a product is at most 32 additions.
 */
import { secp256k1 } from '@noble/curves/secp256k1'
import { hmac } from '@noble/hashes/hmac'
import { sha512 } from '@noble/hashes/sha2'
import { keccak_256 } from '@noble/hashes/sha3'
import { bytesToHex } from '@noble/hashes/utils'
import { assert } from '../assert.ts'
import type { Address } from '../money/asset.ts'
import { type AccountKey, deriveDepositAddress, MAX_DERIVATION_INDEX } from './deposit-address.ts'

/** Sharing a division among more saves little, and a batch of this size takes a few milliseconds. */
export const DERIVATION_BATCH = 32

const SCALAR_BYTES = 32
const { ProjectivePoint } = secp256k1

type Point = typeof ProjectivePoint.BASE
type Multiples = readonly (Point | undefined)[]
/** Made once, in about a tenth of a second, when first needed; 2 MB. */
let table: readonly Multiples[] | null = null

/** Addresses of `m/44'/60'/account'/0/index` for each index, in their order. */
export function deriveDepositAddresses(account: AccountKey, indexes: readonly number[]): Address[] {
  const tweaks = deriveTweaks(account, indexes)
  // BIP-32 has a rule for tweaks that are no scalar, which nobody has ever seen one of.
  if (!tweaks.every((tweak) => secp256k1.utils.isValidPrivateKey(tweak))) {
    return indexes.map((index) => deriveDepositAddress(account, index))
  }
  const parent = ProjectivePoint.fromHex(account.externalChain.publicKey as Uint8Array)
  const children = tweaks.map((tweak) => addMultipleOfG(parent, tweak))
  return ProjectivePoint.normalizeZ(children).map((point): Address => {
    const uncompressed = point.toRawBytes(false)
    return `0x${bytesToHex(keccak_256(uncompressed.subarray(1)).subarray(12))}`
  })
}

/** The same for as many indexes as there are, in batches. */
export function deriveAddressRange(account: AccountKey, indexes: readonly number[]): Address[] {
  const batches: Address[] = []
  for (let from = 0; from < indexes.length; from += DERIVATION_BATCH) {
    batches.push(...deriveDepositAddresses(account, indexes.slice(from, from + DERIVATION_BATCH)))
  }
  return batches
}

function addMultipleOfG(start: Point, scalar: Uint8Array): Point {
  return tableOfG().reduce((sum, multiples, place) => {
    const multiple = multiples[scalar[place] as number]
    return multiple === undefined ? sum : sum.add(multiple)
  }, start)
}

/** By place of a byte in a scalar (the first is the highest): the multiples of G it can stand for. */
function tableOfG(): readonly Multiples[] {
  if (table !== null) return table
  const rows: Multiples[] = []
  let unit = ProjectivePoint.BASE
  for (let place = SCALAR_BYTES - 1; place >= 0; place--) {
    const row = [unit]
    for (let byte = 2; byte <= 256; byte++) row.push((row[byte - 2] as Point).add(unit))
    unit = row.pop() as Point
    rows[place] = [undefined, ...ProjectivePoint.normalizeZ(row)]
  }
  table = rows
  return rows
}

/** Left halves of HMAC-SHA512(chain code, public key, index): what the child adds to its parent. */
function deriveTweaks({ externalChain }: AccountKey, indexes: readonly number[]): Uint8Array[] {
  const { publicKey, chainCode } = externalChain
  assert(publicKey !== null && chainCode !== null, 'a public node has key and chain code')
  const mac = hmac.create(sha512, chainCode)
  const data = new Uint8Array(publicKey.length + 4)
  data.set(publicKey)
  const view = new DataView(data.buffer)
  return indexes.map((index) => {
    assert(
      Number.isSafeInteger(index) && index >= 0 && index <= MAX_DERIVATION_INDEX,
      'derivation index is 0 to 2^31-1',
    )
    view.setUint32(publicKey.length, index)
    return mac.clone().update(data).digest().subarray(0, SCALAR_BYTES)
  })
}
