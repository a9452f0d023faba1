/** Comma-separated values as RFC 4180 writes them. */

export type CsvRecord = {
  /** Line it begins on, from 1. */
  readonly line: number
  readonly cells: readonly string[]
}

/** A cell in quotes (with doubled quotes inside) or without, and what ends it. */
const CELL = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/y

/** Records without those that are blank, or the line on which the text stops being CSV. */
export function parseCsv(text: string): readonly CsvRecord[] | { readonly faultLine: number } {
  const records: CsvRecord[] = []
  let cells: string[] = []
  let [line, begin, at] = [1, 1, 0]
  for (;;) {
    CELL.lastIndex = at
    const match = CELL.exec(text)
    if (match === null) return { faultLine: line }
    const [whole, quoted, plain = '', end] = match
    cells.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'))
    at += whole.length
    line += whole.split('\n').length - 1
    if (end === ',') continue
    if (cells.length > 1 || cells[0] !== '') records.push({ line: begin, cells })
    if (end === '') return records
    cells = []
    begin = line
  }
}
