/**
 * Which movements of a block are transfers we may credit. The rules are those of EIP-20 read
 * strictly: an odd log is skipped and counted, and never stops the block.
 */
import type { Address, AssetId, Hash } from '../money/asset.ts'
import { nativeAssetId, tokenAssetId } from '../money/asset.ts'
import type { BlockLog, BlockRef, BlockTransaction, VerifiedBlock } from './block.ts'

export type TransferKind = 'erc20' | 'native' | 'internal'

export type Transfer = {
  readonly chainId: number
  readonly block: BlockRef
  /** Place within the block: `log:7`, or `tx:3` for the value of a transaction. */
  readonly place: string
  readonly kind: TransferKind
  readonly assetId: AssetId
  readonly from: Address
  readonly to: Address
  readonly amountUnits: bigint
  readonly txHash: Hash
  readonly logIndex: number | null
}

/** What of a chain is looked at: its allow-listed tokens, and whether its native coin counts. */
export type WatchedAssets = {
  readonly chainId: number
  readonly tokens: ReadonlySet<Address>
  readonly native: boolean
}

/** keccak256("Transfer(address,address,uint256)"), EIP-20. */
const TRANSFER_TOPIC = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef'
const TOPIC_PATTERN = /^0x0{24}[0-9a-f]{40}$/
const WORD_PATTERN = /^0x[0-9a-f]{64}$/

export type ExtractedTransfers = {
  readonly transfers: readonly Transfer[]
  /** Transfer logs of listed tokens that are not well formed: ignored, and counted for the metric. */
  readonly malformed: number
}

/** All well-formed transfers of watched assets in a block, to anyone. */
export function extractTransfers(block: VerifiedBlock, watched: WatchedAssets): ExtractedTransfers {
  const transfers: Transfer[] = []
  let malformed = 0
  if (watched.native) {
    for (const transaction of block.transactions) {
      const transfer = readNativeTransfer(block.ref, transaction, watched.chainId)
      if (transfer !== null) transfers.push(transfer)
    }
  }
  for (const log of block.logs) {
    if (log.topics[0] !== TRANSFER_TOPIC || !watched.tokens.has(log.address)) continue
    const transfer = readTokenTransfer(block.ref, log, watched.chainId)
    if (transfer === 'malformed') malformed += 1
    else if (transfer !== null) transfers.push(transfer)
  }
  return { transfers, malformed }
}

/** Null where nothing moved: failed, without value, a creation, or to oneself. Calldata is allowed. */
function readNativeTransfer(
  block: BlockRef,
  transaction: BlockTransaction,
  chainId: number,
): Transfer | null {
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

/** Exactly 3 topics with clean address padding and 32 bytes of data; zero and self transfers are null. */
function readTokenTransfer(
  block: BlockRef,
  log: BlockLog,
  chainId: number,
): Transfer | 'malformed' | null {
  const [, fromTopic, toTopic] = log.topics
  if (log.topics.length !== 3 || !TOPIC_PATTERN.test(fromTopic as string)) return 'malformed'
  if (!TOPIC_PATTERN.test(toTopic as string) || !WORD_PATTERN.test(log.data)) return 'malformed'
  const from: Address = `0x${(fromTopic as string).slice(26)}`
  const to: Address = `0x${(toTopic as string).slice(26)}`
  const amountUnits = BigInt(log.data)
  if (amountUnits === 0n || from === to) return null
  return {
    chainId,
    block,
    place: `log:${log.index}`,
    kind: 'erc20',
    assetId: tokenAssetId(chainId, log.address),
    from,
    to,
    amountUnits,
    txHash: log.transactionHash,
    logIndex: log.index,
  }
}
