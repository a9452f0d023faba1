import type { Event } from '../core/webhook/event.ts'
import { GatewayError } from '../errors.ts'
import type { Deps } from './deps.ts'

/** An event of this store; another store's does not exist for it. */
export async function loadEvent(
  { store }: Pick<Deps, 'store'>,
  { storeId, eventId }: { readonly storeId: string; readonly eventId: string },
): Promise<Event> {
  const event = await store.getEvent(eventId)
  if (event === null || event.storeId !== storeId) {
    throw new GatewayError('not_found', 'There is no such event.')
  }
  return event
}
