import { describe, expect, test } from 'vitest'
import type { KnownBalance } from '../../src/core/chain/known-balance.ts'
import type { ChangeSet } from '../../src/core/change-set.ts'
import type { Invoice } from '../../src/core/invoice/invoice.ts'
import type { SweepGroup, SweepQuery, SweepTarget } from '../../src/ports/balance-store.ts'
import type { Store } from '../../src/ports/store.ts'
import {
  SAMPLE_CHAIN_ID,
  SAMPLE_COIN,
  SAMPLE_TIME_MS,
  sampleAddress,
  sampleBlock,
  sampleBlocks,
  sampleHash,
  sampleInvoice,
  sampleIssuedAddress,
  sampleObservation,
  sampleOption,
  samplePayment,
  sampleTerms,
} from '../support/fixtures.ts'
import { type OpenStore, openWithShop } from './store-suite.ts'

/** An order whose deadline is so many seconds after the sample time; it takes the coin. */
function order(n: number, deadlineS: number, overrides: Partial<Invoice> = {}): Invoice {
  const options = [sampleOption({ asset: SAMPLE_COIN })]
  const expiresAtMs = SAMPLE_TIME_MS + deadlineS * 1_000
  return sampleInvoice(n, {
    terms: sampleTerms({ options, expiresAtMs, graceMs: 0 }),
    ...overrides,
  })
}

function withOrders(...invoices: Invoice[]): ChangeSet {
  const addresses = invoices.map(({ id }) => sampleIssuedAddress(Number(id.slice(4))))
  return { invoices, addresses }
}

function query(group: SweepGroup, overrides: Partial<SweepQuery> = {}): SweepQuery {
  return {
    chainId: SAMPLE_CHAIN_ID,
    assetId: SAMPLE_COIN.id,
    group,
    sinceMs: SAMPLE_TIME_MS,
    after: null,
    limit: 10,
    ...overrides,
  }
}

const orderOf = ({ deposit }: SweepTarget) => deposit.issued?.invoiceId

async function idsOf(store: Store, group: SweepGroup) {
  return (await store.findSweepTargets(query(group))).targets.map(orderOf)
}

function balance(overrides: Partial<KnownBalance> = {}): KnownBalance {
  const block = { number: 10, hash: sampleHash(10) }
  const common = { chainId: SAMPLE_CHAIN_ID, address: sampleAddress(1), block }
  return { ...common, balanceUnits: 5n, ...overrides }
}

export function describeStoreBalances(open: OpenStore): void {
  describe('balances to compare', () => {
    test('orders are found by group, those with the earliest deadline first', async () => {
      const store = await openWithShop(open)
      await store.commit(
        withOrders(
          order(1, 30),
          order(2, 10, { status: 'processing' }),
          order(3, 20, { status: 'settled' }),
          order(4, -20, { status: 'expired' }),
          order(5, -10, { status: 'canceled' }),
          sampleInvoice(6, { terms: sampleTerms({ expiresAtMs: SAMPLE_TIME_MS, graceMs: 0 }) }),
        ),
      )
      expect(await idsOf(store, 'unfinished')).toEqual(['inv_2', 'inv_1'])
      expect(await idsOf(store, 'recent')).toEqual(['inv_3'])
      expect(await idsOf(store, 'idle')).toEqual(['inv_4', 'inv_5'])
    })

    test('pages follow each other, also past orders that do not take the coin', async () => {
      const store = await openWithShop(open)
      const other = sampleTerms({ expiresAtMs: SAMPLE_TIME_MS + 20_000, graceMs: 0 })
      await store.commit(
        withOrders(order(1, 10), sampleInvoice(2, { terms: other }), order(3, 20), order(4, 20)),
      )
      const seen: (string | undefined)[] = []
      let after: SweepQuery['after'] = null
      for (let pages = 0; pages < 10; pages += 1) {
        const page = await store.findSweepTargets(query('unfinished', { after, limit: 2 }))
        seen.push(...page.targets.map(orderOf))
        after = page.cursor
        if (after === null) break
      }
      expect(seen).toEqual(['inv_1', 'inv_3', 'inv_4'])
    })

    test('a bound leaves out orders whose deadline is there, or later', async () => {
      const store = await openWithShop(open)
      await store.commit(withOrders(order(1, 10), order(2, 20), order(3, 30)))
      const beforeMs = SAMPLE_TIME_MS + 20_000
      const page = await store.findSweepTargets(query('unfinished', { beforeMs }))
      expect(page.targets.map(orderOf)).toEqual(['inv_1'])
    })

    test('a known balance is replaced, and belongs to its chain', async () => {
      const store = await openWithShop(open)
      await store.commit(withOrders(order(1, 10)))
      const find = async () => (await store.findSweepTargets(query('unfinished'))).targets[0]?.known
      expect(await find()).toBeNull()
      await store.commit({ balances: [balance(), balance({ chainId: 1, balanceUnits: 9n })] })
      expect(await find()).toEqual(balance())
      const later = balance({
        block: { number: 12, hash: sampleHash(12) },
        balanceUnits: 2n ** 255n,
      })
      await store.commit({ balances: [later] })
      expect(await find()).toEqual(later)
    })

    test('credits are those of the coin that stand on the chain, by block', async () => {
      const store = await openWithShop(open)
      await store.commit(withOrders(order(1, 10)))
      const coin = (n: number, number: number, overrides = {}) =>
        sampleObservation(n, sampleBlock(number), {
          asset: SAMPLE_COIN,
          kind: 'native',
          to: sampleAddress(1),
          amountUnits: BigInt(n),
          ...overrides,
        })
      const owner = { invoiceId: 'inv_1' }
      await store.commit({
        chain: {
          chainId: SAMPLE_CHAIN_ID,
          expectedTip: null,
          disconnected: [],
          connected: sampleBlocks(8, 12),
          pruneBelow: 0,
          haltReason: null,
        },
        payments: [
          samplePayment(coin(1, 11), owner),
          samplePayment(coin(2, 10), { ...owner, position: 'confirmed' }),
          samplePayment(coin(3, 10), { ...owner, position: 'orphaned' }),
          samplePayment(sampleObservation(4, sampleBlock(10)), owner),
          // Given to the order by the merchant: its coins lie at another address.
          samplePayment(coin(5, 11, { to: sampleAddress(9) }), owner),
          // Nobody's: its coins lie here all the same.
          samplePayment(coin(6, 12), { invoiceId: null }),
        ],
      })
      const [target] = (await store.findSweepTargets(query('unfinished'))).targets
      expect(target?.credits).toEqual([
        { blockNumber: 10, place: 'log:2', amountUnits: 2n },
        { blockNumber: 11, place: 'log:1', amountUnits: 1n },
        { blockNumber: 12, place: 'log:6', amountUnits: 6n },
      ])
    })

    test('the canonical ancestor of a block that left, of one that stands, of none', async () => {
      const store = await openWithShop(open)
      const common = { chainId: SAMPLE_CHAIN_ID, pruneBelow: 0, haltReason: null }
      const trunk = sampleBlocks(8, 11)
      await store.commit({
        chain: { ...common, expectedTip: null, disconnected: [], connected: trunk },
      })
      const [, nine, ten, eleven] = trunk
      const branch = [sampleBlock(10, 'b', sampleHash(9)), sampleBlock(11, 'b')]
      await store.commit({
        chain: {
          ...common,
          expectedTip: sampleHash(11),
          disconnected: [eleven!, ten!],
          connected: branch,
        },
      })
      const find = (hash: `0x${string}`) => store.findCanonicalAncestor(SAMPLE_CHAIN_ID, hash)
      expect(await find(sampleHash(11))).toEqual(nine)
      expect(await find(sampleHash(9))).toEqual(nine)
      expect(await find(sampleHash(11, 'b'))).toEqual(branch[1])
      expect(await find(sampleHash(99))).toBeNull()
      expect(await store.findCanonicalAncestor(1, sampleHash(9))).toBeNull()
    })
  })
}
