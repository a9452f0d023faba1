/** What is learned later of payments that only a balance told of: appended, and never changed. */
import { beforeEach, describe, expect, test } from 'vitest'
import type { BlockRef } from '../../src/core/chain/block.ts'
import type { Attribution } from '../../src/core/payment/attribution.ts'
import type { Observation, Payment } from '../../src/core/payment/payment.ts'
import type { UnattributedCursor, UnattributedQuery } from '../../src/ports/balance-store.ts'
import type { Store } from '../../src/ports/store.ts'
import {
  SAMPLE_CHAIN_ID,
  SAMPLE_COIN,
  SAMPLE_TIME_MS,
  sampleAddress,
  sampleBlock,
  sampleHash,
  sampleInvoice,
  sampleObservation,
  samplePayment,
} from '../support/fixtures.ts'
import { type OpenStore, openWithShop } from './store-suite.ts'

/** Coins of which only the balance of an address told, in a block of this height. */
export function byBalance(
  n: number,
  block: BlockRef = sampleBlock(10),
  overrides: Partial<Payment> = {},
  observed: Partial<Observation> = {},
): Payment {
  const facts = { kind: 'internal', asset: SAMPLE_COIN, amountUnits: 12n } as const
  const unknown = { from: null, txHash: null, logIndex: null }
  return samplePayment(
    sampleObservation(n, block, { ...facts, ...unknown, ...observed }),
    overrides,
  )
}

function call(payment: Payment, place: string, parts: Partial<Attribution> = {}): Attribution {
  return {
    paymentId: payment.observation.id,
    place: `call:${place}`,
    txHash: sampleHash(77, 'c'),
    from: sampleAddress(0xbeef),
    amountUnits: 6n,
    learnedAtMs: SAMPLE_TIME_MS + 5_000,
    ...parts,
  }
}

const moved = (payment: Payment, overrides: Partial<Payment> = {}): Payment => ({
  ...payment,
  revision: payment.revision + 1,
  ...overrides,
})

export function describeStoreAttributions(open: OpenStore): void {
  describe('what is learned later of a payment', () => {
    let store: Store
    beforeEach(async () => {
      store = await openWithShop(open)
    })

    test('every read shows it, in the order of the calls, and the observation as it was', async () => {
      const payment = byBalance(1, sampleBlock(10), { invoiceId: 'inv_1' })
      const { id } = payment.observation
      await store.commit({ invoices: [sampleInvoice(1)], payments: [payment] })
      expect(await store.getPayment(id)).toEqual({ ...payment, attributions: [] })
      const attributions = [call(payment, '3:1'), call(payment, '3:0')]
      const changes = { payments: [moved(payment)], attributions }
      expect(await store.commit(changes)).toBe('committed')
      const told = { ...moved(payment), attributions }
      const { to } = payment.observation
      const page = { limit: 5, before: null }
      expect(await store.getPayment(id)).toEqual(told)
      expect((await store.loadInvoices(['inv_1']))[0]?.payments).toEqual([told])
      expect((await store.listPayments({ storeId: 'st_sample' }, page)).items).toEqual([told])
      expect(await store.findPaymentsInBlocks(SAMPLE_CHAIN_ID, [sampleHash(10)])).toEqual([told])
      expect(await store.findPaymentsTo(SAMPLE_CHAIN_ID, [to])).toEqual([told])
      const made = await store.findPaymentsOf(SAMPLE_CHAIN_ID, [sampleHash(77, 'c')])
      expect(made).toEqual([told])
      expect(await store.findPaymentsOf(5, [sampleHash(77, 'c')])).toEqual([])
    })

    test('a later revision leaves it as it was, and cannot bring any', async () => {
      const payment = byBalance(1)
      await store.commit({ payments: [payment] })
      const attributions = [call(payment, '3:1', { amountUnits: 12n })]
      await store.commit({ payments: [moved(payment)], attributions })
      const confirmed = moved(moved(payment), { position: 'confirmed' })
      const forged = { ...confirmed, attributions: [call(payment, '9:9')] }
      expect(await store.commit({ payments: [forged] })).toBe('committed')
      expect(await store.getPayment(payment.observation.id)).toEqual({ ...confirmed, attributions })
    })

    test('it is learned once: a second time conflicts, and writes nothing', async () => {
      const payment = byBalance(1)
      const { id } = payment.observation
      await store.commit({ payments: [payment] })
      const attributions = [call(payment, '3:1', { amountUnits: 12n })]
      await store.commit({ payments: [moved(payment)], attributions })
      const before = await store.getPayment(id)
      const again = { payments: [moved(moved(payment))], attributions: [call(payment, '4:0')] }
      expect(await store.commit(again)).toBe('conflict')
      // Who saw the payment as it was before is told too.
      expect(await store.commit({ ...again, payments: [moved(payment)] })).toBe('conflict')
      expect(await store.getPayment(id)).toEqual(before)
    })

    test('the same call twice conflicts, and one of no payment is a bug', async () => {
      const payment = byBalance(1)
      await store.commit({ payments: [payment] })
      const twice = [call(payment, '3:1'), call(payment, '3:1')]
      const changes = { payments: [moved(payment)], attributions: twice }
      expect(await store.commit(changes)).toBe('conflict')
      expect(await store.getPayment(payment.observation.id)).toEqual(payment)
      await expect(store.commit({ attributions: [call(byBalance(2), '1:0')] })).rejects.toThrow()
    })

    test('open payments come oldest block first, by pages, without those that are not open', async () => {
      const [a, b, c, late] = [12, 10, 11, 30].map((height, n) => byBalance(n, sampleBlock(height)))
      const gone = byBalance(5, sampleBlock(9, 'b'), { position: 'orphaned' })
      const known = samplePayment(sampleObservation(6, sampleBlock(9)))
      const learned = byBalance(7, sampleBlock(11))
      const foreign = { chainId: 5, asset: { ...SAMPLE_COIN, chainId: 5 } }
      const elsewhere = byBalance(8, sampleBlock(9), {}, foreign)
      const confirmed = byBalance(9, sampleBlock(13), { position: 'confirmed' })
      const payments = [a, b, c, late, gone, known, learned, elsewhere, confirmed] as Payment[]
      await store.commit({ payments })
      const attributions = [call(learned, '0:0', { amountUnits: 12n })]
      await store.commit({ payments: [moved(learned)], attributions })
      expect(await readAll(store, {})).toEqual([b, c, a, confirmed, late])
      expect(await readAll(store, { limit: 1 })).toEqual([b, c, a, confirmed, late])
      expect(await readAll(store, { fromBlock: 13, limit: 2 })).toEqual([confirmed, late])
      expect(await readAll(store, { fromBlock: 31 })).toEqual([])
      expect(await readAll(store, { chainId: 6 })).toEqual([])
    })
  })
}

async function readAll(store: Store, query: Partial<UnattributedQuery>): Promise<Payment[]> {
  const found: Payment[] = []
  let after: UnattributedCursor | null = null
  do {
    const common = { chainId: SAMPLE_CHAIN_ID, fromBlock: 0, limit: 100 }
    const page = await store.findUnattributed({ ...common, ...query, after })
    found.push(...page.payments)
    after = page.cursor
  } while (after !== null)
  return found
}
