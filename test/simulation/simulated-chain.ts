/**
 * A chain as it really was: a tree of blocks, of which one branch is the best. Each block knows what
 * it moved by construction, so that nobody has to read logs to know the truth.
 *
 *     genesis -- 1 -- 2 -- 3 -- 4          a tip
 *                      \-- 3' -- 4' -- 5'  the best tip
 */
import type { BlockLog, BlockTransaction, VerifiedBlock } from '../../src/core/chain/block.ts'
import type { Address, Asset, Hash } from '../../src/core/money/asset.ts'
import type {
  ArrivalQuestion,
  BalanceQuestion,
  TokenArrival,
} from '../../src/ports/chain-source.ts'
import { type Calls, type CoinBlock, moveCoins, NO_COINS, valueMoved } from './coin-accounts.ts'
import { createRandom, type Random } from './random.ts'
import { BLOCK_TIME_S, START_MS } from './setting.ts'

/** Value that really went from one address to another, at its place in a block. */
export type Movement = {
  readonly place: string
  readonly asset: Asset
  readonly from: Address
  readonly to: Address
  readonly units: bigint
  /** What the balance rose by, where the token says more than it moves. */
  readonly moved?: bigint
}

export type SimulatedBlock = VerifiedBlock & {
  readonly movements: readonly Movement[]
  readonly included: readonly SimulatedTransaction[]
  /** Empty where nobody looks at coins beyond the value of transactions. */
  readonly coins: CoinBlock
}

export type LogDraft = Pick<BlockLog, 'address' | 'topics' | 'data'> & {
  /** What the log stands for; null for one that moves nothing. */
  readonly moves: Omit<Movement, 'place'> | null
}

/** Signed once, perhaps mined on several branches. */
export type SimulatedTransaction = Omit<BlockTransaction, 'index'> & {
  readonly logs: readonly LogDraft[]
  /** The value counts: the transaction succeeded, and went to somebody else. */
  readonly movesValue: Asset | null
  /** Fails, and is not mined, on a branch where the holder has less. */
  readonly spends?: Spending
  readonly calls?: Calls
}

/** Of a token, or of the coin (null). */
export type Spending = {
  readonly token: Address | null
  readonly holder: Address
  readonly units: bigint
}

/** How a chain tells of coins that calls move; null where nobody asks. */
export type CoinTelling = {
  readonly coin: Asset
  /** From this height on the chain logs each movement (EIP-7708); null: never. */
  readonly logsFrom: number | null
}

export type SimulatedChain = {
  readonly chainId: number
  getBlock(hash: Hash): SimulatedBlock | undefined
  /** What an address has of a token as of a block: all that ever came, less what left. */
  tokenBalance(hash: Hash, token: Address, holder: Address): bigint
  coinBalance(hash: Hash, holder: Address): bigint
  /** What left it from a height on, up to the block of the question. */
  tokenOutflow(question: BalanceQuestion, fromNumber: number): bigint
  /** Blocks of that branch, from a height on, in which some of the token came. */
  tokenArrivals(question: ArrivalQuestion): TokenArrival[]
  /** The block of a branch at a height; undefined above its tip and below zero. */
  ancestorAt(tip: Hash, number: number): SimulatedBlock | undefined
  bestTip(): Hash
  /** Tips of all branches, oldest first. */
  tips(): readonly Hash[]
  /** Highest block ever mined, on any branch. */
  highest(): number
  broadcast(transaction: SimulatedTransaction): void
  /** Mines on a block; what waits and is not on that branch yet may be taken. It becomes the best. */
  mine(parent: Hash, random: Random, options?: MineOptions): SimulatedBlock
  /** What the branch above this block holds is never mined again, each with this chance. */
  lose(tip: Hash, downTo: number, share: number, random: Random): void
}

export type MineOptions = {
  /** Block time after the parent's, seconds. */
  readonly paceS?: number
  /** Time of the clock, if the block is made now. */
  readonly nowS?: number
}

/** Whether a block is sealed by its header, or believed as a node tells it. */
const PROVEN = 2
const NODES_WORD = 1

/** Share of the waiting transactions a block takes. */
const TAKEN = 0.85

/** Ancestors looked through for a transaction that is mined already; no history forks deeper. */
const LOOK_BACK = 120

export function createSimulatedChain(
  chainId: number,
  startHeight: number,
  unprovenShare = 0,
  telling: CoinTelling | null = null,
): SimulatedChain {
  const blocks = new Map<Hash, SimulatedBlock>()
  const tips: Hash[] = []
  const waiting: SimulatedTransaction[] = []
  const lost = new Set<Hash>()
  let count = 0
  let best: Hash = '0x0'
  let highest = 0

  const add = (parentHash: Hash, number: number, timestampS: number, from: TransactionList) => {
    count += 1
    const hash = paddedHex(chainId * 1_000_000 + count, 64)
    const isUnproven = createRandom(chainId + count).chance(unprovenShare)
    const ref = { number, hash, parentHash, timestampS }
    const before = blocks.get(parentHash)?.coins ?? NO_COINS
    const coins = telling === null ? NO_COINS : moveCoins(before.accounts, from)
    const isLogged = telling !== null && telling.logsFrom !== null && number >= telling.logsFrom
    const content = fillBlock(from, isLogged ? telling.coin : null)
    const proofLevel = isUnproven ? NODES_WORD : PROVEN
    const block: SimulatedBlock = { ref, proofLevel, ...content, included: from, coins }
    blocks.set(hash, block)
    const at = tips.indexOf(parentHash)
    if (at !== -1) tips.splice(at, 1)
    tips.push(hash)
    best = hash
    highest = Math.max(highest, number)
    return block
  }
  const ancestorAt = (tip: Hash, number: number) => {
    let block = blocks.get(tip)
    while (block !== undefined && block.ref.number > number)
      block = blocks.get(block.ref.parentHash)
    return block?.ref.number === number ? block : undefined
  }

  const tokenBalance = (hash: Hash, token: Address, holder: Address): bigint => {
    let sum = 0n
    let block = blocks.get(hash)
    while (block !== undefined) {
      for (const { asset, from, to, units, moved = units } of block.movements) {
        if (asset.token !== token) continue
        if (to === holder) sum += moved
        if (from === holder) sum -= units
      }
      block = blocks.get(block.ref.parentHash)
    }
    return sum
  }
  const coinBalance = (hash: Hash, holder: Address): bigint =>
    blocks.get(hash)?.coins.accounts.get(holder)?.units ?? 0n
  /** Without what spends more than there is on this branch. */
  const takeCovered = (parentHash: Hash, taken: TransactionList): SimulatedTransaction[] => {
    const spent = new Map<string, bigint>()
    return taken.filter(({ spends }) => {
      if (spends === undefined) return true
      const key = `${spends.token}/${spends.holder}`
      const units = (spent.get(key) ?? 0n) + spends.units
      const { token, holder } = spends
      const held =
        token === null ? coinBalance(parentHash, holder) : tokenBalance(parentHash, token, holder)
      if (units > held) return false
      spent.set(key, units)
      return true
    })
  }

  let parent = paddedHex(0, 64)
  for (let number = 0; number <= startHeight; number++) {
    const ageS = (startHeight - number) * BLOCK_TIME_S
    parent = add(parent, number, START_MS / 1_000 - ageS, []).ref.hash
  }
  return {
    chainId,
    getBlock: (hash) => blocks.get(hash),
    tokenBalance,
    coinBalance,
    tokenOutflow({ token, holder, block: { hash } }, fromNumber) {
      let sum = 0n
      let block = blocks.get(hash)
      while (block !== undefined && block.ref.number >= fromNumber) {
        for (const { asset, from, units } of block.movements) {
          if (asset.token === token && from === holder) sum += units
        }
        block = blocks.get(block.ref.parentHash)
      }
      return sum
    },
    tokenArrivals({ tokens, holders, fromNumber, block: { hash } }) {
      const found: TokenArrival[] = []
      let block = blocks.get(hash)
      while (block !== undefined && block.ref.number >= fromNumber) {
        const { ref, movements } = block
        const named = { number: ref.number, hash: ref.hash }
        for (const { asset, to, place } of movements) {
          if (asset.token === null || !tokens.includes(asset.token) || !holders.includes(to))
            continue
          const logIndex = Number(place.slice('log:'.length))
          found.push({ block: named, logIndex, holder: to })
        }
        block = blocks.get(ref.parentHash)
      }
      return found
    },
    ancestorAt,
    bestTip: () => best,
    tips: () => tips,
    highest: () => highest,
    broadcast: (transaction) => void waiting.push(transaction),
    mine(parentHash, random, { paceS = BLOCK_TIME_S, nowS = 0 } = {}) {
      const { ref } = blocks.get(parentHash) as SimulatedBlock
      const mined = new Set<Hash>()
      let block = blocks.get(parentHash)
      for (let i = 0; i < LOOK_BACK && block !== undefined; i++) {
        for (const { hash } of block.included) mined.add(hash)
        block = blocks.get(block.ref.parentHash)
      }
      const taken = waiting.filter(
        ({ hash }) => !mined.has(hash) && !lost.has(hash) && random.chance(TAKEN),
      )
      const timestampS = Math.max(ref.timestampS + Math.max(1, paceS), nowS)
      return add(parentHash, ref.number + 1, timestampS, takeCovered(parentHash, taken))
    },
    lose(tip, downTo, share, random) {
      let block = blocks.get(tip)
      while (block !== undefined && block.ref.number > downTo) {
        for (const { hash } of block.included) if (random.chance(share)) lost.add(hash)
        block = blocks.get(block.ref.parentHash)
      }
    },
  }
}

type TransactionList = readonly SimulatedTransaction[]

type Content = Pick<SimulatedBlock, 'transactions' | 'logs' | 'movements'>

/** `loggedCoin`: each of its movements is logged as well, before what the transaction logs itself. */
function fillBlock(included: TransactionList, loggedCoin: Asset | null): Content {
  const transactions: BlockTransaction[] = []
  const logs: BlockLog[] = []
  const movements: Movement[] = []
  for (const [index, transaction] of included.entries()) {
    const { hash, from, to, valueUnits, succeeded, movesValue } = transaction
    transactions.push({ hash, index, from, to, valueUnits, succeeded })
    if (movesValue !== null && to !== null) {
      movements.push({ place: `tx:${index}`, asset: movesValue, from, to, units: valueUnits })
    }
    const coinLogs = loggedCoin === null ? [] : logCoins(transaction, loggedCoin)
    for (const { address, topics, data, moves } of [...coinLogs, ...transaction.logs]) {
      const place = logs.length
      logs.push({
        index: place,
        transactionIndex: index,
        transactionHash: hash,
        address,
        topics,
        data,
      })
      if (moves !== null) movements.push({ place: `log:${place}`, ...moves })
    }
  }
  return { transactions, logs, movements }
}

/** EIP-7708: never a token. */
export const NATIVE_LOGGER: Address = '0xfffffffffffffffffffffffffffffffffffffffe'
const TRANSFER = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef'

/** What the value of the transaction moved has its own place, and no other by its log. */
function logCoins(transaction: SimulatedTransaction, asset: Asset): LogDraft[] {
  const own = valueMoved(transaction)
  const topic = (address: Address) => `0x${address.slice(2).padStart(64, '0')}`
  return [...(own === null ? [] : [own]), ...(transaction.calls?.moves ?? [])].map((move) => {
    const { from, to, units } = move
    const topics = [TRANSFER, topic(from), topic(to)]
    const moves = move === own ? null : { asset, from, to, units }
    return { address: NATIVE_LOGGER, topics, data: paddedHex(units, 64), moves }
  })
}

export function paddedHex(value: number | bigint, digits: number): `0x${string}` {
  return `0x${value.toString(16).padStart(digits, '0')}`
}
