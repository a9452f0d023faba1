import { type ApiKeyResource, presentApiKey } from '../core/store-account/present-account.ts'
import type { Deps } from './deps.ts'

/** The keys of a store, revoked ones too, newest first. */
export async function listApiKeys(
  { store }: Pick<Deps, 'store'>,
  { storeId }: { readonly storeId: string },
): Promise<ApiKeyResource[]> {
  const keys = await store.listApiKeys(storeId)
  return keys.toSorted((a, b) => (a.id < b.id ? 1 : -1)).map(presentApiKey)
}
