/** What blocks show of watched assets, told by who signed and not by whom a node names. */
import type { BlockRef, VerifiedBlock } from '../core/chain/block.ts'
import type { ChainSettings } from '../core/chain/chain-settings.ts'
import { extractTransfers, type Transfer, watchedAssetsOf } from '../core/chain/transfer.ts'
import type { Address } from '../core/money/asset.ts'
import { recoverSenders } from '../core/proof/recover-senders.ts'
import type { Deps } from './deps.ts'

type TransferDeps = Pick<Deps, 'logger' | 'metrics'>

/** All transfers of watched assets in these blocks, to anyone, as the nodes tell them. */
export function readTransfers(
  deps: TransferDeps,
  settings: ChainSettings,
  blocks: readonly VerifiedBlock[],
): Transfer[] {
  const watched = watchedAssetsOf(settings)
  const labels = { chain: String(settings.chainId) }
  return blocks.flatMap((told) => {
    let read = extractTransfers(told, watched)
    if (read.isNativeSuspect) {
      // One false sender is enough for that: its log names another one.
      const block = recoverSenders(told, ({ valueUnits }) => valueUnits > 0n)
      if (block !== told) {
        tellFalseSender(deps, settings, told.ref)
        read = extractTransfers(block, watched)
      }
      if (read.isNativeSuspect) tellSuspectLogs(deps, settings, told.ref)
    }
    const { transfers, malformed } = read
    deps.metrics.count('transfers_seen_total', labels, transfers.length + (told.leftOut ?? 0))
    if (malformed > 0) deps.metrics.count('transfers_malformed_total', labels, malformed)
    return transfers
  })
}

/**
 * The same transfers, those of coins to these recipients with the sender who signed: one that an
 * account sent to itself is left out. Recovering is dear, so that it is done for matches alone.
 */
export function proveSenders(
  deps: TransferDeps,
  settings: ChainSettings,
  blocks: readonly VerifiedBlock[],
  transfers: readonly Transfer[],
  isOurs: (recipient: Address) => boolean,
): Transfer[] {
  const byBlock = Map.groupBy(transfers, ({ block }) => block.hash)
  const watched = watchedAssetsOf(settings)
  return blocks.flatMap((told) => {
    const seen = byBlock.get(told.ref.hash) ?? []
    const places = new Set(
      seen.flatMap(({ kind, place, to }) => (kind === 'native' && isOurs(to) ? [place] : [])),
    )
    if (places.size === 0) return seen
    const block = recoverSenders(told, ({ index }) => places.has(`tx:${index}`))
    if (block === told) return seen
    tellFalseSender(deps, settings, told.ref)
    return extractTransfers(block, watched).transfers
  })
}

function tellFalseSender(deps: TransferDeps, { chainId }: ChainSettings, block: BlockRef): void {
  deps.metrics.count('senders_corrected_total', { chain: String(chainId) })
  const fields = { chain_id: chainId, block: block.number, hash: block.hash }
  deps.logger.error(fields, 'ALARM: a node names another sender of coins than the one who signed')
}

function tellSuspectLogs(deps: TransferDeps, { chainId }: ChainSettings, block: BlockRef): void {
  deps.metrics.count('native_logs_suspect_total', { chain: String(chainId) })
  const fields = { chain_id: chainId, block: block.number, hash: block.hash }
  deps.logger.error(fields, 'ALARM: logs of the native coin miss the value of a transaction')
}
