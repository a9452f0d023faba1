import { presentEvent } from '../core/webhook/event.ts'
import type { Deps } from './deps.ts'
import { loadEvent } from './load-event.ts'
import { addressesInEvents, assertAddressesDerive } from './verify-shown-addresses.ts'

export async function getEvent(
  deps: Pick<Deps, 'store' | 'addressBook' | 'logger' | 'metrics'>,
  parameters: { readonly storeId: string; readonly eventId: string },
): Promise<Record<string, unknown>> {
  const event = await loadEvent(deps, parameters)
  await assertAddressesDerive(deps, addressesInEvents([event]))
  return presentEvent(event)
}
