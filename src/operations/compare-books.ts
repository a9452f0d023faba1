/** Shared by those who hold the books against the chain (I8): what an address must have, and has. */
import type { BlockRef } from '../core/chain/block.ts'
import { type Address, type Asset, toChecksumAddress } from '../core/money/asset.ts'
import { formatDecimal } from '../core/money/decimal.ts'
import type { KeptOutflow } from '../core/payment/outflow.ts'
import type { Payment } from '../core/payment/payment.ts'
import type { BalanceQuestion, ChainSource } from '../ports/chain-source.ts'
import type { Violation } from './check-state.ts'

export type BalanceAsker = Pick<ChainSource, 'getTokenBalances' | 'getAgreedTokenBalance'>

/** One address in one token. */
export type Account = {
  readonly asset: Asset
  readonly holder: Address
  receivedUnits: bigint
  leftUnits: bigint
}

/** A draft: filled with payments and outflows up to one block of one chain. */
export type Books = {
  readonly chainId: number
  readonly tip: BlockRef
  readonly accounts: Map<string, Account>
}

/** Balances asked for by one request. */
const QUESTIONS_PER_CALL = 100

export function openBooks(chainId: number, tip: BlockRef): Books {
  return { chainId, tip, accounts: new Map() }
}

/** Adds what counts of confirmed tokens. */
export function addReceived(books: Books, payments: readonly Payment[]): void {
  for (const { observation, position, countedUnits } of payments) {
    if (position !== 'confirmed' || !isInBooks(books, observation)) continue
    accountOf(books, observation.asset, observation.to).receivedUnits += countedUnits
  }
}

/** Adds what left in blocks of our chain. */
export function addLeft(books: Books, outflows: readonly KeptOutflow[]): void {
  for (const { outflow, isCanonical } of outflows) {
    if (!isCanonical || !isInBooks(books, outflow)) continue
    accountOf(books, outflow.asset, outflow.from).leftUnits += outflow.amountUnits
  }
}

/** Only where more was received than left anything must be there. */
export function listOwing({ accounts }: Books): Account[] {
  return [...accounts.values()].filter((account) => owedUnits(account) > 0n)
}

/**
 * Accounts that have less than they must after the block of the books, and how many no node could
 * tell of. The word of one node accuses nobody. Rejects with a `ChainSourceError`.
 */
export async function findShort(
  source: BalanceAsker,
  accounts: readonly Account[],
  tip: BlockRef,
  signal: AbortSignal,
): Promise<{ readonly violations: readonly Violation[]; readonly unread: number }> {
  const violations: Violation[] = []
  let unread = 0
  for (let start = 0; start < accounts.length; start += QUESTIONS_PER_CALL) {
    const asked = accounts.slice(start, start + QUESTIONS_PER_CALL)
    const questions = asked.map((account) => questionOf(account, tip))
    const balances = await source.getTokenBalances(questions, signal)
    for (const [place, account] of asked.entries()) {
      let units = balances[place] ?? null
      if (units !== null && units < owedUnits(account)) {
        units = await source.getAgreedTokenBalance(questionOf(account, tip), signal)
      }
      if (units === null) unread += 1
      else if (units < owedUnits(account)) violations.push(describe(account, units, tip))
    }
  }
  return { violations, unread }
}

type Seen = { readonly chainId: number; readonly asset: Asset; readonly blockNumber: number }

function isInBooks({ chainId, tip }: Books, seen: Seen): boolean {
  return seen.chainId === chainId && seen.asset.token !== null && seen.blockNumber <= tip.number
}

function accountOf({ accounts }: Books, asset: Asset, holder: Address): Account {
  const key = `${asset.id}/${holder}`
  const known = accounts.get(key)
  if (known !== undefined) return known
  const account = { asset, holder, receivedUnits: 0n, leftUnits: 0n }
  accounts.set(key, account)
  return account
}

function owedUnits({ receivedUnits, leftUnits }: Account): bigint {
  return receivedUnits - leftUnits
}

function questionOf({ asset, holder }: Account, { number, hash }: BlockRef): BalanceQuestion {
  return { token: asset.token as Address, holder, block: { number, hash } }
}

function describe(account: Account, units: bigint, tip: BlockRef): Violation {
  const { asset, holder, receivedUnits, leftUnits } = account
  const [received, left, there] = [receivedUnits, leftUnits, units].map(
    (one) => `${formatDecimal(one, asset.decimals)} ${asset.symbol}`,
  )
  const detail =
    `${received} received, ${left} left, and only ${there} there ` +
    `after block ${tip.number} (${asset.id})`
  return { rule: 'I8', target: toChecksumAddress(holder), detail }
}
