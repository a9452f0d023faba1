import { type OutflowResource, presentOutflow } from '../core/payment/outflow.ts'
import type { OutflowFilter } from '../ports/outflow-store.ts'
import type { Page, PageRequest } from '../ports/store.ts'
import type { Deps } from './deps.ts'
import { assertAddressesDerive } from './verify-shown-addresses.ts'

/** What left the addresses of a store, newest first; also in blocks that left our chain. */
export async function listOutflows(
  deps: Pick<Deps, 'store' | 'addressBook' | 'logger' | 'metrics'>,
  filter: OutflowFilter,
  page: PageRequest,
): Promise<Page<OutflowResource>> {
  const found = await deps.store.listOutflows(filter, page)
  await assertAddressesDerive(
    deps,
    found.items.map(({ outflow }) => outflow.from),
  )
  return { ...found, items: found.items.map(presentOutflow) }
}
