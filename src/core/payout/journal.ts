/** The journal of payouts as JSON values: read back strictly, since money follows from it. */
import { asBoolean, asList, asObject, type ReadResult, readFields } from '../sweep/read-fields.ts'
import type { JournaledPayout } from './payout-plan.ts'
import { readPayoutTerms } from './read-payout.ts'

/** A year of a thousand payouts a day; 100 MB of text. */
const JOURNAL_MAX = 400_000

export function renderJournal(journal: readonly JournaledPayout[]) {
  return journal.map(({ reference, assetId, to, units, nonce, failed }) => {
    return { reference, asset: assetId, to, units: units.toString(), nonce, failed }
  })
}

export function readJournal(value: unknown): ReadResult<JournaledPayout[]> {
  return readFields(() =>
    asList(value, 'payouts', JOURNAL_MAX, (item, at) => {
      const entry = asObject(item, at)
      return { ...readPayoutTerms(entry, at), failed: asBoolean(entry.failed, `${at}.failed`) }
    }),
  )
}

/**
 * The journal with these payouts in it. One that is there with the same nonce stays as it is: it was
 * planned again, not twice.
 */
export function journalPayouts(
  journal: readonly JournaledPayout[],
  planned: readonly Omit<JournaledPayout, 'failed'>[],
): JournaledPayout[] {
  const known = new Set(journal.map(keyOf))
  const added = planned.filter((payout) => !known.has(keyOf(payout)))
  return [
    ...journal,
    ...added.map(({ reference, assetId, to, units, nonce }) => {
      return { reference, assetId, to, units, nonce, failed: false }
    }),
  ]
}

/** The journal after these were found never to be paid by the transaction they had. */
export function journalFailures(
  journal: readonly JournaledPayout[],
  failed: readonly Pick<JournaledPayout, 'reference' | 'nonce'>[],
): JournaledPayout[] {
  const keys = new Set(failed.map(keyOf))
  return journal.map((entry) => (keys.has(keyOf(entry)) ? { ...entry, failed: true } : entry))
}

function keyOf({ nonce, reference }: Pick<JournaledPayout, 'reference' | 'nonce'>): string {
  return `${nonce} ${reference}`
}
