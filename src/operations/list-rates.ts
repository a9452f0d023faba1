import type { Asset } from '../core/money/asset.ts'
import type { Rate } from '../core/money/rate.ts'
import { formatTime } from '../core/time.ts'
import { GatewayError } from '../errors.ts'
import type { Deps } from './deps.ts'
import { findRate, HOP } from './price-invoice.ts'

export type RateResource = ReturnType<typeof present>

/**
 * What one whole coin of each enabled asset costs in each of these currencies now, as an invoice
 * would be quoted. A pair without a rate is null. Rejects with `rate_unavailable` where no pair at
 * all has one.
 */
export async function listRates(
  deps: Pick<Deps, 'chains' | 'rates' | 'clock'>,
  currencies: readonly string[],
): Promise<RateResource[]> {
  const assets = deps.chains.list().flatMap((chain) => chain.assets)
  const bases = new Set([...assets.map(({ symbol }) => symbol), ...currencies])
  const pairs = [...bases].flatMap((base) =>
    [...new Set([...currencies, HOP])]
      .filter((quote) => quote !== base)
      .map((quote) => `${base}/${quote}`),
  )
  const rates = await deps.rates.getRates(pairs, deps.clock.nowMs())
  const found = assets.flatMap((asset) =>
    currencies.map((currency) => present(asset, currency, findRate(rates, asset.symbol, currency))),
  )
  if (found.length > 0 && found.every(({ rate }) => rate === null)) {
    const detail = `No enabled asset has a current rate in ${currencies.join(', ')}.`
    throw new GatewayError('rate_unavailable', detail, { retryable: true })
  }
  return found
}

function present(asset: Asset, currency: string, rate: Rate | null) {
  return {
    object: 'rate' as const,
    asset: asset.id,
    chain_id: asset.chainId,
    symbol: asset.symbol,
    currency,
    rate:
      rate === null ? null : { value: rate.text, source: rate.source, at: formatTime(rate.atMs) },
  }
}
