/**
 * Many deposit addresses of one account key at once, at a fraction of the cost of one after the
 * other. What is spared is the care against timing (everything here is public), and all divisions
 * but a few. Gives exactly what `deriveDepositAddress` gives.
 *
 * A child's public key is `parent + tweak * G` (BIP-32). The tweak is written in digits, of which
 * each names a point in a table of multiples of G: what is left is a sum of at most 30 points.
 */
import { secp256k1 } from '@noble/curves/secp256k1'
import { hmac } from '@noble/hashes/hmac'
import { sha512 } from '@noble/hashes/sha2'
import { keccak_256 } from '@noble/hashes/sha3'
import { bytesToHex, hexToBytes } from '@noble/hashes/utils'
import type { HDKey } from '@scure/bip32'
import { assert } from '../assert.ts'
import type { Address } from '../money/asset.ts'
import { type AccountKey, deriveDepositAddress, MAX_DERIVATION_INDEX } from './deposit-address.ts'
import { type AffinePoint, negate, sumPoints } from './sum-points.ts'

/** Sharing a division among more saves little, and a batch of this size takes a few milliseconds. */
export const DERIVATION_BATCH = 32
/** Fewer than these share too little: the library adds them without divisions. */
const TOGETHER_MIN = 6

const SCALAR_BYTES = 32
const SCALAR_BITS = 256
/**
 * Of one digit, which must lie in two bytes wherever it begins. One bit more makes a sum three points
 * shorter, a tenth, and the table twice as large.
 */
const DIGIT_BITS = 9
const DIGIT_MAX = 2 ** (DIGIT_BITS - 1)
const { ProjectivePoint } = secp256k1

type Multiples = readonly AffinePoint[]
/** Made once, in some hundredths of a second, when first needed; 1 MB. */
let table: readonly Multiples[] | null = null

/** Of account keys in use: a compressed key has a square root to take, as dear as one address. */
const parents = new WeakMap<HDKey, AffinePoint>()

/** Addresses of `m/44'/60'/account'/0/index` for each index, in their order. */
export function deriveDepositAddresses(account: AccountKey, indexes: readonly number[]): Address[] {
  const tweaks = deriveTweaks(account, indexes)
  // BIP-32 has a rule for tweaks that are no scalar, which nobody has ever seen one of.
  const children = tweaks.every((tweak) => secp256k1.utils.isValidPrivateKey(tweak))
    ? addTweaks(account, tweaks)
    : null
  if (children === null) return indexes.map((index) => deriveDepositAddress(account, index))
  return children.map(({ x, y }): Address => {
    const uncompressed = hexToBytes(toHex(x) + toHex(y))
    return `0x${bytesToHex(keccak_256(uncompressed).subarray(12))}`
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

/** `parent + tweak * G` for each tweak; null where the shared way does not know the sum. */
function addTweaks({ externalChain }: AccountKey, tweaks: readonly Uint8Array[]) {
  const parent = parents.get(externalChain) ?? readPoint(externalChain)
  parents.set(externalChain, parent)
  const summands = tweaks.map((tweak) => [parent, ...listMultiples(tweak)])
  if (tweaks.length >= TOGETHER_MIN) return sumPoints(summands)
  const sums = summands.map((points) =>
    points.map((point) => ProjectivePoint.fromAffine(point)).reduce((sum, point) => sum.add(point)),
  )
  return ProjectivePoint.normalizeZ(sums).map((sum) => {
    // On the curve, and not infinity.
    sum.assertValidity()
    return sum.toAffine()
  })
}

function readPoint({ publicKey }: HDKey): AffinePoint {
  return ProjectivePoint.fromHex(publicKey as Uint8Array).toAffine()
}

/**
 * Multiples of G that make `scalar * G`. Digits are signed, so that the table holds half of what
 * they can say: a digit above half becomes negative, and one is carried to the next.
 */
function listMultiples(scalar: Uint8Array): AffinePoint[] {
  const points: AffinePoint[] = []
  let carry = 0
  for (const [place, multiples] of tableOfG().entries()) {
    const bit = place * DIGIT_BITS
    const byte = SCALAR_BYTES - 1 - (bit >> 3)
    const twoBytes = ((scalar[byte - 1] ?? 0) << 8) | (scalar[byte] as number)
    const unsigned = ((twoBytes >> (bit & 7)) % 2 ** DIGIT_BITS) + carry
    carry = unsigned > DIGIT_MAX ? 1 : 0
    const digit = unsigned - carry * 2 ** DIGIT_BITS
    if (digit === 0) continue
    const multiple = multiples[Math.abs(digit) - 1] as AffinePoint
    points.push(digit < 0 ? negate(multiple) : multiple)
  }
  assert(carry === 0, 'the last digit has room for what is carried')
  return points
}

/** By place of a digit, the lowest first: 1 to `DIGIT_MAX` times what a one stands for there. */
function tableOfG(): readonly Multiples[] {
  if (table !== null) return table
  const units: (typeof ProjectivePoint.BASE)[] = []
  let unit = ProjectivePoint.BASE
  for (let bit = 0; bit < SCALAR_BITS; bit++) {
    if (bit % DIGIT_BITS === 0) units.push(unit)
    unit = unit.double()
  }
  let rows: Multiples[] = units.map((one) => [one.toAffine(), one.double().toAffine()])
  for (let known = 2; known < DIGIT_MAX; known += known - 1) {
    // Adding the highest to those below gives the next ones, and nowhere a point to itself.
    const sums = sumPoints(
      rows.flatMap((row) => row.slice(0, -1).map((point) => [point, row.at(-1) as AffinePoint])),
    )
    assert(sums !== null, 'different multiples of G are different points')
    rows = rows.map((row, i) => [...row, ...sums.slice(i * (known - 1), (i + 1) * (known - 1))])
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
  const copy = mac.clone()
  return indexes.map((index) => {
    assert(
      Number.isSafeInteger(index) && index >= 0 && index <= MAX_DERIVATION_INDEX,
      'derivation index is 0 to 2^31-1',
    )
    view.setUint32(publicKey.length, index)
    return mac._cloneInto(copy).update(data).digest().subarray(0, SCALAR_BYTES)
  })
}

/** 32 bytes, big-endian. */
function toHex(value: bigint): string {
  return value.toString(16).padStart(2 * SCALAR_BYTES, '0')
}
