import { type DeliveryResource, presentDelivery } from '../core/webhook/present-webhooks.ts'
import type { DeliveryFilter, Page, PageRequest } from '../ports/store.ts'
import type { Deps } from './deps.ts'

/** Deliveries with every attempt, newest first. */
export async function listDeliveries(
  { store }: Pick<Deps, 'store'>,
  filter: DeliveryFilter,
  page: PageRequest,
): Promise<Page<DeliveryResource>> {
  const found = await store.listDeliveries(filter, page)
  return {
    ...found,
    items: found.items.map(({ delivery, eventType, attempts }) =>
      presentDelivery(delivery, eventType, attempts),
    ),
  }
}
