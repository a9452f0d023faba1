import type { Address } from '../money/asset.ts'
import type { ChainSettings } from './chain-settings.ts'
import { NATIVE_LOG_EMITTER, POLYGON_COIN } from './native-coin.ts'
import { nativeReadingOf } from './native-mode.ts'

/** What of a chain's blocks is handed over; all else is read, proven and forgotten. */
export type WatchedContent = {
  /** Contracts whose logs count: listed tokens, and what logs native coins. Lower case. */
  readonly contracts: ReadonlySet<Address>
  /** The native coin counts: transactions are proven, not only receipts. */
  readonly native: boolean
  /** What these send is no payment: whoever names one as the sender of value is checked. */
  isOwnSender?(address: Address): boolean
  /**
   * Whether nobody here has the address of these 40 hex digits. Well-formed transfers of tokens
   * between such are counted and not handed over. Absent, or where it is not certain: all are.
   */
  readonly isStranger?: ((source: Uint8Array, start: number) => boolean) | undefined
}

export function watchedContentOf(
  settings: Pick<ChainSettings, 'assets' | 'chainId' | 'nativeMode'>,
  isOwnSender: (address: Address) => boolean = () => false,
): WatchedContent {
  const contracts = new Set(settings.assets.flatMap(({ token }) => (token === null ? [] : [token])))
  const native = settings.assets.some(({ token }) => token === null)
  const reading = native ? nativeReadingOf(settings.chainId, settings.nativeMode) : 'none'
  if (reading === 'value-or-logs') contracts.add(NATIVE_LOG_EMITTER)
  if (reading === 'polygon-logs') contracts.add(POLYGON_COIN)
  return { contracts, native, isOwnSender }
}
