import { presentStore, type StoreResource } from '../core/store-account/present-account.ts'
import type { StoreAccount, StoreSettings } from '../core/store-account/store-account.ts'
import { GatewayError } from '../errors.ts'
import { commitDecision } from './commit-decision.ts'
import type { Deps } from './deps.ts'

/** What is undefined stays as it is. */
export type UpdateStoreRequest = {
  readonly storeId: string
  readonly name?: string | undefined
  readonly settings: { readonly [Name in keyof StoreSettings]?: StoreSettings[Name] | undefined }
  readonly actor: string
}

/** Changes name and settings. Invoices that are there keep their terms. */
export function updateStore(
  deps: Pick<Deps, 'store' | 'clock'>,
  { storeId, name, settings, actor }: UpdateStoreRequest,
): Promise<StoreResource> {
  return commitDecision(deps, null, async () => {
    const store = (await deps.store.listStores()).find(({ id }) => id === storeId)
    if (store === undefined) throw new GatewayError('not_found', 'There is no such store.')
    const next: StoreAccount = {
      ...store,
      name: name ?? store.name,
      settings: {
        toleranceBps: changed(settings.toleranceBps, store.settings.toleranceBps),
        graceS: changed(settings.graceS, store.settings.graceS),
        redirectOrigins: changed(settings.redirectOrigins, store.settings.redirectOrigins),
        frameOrigins: changed(settings.frameOrigins, store.settings.frameOrigins),
        accent: changed(settings.accent, store.settings.accent),
        logo: changed(settings.logo, store.settings.logo),
        renewsExpired: changed(settings.renewsExpired, store.settings.renewsExpired),
      },
      revision: store.revision + 1,
    }
    const entry = {
      atMs: deps.clock.nowMs(),
      actor,
      action: 'store.update',
      target: store.id,
      before: describe(store),
      after: describe(next),
    }
    return { changes: { stores: [next], audit: [entry] }, result: presentStore(next) }
  })
}

/** Null is a value: the default. */
function changed<Value>(asked: Value | undefined, current: Value): Value {
  return asked === undefined ? current : asked
}

/** A picture is told by its size: rows of the log are for people, and kept for ever. */
function describe({ name, settings }: StoreAccount): string {
  const logo = settings.logo === null ? null : `${settings.logo.length} characters`
  return JSON.stringify({ name, ...settings, logo })
}
