import {
  DEFAULT_SETTINGS,
  type StoreSettings,
  UNNAMED_STORE,
} from '../core/store-account/store-account.ts'
import type { Deps } from './deps.ts'

/** What of a store is shown to its shoppers. Nulls as in its settings. */
export type StoreFace = {
  /** Null while nobody has named the store. */
  readonly name: string | null
} & Pick<StoreSettings, 'accent' | 'logo' | 'frameOrigins' | 'renewsExpired'>

/** The face of a store; a store that is gone has the plain one. */
export async function readStoreFace(
  { store }: Pick<Deps, 'store'>,
  storeId: string,
): Promise<StoreFace> {
  const found = (await store.listStores()).find(({ id }) => id === storeId)
  const { accent, logo, frameOrigins, renewsExpired } = found?.settings ?? DEFAULT_SETTINGS
  const name = found === undefined || found.name === UNNAMED_STORE ? null : found.name
  return { name, accent, logo, frameOrigins, renewsExpired }
}
