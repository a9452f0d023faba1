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
  const pins = deps.state.readPins()
  const key = readKey(account.xpub)
  const isPinned = key !== null && pins.get(account.id) === key.fingerprint
  if (!isPinned || key.fingerprint !== account.fingerprint) throw mismatch(account)
  // Left out, an earlier key would leave its invoices unpaid while the cursor moves past the payments.
  const formerKeys = account.formerXpubs.map((xpub) => {
    const former = readKey(xpub)
    if (former === null || !pins.has(formerPin(former.fingerprint))) throw mismatch(account)
    return former
  })
  for (const trusted of [key, ...formerKeys]) deps.addressBook.add(trusted)
  await deps.indexes.open(account.fingerprint)
}

/**
 * Pins what the database has. Only for a state directory that holds no pin yet: there is nothing to
 * hold the database against then.
 */
export function pinFirstTime(state: StateDirectory, account: StoreAccount): void {
  for (const xpub of account.formerXpubs) {
    const former = readKey(xpub)
    if (former !== null) state.pin(formerPin(former.fingerprint), former.fingerprint)
  }
  state.pin(account.id, account.fingerprint)
}

function mismatch({ id }: StoreAccount): GatewayError {
  return new GatewayError(
    'xpub_mismatch',
    `The account keys of store ${id} in the database are not those pinned in the state directory. ` +
      'Restore the database or the state directory; nothing was started.',
  )
}

/** Name under which the key of an earlier epoch stays pinned. */
export function formerPin(fingerprint: string): string {
  return `former-${fingerprint}`
}

function readKey(xpub: string): AccountKey | null {
  const parsed = parseAccountKey(xpub)
  return parsed.ok ? parsed.key : null
}
