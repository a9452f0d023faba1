/**
 * Which movements of a block are transfers we may credit. The rules are those of EIP-20 read
 * strictly: an odd log is skipped and counted, and never stops the block.
 */
import type { Address, AssetId, Hash } from '../money/asset.ts'
import { tokenAssetId } from '../money/asset.ts'
import type { BlockLog, BlockRef, VerifiedBlock } from './block.ts'
import type { ChainSettings } from './chain-settings.ts'
import { ADDRESS_TOPIC, TRANSFER_TOPIC, WORD } from './log-words.ts'
import { NATIVE_LOG_EMITTER, type NativeReading, readNativeCoin } from './native-coin.ts'
import { nativeReadingOf } from './native-mode.ts'

export type TransferKind = 'erc20' | 'native' | 'internal'

export type Transfer = {
  readonly chainId: number
  readonly block: BlockRef
  /**
   * Place within the block: `log:7`; `tx:3` for the value of a transaction; `call:3:0.2` for a frame
   * of it; `net:3:0x...` for what it left at an address; `balance:0x...` where only the balance tells.
   */
  readonly place: string
  readonly kind: TransferKind
  readonly assetId: AssetId
  /** Null where nothing but a balance is known. */
  readonly from: Address | null
  readonly to: Address
  readonly amountUnits: bigint
  /** Null where nothing but a balance is known. */
  readonly txHash: Hash | null
  readonly logIndex: number | null
}

/** What of a chain is looked at: its allow-listed tokens, and how its native coin is found in blocks. */
export type WatchedAssets = {
  readonly chainId: number
  readonly tokens: ReadonlySet<Address>
  readonly native: NativeReading
}

export function watchedAssetsOf(
  settings: Pick<ChainSettings, 'chainId' | 'assets' | 'nativeMode'>,
): WatchedAssets {
  const { chainId, assets, nativeMode } = settings
  return {
    chainId,
    tokens: new Set(assets.flatMap(({ token }) => (token === null ? [] : [token]))),
    native: assets.some(({ token }) => token === null)
      ? nativeReadingOf(chainId, nativeMode)
      : 'none',
  }
}

export type ExtractedTransfers = {
  readonly transfers: readonly Transfer[]
  /** Transfer logs of listed tokens that are not well formed: ignored, and counted for the metric. */
  readonly malformed: number
  /** The block's logs of the native coin miss a transaction's value: they were not believed. */
  readonly isNativeSuspect: boolean
}

/** All well-formed transfers of watched assets in a block, to anyone. */
export function extractTransfers(block: VerifiedBlock, watched: WatchedAssets): ExtractedTransfers {
  const native = readNativeCoin(block, watched.chainId, watched.native)
  const transfers: Transfer[] = [...native.transfers]
  let malformed = 0
  for (const log of block.logs) {
    if (log.topics[0] !== TRANSFER_TOPIC || !watched.tokens.has(log.address)) continue
    if (log.address === NATIVE_LOG_EMITTER) continue
    const transfer = readTokenTransfer(block.ref, log, watched.chainId)
    if (transfer === 'malformed') malformed += 1
    else if (transfer !== null) transfers.push(transfer)
  }
  return { transfers, malformed, isNativeSuspect: native.isSuspect }
}

/** Exactly 3 topics with clean address padding and 32 bytes of data; zero and self transfers are null. */
function readTokenTransfer(
  block: BlockRef,
  log: BlockLog,
  chainId: number,
): Transfer | 'malformed' | null {
  const [, fromTopic, toTopic] = log.topics
  if (log.topics.length !== 3 || !ADDRESS_TOPIC.test(fromTopic as string)) return 'malformed'
  if (!ADDRESS_TOPIC.test(toTopic as string) || !WORD.test(log.data)) return 'malformed'
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
