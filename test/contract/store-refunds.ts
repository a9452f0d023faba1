import { describe, expect, test } from 'vitest'
import type { Refund } from '../../src/core/refund/refund.ts'
import {
  SAMPLE_CHAIN_ID,
  SAMPLE_TIME_MS,
  sampleAddress,
  sampleHash,
  sampleInvoice,
  sampleRefund,
} from '../support/fixtures.ts'
import { type OpenStore, openWithShop } from './store-suite.ts'

/** Paid in the block of this hash. */
const paidIn = (n: number): Partial<Refund> => ({
  txHash: sampleHash(90 + n),
  outgoing: {
    blockHash: sampleHash(n),
    blockNumber: n,
    blockTimestampS: 1_767_225_600,
    place: `log:${n}`,
    from: sampleAddress(7),
  },
})

const idsOf = (refunds: readonly Refund[]) => refunds.map(({ id }) => id)

export function describeStoreRefunds(open: OpenStore): void {
  const prepare = async (...refunds: Refund[]) => {
    const store = await openWithShop(open)
    const changes = { invoices: [sampleInvoice(1), sampleInvoice(2)], refunds }
    expect(await store.commit(changes)).toBe('committed')
    return store
  }

  describe('refunds', () => {
    test('come back as they were written, digit for digit', async () => {
      const plain = sampleRefund(1, { amountUnits: 2n ** 200n, reason: 'Zwei kamen zurück' })
      const paid = sampleRefund(2, { status: 'confirmed', ...paidIn(5) })
      const store = await prepare(plain, paid)
      expect(await store.getRefund(plain.id)).toEqual(plain)
      expect(await store.getRefund(paid.id)).toEqual(paid)
      expect(await store.getRefund('ref_nobody')).toBeNull()
    })

    test('a revision that somebody else wrote conflicts, and nothing of it is written', async () => {
      const refund = sampleRefund(1)
      const store = await prepare(refund)
      const sent: Refund = { ...refund, status: 'sent', ...paidIn(5), revision: 2 }
      expect(await store.commit({ refunds: [sent] })).toBe('committed')
      const stale: Refund = { ...refund, status: 'canceled', revision: 2 }
      expect(await store.commit({ refunds: [stale] })).toBe('conflict')
      expect(await store.commit({ refunds: [sampleRefund(3), stale] })).toBe('conflict')
      expect(await store.getRefund(refund.id)).toEqual(sent)
      expect(await store.getRefund(sampleRefund(3).id)).toBeNull()
    })

    test('a transfer that left with its block leaves no trace but its hash', async () => {
      const paid = sampleRefund(1, { status: 'confirmed', ...paidIn(5) })
      const store = await prepare(paid)
      const back: Refund = { ...paid, status: 'sent', outgoing: null, revision: 2 }
      expect(await store.commit({ refunds: [back] })).toBe('committed')
      expect(await store.getRefund(paid.id)).toEqual(back)
    })

    test('lists are newest first, of one store, by invoice and status', async () => {
      const store = await prepare(
        sampleRefund(1),
        sampleRefund(2, { invoiceId: 'inv_2', status: 'canceled' }),
        sampleRefund(3, { status: 'canceled' }),
      )
      const storeId = sampleRefund(1).storeId
      const list = async (filter: object) =>
        idsOf((await store.listRefunds({ storeId, ...filter }, { limit: 10, before: null })).items)
      expect(await list({})).toEqual(['ref_3', 'ref_2', 'ref_1'])
      expect(await list({ invoiceId: 'inv_1' })).toEqual(['ref_3', 'ref_1'])
      expect(await list({ status: 'canceled' })).toEqual(['ref_3', 'ref_2'])
      expect(await list({ invoiceId: 'inv_2', status: 'requested' })).toEqual([])
      expect(await list({ storeId: 'st_other' })).toEqual([])
      const first = await store.listRefunds({ storeId }, { limit: 2, before: null })
      const second = await store.listRefunds({ storeId }, { limit: 2, before: first.cursor })
      expect([idsOf(second.items), second.cursor]).toEqual([['ref_1'], null])
      expect(idsOf(await store.findRefundsOf(['inv_2', 'inv_1', 'inv_none']))).toEqual([
        ...['ref_1', 'ref_2', 'ref_3'],
      ])
      expect(await store.findRefundsOf([])).toEqual([])
    })

    test('are found by where they go, on their own chain, whatever their status', async () => {
      const there = { destination: sampleAddress(50) }
      const elsewhere = { ...sampleRefund(3).asset, chainId: 5, id: 'eip155:5/slip44:60' as const }
      const store = await prepare(
        sampleRefund(1, there),
        sampleRefund(2, { ...there, status: 'failed' }),
        sampleRefund(3, { ...there, asset: elsewhere }),
        sampleRefund(4, { destination: sampleAddress(51) }),
      )
      const find = async (...to: number[]) =>
        idsOf(await store.findRefundsTo(SAMPLE_CHAIN_ID, to.map(sampleAddress)))
      expect(await find(50)).toEqual(['ref_1', 'ref_2'])
      expect(await find(52, 51, 50, 50)).toEqual(['ref_1', 'ref_2', 'ref_4'])
      expect(await find(52)).toEqual([])
      expect(await find()).toEqual([])
    })

    test('those that wait for depth, and those paid in blocks that leave, are found', async () => {
      const store = await prepare(
        sampleRefund(1),
        sampleRefund(2, { status: 'sent', txHash: sampleHash(92) }),
        sampleRefund(3, { status: 'sent', ...paidIn(5) }),
        sampleRefund(4, { status: 'confirmed', ...paidIn(6) }),
        sampleRefund(5, { status: 'confirmed', ...paidIn(7) }),
      )
      const find = async (...blocks: number[]) => {
        const hashes = blocks.map((n) => sampleHash(n))
        return idsOf(await store.findRefundsInBlocks(SAMPLE_CHAIN_ID, hashes))
      }
      expect(await find()).toEqual(['ref_2', 'ref_3'])
      expect(await find(5, 6)).toEqual(['ref_2', 'ref_3', 'ref_4'])
      expect(await store.findRefundsInBlocks(5, [sampleHash(6)])).toEqual([])
    })

    test('proposals are kept in order, with their invoice', async () => {
      const store = await prepare()
      const propose = (n: number, invoiceId: string) => ({
        ...{ id: `rp_${n}`, storeId: sampleRefund(1).storeId, invoiceId },
        ...{ destination: sampleAddress(n), createdAtMs: SAMPLE_TIME_MS + n },
      })
      const [one, two, other] = [propose(1, 'inv_1'), propose(2, 'inv_1'), propose(3, 'inv_2')]
      for (const proposal of [one, other, two]) {
        expect(await store.commit({ refundProposals: [proposal] })).toBe('committed')
      }
      expect(await store.listRefundProposals('inv_1')).toEqual([one, two])
      expect(await store.listRefundProposals('inv_3')).toEqual([])
      expect(await store.commit({ refundProposals: [one] })).toBe('conflict')
    })

    test('nothing refers to an invoice that is not there', async () => {
      const store = await prepare()
      await expect(
        store.commit({ refunds: [sampleRefund(1, { invoiceId: 'inv_9' })] }),
      ).rejects.toThrow()
    })
  })
}
