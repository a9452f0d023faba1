/**
 * How native coins that arrive are found. Within a block exactly one way counts; whatever the mode
 * finds, the balances of open orders are compared with it afterwards (sweep-balances), except in
 * `direct`.
 *
 *     direct   value of transactions                    nothing sent by contracts
 *     logs     EIP-7708, Polygon's LogTransfer          exact, in the block itself
 *     trace    frames of debug_traceBlockByHash         exact, confirmed by the balance
 *     bal      EIP-7928 block access list               net for each transaction
 *     delta    balances alone                           attributed where a node has traces
 */
import type { NativeReading } from './native-coin.ts'

export type NativeMode = 'direct' | 'logs' | 'trace' | 'bal' | 'delta'

export const NATIVE_MODES: readonly NativeMode[] = ['direct', 'logs', 'trace', 'bal', 'delta']

/** Their coin contract logs every movement (LogTransfer of 0x...1010). */
const POLYGON_CHAINS: ReadonlySet<number> = new Set([137, 80_002])
/** Their nodes trace, and in a call NUMBER is the height of the chain below. */
const ARBITRUM_CHAINS: ReadonlySet<number> = new Set([42_161, 42_170, 421_614])

/** What `auto` means: by chain where it is known, else `delta`, which every node can serve. */
export function chooseNativeMode(chainId: number): NativeMode {
  if (POLYGON_CHAINS.has(chainId)) return 'logs'
  return ARBITRUM_CHAINS.has(chainId) ? 'trace' : 'delta'
}

/** Whether code that runs at a block can say which block it is. Elsewhere the pin by hash must do. */
export function knowsItsBlock(chainId: number): boolean {
  return !ARBITRUM_CHAINS.has(chainId)
}

/** What is read in the blocks themselves. EIP-7708 shows in the block, so every mode but one looks. */
export function nativeReadingOf(chainId: number, mode: NativeMode): NativeReading {
  if (mode === 'direct') return 'value'
  return mode === 'logs' && POLYGON_CHAINS.has(chainId) ? 'polygon-logs' : 'value-or-logs'
}
