import type { CommitResult } from '../core/change-set.ts'
import { MAX_DERIVATION_INDEX } from '../core/keys/deposit-address.ts'
import { toChecksumAddress } from '../core/money/asset.ts'
import type { DepositAddress, StoreAccount } from '../core/store-account/store-account.ts'
import type { Deps } from './deps.ts'

/**
 * Addresses kept derived and watched beyond the last one given out, also while orders come. Money sent
 * there is reported as unassigned; a wallet that restores from the xpub looks about as far (gap limits of
 * 20 to 100).
 */
export const LOOK_AHEAD = 100
/** Derived in one call, which holds the event loop for about half a millisecond each. */
export const DERIVED_AT_ONCE = 200

export type DeriveAheadDeps = Pick<
  Deps,
  'store' | 'addressBook' | 'indexes' | 'accounts' | 'clock' | 'logger'
>

/**
 * Derives the next addresses of a store before they are needed, so that a deposit to one is seen and
 * creation never waits for the curve. Returns how many were added. Safe to call at any time.
 */
export async function deriveAhead(
  { store, addressBook, indexes, accounts }: Omit<DeriveAheadDeps, 'clock'>,
  account: StoreAccount,
): Promise<number> {
  const { fingerprint } = account
  await accounts.ensure(account)
  // From the database's own last one, not from the mark: under a restored database the addresses given
  // out since the copy are watched again.
  const from = (await store.maxIssuedIndex(fingerprint)) + 1
  const to = Math.min(indexes.peek(fingerprint) + LOOK_AHEAD, MAX_DERIVATION_INDEX + 1)
  return (await watchRange({ store, addressBook }, account, { from, to, most: DERIVED_AT_ONCE }))
    .added
}

/**
 * Writes the addresses of these indexes that are not in the database yet. A conflict means that an order
 * took one of them meanwhile: then none is written, and it is to be tried again.
 */
async function watchRange(
  { store, addressBook }: Pick<DeriveAheadDeps, 'store' | 'addressBook'>,
  { id: storeId, fingerprint }: StoreAccount,
  range: { readonly from: number; readonly to: number; readonly most: number },
): Promise<{ readonly added: number; readonly result: CommitResult }> {
  const { from, to, most } = range
  const waiting = await store.listWaitingAddresses(fingerprint, from, to - from)
  const held = new Set(waiting.map(({ index }) => index))
  const missing: DepositAddress[] = []
  for (let index = from; index < to && missing.length < most; index++) {
    const address = held.has(index) ? null : addressBook.derive(fingerprint, index)
    if (address === null) continue
    missing.push({ address, storeId, fingerprint, index, issued: null })
  }
  const result = missing.length === 0 ? 'committed' : await store.commit({ addresses: missing })
  return { added: missing.length, result }
}

/**
 * Addresses derived and written beyond the one given out last, over all stores: a burst of orders finds
 * them ready. An address stands at a random place of its index: written here, no order waits for it.
 */
const PREPARED = 2_048
/** Nothing that was watched lies further beyond the last one given out. */
export const WATCHED_AHEAD = LOOK_AHEAD + PREPARED
/** Derived in one call: some milliseconds, so that requests do not notice. */
const SLICE = 32

/** Where preparation stands for one account key. */
type Prepared = { readonly next: number; readonly until: number }
export type Preparation = Map<string, Prepared>

/**
 * Derives the next slice of what may soon be needed. `busy`: orders came since the last call; they go
 * first, and take what is there.
 */
export async function prepareAddresses(
  { store, addressBook, indexes }: Pick<DeriveAheadDeps, 'store' | 'addressBook' | 'indexes'>,
  accounts: readonly StoreAccount[],
  preparation: Preparation,
): Promise<'more' | 'done' | 'busy'> {
  const places = accounts.map((account) => {
    const { fingerprint } = account
    const next = indexes.peek(fingerprint)
    const earlier = preparation.get(fingerprint) ?? { next, until: next }
    const until = Math.max(next, earlier.until)
    preparation.set(fingerprint, { next, until })
    return { account, next, until, isBusy: next !== earlier.next }
  })
  if (places.some(({ isBusy }) => isBusy)) return 'busy'
  const ahead = Math.floor(PREPARED / accounts.length)
  for (const { account, next, until } of places) {
    const { fingerprint } = account
    const end = Math.min(until + SLICE, next + ahead, MAX_DERIVATION_INDEX)
    if (end <= until) continue
    for (let index = until; index < end; index++) {
      const address = addressBook.derive(fingerprint, index)
      // The form for people costs a hash, and is remembered too.
      if (address !== null) toChecksumAddress(address)
    }
    const range = { from: until, to: end, most: SLICE }
    const { result } = await watchRange({ store, addressBook }, account, range)
    if (result === 'committed') preparation.set(fingerprint, { next, until: end })
    return 'more'
  }
  return 'done'
}
