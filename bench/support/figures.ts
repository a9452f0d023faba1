/** What was measured, beside its floor and its target, as data and as a table. */

/** `share`: of the floor, at least. `limit` and `least`: in the unit of the value, at most, at least. */
export type Target =
  | { readonly kind: 'share'; readonly share: number }
  | { readonly kind: 'limit'; readonly limit: number }
  | { readonly kind: 'least'; readonly least: number }

export type Figure = {
  readonly name: string
  readonly unit: string
  /** Median of the rounds. */
  readonly value: number
  readonly floor: { readonly what: string; readonly value: number } | null
  readonly target: Target | null
  /** One value per round; of floors too, where they have rounds. */
  readonly rounds?: readonly number[]
  readonly floorRounds?: readonly number[]
}

export function shareOf({ value, floor }: Figure): number | null {
  return floor === null ? null : value / floor.value
}

/** Null where there is no target. */
export function isMet(figure: Figure): boolean | null {
  const { target, value } = figure
  if (target === null) return null
  if (target.kind === 'limit') return value <= target.limit
  if (target.kind === 'least') return value >= target.least
  return (shareOf(figure) as number) >= target.share
}

export function median(values: readonly number[]): number {
  return percentile(
    values.toSorted((a, b) => a - b),
    0.5,
  )
}

/** Of ascending values, by nearest rank. */
export function percentile(sorted: readonly number[], share: number): number {
  const index = Math.min(sorted.length - 1, Math.max(0, Math.ceil(sorted.length * share) - 1))
  return sorted[index] as number
}

const COLUMNS = ['figure', 'value', 'floor', 'ratio', 'target', ''] as const

export function renderTable(figures: readonly Figure[]): string {
  const rows = [COLUMNS, ...figures.map(renderRow)]
  const widths = COLUMNS.map((_, i) => Math.max(...rows.map((row) => (row[i] as string).length)))
  return rows
    .map((row) =>
      row
        .map((cell, i) => pad(cell, widths[i] as number, i))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function pad(cell: string, width: number, column: number): string {
  return column === 0 ? cell.padEnd(width) : cell.padStart(width)
}

function renderRow(figure: Figure): readonly string[] {
  const { name, value, unit, floor, target } = figure
  const share = shareOf(figure)
  const met = isMet(figure)
  return [
    name,
    `${renderNumber(value)} ${unit}`,
    floor === null ? '-' : renderNumber(floor.value),
    share === null ? '-' : renderNumber(share),
    target === null ? '-' : renderTarget(target, unit),
    met === null ? '' : met ? 'met' : 'MISSED',
  ]
}

function renderTarget(target: Target, unit: string): string {
  if (target.kind === 'share') return `>= ${target.share.toFixed(2)}`
  return target.kind === 'least'
    ? `>= ${renderNumber(target.least)} ${unit}`
    : `<= ${renderNumber(target.limit)} ${unit}`
}

function renderNumber(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(2)
}
