import { type Event, presentEvent } from '../core/webhook/event.ts'
import { invalidField } from '../errors.ts'
import type { EventFilter, Page, PageRequest } from '../ports/store.ts'
import type { Deps } from './deps.ts'
import { addressesInEvents, assertAddressesDerive } from './verify-shown-addresses.ts'

type ReadDeps = Pick<Deps, 'store' | 'addressBook' | 'logger' | 'metrics'>
type EventResource = Record<string, unknown>

/** Events, newest first. */
export async function listEvents(
  deps: ReadDeps,
  filter: EventFilter,
  page: PageRequest,
): Promise<Page<EventResource>> {
  const found = await deps.store.listEvents(filter, page)
  return { ...found, items: await present(deps, found.items) }
}

/** Events after a known one, oldest first: how a consumer reads on from where it was. */
export async function readEventsAfter(
  deps: ReadDeps,
  filter: EventFilter,
  { afterEventId, limit }: { readonly afterEventId: string; readonly limit: number },
): Promise<EventResource[]> {
  const after = await deps.store.getEvent(afterEventId)
  if (after === null || after.storeId !== filter.storeId) {
    throw invalidField('?after', 'unknown_event', 'is not the id of an event of this store')
  }
  return present(deps, await deps.store.readEventsAfter(filter, afterEventId, limit))
}

async function present(deps: ReadDeps, events: readonly Event[]): Promise<EventResource[]> {
  await assertAddressesDerive(deps, addressesInEvents(events))
  return events.map(presentEvent)
}
