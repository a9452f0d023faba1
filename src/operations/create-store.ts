import { parseAccountKey } from '../core/keys/deposit-address.ts'
import { presentStore, type StoreResource } from '../core/store-account/present-account.ts'
import { DEFAULT_SETTINGS, type StoreAccount } from '../core/store-account/store-account.ts'
import { invalidField } from '../errors.ts'
import type { StateDirectory } from '../ports/state-directory.ts'
import { commitDecision } from './commit-decision.ts'
import type { Deps } from './deps.ts'
import { freshId } from './settlement-context.ts'

/**
 * A new store with the account key its addresses derive from. The key is pinned outside the database
 * before the store exists, so that a replaced row is noticed. Command line and configuration only:
 * no HTTP route names an account key.
 */
export function createStore(
  deps: Pick<Deps, 'store' | 'clock' | 'ids'> & { readonly state: StateDirectory },
  request: { readonly name: string; readonly xpub: string; readonly actor: string },
): Promise<StoreResource> {
  const parsed = parseAccountKey(request.xpub)
  if (!parsed.ok) throw invalidField('/xpub', parsed.fault, parsed.detail)
  const { xpub, fingerprint } = parsed.key
  return commitDecision(deps, null, async () => {
    const nowMs = deps.clock.nowMs()
    const store: StoreAccount = {
      id: freshId(deps, 'st', nowMs),
      name: request.name,
      xpub,
      fingerprint,
      formerXpubs: [],
      settings: DEFAULT_SETTINGS,
      createdAtMs: nowMs,
      revision: 1,
    }
    deps.state.pin(store.id, fingerprint)
    const entry = { atMs: nowMs, actor: request.actor, action: 'store.create', target: store.id }
    return {
      changes: { stores: [store], audit: [{ ...entry, before: null, after: fingerprint }] },
      result: presentStore(store),
    }
  })
}
