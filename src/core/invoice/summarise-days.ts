/** What became of the invoices of each day: counts, and sums of what came in, exact. */
import type { Asset, AssetId } from '../money/asset.ts'
import { formatDecimal } from '../money/decimal.ts'
import type { Payment } from '../payment/payment.ts'
import { formatTime, SECOND_MS } from '../time.ts'
import { paidFacts } from './assess-payments.ts'
import type { Invoice } from './invoice.ts'

/** A draft: filled invoice by invoice, read once at the end. */
export type DayTally = {
  invoices: number
  settled: number
  underpaid: number
  late: number
  readonly settleMs: number[]
  readonly volumes: Map<AssetId, Volume>
}

type Volume = { readonly asset: Asset; readonly invoices: number; readonly units: bigint }

const DATE_CHARACTERS = 10

/** Adds one invoice to the day of UTC on which it was made. */
export function addInvoice(
  days: Map<string, DayTally>,
  invoice: Invoice,
  payments: readonly Payment[],
): void {
  const date = formatTime(invoice.createdAtMs).slice(0, DATE_CHARACTERS)
  const day = days.get(date) ?? createTally()
  days.set(date, day)
  const { underpaid, late } = paidFacts(invoice, payments)
  const { settledAtMs, createdAtMs } = invoice
  day.invoices += 1
  if (invoice.status === 'settled') day.settled += 1
  if (underpaid) day.underpaid += 1
  if (late) day.late += 1
  if (settledAtMs !== null) day.settleMs.push(settledAtMs - createdAtMs)
  addVolumes(day.volumes, payments)
}

function createTally(): DayTally {
  const counts = { invoices: 0, settled: 0, underpaid: 0, late: 0 }
  return { ...counts, settleMs: [], volumes: new Map() }
}

function addVolumes(volumes: Map<AssetId, Volume>, payments: readonly Payment[]): void {
  const counted = payments.filter(({ position, accepted, countedUnits }) => {
    return position === 'confirmed' && accepted && countedUnits > 0n
  })
  for (const [id, paid] of Map.groupBy(counted, ({ observation }) => observation.asset.id)) {
    const { asset } = (paid[0] as Payment).observation
    const before = volumes.get(id) ?? { invoices: 0, units: 0n }
    const units = paid.reduce((sum, { countedUnits }) => sum + countedUnits, before.units)
    volumes.set(id, { asset, invoices: before.invoices + 1, units })
  }
}

export type DaySummary = ReturnType<typeof presentDay>

export function presentDay(date: string, day: DayTally) {
  const volumes = [...day.volumes.values()].sort((a, b) => (a.asset.id < b.asset.id ? -1 : 1))
  return {
    object: 'day_summary' as const,
    date,
    invoices: day.invoices,
    settled: day.settled,
    underpaid_share: shareOf(day.underpaid, day.invoices),
    late_share: shareOf(day.late, day.invoices),
    median_settle_s: medianOf(day.settleMs.map((ms) => ms / SECOND_MS)),
    volumes: volumes.map(({ asset, invoices, units }) => ({
      asset: asset.id,
      symbol: asset.symbol,
      decimals: asset.decimals,
      invoices,
      volume: formatDecimal(units, asset.decimals),
      volume_units: units.toString(),
    })),
  }
}

function shareOf(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole
}

/** The middle one, or the mean of the two in the middle; null without any. */
export function medianOf(values: readonly number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b)
  const upper = sorted[Math.floor(sorted.length / 2)]
  const lower = sorted[Math.floor((sorted.length - 1) / 2)]
  return upper === undefined || lower === undefined ? null : (lower + upper) / 2
}
