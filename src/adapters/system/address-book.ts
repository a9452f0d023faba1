import { type AccountKey, deriveDepositAddress } from '../../core/keys/deposit-address.ts'
import type { Address } from '../../core/money/asset.ts'
import type { AddressBook } from '../../ports/address-book.ts'

/**
 * Derived addresses remembered at the same time: about 100 bytes each. Beyond it the oldest is
 * forgotten and derived again when asked for, at well under a millisecond.
 */
const MAX_REMEMBERED = 200_000

export type AccountKeys = AddressBook & { add(key: AccountKey): void }

export function createAddressBook(): AccountKeys {
  const keys = new Map<string, AccountKey>()
  const remembered = new Map<string, Address>()
  return {
    add: (key) => void keys.set(key.fingerprint, key),
    accountNumberOf: (fingerprint) => keys.get(fingerprint)?.accountNumber ?? null,
    derive(fingerprint, index) {
      const name = `${fingerprint}/${index}`
      const known = remembered.get(name)
      if (known !== undefined) return known
      const key = keys.get(fingerprint)
      if (key === undefined) return null
      const address = deriveDepositAddress(key, index)
      if (remembered.size >= MAX_REMEMBERED) {
        remembered.delete(remembered.keys().next().value as string)
      }
      remembered.set(name, address)
      return address
    },
  }
}
