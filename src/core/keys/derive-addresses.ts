/**
 * Many deposit addresses of one account key at once, at an eighth of the cost of one after the other.
 * Gives exactly what `deriveDepositAddress` gives, which a test holds; everything here is public, so
 * time may tell what it likes.
 *
 * A child's public key is `parent + tweak * G` (BIP-32). The multiples of G that a byte of the tweak
 * can stand for are in a table, so that a product is 32 additions; each of them needs a division,
 * and all keys of a batch share one (Montgomery's trick).
 */
import { secp256k1 } from '@noble/curves/secp256k1'
import { hmac } from '@noble/hashes/hmac'
import { sha512 } from '@noble/hashes/sha2'
import { keccak_256 } from '@noble/hashes/sha3'
import { bytesToHex, hexToBytes } from '@noble/hashes/utils'
import { assert } from '../assert.ts'
import type { Address } from '../money/asset.ts'
import { type AccountKey, deriveDepositAddress, MAX_DERIVATION_INDEX } from './deposit-address.ts'

/** Sharing a division among more saves little, and a batch of this size takes a few milliseconds. */
export const DERIVATION_BATCH = 32

/** The field of secp256k1. */
const P = 2n ** 256n - 2n ** 32n - 977n
const SCALAR_BYTES = 32
const COORDINATE_DIGITS = 64

type Point = { readonly x: bigint; readonly y: bigint }
/** Points on their way: coordinates by place in the batch, not always reduced to above zero. */
type Sums = { readonly x: bigint[]; readonly y: bigint[] }

/** Addresses of `m/44'/60'/account'/0/index` for each index, in their order. */
export function deriveDepositAddresses(account: AccountKey, indexes: readonly number[]): Address[] {
  const tweaks = deriveTweaks(account, indexes)
  const oneByOne = () => indexes.map((index) => deriveDepositAddress(account, index))
  // BIP-32 has a rule for tweaks that are no scalar, which nobody has ever seen one of.
  if (!tweaks.every((tweak) => secp256k1.utils.isValidPrivateKey(tweak))) return oneByOne()
  const parent = secp256k1.ProjectivePoint.fromHex(account.externalChain.publicKey as Uint8Array)
  const { x, y } = parent.toAffine()
  const sums: Sums = { x: indexes.map(() => x), y: indexes.map(() => y) }
  for (const [place, multiples] of tableOfG().entries()) {
    const added = tweaks.map((tweak) => multiples[tweak[place] as number] ?? null)
    // A division by zero: two of the points are equal, which no honest key ever leads to.
    if (!addPoints(sums, added)) return oneByOne()
  }
  return indexes.map((_, i) => toAddress(sums.x[i] as bigint, sums.y[i] as bigint))
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

/** Adds a point to each sum (null adds nothing). False when an addition is not possible. */
function addPoints(sums: Sums, added: readonly (Point | null)[]): boolean {
  const before: bigint[] = []
  const distances: bigint[] = []
  let product = 1n
  for (const [i, point] of added.entries()) {
    const distance = point === null ? 1n : point.x - (sums.x[i] as bigint)
    before.push(product)
    distances.push(distance)
    product = (product * distance) % P
  }
  if (product === 0n) return false
  let inverse = invert(product)
  for (let i = added.length - 1; i >= 0; i--) {
    const point = added[i] as Point | null
    const share = (inverse * (before[i] as bigint)) % P
    inverse = (inverse * (distances[i] as bigint)) % P
    if (point === null) continue
    const x = sums.x[i] as bigint
    const y = sums.y[i] as bigint
    const slope = ((point.y - y) * share) % P
    const sumX = (slope * slope - x - point.x) % P
    sums.x[i] = sumX
    sums.y[i] = (slope * (x - sumX) - y) % P
  }
  return true
}

/** 1 / value modulo P, by the extended algorithm of Euclid. */
function invert(value: bigint): bigint {
  let [rest, divisor] = [reduce(value), P]
  let [share, next] = [1n, 0n]
  while (rest !== 0n) {
    const quotient = divisor / rest
    ;[divisor, rest] = [rest, divisor % rest]
    ;[next, share] = [share, next - quotient * share]
  }
  return reduce(next)
}

function reduce(value: bigint): bigint {
  const rest = value % P
  return rest < 0n ? rest + P : rest
}

function toAddress(x: bigint, y: bigint): Address {
  const [px, py] = [reduce(x), reduce(y)]
  assert((py * py - px * px * px - 7n) % P === 0n, 'a derived key is a point of the curve')
  const hex = [px, py].map((value) => value.toString(16).padStart(COORDINATE_DIGITS, '0')).join('')
  return `0x${bytesToHex(keccak_256(hexToBytes(hex)).subarray(12))}`
}

type Multiples = readonly (Point | undefined)[]
let table: readonly Multiples[] | null = null

/** By place of a byte in a scalar (the first is the highest), what its values stand for. 2 MB. */
function tableOfG(): readonly Multiples[] {
  if (table !== null) return table
  const { BASE, normalizeZ } = secp256k1.ProjectivePoint
  const rows: Multiples[] = []
  let unit = BASE
  for (let place = SCALAR_BYTES - 1; place >= 0; place--) {
    const row = [unit]
    for (let byte = 2; byte <= 256; byte++) row.push((row[byte - 2] as typeof unit).add(unit))
    unit = row.pop() as typeof unit
    rows[place] = [undefined, ...normalizeZ(row).map((point) => point.toAffine())]
  }
  table = rows
  return rows
}
