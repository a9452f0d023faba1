/** Which nonce a payout gets: the reason that nobody is paid twice. */
import { describe, expect, test } from 'vitest'
import { arrangePayouts } from '../../../src/core/payout/arrange-payouts.ts'
import { journalFailures, journalPayouts } from '../../../src/core/payout/journal.ts'
import type { JournaledPayout, Payout } from '../../../src/core/payout/payout-plan.ts'

const payout = (reference: string): Payout => ({
  reference,
  assetId: 'eip155:1/slip44:60',
  to: `0x${'c'.repeat(40)}`,
  units: 5n,
})
const list = (names: string) => [...names].map(payout)
const planned = (places: Record<string, number>): JournaledPayout[] =>
  Object.entries(places).map(([name, nonce]) => ({ ...payout(name), nonce, failed: false }))

/** Names at nonces, `-` for a nonce that is left out, then what was left. */
function arrange(names: string, journal: JournaledPayout[], next: number, replace = false): string {
  const arranged = arrangePayouts(list(names), journal, next, replace)
  if (arranged.kind === 'waiting') return `waiting ${arranged.waiting.map((one) => one.reference)}`
  if (arranged.kind === 'rivals') return `rivals ${arranged.references}`
  if (arranged.kind === 'changed') return `changed ${arranged.wanted.reference}`
  const byNonce = new Map(arranged.placed.map((one) => [one.nonce, one.reference]))
  const last = arranged.placed.at(-1)?.nonce ?? next - 1
  const places = Array.from({ length: last - next + 1 }, (_, i) => byNonce.get(next + i) ?? '-')
  const left = arranged.left.map(({ reference }) => reference).join('')
  return `${next}:${places.join('')}${left === '' ? '' : ` left ${left}`}`
}

describe('SW-19 payouts and nonces', () => {
  test.each([
    ['a first list', 'ABC', {}, 5, '5:ABC'],
    ['the same list again, nothing sent: the same nonces', 'ABC', { A: 5, B: 6, C: 7 }, 5, '5:ABC'],
    ['in another order: the same nonces', 'CAB', { A: 5, B: 6, C: 7 }, 5, '5:ABC'],
    ['after one was sent: it is left out', 'ABCD', { A: 5, B: 6, C: 7 }, 6, '6:BCD left A'],
    ['after all were sent', 'AB', { A: 5, B: 6 }, 7, '7: left AB'],
    ['another list while one waits', 'D', { A: 5 }, 5, 'waiting A'],
    ['some of a list that waits', 'BD', { A: 5, B: 6 }, 5, 'waiting A'],
  ])('%s', (_name, names, journal, next, expected) => {
    expect(arrange(names, planned(journal), next)).toBe(expected)
  })

  test.each([
    ['another takes the place', 'D', { A: 5 }, 5, '5:D'],
    ['one that stays keeps its nonce', 'BD', { A: 5, B: 6, C: 7 }, 5, '5:DB'],
    ['a place without a payout is used up', 'C', { A: 5, B: 6, C: 7 }, 5, '5:--C'],
  ])('--replace: %s', (_name, names, journal, next, expected) => {
    expect(arrange(names, planned(journal), next, true)).toBe(expected)
  })

  test('one that took the place of another cannot be sent beside it', () => {
    const journal = planned({ A: 5, D: 5 })
    expect(arrange('AD', journal, 5)).toBe('rivals A,D')
    expect(arrange('A', journal, 5)).toBe('5:A')
  })

  test('a reference that was planned for something else is refused', () => {
    const journal = planned({ A: 5 }).map((one) => ({ ...one, units: 6n }))
    expect(arrange('A', journal, 5)).toBe('changed A')
    expect(arrange('A', journal, 6)).toBe('changed A')
  })

  test('what failed for good gets a new nonce', () => {
    const journal = journalFailures(planned({ A: 5, B: 6 }), [{ reference: 'A', nonce: 5 }])
    expect(arrange('AB', journal, 7)).toBe('7:A left B')
    const again = journalPayouts(journal, [{ ...payout('A'), nonce: 7 }])
    expect(arrange('AB', again, 7)).toBe('7:A left B')
    expect(arrange('AB', again, 8)).toBe('8: left AB')
  })

  test('planned again with its nonce, a payout stands in the journal once', () => {
    const journal = planned({ A: 5 })
    const again = [...list('AB')].map((one, i) => ({ ...one, nonce: 5 + i }))
    expect(journalPayouts(journal, again)).toEqual(planned({ A: 5, B: 6 }))
  })
})
