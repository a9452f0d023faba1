/**
 * Sums of points of secp256k1 (y^2 = x^3 + 7 over the integers mod P, SEC 2, 2.4.1), many together.
 *
 * Adding two points in affine coordinates takes one division (SEC 1, 2.2.1), which costs more than
 * a hundred products. All additions of a step share one: the inverse of the product of all divisors
 * gives the inverse of each for three products (Montgomery's trick; Cohen, A Course in Computational
 * Algebraic Number Theory, algorithm 10.3.4). Only for what is public: the time tells the points.
 */
import { secp256k1 } from '@noble/curves/secp256k1'
import { assert } from '../assert.ts'

/** Not infinity. */
export type AffinePoint = { readonly x: bigint; readonly y: bigint }

const { Fp } = secp256k1.CURVE
const P = Fp.ORDER
/** 2^256 is this mod P. */
const OVER = 2n ** 256n - P
const LOW_256 = 2n ** 256n - 1n

/**
 * The sum of each list, coordinates in [0, P); a list is not empty. Null if anywhere two points
 * were to be added that are equal or opposite, which have another formula or no sum.
 */
export function sumPoints(lists: readonly (readonly AffinePoint[])[]): AffinePoint[] | null {
  let sums = lists
  while (sums.some((list) => list.length > 1)) {
    const pairs = sums.flatMap(pairUp)
    const added = addPairs(pairs)
    if (added === null) return null
    let next = 0
    sums = sums.map((list) => {
      const halves = added.slice(next, next + Math.floor(list.length / 2))
      next += halves.length
      if (list.length % 2 === 1) halves.push(list.at(-1) as AffinePoint)
      return halves
    })
  }
  return sums.map(([sum]) => {
    assert(sum !== undefined, 'a sum has points')
    const point = { x: Fp.create(sum.x), y: Fp.create(sum.y) }
    assert(isOnCurve(point), 'a sum of points is on the curve')
    return point
  })
}

export function negate({ x, y }: AffinePoint): AffinePoint {
  return { x, y: P - y }
}

type Pair = readonly [AffinePoint, AffinePoint]

function pairUp(list: readonly AffinePoint[]): Pair[] {
  const pairs: Pair[] = []
  for (let i = 1; i < list.length; i += 2) {
    pairs.push([list[i - 1] as AffinePoint, list[i] as AffinePoint])
  }
  return pairs
}

/** slope = (y2 - y1) / (x2 - x1); x = slope^2 - x1 - x2; y = slope * (x1 - x) - y1. */
function addPairs(pairs: readonly Pair[]): AffinePoint[] | null {
  // At each pair, the product of the divisors before it.
  const before: bigint[] = []
  let product = 1n
  for (const [a, b] of pairs) {
    before.push(product)
    product = (product * (b.x - a.x)) % P
  }
  // P is prime: the product is zero if and only if one of the divisors is.
  if (product === 0n) return null
  const sums: AffinePoint[] = []
  let inverse = Fp.inv(Fp.create(product))
  for (let i = pairs.length - 1; i >= 0; i--) {
    const [a, b] = pairs[i] as Pair
    const slope = (shorten(inverse * (before[i] as bigint)) * (b.y - a.y)) % P
    inverse = (inverse * (b.x - a.x)) % P
    const x = shorten(slope * slope - a.x - b.x)
    sums[i] = { x, y: shorten(slope * (a.x - x) - a.y) }
  }
  return sums
}

/** The same mod P, and at most 36 bits over 256 for a product of two: cheaper than the remainder. */
function shorten(value: bigint): bigint {
  return (value >> 256n) * OVER + (value & LOW_256)
}

function isOnCurve({ x, y }: AffinePoint): boolean {
  return Fp.create(y * y - x * x * x - 7n) === 0n
}
