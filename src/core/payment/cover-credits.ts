/**
 * How far a balance backs the credits of one address in one token. A Transfer event is what a token
 * says; the balance is what it has. Credits are covered in the order of the chain, and all that
 * counts together is never more than what there is:
 *
 *     credits   [ 40 confirmed ][ 25 due ][ 25 due ]
 *     covered   [ 40           ][ 25     ][ 10 ]        balance and own outflows: 75
 */
import type { Payment } from './payment.ts'

/**
 * Units that count of each payment whose position is `included`, by id. `credits` are those of one
 * address in one token up to the block of the balance, in the order of the chain, orphaned ones left
 * out; `coveredUnits` is the balance with everything that was ever sent away since the first of
 * them. What was confirmed keeps what it counts. Dust claims nothing.
 */
export function coverCredits(
  credits: readonly Payment[],
  coveredUnits: bigint,
): Map<string, bigint> {
  const claiming = credits.filter((payment) => !payment.dust)
  const confirmed = claiming.filter(({ position }) => position === 'confirmed')
  let left = coveredUnits - confirmed.reduce((sum, { countedUnits }) => sum + countedUnits, 0n)
  const counted = new Map<string, bigint>()
  for (const { observation, position } of claiming) {
    if (position === 'confirmed') continue
    const { id, amountUnits } = observation
    const units = left <= 0n ? 0n : left < amountUnits ? left : amountUnits
    counted.set(id, units)
    left -= units
  }
  return counted
}

/** What these credits claim: what counts of the confirmed ones, and the whole of the others. */
export function claimedUnits(credits: readonly Payment[]): bigint {
  return credits
    .filter((payment) => !payment.dust)
    .reduce((sum, { position, countedUnits, observation }) => {
      return sum + (position === 'confirmed' ? countedUnits : observation.amountUnits)
    }, 0n)
}
