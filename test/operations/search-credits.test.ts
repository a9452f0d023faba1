import { describe, expect, test } from 'vitest'
import type { BlockRef, BlockTransaction, VerifiedBlock } from '../../src/core/chain/block.ts'
import type { BlockFrames, CallFrame } from '../../src/core/chain/call-frames.ts'
import { createLocalChain } from '../../src/core/chain/local-chain.ts'
import type { Address, Hash } from '../../src/core/money/asset.ts'
import { ChainSourceError } from '../../src/errors.ts'
import { searchCredits } from '../../src/operations/search-credits.ts'
import type { KnownCredit } from '../../src/ports/balance-store.ts'
import type { NativeSource } from '../../src/ports/native-source.ts'

const CHAIN_ID = 31_337
const SHOP: Address = `0x${'22'.repeat(20)}`
const WALLET: Address = `0x${'33'.repeat(20)}`
const PAYER: Address = `0x${'11'.repeat(20)}`
const HOUSE: Address = `0x${'44'.repeat(20)}`
const FIRST = 100
const TIP = 160

const hashAt = (number: number): Hash => `0x${number.toString(16).padStart(64, '0')}`
const refAt = (number: number): BlockRef => ({
  number,
  hash: hashAt(number),
  parentHash: hashAt(number - 1),
  timestampS: 1_700_000_000 + number,
})

/** What happens to the address in a block. */
type Happening = {
  /** Coins by a call; found in traces. */
  readonly called?: bigint
  /** Coins that no transaction explains. */
  readonly risen?: bigint
  /** Value of a direct transaction, known as a credit unless our own house sent it. */
  readonly direct?: bigint
  readonly fromHouse?: bigint
  /** Value and fee of a transaction of the address itself. */
  readonly spent?: bigint
  /** What calls of others took away (EIP-7702). */
  readonly taken?: bigint
  /** Leaves without any trace of it. */
  readonly lost?: bigint
}

type Node = {
  readonly traces?: boolean
  /** States below are gone. */
  readonly statesFrom?: number
  readonly code?: boolean
  /** What the one node that was asked first says of the tip, more than there is. */
  readonly tipLie?: bigint
}

function frame(from: Address, to: Address, valueUnits: bigint): CallFrame {
  return { type: 'CALL', from, to, valueUnits, failed: false, calls: [] }
}

function describeWorld(happenings: Readonly<Record<number, Happening>>, node: Node) {
  const { traces = true, statesFrom = 0, code = false } = node
  let reads = 0
  const at = (number: number) => happenings[number] ?? {}
  const balanceAt = (number: number): bigint => {
    let units = 0n
    for (const [height, what] of Object.entries(happenings)) {
      if (Number(height) > number) continue
      const { called = 0n, risen = 0n, direct = 0n, fromHouse = 0n } = what
      const { spent = 0n, taken = 0n, lost = 0n } = what
      units += called + risen + direct + fromHouse - spent - taken - lost
    }
    return units
  }
  const blockAt = (number: number): VerifiedBlock => {
    const { direct = 0n, fromHouse = 0n } = at(number)
    const pay = (index: number, from: Address, to: Address, valueUnits: bigint) =>
      ({
        hash: hashAt(number * 1_000 + index),
        index,
        from,
        to,
        valueUnits,
        succeeded: true,
      }) satisfies BlockTransaction
    const transactions = [
      pay(0, PAYER, WALLET, 1n),
      pay(1, PAYER, SHOP, direct),
      pay(2, HOUSE, SHOP, fromHouse),
    ]
    return { ref: refAt(number), proofLevel: 0, transactions, logs: [] }
  }
  const native: NativeSource = {
    async getFrames(ref): Promise<BlockFrames | null> {
      if (!traces) return null
      const { called = 0n, taken = 0n } = at(ref.number)
      const calls = [frame(WALLET, SHOP, called), frame(SHOP, WALLET, taken)]
      return blockAt(ref.number).transactions.map(({ hash, from, to, valueUnits }, index) => ({
        txHash: hash,
        root: { ...frame(from, to as Address, valueUnits), calls: index === 0 ? calls : [] },
      }))
    },
    async getBalances(ref) {
      reads += 1
      if (ref.number < statesFrom) throw new ChainSourceError('not_there', 'missing trie node')
      return [balanceAt(ref.number)]
    },
    async getAgreedBalance(ref) {
      if (ref.number < statesFrom) throw new ChainSourceError('not_there', 'missing trie node')
      return balanceAt(ref.number)
    },
    getBalanceChanges: async () => null,
    getNonce: async ({ number }) =>
      Object.entries(happenings).filter(
        ([height, { spent = 0n }]) => Number(height) <= number && spent > 0n,
      ).length,
    hasCode: async () => code,
    getSpentUnits: async ({ number }) => at(number).spent ?? 0n,
  }
  return { native, balanceAt, blockAt, countReads: () => reads }
}

async function search(happenings: Readonly<Record<number, Happening>>, node: Node = {}) {
  const world = describeWorld(happenings, node)
  const refs = Array.from({ length: TIP - FIRST + 1 }, (_, step) => refAt(FIRST + step))
  const credits = Object.entries(happenings).flatMap(([height, { direct }]): KnownCredit[] =>
    direct === undefined
      ? []
      : [{ blockNumber: Number(height), place: 'tx:1', amountUnits: direct }],
  )
  const found = await searchCredits({
    source: { getBlock: async ({ number }) => world.blockAt(number) },
    native: world.native,
    isOwn: (address) => address === HOUSE,
    chain: createLocalChain(CHAIN_ID, refs),
    known: {
      chainId: CHAIN_ID,
      address: SHOP,
      block: { number: FIRST, hash: hashAt(FIRST) },
      balanceUnits: world.balanceAt(FIRST),
    },
    credits,
    tip: refAt(TIP),
    tipUnits: world.balanceAt(TIP) + (node.tipLie ?? 0n),
    signal: new AbortController().signal,
  })
  const told = found.transfers.map(({ block, place, amountUnits, txHash, from }) => {
    return { at: block.number, place, units: amountUnits, txHash, from }
  })
  return { ...found, told, reads: world.countReads() }
}

const byCall = (at: number, units: bigint) => {
  const txHash = hashAt(at * 1_000)
  return { at, place: 'call:0:0', units, txHash, from: WALLET }
}
const byBalance = (at: number, units: bigint) => {
  return { at, place: `balance:${SHOP}`, units, txHash: null, from: null }
}

describe('where coins came from', () => {
  test('the block is found, and the call in it', async () => {
    const { told, known, shortUnits, reads } = await search({ 137: { called: 5n } })
    expect(told).toEqual([byCall(137, 5n)])
    expect(known).toMatchObject({ block: { number: TIP, hash: hashAt(TIP) }, balanceUnits: 5n })
    expect(shortUnits).toBe(0n)
    expect(reads).toBeLessThanOrEqual(8)
  })

  test('without traces the block and the address are known, and no more', async () => {
    const { told } = await search({ 137: { called: 5n } }, { traces: false })
    expect(told).toEqual([byBalance(137, 5n)])
  })

  test.each([FIRST + 1, TIP])('also in block %i, at the end of the stretch', async (number) => {
    expect((await search({ [number]: { called: 5n } })).told).toEqual([byCall(number, 5n)])
  })

  test('PA-19 what no call explains is told beside what one does', async () => {
    const { told } = await search({ 120: { called: 5n, risen: 7n } })
    expect(told).toEqual([byCall(120, 5n), byBalance(120, 7n)])
  })

  test('several blocks, and known payments between them', async () => {
    const { told, known } = await search({
      110: { called: 1n },
      120: { direct: 10n },
      130: { called: 2n, direct: 20n },
      140: { risen: 4n },
    })
    expect(told).toEqual([byCall(110, 1n), byCall(130, 2n), byBalance(140, 4n)])
    expect(known.balanceUnits).toBe(37n)
  })

  test('more changes than one turn takes: the next goes on where this one ended', async () => {
    const happenings = Object.fromEntries(
      Array.from({ length: 12 }, (_, step) => [110 + step, { called: 1n }]),
    )
    const { told, known } = await search(happenings)
    expect(told).toHaveLength(8)
    expect(known).toMatchObject({ block: { number: 117 }, balanceUnits: 8n })
  })

  test('what our own senders bring is no payment', async () => {
    const { told, known, shortUnits } = await search({ 120: { fromHouse: 9n } })
    expect([told, shortUnits]).toEqual([[], 0n])
    expect(known.balanceUnits).toBe(9n)
    expect((await search({ 120: { fromHouse: 9n, called: 5n } })).told).toEqual([byCall(120, 5n)])
  })

  test('a trace that claims more than the balance rose is not believed', async () => {
    const { told } = await search({ 120: { called: 5n, lost: 2n } }, { code: false })
    expect(told).toEqual([byBalance(120, 3n)])
  })

  test('where older states are gone, the first block that can be read stands for them', async () => {
    const { told } = await search({ 110: { called: 5n } }, { statesFrom: 150 })
    expect(told).toEqual([byBalance(150, 5n)])
  })
})

describe('what an address spends', () => {
  test('is its own value and fees, and hides nothing that came', async () => {
    const { told, known, shortUnits } = await search({
      110: { direct: 50n },
      120: { spent: 30n, called: 5n },
      130: { called: 6n },
    })
    expect(told).toEqual([byCall(120, 5n), byCall(130, 6n)])
    expect([known.balanceUnits, shortUnits]).toEqual([31n, 0n])
  })

  test.each([-7n, 7n])(
    'is no credit where one node tells of %s coins at the tip',
    async (tipLie) => {
      const story = { 110: { direct: 50n }, [TIP]: { spent: 30n } }
      const { told, known, shortUnits } = await search(story, { tipLie })
      expect([told, shortUnits]).toEqual([[], 0n])
      expect(known).toMatchObject({ block: { number: TIP }, balanceUnits: 20n })
    },
  )

  test('by calls of others is explained by traces (EIP-7702)', async () => {
    const { told, shortUnits } = await search({ 110: { direct: 50n }, 120: { taken: 40n } })
    expect([told, shortUnits]).toEqual([[], 0n])
  })

  test('and without traces by the code it has', async () => {
    const story = { 110: { direct: 50n }, 120: { taken: 40n }, 130: { called: 3n } }
    const { told, shortUnits } = await search(story, { traces: false, code: true })
    expect([told, shortUnits]).toEqual([[byBalance(130, 3n)], 0n])
  })

  test('a fall that nothing explains ends the search: nothing more is credited', async () => {
    const story = { 110: { direct: 50n }, 120: { lost: 40n }, 130: { called: 3n } }
    const { told, known, shortUnits } = await search(story)
    expect([told, shortUnits]).toEqual([[], 40n])
    expect(known.block.number).toBe(FIRST)
  })
})
