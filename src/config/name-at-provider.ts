import type { ProviderPair, RateProvider } from '../core/money/rate-settings.ts'

/** Names that providers give coins, where it is not the symbol. */
const PROVIDER_NAMES: Readonly<Partial<Record<RateProvider, Readonly<Record<string, string>>>>> = {
  coingecko: {
    AVAX: 'avalanche-2',
    BNB: 'binancecoin',
    BTC: 'bitcoin',
    DAI: 'dai',
    ETH: 'ethereum',
    EURC: 'euro-coin',
    POL: 'polygon-ecosystem-token',
    USDC: 'usd-coin',
    USDT: 'tether',
    XDAI: 'xdai',
  },
  kraken: { BTC: 'XBT' },
}

/** What fits a path or a query of any provider. */
const NAME = /^[A-Za-z0-9._-]{1,64}$/

/**
 * How a provider calls this pair, by the operator's names first. Null where it cannot be asked for:
 * CoinGecko knows coins by ids of its own, and no other symbol is guessed to be one.
 */
export function nameAtProvider(
  kind: RateProvider,
  pair: string,
  names: Readonly<Record<string, string>>,
): ProviderPair | null {
  const [symbol = '', currency = ''] = pair.split('/')
  const own = kind === 'coingecko' ? null : symbol
  const coin = names[symbol] ?? PROVIDER_NAMES[kind]?.[symbol] ?? own
  return coin === null || !NAME.test(coin) ? null : { pair, coin, currency }
}
