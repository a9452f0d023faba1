import type { ChainSettings } from '../core/chain/chain-settings.ts'
import { ChainSourceError } from '../errors.ts'
import type { ChainSource } from '../ports/chain-source.ts'

/**
 * Compares the configured decimals of every token with what its contract says. A difference would
 * credit a thousand times too much or too little: the chain is not watched until it is put right.
 */
export async function verifyTokens(
  { source }: { readonly source: ChainSource },
  settings: ChainSettings,
  signal: AbortSignal,
): Promise<void> {
  for (const { token, symbol, decimals } of settings.assets) {
    if (token === null) continue
    const reported = await source.getTokenDecimals(token, signal)
    if (reported === decimals) continue
    throw new ChainSourceError(
      'wrong_token',
      `${symbol} (${token}) has ${reported ?? 'no'} decimals on the chain, ${decimals} configured`,
    )
  }
}
