/**
 * Native coins as they really moved in a block: by the value of transactions, by calls within them, by
 * fees. Written by those who drew the calls, so that nobody has to read frames to know the truth.
 */
import type { CallFrame } from '../../src/core/chain/call-frames.ts'
import type { Address, Hash } from '../../src/core/money/asset.ts'
import type { SimulatedTransaction } from './simulated-chain.ts'

/** Coins that a call moved, and the call's place below the first frame. */
export type CallMove = {
  readonly path: string
  readonly from: Address
  readonly to: Address
  readonly units: bigint
}

/** What a transaction does besides its own value. */
export type Calls = {
  readonly frames: readonly CallFrame[]
  /** Empty where the transaction failed. */
  readonly moves: readonly CallMove[]
}

/** Coins that came to somebody: by the value of a transaction (`path` is null), or by a call. */
export type CoinMove = Omit<CallMove, 'path'> & {
  readonly path: string | null
  /** Of the transaction, in its block. */
  readonly index: number
  readonly txHash: Hash
}

export type CoinAccount = { readonly units: bigint; readonly nonce: number }
export type CoinAccounts = ReadonlyMap<Address, CoinAccount>

export type CoinBlock = {
  /** After the block. */
  readonly accounts: CoinAccounts
  readonly moves: readonly CoinMove[]
  /** Balances after each transaction that changed them; the first transaction is 1. */
  readonly changes: ReadonlyMap<Address, readonly { index: number; balanceUnits: bigint }[]>
  /** Value and fees of what each address sent. */
  readonly spent: ReadonlyMap<Address, bigint>
}

export const NO_COINS: CoinBlock = {
  accounts: new Map(),
  moves: [],
  changes: new Map(),
  spent: new Map(),
}

const NOBODY: CoinAccount = { units: 0n, nonce: 0 }
export const FEE_UNITS = 21_000n

export function moveCoins(
  before: CoinAccounts,
  included: readonly SimulatedTransaction[],
): CoinBlock {
  if (included.length === 0) return { ...NO_COINS, accounts: before }
  const accounts = new Map(before)
  const moves: CoinMove[] = []
  const changes = new Map<Address, { index: number; balanceUnits: bigint }[]>()
  const spent = new Map<Address, bigint>()
  const of = (address: Address) => accounts.get(address) ?? NOBODY
  for (const [index, transaction] of included.entries()) {
    const touched = new Map<Address, bigint>()
    const add = (address: Address, units: bigint): void => {
      const account = of(address)
      touched.set(address, touched.get(address) ?? account.units)
      accounts.set(address, { ...account, units: account.units + units })
    }
    const { from, hash } = transaction
    const own = valueMoved(transaction)
    const all = [
      ...(own === null ? [] : [{ ...own, path: null }]),
      ...(transaction.calls?.moves ?? []),
    ]
    for (const move of all) {
      add(move.from, -move.units)
      add(move.to, move.units)
      moves.push({ ...move, index, txHash: hash })
    }
    // Whoever has too little for it pays none: that is the affair of the drawing.
    const fee = of(from).units >= FEE_UNITS ? FEE_UNITS : 0n
    add(from, -fee)
    accounts.set(from, { ...of(from), nonce: of(from).nonce + 1 })
    spent.set(from, (spent.get(from) ?? 0n) + fee + (own?.units ?? 0n))
    for (const [address, units] of touched) {
      const balanceUnits = of(address).units
      if (balanceUnits === units) continue
      const list = changes.get(address) ?? []
      changes.set(address, list)
      list.push({ index: index + 1, balanceUnits })
    }
  }
  return { accounts, moves, changes, spent }
}

/** Null where a transaction failed, went nowhere, to its sender, or without value. */
export function valueMoved(transaction: SimulatedTransaction): Omit<CallMove, 'path'> | null {
  const { from, to, valueUnits, succeeded } = transaction
  if (!succeeded || to === null || to === from || valueUnits === 0n) return null
  return { from, to, units: valueUnits }
}
