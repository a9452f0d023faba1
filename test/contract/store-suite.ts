/** What every store must do, in parts: writing here, chains, webhooks and lists beside it. */
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import type { ChangeSet } from '../../src/core/change-set.ts'
import type { Store } from '../../src/ports/store.ts'
import {
  SAMPLE_CHAIN_ID,
  SAMPLE_FINGERPRINT,
  SAMPLE_TIME_MS,
  sampleApiKey,
  sampleBlock,
  sampleDepositAddress,
  sampleEndpoint,
  sampleEvent,
  sampleHash,
  sampleIdempotency,
  sampleInvoice,
  sampleIssuedAddress,
  sampleObservation,
  samplePayment,
  sampleStore,
} from '../support/fixtures.ts'
import { describeStoreAttributions } from './store-attributions.ts'
import { describeStoreBalances } from './store-balances.ts'
import { describeStoreChains } from './store-chains.ts'
import { describeStoreCredits } from './store-credits.ts'
import { describeStoreLists } from './store-lists.ts'
import { describeMissedEvents } from './store-missed-events.ts'
import { describeStoreOutflows } from './store-outflows.ts'
import { describeStoreRefunds } from './store-refunds.ts'
import { describeStoreTurns } from './store-turns.ts'
import { describeStoreAudit, describeStoreValues } from './store-values.ts'
import { describeStoreWebhooks } from './store-webhooks.ts'

/** A fresh, empty store; the test that opened it closes it. */
export type OpenStore = () => Promise<Store>

/** A store with the sample shop in it. */
export async function openWithShop(open: OpenStore): Promise<Store> {
  const store = await open()
  onTestFinished(() => store.close())
  expect(await store.commit({ stores: [sampleStore()] })).toBe('committed')
  return store
}

export function describeStore(name: string, open: OpenStore): void {
  describe(name, () => {
    describeConflicts(open)
    describeRevisions(open)
    describeAddresses(open)
    describeStoreValues(open)
    describeStoreAudit(open)
    describeStoreChains(open)
    describeStoreCredits(open)
    describeStoreBalances(open)
    describeStoreAttributions(open)
    describeStoreWebhooks(open)
    describeMissedEvents(open)
    describeStoreOutflows(open)
    describeStoreRefunds(open)
    describeStoreTurns(open)
    describeStoreLists(open)
  })
}

/** What is there before the conflicting change set comes. */
const BEFORE: ChangeSet = {
  apiKeys: [sampleApiKey(1)],
  endpoints: [sampleEndpoint(1)],
  invoices: [sampleInvoice(1), sampleInvoice(2, { revision: 1 })],
  addresses: [sampleIssuedAddress(1), sampleDepositAddress(2)],
  payments: [samplePayment(sampleObservation(1), { invoiceId: 'inv_1' })],
  events: [sampleEvent(1, { invoiceId: 'inv_1', sequence: 1 })],
  idempotency: sampleIdempotency(),
  chain: {
    chainId: SAMPLE_CHAIN_ID,
    expectedTip: null,
    disconnected: [],
    connected: [sampleBlock(10)],
    pruneBelow: 0,
    haltReason: null,
  },
}

const CONFLICTS: Record<string, ChangeSet> = {
  'an invoice inserted again': { invoices: [sampleInvoice(1)] },
  'an invoice of a revision that was skipped': { invoices: [sampleInvoice(1, { revision: 3 })] },
  'a new invoice with a later revision': { invoices: [sampleInvoice(7, { revision: 2 })] },
  'another invoice with the same token': { invoices: [sampleInvoice(7, { token: 'token1' })] },
  'a store inserted again': { stores: [sampleStore({ name: 'again' })] },
  'an API key inserted again': { apiKeys: [sampleApiKey(1)] },
  'another API key with the same hash': { apiKeys: [sampleApiKey(1, { id: 'key_7' })] },
  'an endpoint inserted again': { endpoints: [sampleEndpoint(1)] },
  'an endpoint of a revision that was skipped': { endpoints: [sampleEndpoint(1, { revision: 5 })] },
  'a payment inserted again': { payments: [samplePayment(sampleObservation(1))] },
  'another payment of the same place': {
    payments: [samplePayment(sampleObservation(1, sampleBlock(10), { id: 'pay_other' }))],
  },
  'a payment of a revision that was skipped': {
    payments: [samplePayment(sampleObservation(1), { revision: 3 })],
  },
  'an address issued again': {
    addresses: [
      sampleIssuedAddress(1, { issued: { invoiceId: 'inv_2', atMs: SAMPLE_TIME_MS, tips: {} } }),
    ],
  },
  'an issued address put back to waiting': { addresses: [sampleDepositAddress(1)] },
  'a second address for one invoice': {
    addresses: [
      sampleIssuedAddress(2, { issued: { invoiceId: 'inv_1', atMs: SAMPLE_TIME_MS, tips: {} } }),
    ],
  },
  'another address at the same index': { addresses: [sampleDepositAddress(7, { index: 2 })] },
  'the same address at another index': { addresses: [sampleDepositAddress(2, { index: 7 })] },
  'a chain advanced from another tip': {
    chain: {
      chainId: SAMPLE_CHAIN_ID,
      expectedTip: sampleHash(9),
      disconnected: [],
      connected: [sampleBlock(11)],
      pruneBelow: 0,
      haltReason: null,
    },
  },
  'a chain begun again': {
    chain: {
      chainId: SAMPLE_CHAIN_ID,
      expectedTip: null,
      disconnected: [],
      connected: [sampleBlock(11)],
      pruneBelow: 0,
      haltReason: null,
    },
  },
  'two canonical blocks at one height': {
    chain: {
      chainId: SAMPLE_CHAIN_ID,
      expectedTip: sampleHash(10),
      disconnected: [],
      connected: [sampleBlock(10, 'b')],
      pruneBelow: 0,
      haltReason: null,
    },
  },
  'an event id told again': { events: [sampleEvent(1)] },
  'a sequence number told again': {
    events: [sampleEvent(7, { invoiceId: 'inv_1', sequence: 1 })],
  },
  'an idempotency key used again': { idempotency: sampleIdempotency({ status: 200 }) },
}

/** Valid by itself: nothing of it may be seen after it came with something that conflicts. */
const COMPANION: ChangeSet = {
  stores: [sampleStore({ id: 'st_companion' })],
  apiKeys: [sampleApiKey(50, { storeId: 'st_companion' })],
  endpoints: [sampleEndpoint(50)],
  invoices: [sampleInvoice(50), sampleInvoice(2, { status: 'canceled', revision: 2 })],
  addresses: [sampleIssuedAddress(50)],
  payments: [samplePayment(sampleObservation(50), { invoiceId: 'inv_50' })],
  events: [sampleEvent(50, { invoiceId: 'inv_50', sequence: 1 })],
  audit: [{ atMs: 1, actor: 'a', action: 'b', target: 'c', before: null, after: null }],
}

function describeConflicts(open: OpenStore): void {
  describe('a change set that conflicts', () => {
    let store: Store
    beforeEach(async () => {
      store = await open()
      expect(await store.commit({ ...BEFORE, stores: [sampleStore()] })).toBe('committed')
      return () => store.close()
    })

    test.each(Object.entries(CONFLICTS))('%s: nothing of it is written', async (_, changes) => {
      const before = await snapshot(store)
      expect(await store.commit(merge(COMPANION, changes))).toBe('conflict')
      expect(await snapshot(store)).toEqual(before)
    })

    test('the companion alone is committed', async () => {
      const before = await snapshot(store)
      expect(await store.commit(COMPANION)).toBe('committed')
      const after = await snapshot(store)
      for (const part of Object.keys(before) as (keyof typeof before)[]) {
        expect(after[part], part).not.toEqual(before[part])
      }
    })

    test('the same commit can succeed after a conflict', async () => {
      await store.commit(merge(COMPANION, { invoices: [sampleInvoice(1)] }))
      expect(await store.commit(COMPANION)).toBe('committed')
    })

    test.each<[string, ChangeSet]>([
      ['a store', { invoices: [sampleInvoice(60, { storeId: 'st_unknown' })] }],
      [
        'an event',
        {
          idempotency: sampleIdempotency({ key: 'k', body: { kind: 'event', eventId: 'evt_60' } }),
        },
      ],
    ])(
      'a reference to %s that is none is a bug: thrown, and nothing is written',
      async (_, bug) => {
        const before = await snapshot(store)
        await expect(store.commit(merge(COMPANION, bug))).rejects.toThrow()
        expect(await snapshot(store)).toEqual(before)
      },
    )
  })
}

function merge(base: ChangeSet, extra: ChangeSet): ChangeSet {
  const lists = ['stores', 'apiKeys', 'endpoints', 'invoices', 'addresses', 'payments', 'events']
  const both = lists.map((name) => {
    const key = name as 'invoices'
    return [name, [...(base[key] ?? []), ...(extra[key] ?? [])]]
  })
  return { ...base, ...extra, ...Object.fromEntries(both) }
}

async function snapshot(store: Store) {
  const all = { limit: 100, before: null }
  const filter = { storeId: 'st_sample' }
  return {
    stores: await store.listStores(),
    apiKeys: await store.listApiKeys('st_companion'),
    endpoints: await store.listEndpoints(['st_sample']),
    invoices: (await store.listInvoices(filter, all)).items,
    payments: (await store.listPayments(filter, all)).items,
    events: (await store.listEvents(filter, all)).items,
    maxIssuedIndex: await store.maxIssuedIndex(SAMPLE_FINGERPRINT),
    audit: await store.listAudit(0, 100),
  }
}

function describeRevisions(open: OpenStore): void {
  test('revision n + 1 replaces revision n, once', async () => {
    const store = await openWithShop(open)
    const first = sampleInvoice(1)
    const second = { ...first, status: 'processing' as const, sequence: 2, revision: 2 }
    expect(await store.commit({ invoices: [first] })).toBe('committed')
    expect(await store.commit({ invoices: [second] })).toBe('committed')
    const rival = { ...first, status: 'canceled' as const, revision: 2 }
    expect(await store.commit({ invoices: [rival] })).toBe('conflict')
    expect(await store.loadInvoices(['inv_1'])).toEqual([{ invoice: second, payments: [] }])
  })

  test('a later revision of a payment leaves its observation as it was', async () => {
    const store = await openWithShop(open)
    const payment = samplePayment(sampleObservation(1))
    const forged = { ...payment.observation, amountUnits: 1n }
    await store.commit({ payments: [payment] })
    const moved = { ...payment, position: 'confirmed' as const, revision: 2 }
    expect(await store.commit({ payments: [{ ...moved, observation: forged }] })).toBe('committed')
    expect(await store.getPayment(payment.observation.id)).toEqual(moved)
  })

  test('two writers at once: one wins', async () => {
    const store = await openWithShop(open)
    await store.commit({ invoices: [sampleInvoice(1)] })
    const rivals = ['settled', 'canceled'] as const
    const results = await Promise.all(
      rivals.map((status) =>
        store.commit({ invoices: [sampleInvoice(1, { status, revision: 2 })] }),
      ),
    )
    expect(results).toEqual(['committed', 'conflict'])
    expect((await store.loadInvoices(['inv_1']))[0]?.invoice.status).toBe('settled')
  })

  test('what a caller holds is not what is stored', async () => {
    const store = await openWithShop(open)
    const metadata = { cart: ['a'] }
    await store.commit({ invoices: [sampleInvoice(1, { metadata })] })
    metadata.cart.push('b')
    const [loaded] = await store.loadInvoices(['inv_1'])
    expect(loaded?.invoice.metadata).toEqual({ cart: ['a'] })
    expect(() => {
      const found = loaded?.invoice.metadata as { cart: string[] }
      found.cart = ['c']
      if (!Object.isFrozen(found)) throw new TypeError('a copy of its own')
    }).toThrow(TypeError)
    expect((await store.loadInvoices(['inv_1']))[0]?.invoice.metadata).toEqual({ cart: ['a'] })
  })
}

function describeAddresses(open: OpenStore): void {
  test('an address waits, is given out once, and is found by its bytes', async () => {
    const store = await openWithShop(open)
    const waiting = [3, 4, 5].map((n) => sampleDepositAddress(n))
    expect(await store.commit({ addresses: waiting })).toBe('committed')
    expect(await store.maxIssuedIndex(SAMPLE_FINGERPRINT)).toBe(-1)
    expect(await store.listWaitingAddresses(SAMPLE_FINGERPRINT, 4, 10)).toEqual(waiting.slice(1))

    const issued = sampleIssuedAddress(4)
    const changes = { invoices: [sampleInvoice(4)], addresses: [issued] }
    expect(await store.commit(changes)).toBe('committed')
    expect(await store.maxIssuedIndex(SAMPLE_FINGERPRINT)).toBe(4)
    expect(await store.maxIssuedIndex('another account')).toBe(-1)
    const left = [waiting[0], waiting[2]]
    expect(await store.listWaitingAddresses(SAMPLE_FINGERPRINT, 0, 10)).toEqual(left)
    expect(await store.listWaitingAddresses(SAMPLE_FINGERPRINT, 0, 1)).toEqual([waiting[0]])
    expect(await store.listWaitingAddresses('another account', 0, 10)).toEqual([])
    expect(await store.findDepositAddresses([issued.address])).toEqual([issued])
  })

  test('a waiting address may be written again and issued without having waited', async () => {
    const store = await openWithShop(open)
    await store.commit({ addresses: [sampleDepositAddress(1)] })
    expect(await store.commit({ addresses: [sampleDepositAddress(1)] })).toBe('committed')
    const changes = { invoices: [sampleInvoice(9)], addresses: [sampleIssuedAddress(9)] }
    expect(await store.commit(changes)).toBe('committed')
    expect(await store.maxIssuedIndex(SAMPLE_FINGERPRINT)).toBe(9)
  })

  test('two invoices never get one address, also when both are created at once', async () => {
    const store = await openWithShop(open)
    const give = (n: number) => {
      const issued = { invoiceId: `inv_${n}`, atMs: SAMPLE_TIME_MS, tips: {} }
      return store.commit({
        invoices: [sampleInvoice(n)],
        addresses: [sampleIssuedAddress(1, { issued })],
      })
    }
    expect(await Promise.all([give(1), give(2)])).toEqual(['committed', 'conflict'])
    expect((await store.loadInvoices(['inv_1', 'inv_2'])).map((i) => i.invoice.id)).toEqual([
      'inv_1',
    ])
  })

  test('thousands of recipients are matched, ours only, each once', async () => {
    const store = await openWithShop(open)
    const ours = Array.from({ length: 300 }, (_, n) => sampleDepositAddress(n))
    await store.commit({ addresses: ours })
    const strangers = Array.from({ length: 12_000 }, (_, n) => sampleDepositAddress(1_000_000 + n))
    const recipients = [...strangers, ...ours, ...ours].map(({ address }) => address)
    const found = await store.findDepositAddresses(recipients)
    expect(found.toSorted((a, b) => a.index - b.index)).toEqual(ours)
    expect(await store.findDepositAddresses([])).toEqual([])
  })
}
