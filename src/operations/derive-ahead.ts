import type { DepositAddress, StoreAccount } from '../core/store-account/store-account.ts'
import type { Deps } from './deps.ts'

/**
 * Addresses kept derived and watched beyond the last one given out. Money sent there is reported as
 * unassigned; a wallet that restores from the xpub looks about as far (gap limits of 20 to 100).
 */
export const LOOK_AHEAD = 100

export type DeriveAheadDeps = Pick<
  Deps,
  'store' | 'addressBook' | 'indexes' | 'accounts' | 'logger'
>

/**
 * Derives the next addresses of a store before they are needed, so that a deposit to one is seen and
 * creation never waits for the curve. Returns how many were added. Safe to call at any time.
 */
export async function deriveAhead(
  { store, addressBook, indexes, accounts }: DeriveAheadDeps,
  account: StoreAccount,
): Promise<number> {
  const { fingerprint } = account
  await accounts.ensure(account)
  const next = indexes.peek(fingerprint)
  const waiting = await store.listWaitingAddresses(fingerprint, next, LOOK_AHEAD)
  const held = new Set(waiting.map((address) => address.index))
  const missing: DepositAddress[] = []
  for (let index = next; index < next + LOOK_AHEAD; index++) {
    const address = held.has(index) ? null : addressBook.derive(fingerprint, index)
    if (address === null) continue
    missing.push({ address, storeId: account.id, fingerprint, index, issued: null })
  }
  // A conflict means that an order took one of them meanwhile; the next call fills the rest.
  if (missing.length > 0) await store.commit({ addresses: missing })
  return missing.length
}
