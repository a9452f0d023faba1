/**
 * Gives payouts their nonces so that none is ever paid twice, whatever became of the plans before.
 * A chain takes one transaction for each nonce, so a payout that is planned again gets the nonce it
 * had: of all its signed forms at most one can be mined.
 *
 *   nonce     5        6        7        8
 *   chain     used     next
 *   journal   A        B        C
 *   list      A, B, C, D   ->   A is left out, B keeps 6, C keeps 7, D gets 8
 *   list      B, D         ->   C waits: refused, or with `replace` D takes its place
 *
 * What failed for good is free again, and gets a new nonce.
 */
import type { JournaledPayout, Payout } from './payout-plan.ts'

export type Arrangement<Wanted extends Payout> =
  | {
      readonly kind: 'arranged'
      /** Ascending by nonce. */
      readonly placed: readonly (Wanted & { readonly nonce: number })[]
      /** Planned before with a nonce that is used by now: paid, as far as anybody here knows. */
      readonly left: readonly JournaledPayout[]
    }
  /** Planned before and not sent yet, and not in the list. */
  | { readonly kind: 'waiting'; readonly waiting: readonly JournaledPayout[] }
  /** The reference was planned before as something else. */
  | { readonly kind: 'changed'; readonly wanted: Wanted; readonly before: JournaledPayout }
  /** One of the two replaced the other in an earlier plan, so only one of them can be sent. */
  | { readonly kind: 'rivals'; readonly references: readonly [string, string] }

/** `nextNonce` is the first that no block has used. */
export function arrangePayouts<Wanted extends Payout>(
  wanted: readonly Wanted[],
  journal: readonly JournaledPayout[],
  nextNonce: number,
  replace: boolean,
): Arrangement<Wanted> {
  const known = new Map(
    journal.filter(({ failed }) => !failed).map((entry) => [entry.reference, entry]),
  )
  const taken = new Map<number, Wanted>()
  const left: JournaledPayout[] = []
  const added: Wanted[] = []
  for (const one of wanted) {
    const before = known.get(one.reference)
    if (before === undefined) added.push(one)
    else if (!isSame(one, before)) return { kind: 'changed', wanted: one, before }
    else if (before.nonce < nextNonce) left.push(before)
    else {
      const rival = taken.get(before.nonce)
      if (rival !== undefined) {
        return { kind: 'rivals', references: [rival.reference, one.reference] }
      }
      taken.set(before.nonce, one)
    }
  }
  const waiting = journal.filter(({ nonce }) => nonce >= nextNonce && !taken.has(nonce))
  if (waiting.length > 0 && !replace) return { kind: 'waiting', waiting }
  let nonce = nextNonce
  for (const one of added) {
    while (taken.has(nonce)) nonce += 1
    taken.set(nonce, one)
  }
  const placed = [...taken].map(([at, one]) => ({ ...one, nonce: at }))
  return { kind: 'arranged', placed: placed.sort((a, b) => a.nonce - b.nonce), left }
}

function isSame(a: Payout, b: Payout): boolean {
  return a.assetId === b.assetId && a.to === b.to && a.units === b.units
}
