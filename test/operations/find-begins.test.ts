/** From where balances are compared: the word of one node must neither hold back coins nor make any. */
import { expect, test } from 'vitest'
import type { BlockRef } from '../../src/core/chain/block.ts'
import type { KnownBalance } from '../../src/core/chain/known-balance.ts'
import { createLocalChain } from '../../src/core/chain/local-chain.ts'
import type { Address } from '../../src/core/money/asset.ts'
import { type ChainFaultKind, ChainSourceError } from '../../src/errors.ts'
import { type Comparing, findBegins } from '../../src/operations/find-begins.ts'
import type { KnownCredit } from '../../src/ports/balance-store.ts'
import { SAMPLE_CHAIN_ID, sampleAddress, sampleBlock, sampleBlocks } from '../support/fixtures.ts'

const SHOP: Address = sampleAddress(1)
const CHAIN = createLocalChain(SAMPLE_CHAIN_ID, sampleBlocks(100, 120))
const TIP = CHAIN.blocks.at(-1) as BlockRef
const ISSUED = sampleBlock(105)

type Story = {
  /** What the node says that is asked first. */
  readonly told: bigint | 'not_there'
  readonly atTip?: bigint
  /** What all nodes say; `inconsistent` where they differ. */
  readonly agreed?: bigint | ChainFaultKind
  readonly known?: KnownBalance
  readonly credits?: readonly KnownCredit[]
}

async function begin({ told, atTip = 0n, agreed = 0n, known, credits = [] }: Story) {
  const lines: string[] = []
  const outcomes: unknown[] = []
  let agreements = 0
  const note = (_fields: object, text: string) => lines.push(text)
  const native = {
    async getBalances() {
      if (told === 'not_there') throw new ChainSourceError(told, 'missing trie node')
      return [told]
    },
    async getAgreedBalance() {
      agreements += 1
      if (typeof agreed === 'bigint') return agreed
      throw new ChainSourceError(agreed, 'node:1 and node:2 differ on a balance')
    },
  }
  const deps = {
    native,
    store: { findCanonicalAncestor: async () => ISSUED },
    logger: { error: note, warn: note },
    metrics: { count: (_name: string, labels: object) => outcomes.push(labels) },
  }
  const leftOut = new Set<Address>()
  const comparing = {
    ...{ deps, settings: { chainId: SAMPLE_CHAIN_ID }, chain: CHAIN, tip: TIP, leftOut },
    signal: new AbortController().signal,
  } as unknown as Comparing
  const tips = { [SAMPLE_CHAIN_ID]: { number: ISSUED.number, hash: ISSUED.hash } }
  const deposit = { address: SHOP, issued: { invoiceId: 'inv_1', tips } }
  const target = { deposit, known: known ?? null, credits } as never
  const [found] = await findBegins(comparing, [target], [atTip])
  const where = found === null ? null : [found?.block.number, found?.balanceUnits]
  return { where, agreements, isLeftOut: leftOut.has(SHOP), lines, outcomes }
}

/** On a branch that left, above the block in which the address was given out. */
const left = (balanceUnits: bigint): KnownBalance => {
  const block = sampleBlock(110, 'b')
  return { chainId: SAMPLE_CHAIN_ID, address: SHOP, block, balanceUnits }
}
const PAID: KnownCredit = { blockNumber: 104, place: 'tx:1', amountUnits: 50n }

test('an address that was given out just now begins with nothing, and nobody else is asked', async () => {
  const { where, agreements, isLeftOut } = await begin({ told: 0n })
  expect([where, agreements, isLeftOut]).toEqual([[105, 0n], 0, false])
})

test('coins of before are what all nodes say', async () => {
  expect(await begin({ told: 7n, agreed: 7n })).toMatchObject({ where: [105, 7n], agreements: 1 })
  expect((await begin({ told: 9n, agreed: 7n })).where).toEqual([105, 7n])
})

test('where nodes differ on them the address is left out, loudly, for another round', async () => {
  const { where, isLeftOut, lines, outcomes } = await begin({ told: 7n, agreed: 'inconsistent' })
  expect([where, isLeftOut]).toEqual([null, true])
  expect(lines.join()).toContain('ALARM: node:1 and node:2 differ on a balance')
  expect(outcomes).toEqual([{ chain: String(SAMPLE_CHAIN_ID), outcome: 'inconsistent' }])
})

// Who says 0 of an address that was paid below would have its payment found once more above.
test.each<[string, Partial<Story>]>([
  ['a payment in a block below', { credits: [PAID] }],
  ['a balance that was known', { known: left(50n) }],
])('one node alone does not take back %s', async (_what, story) => {
  const told = await begin({ told: 0n, agreed: 50n, ...story })
  expect(told).toMatchObject({ where: [105, 50n], agreements: 1 })
  const torn = await begin({ told: 0n, agreed: 'inconsistent', ...story })
  expect(torn).toMatchObject({ where: null, isLeftOut: true })
  expect((await begin({ told: 0n, agreed: 0n, ...story })).where).toEqual([105, 0n])
})

test('a payment in a block above is no reason to ask', async () => {
  const credits = [{ ...PAID, blockNumber: 106 }]
  expect(await begin({ told: 0n, credits })).toMatchObject({ where: [105, 0n], agreements: 0 })
})

test('where the states of then are gone it begins at the tip, and says what it cannot explain', async () => {
  const { where, agreements, lines } = await begin({ told: 'not_there', atTip: 7n, agreed: 7n })
  expect([where, agreements]).toEqual([[120, 7n], 1])
  expect(lines.join()).toContain('ALARM: the coins of this address cannot be explained')
  const quiet = await begin({ told: 'not_there', atTip: 50n, agreed: 50n, credits: [PAID] })
  expect([quiet.where, quiet.lines]).toEqual([[120, 50n], []])
})
