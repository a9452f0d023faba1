import { presentStore, type StoreResource } from '../core/store-account/present-account.ts'
import type { Deps } from './deps.ts'

export async function listStores({ store }: Pick<Deps, 'store'>): Promise<StoreResource[]> {
  return (await store.listStores()).map(presentStore)
}
