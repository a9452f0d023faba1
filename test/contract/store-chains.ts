import { describe, expect, test } from 'vitest'
import type { BlockRef, ProofLevel } from '../../src/core/chain/block.ts'
import { createLocalChain, marksOf, toMark } from '../../src/core/chain/local-chain.ts'
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
        chain: createLocalChain(SAMPLE_CHAIN_ID, TRUNK),
        haltReason: null,
        genesisHash: null,
      })
      const latest = await store.loadChain(SAMPLE_CHAIN_ID, 2)
      expect(latest?.chain.blocks).toEqual(TRUNK.slice(1))
      expect(await store.loadChain(SAMPLE_CHAIN_ID + 1, 10)).toBeNull()
    })

    test('the genesis is kept with the first that comes, for ever', async () => {
      const store = await openWithShop(open)
      const readGenesis = async () => (await store.loadChain(SAMPLE_CHAIN_ID, 1))?.genesisHash
      const [first, second] = TRUNK as [BlockRef, BlockRef]
      await store.commit({ chain: advance(null, [first]) })
      expect(await readGenesis()).toBeNull()
      const known = { genesisHash: A10.hash }
      await store.commit({ chain: { ...advance(first.hash, [second]), ...known } })
      expect(await readGenesis()).toBe(A10.hash)
      for (const genesisHash of [second.hash, null]) {
        await store.commit({ chain: { ...advance(second.hash, []), genesisHash } })
        expect(await readGenesis()).toBe(A10.hash)
      }
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

    test('CR-13 marks are kept until others are given', async () => {
      const store = await openWithShop(open)
      const finalized = toMark(sampleBlock(8))
      const marks = async () => {
        const stored = await store.loadChain(SAMPLE_CHAIN_ID, 10)
        return stored === null ? null : marksOf(stored.chain)
      }
      await store.commit({ chain: advance(null, TRUNK) })
      expect(await marks()).toEqual({ finalized: null, safe: null })
      await store.commit({ chain: advance(A10.hash, [], { marks: { finalized, safe: null } }) })
      expect(await marks()).toEqual({ finalized, safe: null })
      await store.commit({ chain: advance(A10.hash, [], { haltReason: 'halted' }) })
      expect(await marks()).toEqual({ finalized, safe: null })
      const both = { finalized: toMark(sampleBlock(9)), safe: toMark(A10) }
      await store.commit({ chain: advance(A10.hash, [sampleBlock(11)], { marks: both }) })
      expect(await marks()).toEqual(both)
      const cleared = { finalized: null, safe: null }
      await store.commit({ chain: advance(sampleHash(11), [], { marks: cleared }) })
      expect(await marks()).toEqual(cleared)
    })

    test('CR-13 what is final does not fall, unless an operator decides so', async () => {
      const store = await openWithShop(open)
      const stand = (number: number) => ({
        marks: { finalized: toMark(sampleBlock(number)), safe: null },
      })
      const final = async () => {
        const stored = await store.loadChain(SAMPLE_CHAIN_ID, 10)
        return stored === null ? null : marksOf(stored.chain).finalized?.number
      }
      await store.commit({ chain: advance(null, TRUNK, stand(9)) })
      expect(await store.commit({ chain: advance(A10.hash, [], stand(8)) })).toBe('conflict')
      const further = advance(A10.hash, [sampleBlock(11)], stand(8))
      expect(await store.commit({ chain: further })).toBe('conflict')
      expect(await final()).toBe(9)
      expect(await store.commit({ chain: advance(A10.hash, [], stand(9)) })).toBe('committed')
      const decided = { ...stand(8), mayLowerFinal: true }
      expect(await store.commit({ chain: advance(A10.hash, [], decided) })).toBe('committed')
      expect(await final()).toBe(8)
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

    test('canonical blocks from a height on, and the nearest below it', async () => {
      const store = await openWithShop(open)
      const payments = [3, 5].map((n) => samplePayment(sampleObservation(n, sampleBlock(n))))
      await store.commit({ chain: advance(null, sampleBlocks(1, 9)), payments })
      const rest = advance(sampleHash(9), [A10], { pruneBelow: 8 })
      await store.commit({ chain: rest })
      const away = advance(A10.hash, [B10], { disconnected: [A10], pruneBelow: 8 })
      await store.commit({ chain: away })
      const from = async (number: number) =>
        (await store.findCanonicalBlocks(SAMPLE_CHAIN_ID, number)).map(({ hash }) => hash)
      const [h3, h5, h8, h9] = [3, 5, 8, 9].map((n) => sampleHash(n))
      expect(await from(0)).toEqual([h3, h5, h8, h9, B10.hash])
      expect(await from(3)).toEqual([h3, h5, h8, h9, B10.hash])
      expect(await from(5)).toEqual([h3, h5, h8, h9, B10.hash])
      expect(await from(9)).toEqual([h8, h9, B10.hash])
      expect(await from(99)).toEqual([B10.hash])
      expect(await store.findCanonicalBlocks(SAMPLE_CHAIN_ID + 1, 0)).toEqual([])
    })

    test('a forgotten block in which something is found later comes back, the tip stays', async () => {
      const store = await openWithShop(open)
      await store.commit({ chain: advance(null, sampleBlocks(1, 10), { pruneBelow: 8 }) })
      const late = samplePayment(sampleObservation(1, sampleBlock(4)))
      const found = advance(A10.hash, [], { restored: [sampleBlock(4)], pruneBelow: 8 })
      expect(await store.commit({ chain: found, payments: [late] })).toBe('committed')
      expect(await store.findIncludedPayments(SAMPLE_CHAIN_ID)).toEqual([late])
      const chain = await store.loadChain(SAMPLE_CHAIN_ID, 100)
      expect(chain?.chain.blocks).toEqual(sampleBlocks(8, 10))
      expect(await store.commit({ chain: found })).toBe('committed')
      // A height that another block has is no gap to fill.
      const clash = advance(A10.hash, [], { restored: [sampleBlock(9, 'b')] })
      expect(await store.commit({ chain: clash })).toBe('conflict')
    })

    test('a block in which this very change set observes something is kept', async () => {
      const store = await openWithShop(open)
      const payment = samplePayment(sampleObservation(1, sampleBlock(3)))
      const chain = advance(null, sampleBlocks(1, 10), { pruneBelow: 8 })
      await store.commit({ chain, payments: [payment] })
      expect(await store.findIncludedPayments(SAMPLE_CHAIN_ID)).toEqual([payment])
    })

    test('payments to an address, on one chain, in any position, with what counts', async () => {
      const store = await openWithShop(open)
      const to = sampleObservation(1, A10).to
      const other = { to: sampleObservation(1, A10, { to: `0x${'77'.repeat(20)}` }).to }
      const whole = samplePayment(sampleObservation(1, A10, { to }))
      const short = samplePayment(sampleObservation(2, A10, { to }), {
        position: 'confirmed',
        countedUnits: 7n,
      })
      const dust = samplePayment(sampleObservation(3, B10, { to, amountUnits: 1n }), {
        position: 'orphaned',
        countedUnits: 0n,
        dust: true,
      })
      const elsewhere = samplePayment(sampleObservation(4, A10, other))
      const foreign = { chainId: 5, asset: { ...SAMPLE_COIN, chainId: 5 }, to }
      const onOther = samplePayment(sampleObservation(5, A10, foreign))
      await store.commit({ payments: [whole, short, dust, elsewhere, onOther] })
      expect(await store.findPaymentsTo(SAMPLE_CHAIN_ID, [to, to])).toEqual([whole, short, dust])
      expect(await store.findPaymentsTo(SAMPLE_CHAIN_ID, [])).toEqual([])
    })

    test('payments of transactions, in any block of one chain, with an invoice or without', async () => {
      const store = await openWithShop(open)
      const txHash = sampleObservation(1).txHash as Hash
      const before = samplePayment(sampleObservation(1, A10), { position: 'orphaned' })
      const again = samplePayment(sampleObservation(2, B10, { txHash }), { invoiceId: 'inv_1' })
      const other = samplePayment(sampleObservation(3, A10))
      const none = samplePayment(sampleObservation(4, A10, { txHash: null, logIndex: null }))
      const foreign = { chainId: 5, asset: { ...SAMPLE_COIN, chainId: 5 }, txHash }
      const onOther = samplePayment(sampleObservation(5, A10, foreign))
      const payments = [before, again, other, none, onOther]
      await store.commit({ invoices: [sampleInvoice(1)], payments })
      const find = (hashes: readonly Hash[]) => store.findPaymentsOf(SAMPLE_CHAIN_ID, hashes)
      expect(await find([txHash, txHash])).toEqual([before, again])
      expect(await find([])).toEqual([])
    })

    test('a payment that had no invoice is given one, once', async () => {
      const store = await openWithShop(open)
      const payment = samplePayment(sampleObservation(1, A10), { accepted: false })
      const { id } = payment.observation
      await store.commit({ invoices: [sampleInvoice(1)], payments: [payment] })
      const given = { ...payment, invoiceId: 'inv_1', accepted: true, revision: 2 }
      expect(await store.commit({ payments: [given] })).toBe('committed')
      expect(await store.commit({ payments: [given] })).toBe('conflict')
      expect(await store.getPayment(id)).toEqual(given)
      const unassigned = { storeId: 'st_sample', unassigned: true }
      const page = await store.listPayments(unassigned, { limit: 5, before: null })
      expect(page.items).toEqual([])
      expect((await store.loadInvoices(['inv_1']))[0]?.payments).toEqual([given])
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

    test('a block of level 0 rises to 1 when it is corroborated, and no other does', async () => {
      const store = await openWithShop(open)
      const [single, sealed, unread] = TRUNK as [BlockRef, BlockRef, BlockRef]
      const levels: [Hash, ProofLevel][] = [
        [single.hash, 0],
        [sealed.hash, 2],
      ]
      const corroborated = new Set(TRUNK.map(({ hash }) => hash))
      // Also in the commit that brings the block.
      const first = { proofLevels: new Map(levels), corroborated: new Set<Hash>() }
      await store.commit({ chain: advance(null, TRUNK, first) })
      await store.commit({ chain: advance(unread.hash, [], { corroborated }) })
      const levelsNow = async () =>
        (await store.findBlocks(SAMPLE_CHAIN_ID, [...corroborated])).map((one) => one.proofLevel)
      expect(await levelsNow()).toEqual([1, 2, null])
      // One more reading, of one node: what was found by it has no second one.
      const again = { proofLevels: new Map([[single.hash, 0 as const]]) }
      await store.commit({ chain: advance(unread.hash, [], again) })
      expect(await levelsNow()).toEqual([0, 2, null])
      await store.commit({ chain: advance(unread.hash, [], { ...again, corroborated }) })
      expect(await levelsNow()).toEqual([1, 2, null])
    })

    test('a block keeps the level of its weakest reading', async () => {
      const store = await openWithShop(open)
      const [first, second, tip] = TRUNK as [BlockRef, BlockRef, BlockRef]
      const levelsOf = async (...hashes: readonly Hash[]) =>
        (await store.findBlocks(SAMPLE_CHAIN_ID, hashes)).map(({ proofLevel }) => proofLevel)
      const read = (levels: readonly [Hash, ProofLevel][]) => ({ proofLevels: new Map(levels) })
      const levels = read([
        [second.hash, 2],
        [tip.hash, 3],
        [B11.hash, 0],
      ])
      await store.commit({ chain: advance(null, TRUNK, levels) })
      const hashes = [tip.hash, B11.hash, first.hash, second.hash, tip.hash]
      expect(await store.findBlocks(SAMPLE_CHAIN_ID, hashes)).toEqual([
        { ref: first, proofLevel: null },
        { ref: second, proofLevel: 2 },
        { ref: tip, proofLevel: 3 },
      ])
      const again: [Hash, ProofLevel][] = [
        [second.hash, 3],
        [tip.hash, 0],
      ]
      await store.commit({ chain: advance(tip.hash, [], read(again)) })
      expect(await levelsOf(second.hash, tip.hash)).toEqual([2, 0])
      const away = { disconnected: [tip], ...read([[B10.hash, 2]]) }
      await store.commit({ chain: advance(tip.hash, [B10, B11], away) })
      expect(await levelsOf(tip.hash, B10.hash, B11.hash)).toEqual([0, 2, null])
      const back = { disconnected: [B11, B10], ...read([[tip.hash, 2]]) }
      await store.commit({ chain: advance(B11.hash, [tip], back) })
      expect(await levelsOf(tip.hash)).toEqual([0])
      expect(await store.findBlocks(SAMPLE_CHAIN_ID + 1, hashes)).toEqual([])
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
