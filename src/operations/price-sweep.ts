import { nativeAssetId } from '../core/money/asset.ts'
import { type GasShare, shareOfGas } from '../core/sweep/gas-share.ts'
import type { SweepFacts } from '../core/sweep/sweep-plan.ts'
import type { Deps } from './deps.ts'

/** In which coins and tokens are compared: rates in it are the most common. */
const CURRENCY = 'USD'

/**
 * The most that a collection may cost, as a share of what it collects, by the rates of now. `coin` is
 * the symbol of the chain's own coin; null where the configuration names none.
 */
export async function priceSweep(
  { rates, clock }: Pick<Deps, 'rates' | 'clock'>,
  facts: SweepFacts,
  coin: string | null,
): Promise<GasShare> {
  const symbols = new Map(facts.assets.map(({ id, symbol }) => [id, symbol]))
  if (coin !== null) symbols.set(nativeAssetId(facts.chainId), coin)
  const pairs = [...new Set(symbols.values())].map((symbol) => `${symbol}/${CURRENCY}`)
  const found = await rates.getRates(pairs, clock.nowMs())
  return shareOfGas(facts, (id) => found.get(`${symbols.get(id)}/${CURRENCY}`)?.value ?? null)
}
