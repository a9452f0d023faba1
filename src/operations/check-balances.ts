/**
 * `quittance check --balances`: invariant I8, the books against the chain. What was received at an
 * address and has not left it must lie there. Tokens only: of coins that leave nothing is written
 * down. Reads the store and the nodes; writes nothing.
 */
import type { ChainSettings } from '../core/chain/chain-settings.ts'
import { tipOf } from '../core/chain/local-chain.ts'
import type { Store } from '../ports/store.ts'
import type { Violation } from './check-state.ts'
import {
  type Account,
  addLeft,
  addReceived,
  type BalanceAsker,
  findShort,
  listOwing,
  openBooks,
} from './compare-books.ts'
import { walkPages } from './walk-pages.ts'

export type CheckBalancesDeps = {
  readonly store: Pick<Store, 'loadChain' | 'listStores' | 'listOutflows' | 'listPayments'>
  readonly source: BalanceAsker
}

export type CheckBalancesRequest = {
  readonly settings: Pick<ChainSettings, 'chainId'>
  /** Asked at most so many addresses, drawn from all; null: all of them. */
  readonly sample: number | null
  /** Where among the addresses the sample begins: another one every time. */
  readonly seed: number
  readonly signal: AbortSignal
}

export type BalancesReport = {
  readonly chainId: number
  /** Balances were read after this block of our chain; null: it was never watched. */
  readonly blockNumber: number | null
  /** Of one address in one token each, where something should be. */
  readonly accounts: number
  readonly asked: number
  /** Of those asked, which no node could answer. */
  readonly unread: number
  readonly violations: readonly Violation[]
}

/** Rejects with a `ChainSourceError` when no node answers at all, or when they differ. */
export async function checkBalances(
  { store, source }: CheckBalancesDeps,
  { settings, sample, seed, signal }: CheckBalancesRequest,
): Promise<BalancesReport> {
  const { chainId } = settings
  const stored = await store.loadChain(chainId, 1)
  const none = { chainId, accounts: 0, asked: 0, unread: 0, violations: [] }
  if (stored === null) return { ...none, blockNumber: null }
  const tip = tipOf(stored.chain)
  const books = openBooks(chainId, tip)
  for (const { id: storeId } of await store.listStores()) {
    for await (const page of walkPages((part) => store.listPayments({ storeId }, part))) {
      addReceived(books, page)
    }
    // After the payments: what leaves meanwhile is in both, or in the outflows alone.
    for await (const page of walkPages((part) => store.listOutflows({ storeId }, part))) {
      addLeft(books, page)
    }
  }
  const owing = listOwing(books)
  const chosen: readonly Account[] = drawSample(owing, sample, seed)
  const found = await findShort(source, chosen, tip, signal)
  return {
    chainId,
    blockNumber: tip.number,
    accounts: owing.length,
    asked: chosen.length,
    ...found,
  }
}

/** Every n-th, from a place that the seed names. */
function drawSample<T>(all: readonly T[], sample: number | null, seed: number): readonly T[] {
  if (sample === null || sample >= all.length) return all
  const step = all.length / sample
  const first = seed % all.length
  return Array.from({ length: sample }, (_, i) => {
    return all[(first + Math.floor(i * step)) % all.length] as T
  })
}
