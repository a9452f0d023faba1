import { describe, expect, test } from 'vitest'
import type { BlockRef } from '../../src/core/chain/block.ts'
import type { ChainAdvance } from '../../src/core/change-set.ts'
import type { Hash } from '../../src/core/money/asset.ts'
import type { Payment } from '../../src/core/payment/payment.ts'
import {
  SAMPLE_CHAIN_ID,
  SAMPLE_COIN,
  SAMPLE_TIME_MS,
  sampleBlock,
  sampleBlocks,
  sampleHash,
  sampleInvoice,
  sampleObservation,
  samplePayment,
  sampleTerms,
} from '../support/fixtures.ts'
import { type OpenStore, openWithShop } from './store-suite.ts'

function advance(
  expectedTip: Hash | null,
  connected: readonly BlockRef[],
  overrides: Partial<ChainAdvance> = {},
): ChainAdvance {
  return {
    chainId: SAMPLE_CHAIN_ID,
    expectedTip,
    disconnected: [],
    connected,
    pruneBelow: 0,
    haltReason: null,
    ...overrides,
  }
}

/** 8..10 on branch a; then 10 is replaced by b10, b11, whose parent is a9. */
const TRUNK = sampleBlocks(8, 10)
const B10 = sampleBlock(10, 'b', sampleHash(9))
const B11 = sampleBlock(11, 'b')
const A10 = sampleBlock(10)

function idsOf(payments: readonly Payment[]): string[] {
  return payments.map(({ observation }) => observation.id)
}

export function describeStoreChains(open: OpenStore): void {
  describe('chains', () => {
    test('the latest blocks are loaded, oldest first', async () => {
      const store = await openWithShop(open)
      expect(await store.commit({ chain: advance(null, TRUNK) })).toBe('committed')
      expect(await store.loadChain(SAMPLE_CHAIN_ID, 10)).toEqual({
        chain: { chainId: SAMPLE_CHAIN_ID, blocks: TRUNK },
        haltReason: null,
      })
      const latest = await store.loadChain(SAMPLE_CHAIN_ID, 2)
      expect(latest?.chain.blocks).toEqual(TRUNK.slice(1))
      expect(await store.loadChain(SAMPLE_CHAIN_ID + 1, 10)).toBeNull()
    })

    test('a halt is kept and lifted without moving the tip', async () => {
      const store = await openWithShop(open)
      await store.commit({ chain: advance(null, TRUNK) })
      const halt = advance(A10.hash, [], { haltReason: 'reorg below the floor' })
      expect(await store.commit({ chain: halt })).toBe('committed')
      const halted = await store.loadChain(SAMPLE_CHAIN_ID, 10)
      expect(halted?.haltReason).toBe('reorg below the floor')
      expect(halted?.chain.blocks).toEqual(TRUNK)
      expect(await store.commit({ chain: advance(A10.hash, []) })).toBe('committed')
      expect((await store.loadChain(SAMPLE_CHAIN_ID, 10))?.haltReason).toBeNull()
    })

    test('blocks leave the chain and come back; the tip rule follows', async () => {
      const store = await openWithShop(open)
      await store.commit({ chain: advance(null, TRUNK) })
      const away = advance(A10.hash, [B10, B11], { disconnected: [A10] })
      expect(await store.commit({ chain: away })).toBe('committed')
      const blocks = async () => (await store.loadChain(SAMPLE_CHAIN_ID, 10))?.chain.blocks
      expect(await blocks()).toEqual([...TRUNK.slice(0, 2), B10, B11])

      const back = advance(B11.hash, [A10, sampleBlock(11)], { disconnected: [B11, B10] })
      expect(await store.commit({ chain: { ...back, expectedTip: A10.hash } })).toBe('conflict')
      expect(await store.commit({ chain: back })).toBe('committed')
      expect(await blocks()).toEqual([...TRUNK, sampleBlock(11)])
    })

    test('disconnecting alone makes the parent the tip', async () => {
      const store = await openWithShop(open)
      await store.commit({ chain: advance(null, TRUNK) })
      const away = advance(A10.hash, [], { disconnected: [A10, sampleBlock(9)] })
      expect(await store.commit({ chain: away })).toBe('committed')
      expect(await store.commit({ chain: advance(A10.hash, [A10]) })).toBe('conflict')
      const again = advance(sampleHash(8), [sampleBlock(9)])
      expect(await store.commit({ chain: again })).toBe('committed')
    })

    test('disconnecting what is not canonical is a bug', async () => {
      const store = await openWithShop(open)
      await store.commit({ chain: advance(null, TRUNK) })
      const wrong = advance(A10.hash, [B11], { disconnected: [B10] })
      await expect(store.commit({ chain: wrong })).rejects.toThrow('invariant broken')
      expect((await store.loadChain(SAMPLE_CHAIN_ID, 10))?.chain.blocks).toEqual(TRUNK)
    })

    test('pruning forgets blocks without observations and keeps the others', async () => {
      const store = await openWithShop(open)
      const observed = sampleBlock(3)
      const orphaned = sampleBlock(5, 'b', sampleHash(4))
      const payment = samplePayment(sampleObservation(1, observed))
      const onBranch = samplePayment(sampleObservation(2, orphaned), { position: 'orphaned' })
      await store.commit({
        chain: advance(null, [...sampleBlocks(1, 4), orphaned]),
        payments: [payment, onBranch],
      })
      await store.commit({
        chain: advance(orphaned.hash, sampleBlocks(5, 10), {
          disconnected: [orphaned],
          pruneBelow: 8,
        }),
      })
      // 3 is still there, but it is not linked to 8: the ring ends there.
      const chain = await store.loadChain(SAMPLE_CHAIN_ID, 100)
      expect(chain?.chain.blocks).toEqual(sampleBlocks(8, 10))
      expect(await store.findIncludedPayments(SAMPLE_CHAIN_ID)).toEqual([payment])
      expect(await store.findPaymentsInBlocks(SAMPLE_CHAIN_ID, [orphaned.hash])).toEqual([onBranch])
    })

    test('a block in which this very change set observes something is kept', async () => {
      const store = await openWithShop(open)
      const payment = samplePayment(sampleObservation(1, sampleBlock(3)))
      const chain = advance(null, sampleBlocks(1, 10), { pruneBelow: 8 })
      await store.commit({ chain, payments: [payment] })
      expect(await store.findIncludedPayments(SAMPLE_CHAIN_ID)).toEqual([payment])
    })

    test('included payments are those of canonical blocks of one chain', async () => {
      const store = await openWithShop(open)
      const waiting = samplePayment(sampleObservation(1, A10))
      const confirmed = samplePayment(sampleObservation(2, A10), { position: 'confirmed' })
      const inUnknownBlock = samplePayment(sampleObservation(3, sampleBlock(99)))
      const otherChain = { chainId: 5, asset: { ...SAMPLE_COIN, chainId: 5 } }
      const elsewhere = samplePayment(sampleObservation(4, A10, otherChain))
      await store.commit({
        chain: advance(null, TRUNK),
        payments: [waiting, confirmed, inUnknownBlock, elsewhere],
      })
      expect(await store.findIncludedPayments(SAMPLE_CHAIN_ID)).toEqual([waiting])
      await store.commit({ chain: advance(A10.hash, [B10, B11], { disconnected: [A10] }) })
      expect(await store.findIncludedPayments(SAMPLE_CHAIN_ID)).toEqual([])
      const found = await store.findPaymentsInBlocks(SAMPLE_CHAIN_ID, [A10.hash, B10.hash])
      expect(idsOf(found)).toEqual(idsOf([waiting, confirmed]))
      expect(await store.findPaymentsInBlocks(SAMPLE_CHAIN_ID, [])).toEqual([])
    })

    test('the same transaction in another block is another payment', async () => {
      const store = await openWithShop(open)
      const payments = [A10, B10].map((block) => samplePayment(sampleObservation(1, block)))
      expect(await store.commit({ payments })).toBe('committed')
      const found = await store.findPaymentsInBlocks(SAMPLE_CHAIN_ID, [B10.hash])
      expect(found).toEqual([payments[1]])
    })

    test('open and processing invoices past their deadline, the most overdue first', async () => {
      const store = await openWithShop(open)
      const until = (expiresAtMs: number) => sampleTerms({ expiresAtMs, graceMs: 10 })
      const due = SAMPLE_TIME_MS
      await store.commit({
        invoices: [
          sampleInvoice(1, { terms: until(due - 20) }),
          sampleInvoice(2, { terms: until(due - 40), status: 'processing' }),
          sampleInvoice(3, { terms: until(due - 50), status: 'settled' }),
          sampleInvoice(4, { terms: until(due - 60), status: 'canceled' }),
          sampleInvoice(5, { terms: until(due - 10) }),
        ],
      })
      expect(await store.findInvoicesPastDeadline(due, 10)).toEqual(['inv_2', 'inv_1'])
      expect(await store.findInvoicesPastDeadline(due + 1, 10)).toEqual(['inv_2', 'inv_1', 'inv_5'])
      expect(await store.findInvoicesPastDeadline(due + 1, 1)).toEqual(['inv_2'])
      const expired = sampleInvoice(2, { terms: until(due - 40), status: 'expired', revision: 2 })
      await store.commit({ invoices: [expired] })
      expect(await store.findInvoicesPastDeadline(due, 10)).toEqual(['inv_1'])
    })
  })
}
