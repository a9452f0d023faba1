/**
 * One block of our chain once more, because something names a payment in it that we do not have: read,
 * proven and settled as any block. Never twice: what is recorded already changes nothing.
 */
import type { ChainSettings } from '../core/chain/chain-settings.ts'
import { blockAt, type LocalChain } from '../core/chain/local-chain.ts'
import { ChainSourceError } from '../errors.ts'
import type { BlockPlace } from '../ports/chain-source.ts'
import { settleAgain } from './settle-again.ts'
import type { SyncDeps } from './sync-chain.ts'

export type Rereading = {
  readonly settings: ChainSettings
  /** Our chain as the store has it, up to the head. */
  readonly chain: LocalChain
  readonly signal: AbortSignal
}

/**
 * How many events followed; none where the block holds nothing new, or is not of our chain. Rejects
 * with `conflict` when another writer was first.
 */
export async function readAgain(
  deps: SyncDeps,
  { settings, chain, signal }: Rereading,
  { number, hash }: BlockPlace,
): Promise<number> {
  const ref = blockAt(chain, number) ?? (await deps.source.getHeaderByNumber(number, signal))
  if (ref?.hash !== hash) return 0
  const block = await deps.source.getBlock(ref, signal)
  const parent = await deps.source.getHeaderByHash(ref.parentHash, signal)
  const again = { settings, chain, blocks: [block], parent, sharesRoom: true, signal } as const
  const { result, events } = await settleAgain(deps, again)
  if (result === 'committed') return events.length
  throw new ChainSourceError('conflict', 'another writer was first; this look is taken again')
}
