/**
 * The database may have been tampered with or replaced; the pins in the state directory were not
 * written by it. An account key is used only when both agree.
 */
import { type AccountKey, parseAccountKey } from '../core/keys/deposit-address.ts'
import type { StoreAccount } from '../core/store-account/store-account.ts'
import { GatewayError } from '../errors.ts'
import type { IndexSource } from '../ports/address-book.ts'
import type { StateDirectory } from '../ports/state-directory.ts'

export type TrustDeps = {
  readonly state: StateDirectory
  readonly indexes: IndexSource
  readonly addressBook: { add(key: AccountKey): void }
}

/** Checks the key of a store, and of its earlier epochs, against the pins and opens it for use. */
export async function trustAccount(deps: TrustDeps, account: StoreAccount): Promise<void> {
  const pinned = deps.state.readPins().get(account.id)
  const key = readKey(account.xpub)
  if (key === null || key.fingerprint !== account.fingerprint || pinned !== key.fingerprint) {
    throw new GatewayError(
      'xpub_mismatch',
      `The account key of store ${account.id} in the database is not the one pinned in the state ` +
        'directory. Restore the database or the state directory; nothing was started.',
    )
  }
  deps.addressBook.add(key)
  for (const xpub of account.formerXpubs) {
    const former = readKey(xpub)
    if (former !== null && deps.state.readPins().has(formerPin(former.fingerprint))) {
      deps.addressBook.add(former)
    }
  }
  await deps.indexes.open(account.fingerprint)
}

/** Name under which the key of an earlier epoch stays pinned. */
export function formerPin(fingerprint: string): string {
  return `former-${fingerprint}`
}

function readKey(xpub: string): AccountKey | null {
  const parsed = parseAccountKey(xpub)
  return parsed.ok ? parsed.key : null
}
