import { OUTFLOW_TABLE_HEAD, renderOutflowLine } from '../core/payment/outflow-table.ts'
import type { Deps } from './deps.ts'
import { auditExport, type ExportRange, isInExport } from './export-range.ts'
import { assertAddressesDerive } from './verify-shown-addresses.ts'
import { walkPages } from './walk-pages.ts'

/**
 * All that left the addresses of a store as CSV text, newest first, in parts; also in blocks that
 * left our chain. The audit log tells of it before the first part.
 */
export async function* exportOutflows(
  deps: Pick<Deps, 'store' | 'clock' | 'addressBook' | 'logger' | 'metrics'>,
  request: ExportRange,
): AsyncGenerator<string> {
  const { storeId } = request
  await auditExport(deps, 'outflows.export', request)
  yield OUTFLOW_TABLE_HEAD
  for await (const page of walkPages((part) => deps.store.listOutflows({ storeId }, part))) {
    const outflows = page.filter(({ outflow }) => isInExport(request, outflow))
    await assertAddressesDerive(
      deps,
      outflows.map(({ outflow }) => outflow.from),
    )
    if (outflows.length > 0) yield outflows.map(renderOutflowLine).join('')
  }
}
