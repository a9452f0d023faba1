import type { Address } from '../../core/money/asset.ts'
import type { KeptOutflow, Outflow } from '../../core/payment/outflow.ts'
import type { OutflowFilter } from '../../ports/outflow-store.ts'
import type { Page, PageRequest } from '../../ports/store.ts'
import { equals, ownedBy, readPage } from './page-query.ts'
import {
  OBSERVATION_COLUMNS,
  type ObservationRow,
  observationToRow,
  rowToObservation,
} from './payment-rows.ts'
import type { Statements } from './statements.ts'

export type OutflowRow = Omit<ObservationRow, 'from_address'> & {
  readonly from_address: Outflow['from']
  readonly store_id: string
}

export const OUTFLOW_COLUMNS = [
  ...OBSERVATION_COLUMNS,
  'store_id',
] as const satisfies readonly (keyof OutflowRow)[]

/** A block that is not kept counts as one that left. */
const OUTFLOW_SELECT = `SELECT f.*, coalesce(b.canonical, 0) AS canonical FROM outflows AS f
  LEFT JOIN blocks AS b ON b.chain_id = f.chain_id AND b.hash = f.block_hash`

export const OUTFLOWS_FROM = `SELECT f.*, coalesce(b.canonical, 0) AS canonical
  FROM json_each(@addresses) AS holder
  CROSS JOIN outflows AS f ON f.from_address = holder.value AND f.chain_id = @chainId
  LEFT JOIN blocks AS b ON b.chain_id = f.chain_id AND b.hash = f.block_hash
  ORDER BY f.position`

export function outflowToRow(outflow: Outflow): OutflowRow {
  return {
    ...observationToRow(outflow),
    from_address: outflow.from,
    store_id: outflow.storeId,
  }
}

function rowToOutflow(row: OutflowRow & { readonly canonical: 0 | 1 }): KeptOutflow {
  const { from_address: from, store_id: storeId } = row
  return {
    outflow: { ...rowToObservation(row), from, storeId },
    isCanonical: row.canonical === 1,
  }
}

export function listOutflows(
  sql: Statements,
  { storeId, assetId }: OutflowFilter,
  page: PageRequest,
): Page<KeptOutflow> {
  const { items, cursor } = readPage<OutflowRow & { canonical: 0 | 1; position: number }>(sql, {
    select: OUTFLOW_SELECT,
    position: 'f.position',
    conditions: [ownedBy('f.store_id', storeId, false), equals('f.asset_id', assetId)],
    page,
  })
  return { items: items.map(rowToOutflow), cursor }
}

export function findOutflowsFrom(
  sql: Statements,
  chainId: number,
  addresses: readonly Address[],
): KeptOutflow[] {
  const parameters = { chainId, addresses: JSON.stringify([...new Set(addresses)]) }
  const rows = sql(OUTFLOWS_FROM).all(parameters)
  return (rows as (OutflowRow & { readonly canonical: 0 | 1 })[]).map(rowToOutflow)
}
