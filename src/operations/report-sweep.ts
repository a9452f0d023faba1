/** What a sweep of balances tells people: metrics, and log lines with what they need to look. */
import type { ChainSettings } from '../core/chain/chain-settings.ts'
import type { KnownBalance } from '../core/chain/known-balance.ts'
import type { Transfer } from '../core/chain/transfer.ts'
import type { Address } from '../core/money/asset.ts'
import type { Deps } from './deps.ts'

export type Reporting = {
  readonly deps: Pick<Deps, 'metrics' | 'logger'>
  readonly settings: ChainSettings
}

/** How a payment was found; a rise that no known transaction explains is told with its block. */
export function tellFound({ deps, settings }: Reporting, transfer: Transfer): void {
  const labels = { chain: String(settings.chainId) }
  deps.metrics.count('internal_transfers_total', { ...labels, found_by: 'balance' })
  if (transfer.txHash !== null) return
  deps.metrics.count('unexplained_balance_total', labels)
  deps.logger.warn(
    {
      chain_id: settings.chainId,
      block: transfer.block.number,
      hash: transfer.block.hash,
      address: transfer.to,
      units: transfer.amountUnits.toString(),
    },
    'a balance rose in this block, and no known transaction explains it',
  )
}

/** A fall that nothing explains: a person must look. */
export function tellShortfall(
  { deps, settings }: Reporting,
  address: Address,
  shortUnits: bigint,
): void {
  deps.metrics.count('balance_shortfalls_total', { chain: String(settings.chainId) })
  deps.logger.error(
    { chain_id: settings.chainId, address, short_units: shortUnits.toString() },
    'ALARM: a balance is below what was credited and not spent by the address itself',
  )
}

/** Coins that were there before anything of the address could be read. */
export function tellUnknownBegin(
  { deps, settings }: Reporting,
  { address, balanceUnits }: KnownBalance,
  creditedUnits: bigint,
): void {
  if (balanceUnits === creditedUnits) return
  deps.metrics.count('unexplained_balance_total', { chain: String(settings.chainId) })
  deps.logger.error(
    {
      chain_id: settings.chainId,
      address,
      units: balanceUnits.toString(),
      credited_units: creditedUnits.toString(),
    },
    'ALARM: the coins of this address cannot be explained from the blocks within reach; not counted',
  )
}

export function countSweep({ deps, settings }: Reporting, outcome: string): void {
  deps.metrics.count('balance_sweeps_total', { chain: String(settings.chainId), outcome })
}
