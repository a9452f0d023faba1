import { type PaymentResource, presentPayment } from '../core/payment/present-payment.ts'
import type { Page, PageRequest, PaymentFilter } from '../ports/store.ts'
import type { Deps } from './deps.ts'
import { loadTipNumbers } from './settlement-context.ts'
import { assertAddressesDerive } from './verify-shown-addresses.ts'

/** Payments of a store, newest first, assigned to an invoice or not, orphaned ones too. */
export async function listPayments(
  deps: Pick<Deps, 'store' | 'chains' | 'addressBook' | 'logger' | 'metrics'>,
  filter: PaymentFilter,
  page: PageRequest,
): Promise<Page<PaymentResource>> {
  const found = await deps.store.listPayments(filter, page)
  await assertAddressesDerive(
    deps,
    found.items.map(({ observation }) => observation.to),
  )
  const tipNumber = await loadTipNumbers(deps)
  return { ...found, items: found.items.map((payment) => presentPayment(payment, tipNumber)) }
}
