import { HDKey } from '@scure/bip32'
import { expect, test } from 'vitest'
import { createMemoryStore } from '../../src/adapters/memory/memory-store.ts'
import { createAddressBook } from '../../src/adapters/system/address-book.ts'
import type { ChangeSet } from '../../src/core/change-set.ts'
import {
  deriveDepositAddress,
  MAX_DERIVATION_INDEX,
  parseAccountKey,
} from '../../src/core/keys/deposit-address.ts'
import { type Preparation, prepareAddresses } from '../../src/operations/derive-ahead.ts'
import { accountXpub } from '../support/account-keys.ts'
import { sampleAddress, sampleStore } from '../support/fixtures.ts'

const XPUB = HDKey.fromMasterSeed(new Uint8Array(32).fill(9)).derive("m/44'/60'/0'")

function openAccount(xpub = XPUB.publicExtendedKey) {
  const parsed = parseAccountKey(xpub)
  if (!parsed.ok) throw new Error(parsed.detail)
  return parsed.key
}

test('slices are derived and watched while no order comes, and none while orders come', async () => {
  const account = sampleStore()
  const store = createMemoryStore()
  await store.commit({ stores: [account] })
  const asked: number[] = []
  let next = 10
  const deps = {
    store,
    addressBook: {
      derive: (_fingerprint: string, index: number) => {
        if (index > (asked.at(-1) ?? -1)) asked.push(index)
        return sampleAddress(index)
      },
      prepare: () => {},
      accountNumberOf: () => 0,
      isSponsor: () => false,
    },
    indexes: {
      peek: () => next,
      reserve: async () => next++,
      open: async () => {},
      close: () => {},
    },
  }
  const preparation: Preparation = new Map()
  expect(await prepareAddresses(deps, [account], preparation)).toBe('more')
  expect(asked).toEqual(Array.from({ length: 32 }, (_, i) => 10 + i))
  next = 20
  expect(await prepareAddresses(deps, [account], preparation)).toBe('busy')
  expect(asked).toHaveLength(32)
  let turns = 0
  while ((await prepareAddresses(deps, [account], preparation)) === 'more') turns += 1
  expect(turns).toBeGreaterThan(10)
  const indexes = Array.from({ length: 20 + 2_048 - 10 }, (_, i) => 10 + i)
  expect(asked).toEqual(indexes)
  const waiting = await store.listWaitingAddresses(account.fingerprint, 0, 3_000)
  expect(waiting.map(({ index, address }) => [index, address])).toEqual(
    indexes.map((index) => [index, sampleAddress(index)]),
  )
})

test('the address book gives what the account key gives, in any order of asking', () => {
  const key = openAccount()
  const book = createAddressBook()
  expect(book.derive(key.fingerprint, 0)).toBeNull()
  book.add(key)
  const last = MAX_DERIVATION_INDEX
  for (const index of [5, 6, 7, 38, 4, 1_000, 5, last - 1, last]) {
    expect(book.derive(key.fingerprint, index)).toBe(deriveDepositAddress(key, index))
  }
})

test('accounts of one book do not take each other for themselves, at the ends of their indexes either', () => {
  const keys = [openAccount(), openAccount(accountXpub(2))]
  const book = createAddressBook()
  for (const key of [...keys, ...keys]) book.add(key)
  const indexes = [MAX_DERIVATION_INDEX, 0, 1, MAX_DERIVATION_INDEX - 1]
  for (const _ of ['derived', 'remembered']) {
    for (const index of indexes) {
      for (const key of keys) {
        expect(book.derive(key.fingerprint, index)).toBe(deriveDepositAddress(key, index))
      }
    }
  }
})

test('addresses that are prepared together are those that are derived one by one', () => {
  const key = openAccount()
  const book = createAddressBook()
  book.prepare(key.fingerprint, [1, 2])
  expect(book.derive(key.fingerprint, 1)).toBeNull()
  book.add(key)
  const indexes = [900, 3, 3, ...Array.from({ length: 70 }, (_, i) => 7 * i), MAX_DERIVATION_INDEX]
  expect(book.derive(key.fingerprint, 7)).toBe(deriveDepositAddress(key, 7))
  book.prepare(key.fingerprint, indexes)
  for (const index of indexes) {
    expect(book.derive(key.fingerprint, index)).toBe(deriveDepositAddress(key, index))
  }
})

test('a slice of which an order took an address meanwhile is written in the next turn', async () => {
  const account = sampleStore()
  const store = createMemoryStore()
  await store.commit({ stores: [account] })
  let conflicts = 1
  const deps = {
    store: {
      ...store,
      commit: async (changes: ChangeSet) => (conflicts-- > 0 ? 'conflict' : store.commit(changes)),
    },
    addressBook: {
      derive: (_fingerprint: string, index: number) => sampleAddress(index),
      prepare: () => {},
      accountNumberOf: () => 0,
      isSponsor: () => false,
    },
    indexes: { peek: () => 0, reserve: async () => 0, open: async () => {}, close: () => {} },
  }
  const preparation: Preparation = new Map()
  const watched = async () => (await store.listWaitingAddresses(account.fingerprint, 0, 99)).length
  expect(await prepareAddresses(deps, [account], preparation)).toBe('more')
  expect(await watched()).toBe(0)
  expect(await prepareAddresses(deps, [account], preparation)).toBe('more')
  expect(await watched()).toBe(32)
})
