import {
  addInvoice,
  type DaySummary,
  type DayTally,
  presentDay,
} from '../core/invoice/summarise-days.ts'
import { DAY_MS } from '../core/time.ts'
import { invalidField } from '../errors.ts'
import type { Deps } from './deps.ts'
import { walkPages } from './walk-pages.ts'

/** Days of one summary: each invoice in them is read. */
export const SUMMARY_DAYS_MAX = 92
const SUMMARY_DAYS_DEFAULT = 30

export type SummaryRequest = {
  readonly storeId: string
  /** When invoices were made, exclusive. Without them: the last 30 days. */
  readonly createdAfterMs: number | undefined
  readonly createdBeforeMs: number | undefined
}

/** Days on which an invoice was made, the latest first. Rejects a range that is too long or empty. */
export async function summariseInvoices(
  { store, clock }: Pick<Deps, 'store' | 'clock'>,
  { storeId, ...range }: SummaryRequest,
): Promise<DaySummary[]> {
  const createdBeforeMs = range.createdBeforeMs ?? clock.nowMs() + 1
  const createdAfterMs = range.createdAfterMs ?? createdBeforeMs - SUMMARY_DAYS_DEFAULT * DAY_MS
  if (createdAfterMs >= createdBeforeMs) {
    throw invalidField('?created_after', 'out_of_range', 'must be before created_before')
  }
  if (createdBeforeMs - createdAfterMs > SUMMARY_DAYS_MAX * DAY_MS) {
    const detail = `must be at most ${SUMMARY_DAYS_MAX} days before created_before, or before now`
    throw invalidField('?created_after', 'out_of_range', detail)
  }
  const days = new Map<string, DayTally>()
  const filter = { storeId, createdAfterMs, createdBeforeMs }
  for await (const page of walkPages((request) => store.listInvoices(filter, request))) {
    for (const { invoice, payments } of page) addInvoice(days, invoice, payments)
  }
  return [...days].sort(([a], [b]) => (a < b ? 1 : -1)).map(([date, day]) => presentDay(date, day))
}
