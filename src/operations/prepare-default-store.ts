import { parseAccountKey } from '../core/keys/deposit-address.ts'
import {
  DEFAULT_SETTINGS,
  type StoreAccount,
  UNNAMED_STORE,
} from '../core/store-account/store-account.ts'
import { GatewayError } from '../errors.ts'
import type { StateDirectory } from '../ports/state-directory.ts'
import type { Deps } from './deps.ts'
import { freshId } from './settlement-context.ts'
import { formerPin } from './trust-account.ts'

type PrepareDeps = Pick<Deps, 'store' | 'clock' | 'ids' | 'logger'> & {
  readonly state: StateDirectory
}

/** Pin of the account key that the configuration gives to the first store. */
const DEFAULT_PIN = 'default'

/**
 * The first store, with the configured account key. A key that is not the pinned one refuses to start;
 * with `acceptNewXpub` a new epoch begins: new addresses derive from the new key, those given out
 * before stay watched and belong to their invoices.
 */
export async function prepareDefaultStore(
  deps: PrepareDeps,
  { xpub, acceptNewXpub }: { readonly xpub: string; readonly acceptNewXpub: boolean },
): Promise<StoreAccount> {
  const parsed = parseAccountKey(xpub)
  if (!parsed.ok)
    throw new GatewayError('invalid_configuration', `QUITTANCE_XPUB: ${parsed.detail}`)
  const { fingerprint } = parsed.key
  const pinned = deps.state.readPins().get(DEFAULT_PIN)
  const stores = await deps.store.listStores()
  const current =
    stores.find((store) => store.fingerprint === (pinned ?? fingerprint)) ??
    stores.find((store) => store.name === UNNAMED_STORE)
  const isSame =
    (pinned ?? fingerprint) === fingerprint && (current?.fingerprint ?? fingerprint) === fingerprint
  if (!isSame && !acceptNewXpub) throw differentKey()
  if (current === undefined) return createStore(deps, xpub, fingerprint, acceptNewXpub)
  if (isSame) {
    deps.state.pin(DEFAULT_PIN, fingerprint)
    return current
  }
  return beginEpoch(deps, current, xpub, fingerprint)
}

function differentKey(): GatewayError {
  return new GatewayError(
    'xpub_mismatch',
    'QUITTANCE_XPUB is not the account key this installation was started with. If you did not ' +
      'change it, somebody else did: do not go on. If you did, start once with --accept-new-xpub; ' +
      'addresses given out before stay watched.',
  )
}

async function createStore(
  deps: PrepareDeps,
  xpub: string,
  fingerprint: string,
  acceptNewXpub: boolean,
): Promise<StoreAccount> {
  const nowMs = deps.clock.nowMs()
  const store: StoreAccount = {
    id: freshId(deps, 'st', nowMs),
    name: UNNAMED_STORE,
    xpub,
    fingerprint,
    formerXpubs: [],
    settings: DEFAULT_SETTINGS,
    createdAtMs: nowMs,
    revision: 1,
  }
  // The pins first: a store without pin is refused, a pin without store does no harm.
  if (acceptNewXpub) deps.state.replacePin(DEFAULT_PIN, fingerprint)
  else deps.state.pin(DEFAULT_PIN, fingerprint)
  deps.state.pin(store.id, fingerprint)
  await deps.store.commit({ stores: [store] })
  return store
}

async function beginEpoch(
  deps: PrepareDeps,
  current: StoreAccount,
  xpub: string,
  fingerprint: string,
): Promise<StoreAccount> {
  const next: StoreAccount = {
    ...current,
    xpub,
    fingerprint,
    formerXpubs: [...current.formerXpubs, current.xpub],
    revision: current.revision + 1,
  }
  deps.state.pin(formerPin(current.fingerprint), current.fingerprint)
  deps.state.replacePin(DEFAULT_PIN, fingerprint)
  deps.state.replacePin(current.id, fingerprint)
  await deps.store.commit({
    stores: [next],
    audit: [
      {
        atMs: deps.clock.nowMs(),
        actor: 'operator',
        action: 'store.new_xpub',
        target: current.id,
        before: current.fingerprint,
        after: fingerprint,
      },
    ],
  })
  deps.logger.warn(
    { store: current.id, before: current.fingerprint, after: fingerprint },
    'a new account key was accepted; earlier addresses stay watched',
  )
  return next
}
