/** What was credited of late, and who waits for room under the cap of a chain. */
import { describe, expect, test } from 'vitest'
import type { ChainAdvance } from '../../src/core/change-set.ts'
import type { Payment } from '../../src/core/payment/payment.ts'
import {
  SAMPLE_CHAIN_ID,
  SAMPLE_COIN,
  sampleBlock,
  sampleBlocks,
  sampleInvoice,
  sampleObservation,
  sampleOption,
  samplePayment,
  sampleTerms,
} from '../support/fixtures.ts'
import { type OpenStore, openWithShop } from './store-suite.ts'

const A10 = sampleBlock(10)
const CHAIN: ChainAdvance = {
  chainId: SAMPLE_CHAIN_ID,
  expectedTip: null,
  disconnected: [],
  connected: sampleBlocks(8, 10),
  pruneBelow: 0,
  haltReason: null,
}

export function describeStoreCredits(open: OpenStore): void {
  describe('credits', () => {
    test('credits above a height: confirmed, of orders, accepted, with the terms of the order', async () => {
      const store = await openWithShop(open)
      const worth = { amount: '27.50', currency: 'EUR' }
      const terms = sampleTerms({ options: [sampleOption({ worth })] })
      const credit = (n: number, height: number, parts: Partial<Payment> = {}) =>
        samplePayment(sampleObservation(n, sampleBlock(height)), {
          invoiceId: 'inv_1',
          position: 'confirmed',
          ...parts,
        })
      const [low, high] = [credit(1, 4), credit(2, 5, { countedUnits: 7n })]
      const foreign = { chainId: 5, asset: { ...SAMPLE_COIN, chainId: 5 } }
      await store.commit({
        chain: { ...CHAIN, connected: sampleBlocks(3, 10) },
        invoices: [sampleInvoice(1, { terms })],
        payments: [
          low,
          high,
          credit(3, 6, { position: 'included', heldByCap: true }),
          credit(4, 6, { position: 'orphaned' }),
          credit(5, 6, { accepted: false }),
          credit(6, 6, { dust: true, countedUnits: 0n }),
          credit(7, 6, { invoiceId: null }),
          samplePayment(sampleObservation(8, sampleBlock(6), foreign), {
            invoiceId: 'inv_1',
            position: 'confirmed',
          }),
        ],
      })
      const above = (height: number) => store.findCreditsAbove(SAMPLE_CHAIN_ID, height)
      expect(await above(3)).toEqual([
        { payment: low, terms },
        { payment: high, terms },
      ])
      expect(await above(4)).toEqual([{ payment: high, terms }])
      expect(await above(5)).toEqual([])
      expect(await above(-1)).toHaveLength(2)
    })

    test('a payment that waits for room under the cap is kept as one', async () => {
      const store = await openWithShop(open)
      const held = samplePayment(sampleObservation(1, A10), { heldByCap: true })
      await store.commit({ chain: CHAIN, payments: [held] })
      expect(await store.findIncludedPayments(SAMPLE_CHAIN_ID)).toEqual([held])
      const freed = { ...held, heldByCap: false, position: 'confirmed' as const, revision: 2 }
      await store.commit({ payments: [freed] })
      expect(await store.getPayment(held.observation.id)).toEqual(freed)
    })
  })
}
