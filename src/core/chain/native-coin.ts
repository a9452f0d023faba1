/**
 * The native coin in a block itself: the value of its transactions, or logs where the chain writes
 * one for each movement. A block counts by one of the two, never by both.
 */
import type { Address, Hash } from '../money/asset.ts'
import { nativeAssetId } from '../money/asset.ts'
import type { BlockLog, BlockRef, BlockTransaction, VerifiedBlock } from './block.ts'
import { ADDRESS_TOPIC, TRANSFER_TOPIC, WORD } from './log-words.ts'
import type { Transfer } from './transfer.ts'

/** `value-or-logs`: by EIP-7708 logs where the block carries one, else by value. */
export type NativeReading = 'none' | 'value' | 'value-or-logs' | 'polygon-logs'

/** EIP-7708: the system address, which emits a Transfer for each movement of coins. Never a token. */
export const NATIVE_LOG_EMITTER: Address = '0xfffffffffffffffffffffffffffffffffffffffe'
/** Polygon's coin contract. */
export const POLYGON_COIN: Address = '0x0000000000000000000000000000000000001010'
/** keccak256("LogTransfer(address,address,address,uint256,uint256,uint256,uint256,uint256)"). */
export const POLYGON_TRANSFER_TOPIC =
  '0xe6497e3ee548a3372136af2fcb0696db31fc6cf20260707645068bd3fe97f3c4'
/** amount, input1, input2, output1, output2. */
const POLYGON_DATA = /^0x[0-9a-f]{320}$/

export type NativeCoinOfBlock = {
  readonly transfers: readonly Transfer[]
  /** Read by logs; else by the value of transactions. */
  readonly byLogs: boolean
  /** The logs miss the value of a transaction: they were not believed, and value counts. */
  readonly isSuspect: boolean
}

export function readNativeCoin(
  block: VerifiedBlock,
  chainId: number,
  reading: NativeReading,
): NativeCoinOfBlock {
  if (reading === 'none') return { transfers: [], byLogs: false, isSuspect: false }
  const byValue = block.transactions.flatMap((transaction) => {
    const transfer = readValue(block.ref, transaction, chainId)
    return transfer === null ? [] : [transfer]
  })
  const plain = { transfers: byValue, byLogs: false, isSuspect: false }
  if (reading === 'value') return plain
  const decode = reading === 'polygon-logs' ? decodePolygonLog : decodeValueLog
  const moves = block.logs.flatMap((log) => {
    const move = decode(log)
    return move === null ? [] : [{ ...move, log }]
  })
  if (moves.length === 0 && reading === 'value-or-logs') return plain
  const roots = matchRoots(byValue, moves)
  if (roots.size < byValue.length) return { ...plain, isSuspect: true }
  const transfers = moves.flatMap((move) => {
    const root = roots.get(move.log.index)
    if (root !== undefined) return [root]
    return move.amountUnits === 0n || move.from === move.to ? [] : [movedBy(block, chainId, move)]
  })
  return { transfers, byLogs: true, isSuspect: false }
}

/** Null where nothing moved: failed, without value, a creation, or to oneself. Calldata is allowed. */
function readValue(
  block: BlockRef,
  transaction: BlockTransaction,
  chainId: number,
): (Transfer & { readonly txHash: Hash }) | null {
  const { to, from, valueUnits } = transaction
  if (!transaction.succeeded || valueUnits === 0n || to === null || to === from) return null
  return {
    chainId,
    block,
    place: `tx:${transaction.index}`,
    kind: 'native',
    assetId: nativeAssetId(chainId),
    from,
    to,
    amountUnits: valueUnits,
    txHash: transaction.hash,
    logIndex: null,
  }
}

type Move = { readonly from: Address; readonly to: Address; readonly amountUnits: bigint }
type LoggedMove = Move & { readonly log: BlockLog }

/**
 * The log of each transaction's own value, which keeps the place it has without logs: the same money
 * has the same identity, whichever way a block is read. Each log stands for one value at most.
 */
function matchRoots(
  byValue: readonly Transfer[],
  moves: readonly LoggedMove[],
): Map<number, Transfer> {
  const roots = new Map<number, Transfer>()
  const firstOf = Map.groupBy(moves, ({ log }) => log.transactionHash)
  for (const value of byValue) {
    const candidates = firstOf.get(value.txHash as Hash) ?? []
    const own = candidates.find(
      (move) =>
        move.from === value.from &&
        move.to === value.to &&
        move.amountUnits === value.amountUnits &&
        !roots.has(move.log.index),
    )
    if (own !== undefined) roots.set(own.log.index, value)
  }
  return roots
}

function movedBy(block: VerifiedBlock, chainId: number, move: LoggedMove): Transfer {
  return {
    chainId,
    block: block.ref,
    place: `log:${move.log.index}`,
    kind: 'internal',
    assetId: nativeAssetId(chainId),
    from: move.from,
    to: move.to,
    amountUnits: move.amountUnits,
    txHash: move.log.transactionHash,
    logIndex: move.log.index,
  }
}

/** An ERC-20 Transfer of the system address, data in wei (EIP-7708). */
function decodeValueLog({ address, topics, data }: BlockLog): Move | null {
  if (address !== NATIVE_LOG_EMITTER || topics[0] !== TRANSFER_TOPIC) return null
  return topics.length === 3 && WORD.test(data) ? decodeMove(topics[1], topics[2], data) : null
}

/** LogTransfer(token, from, to | amount, ...); fee logs have another topic and do not count. */
function decodePolygonLog({ address, topics, data }: BlockLog): Move | null {
  if (address !== POLYGON_COIN || topics[0] !== POLYGON_TRANSFER_TOPIC) return null
  return topics.length === 4 && POLYGON_DATA.test(data)
    ? decodeMove(topics[2], topics[3], data.slice(0, 66))
    : null
}

function decodeMove(from: string | undefined, to: string | undefined, word: string): Move | null {
  if (from === undefined || to === undefined) return null
  if (!ADDRESS_TOPIC.test(from) || !ADDRESS_TOPIC.test(to)) return null
  return { from: `0x${from.slice(26)}`, to: `0x${to.slice(26)}`, amountUnits: BigInt(word) }
}
