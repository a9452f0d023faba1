/** Outflows as a table (RFC 4180): the cells are those of the API, digit for digit. */
import { type KeptOutflow, presentOutflow } from './outflow.ts'
import { renderCell } from './payment-table.ts'

// biome-ignore format: a list of names reads better in rows
export const OUTFLOW_CELLS = [
  'id', 'asset', 'chain_id', 'symbol', 'decimals', 'kind', 'amount', 'amount_units', 'from', 'to',
  'tx_hash', 'block_number', 'block_hash', 'block_time', 'log_index', 'position',
] as const

export const OUTFLOW_TABLE_HEAD = `${OUTFLOW_CELLS.join(',')}\r\n`

export function renderOutflowLine(kept: KeptOutflow): string {
  const cells = presentOutflow(kept)
  return `${OUTFLOW_CELLS.map((name) => renderCell(cells[name])).join(',')}\r\n`
}
