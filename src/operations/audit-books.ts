/**
 * I8 while the gateway runs: some of the latest addresses that received tokens are asked now and then
 * whether what was received and has not left lies there. A page of payments at a time, from the
 * newest to the oldest and then again, so that a large database costs no more calls than a small one.
 */
import type { ChainSettings } from '../core/chain/chain-settings.ts'
import { type LocalChain, tipOf } from '../core/chain/local-chain.ts'
import { HOUR_MS, MINUTE_MS } from '../core/time.ts'
import type { Store } from '../ports/store.ts'
import {
  addLeft,
  addReceived,
  type BalanceAsker,
  findShort,
  listOwing,
  openBooks,
} from './compare-books.ts'
import type { Deps } from './deps.ts'

export type AuditBooksDeps = Pick<Deps, 'clock' | 'logger' | 'metrics'> & {
  readonly store: Pick<Store, 'listStores' | 'listPayments' | 'findPaymentsTo' | 'findOutflowsFrom'>
  readonly source: BalanceAsker
}

export type AuditBooksRequest = {
  readonly settings: Pick<ChainSettings, 'chainId' | 'test'>
  /** Our chain, which the nodes were just asked for. */
  readonly chain: LocalChain
  readonly memory: BooksMemory
  readonly signal: AbortSignal
}

/** What a watcher keeps from one page to the next. */
export type BooksMemory = {
  /** Monotonic time before which nothing is asked; null: a start has better things to do. */
  readonly nextAtMs: number | null
  /** Where the walk goes on: so many stores are through, and of the next the payments before this. */
  readonly storesDone: number
  readonly before: number | null
}

export const FRESH_BOOKS: BooksMemory = { nextAtMs: null, storesDone: 0, before: null }

/** Payments of a page: at most so many balances are asked for at a time, a call each. */
const PAGE = 100
/** Between two pages, where calls cost money: at most 2,400 of them a day. */
const INTERVAL_MS = HOUR_MS
const INTERVAL_TEST_MS = MINUTE_MS

/** At most one page. Rejects with a `ChainSourceError`; the same page is then asked again. */
export async function auditBooks(
  deps: AuditBooksDeps,
  { settings, chain, memory, signal }: AuditBooksRequest,
): Promise<BooksMemory> {
  const later = putOff(deps, settings, memory)
  if (memory.nextAtMs === null) return later
  if (deps.clock.monotonicMs() < memory.nextAtMs) return memory
  const store = (await deps.store.listStores())[memory.storesDone]
  if (store === undefined) return { ...later, storesDone: 0, before: null }
  const { before, storesDone } = memory
  const page = await deps.store.listPayments({ storeId: store.id }, { limit: PAGE, before })
  const { chainId } = settings
  const holders = page.items
    .map(({ observation }) => observation)
    .filter(({ chainId: ofChain, asset }) => ofChain === chainId && asset.token !== null)
    .map(({ to }) => to)
  const tip = tipOf(chain)
  const books = openBooks(chainId, tip)
  addReceived(books, await deps.store.findPaymentsTo(chainId, holders))
  addLeft(books, await deps.store.findOutflowsFrom(chainId, holders))
  const owing = listOwing(books)
  const { violations, unread } = await findShort(deps.source, owing, tip, signal)
  for (const { target, detail } of violations) {
    const fields = { chain_id: chainId, address: target }
    deps.logger.error(fields, `ALARM: the books and the chain differ: ${detail}`)
  }
  const short = violations.length
  countChecks(deps, chainId, { held: owing.length - short - unread, short, unread })
  if (page.cursor !== null) return { ...later, before: page.cursor }
  return { ...later, storesDone: storesDone + 1, before: null }
}

/** The same page, but no sooner than the next one would have come. */
export function putOff(
  { clock }: Pick<AuditBooksDeps, 'clock'>,
  { test }: AuditBooksRequest['settings'],
  memory: BooksMemory,
): BooksMemory {
  return { ...memory, nextAtMs: clock.monotonicMs() + (test ? INTERVAL_TEST_MS : INTERVAL_MS) }
}

function countChecks(
  { metrics }: AuditBooksDeps,
  chainId: number,
  counts: Readonly<Record<'held' | 'short' | 'unread', number>>,
): void {
  for (const [outcome, by] of Object.entries(counts)) {
    if (by > 0) metrics.count('books_checks_total', { chain: String(chainId), outcome }, by)
  }
}
