import { describe, expect, test } from 'vitest'
import type { BlockRef } from '../../src/core/chain/block.ts'
import type { ChainAdvance } from '../../src/core/change-set.ts'
import { MAX_UNITS } from '../../src/core/money/decimal.ts'
import type { Outflow } from '../../src/core/payment/outflow.ts'
import type { Store } from '../../src/ports/store.ts'
import {
  SAMPLE_CHAIN_ID,
  SAMPLE_COIN,
  sampleBlock,
  sampleHash,
  sampleOutflow,
  sampleStore,
} from '../support/fixtures.ts'
import { type OpenStore, openWithShop } from './store-suite.ts'

const SHOP = { storeId: 'st_sample' }

function advance(expectedTip: BlockRef | null, parts: Partial<ChainAdvance>): ChainAdvance {
  return {
    chainId: SAMPLE_CHAIN_ID,
    expectedTip: expectedTip?.hash ?? null,
    disconnected: [],
    connected: [],
    pruneBelow: 0,
    haltReason: null,
    ...parts,
  }
}

async function list(store: Store, filter: object = {}): Promise<[string, boolean][]> {
  const page = await store.listOutflows({ ...SHOP, ...filter }, { limit: 10, before: null })
  return page.items.map(({ outflow, isCanonical }) => [outflow.id, isCanonical])
}

export function describeStoreOutflows(open: OpenStore): void {
  const [below, block, other] = [sampleBlock(9), sampleBlock(10), sampleBlock(10, 'b')]
  const begin = async (...outflows: Outflow[]) => {
    const store = await openWithShop(open)
    const chain = advance(null, { connected: [below, block] })
    expect(await store.commit({ chain, outflows })).toBe('committed')
    return store
  }

  describe('outflows', () => {
    test('come back as they were written, digit for digit', async () => {
      const plain = sampleOutflow(1, block, { amountUnits: MAX_UNITS })
      const bare = { kind: 'internal', txHash: null, logIndex: null } as const
      const coin = sampleOutflow(2, block, { ...bare, asset: SAMPLE_COIN, place: 'balance:0x1' })
      const store = await begin(plain, coin)
      const { items } = await store.listOutflows(SHOP, { limit: 10, before: null })
      expect(items).toEqual([
        { outflow: coin, isCanonical: true },
        { outflow: plain, isCanonical: true },
      ])
    })

    test('lists are newest first, of one store, by asset', async () => {
      const [a, b] = [sampleOutflow(1), sampleOutflow(2, block, { asset: SAMPLE_COIN })]
      const foreign = sampleOutflow(3, block, { storeId: 'st_2' })
      const store = await begin(a)
      await store.commit({ stores: [sampleStore({ id: 'st_2' })] })
      await store.commit({ outflows: [b, foreign] })
      const idsOf = async (filter: object) => (await list(store, filter)).map(([id]) => id)
      expect(await idsOf({})).toEqual([b.id, a.id])
      expect(await idsOf({ assetId: SAMPLE_COIN.id })).toEqual([b.id])
      expect(await idsOf({ storeId: 'st_2' })).toEqual([foreign.id])
      expect(await idsOf({ storeId: 'st_3' })).toEqual([])
      const first = await store.listOutflows(SHOP, { limit: 1, before: null })
      const second = await store.listOutflows(SHOP, { limit: 1, before: first.cursor })
      expect([second.items[0]?.outflow, second.cursor]).toEqual([a, null])
    })

    test('a place that is seen again stays as it was, and one alone', async () => {
      const outflow = sampleOutflow(1)
      const store = await begin(outflow)
      expect(await store.commit({ outflows: [{ ...outflow, amountUnits: 1n }] })).toBe('committed')
      const { items } = await store.listOutflows(SHOP, { limit: 10, before: null })
      expect(items).toEqual([{ outflow, isCanonical: true }])
    })

    test('count while their block is on the chain: it leaves, and it comes back', async () => {
      const [stays, moves] = [sampleOutflow(1, below), sampleOutflow(2, block)]
      const again = sampleOutflow(2, other)
      const store = await begin(stays, moves)
      const leave = advance(block, { disconnected: [block], connected: [other] })
      expect(await store.commit({ chain: leave, outflows: [again] })).toBe('committed')
      expect(await list(store)).toEqual([
        [again.id, true],
        [moves.id, false],
        [stays.id, true],
      ])
      const back = advance(other, { disconnected: [other], connected: [block] })
      expect(await store.commit({ chain: back, outflows: [moves] })).toBe('committed')
      expect(await list(store)).toEqual([
        [again.id, false],
        [moves.id, true],
        [stays.id, true],
      ])
    })

    test('are found by the addresses they left, on their own chain, whatever became of the block', async () => {
      const [first, second] = [sampleOutflow(1, below), sampleOutflow(2, block)]
      const third = sampleOutflow(3, other, { from: first.from })
      const store = await begin(first, second, third)
      const find = async (chainId: number, ...from: Outflow['from'][]) =>
        (await store.findOutflowsFrom(chainId, from)).map((kept) => [
          kept.outflow.id,
          kept.isCanonical,
        ])
      expect(await find(SAMPLE_CHAIN_ID, first.from, first.from)).toEqual([
        [first.id, true],
        [third.id, false],
      ])
      expect(await find(SAMPLE_CHAIN_ID, second.from, first.from)).toHaveLength(3)
      expect(await find(5, first.from)).toEqual([])
      expect(await find(SAMPLE_CHAIN_ID, first.to)).toEqual([])
      expect(await find(SAMPLE_CHAIN_ID)).toEqual([])
    })

    test('nothing of them is written with what conflicts', async () => {
      const store = await begin()
      const stale = { ...advance(block, { connected: [] }), expectedTip: sampleHash(77) }
      expect(await store.commit({ chain: stale, outflows: [sampleOutflow(1)] })).toBe('conflict')
      expect(await list(store)).toEqual([])
    })

    test('a block that something left in is never forgotten, nor one that is held later', async () => {
      const early = sampleOutflow(3, sampleBlock(5))
      const store = await begin(sampleOutflow(1, below))
      await store.commit({
        chain: advance(block, { restored: [sampleBlock(5)] }),
        outflows: [early],
      })
      const later = sampleBlock(11)
      await store.commit({ chain: advance(block, { connected: [later], pruneBelow: 11 }) })
      expect((await list(store)).map(([, isCanonical]) => isCanonical)).toEqual([true, true])
      const held = await store.findCanonicalBlocks(SAMPLE_CHAIN_ID, 0)
      expect(held.map(({ number }) => number)).toEqual([5, 9, 11])
    })

    test('one without its block counts nowhere until the block is held', async () => {
      const store = await begin()
      const early = sampleOutflow(3, sampleBlock(5))
      await store.commit({ outflows: [early] })
      expect(await list(store)).toEqual([[early.id, false]])
      await store.commit({ chain: advance(block, { restored: [sampleBlock(5)], pruneBelow: 7 }) })
      expect(await list(store)).toEqual([[early.id, true]])
    })
  })
}
