import type { ChainSettings } from '../core/chain/chain-settings.ts'
import type { Address } from '../core/money/asset.ts'
import type { Deps } from './deps.ts'

/** Whether an address is the merchant's own: configured, or on the internal chain of an account key. */
export function recogniseOwn(
  { addressBook }: Pick<Deps, 'addressBook'>,
  { ownSenders }: Pick<ChainSettings, 'ownSenders'>,
): (address: Address) => boolean {
  const configured = new Set(ownSenders)
  return (address) => configured.has(address) || addressBook.isSponsor(address)
}
