import {
  type AccountKey,
  deriveSponsorAddress,
  INTERNAL_ACCOUNTS,
  MAX_DERIVATION_INDEX,
} from '../../core/keys/deposit-address.ts'
import {
  DERIVATION_BATCH,
  deriveAddressRange,
  deriveDepositAddresses,
} from '../../core/keys/derive-addresses.ts'
import type { Address } from '../../core/money/asset.ts'
import type { AddressBook } from '../../ports/address-book.ts'

/**
 * Derived addresses remembered at the same time: about 100 bytes each, 20 MB. Beyond it the oldest is
 * forgotten and derived again when asked for, at a fraction of a millisecond.
 */
const MAX_REMEMBERED = 200_000

export type AccountKeys = AddressBook & { add(key: AccountKey): void }

export function createAddressBook(): AccountKeys {
  const keys = new Map<string, AccountKey>()
  const sponsors = new Set<Address>()
  /** Where the indexes of an account begin: a number for each address takes half of what a text does. */
  const begins = new Map<string, number>()
  const remembered = new Map<number, Address>()
  const recall = (fingerprint: string, index: number) => {
    const begin = begins.get(fingerprint)
    return begin === undefined || index < 0 ? undefined : remembered.get(begin + index)
  }
  const remember = (fingerprint: string, index: number, address: Address) => {
    if (remembered.size >= MAX_REMEMBERED) {
      remembered.delete(remembered.keys().next().value as number)
    }
    remembered.set((begins.get(fingerprint) as number) + index, address)
  }
  return {
    add(key) {
      keys.set(key.fingerprint, key)
      if (!begins.has(key.fingerprint)) {
        begins.set(key.fingerprint, begins.size * (MAX_DERIVATION_INDEX + 1))
      }
      for (let index = 0; index < INTERNAL_ACCOUNTS; index += 1) {
        sponsors.add(deriveSponsorAddress(key, index))
      }
    },
    isSponsor: (address) => sponsors.has(address),
    prepare(fingerprint, indexes) {
      const key = keys.get(fingerprint)
      if (key === undefined) return
      const unknown = indexes.filter((index) => recall(fingerprint, index) === undefined)
      const addresses = deriveAddressRange(key, unknown)
      for (const [i, address] of addresses.entries()) {
        remember(fingerprint, unknown[i] as number, address)
      }
    },
    accountNumberOf: (fingerprint) => keys.get(fingerprint)?.accountNumber ?? null,
    derive(fingerprint, index) {
      const known = recall(fingerprint, index)
      if (known !== undefined) return known
      const key = keys.get(fingerprint)
      if (key === undefined) return null
      // Whoever asks for one after the other is spared the next ones: together they cost less.
      const isNext = recall(fingerprint, index - 1) !== undefined
      const count = isNext ? Math.min(DERIVATION_BATCH, MAX_DERIVATION_INDEX - index + 1) : 1
      const indexes = Array.from({ length: count }, (_, i) => index + i)
      const addresses = deriveDepositAddresses(key, indexes)
      for (const [i, address] of addresses.entries()) remember(fingerprint, index + i, address)
      return addresses[0] as Address
    },
  }
}
