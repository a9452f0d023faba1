import { assert } from '../core/assert.ts'
import { parseAddress } from '../core/money/asset.ts'
import { createBand } from '../core/money/rate-bands.ts'
import type { RateBand, RateSettings, RateSourceSettings } from '../core/money/rate-settings.ts'
import { SECOND_MS } from '../core/time.ts'
import { nameAtProvider } from './name-at-provider.ts'
import type { RatesInput } from './rates-schema.ts'

/** The heartbeat of most feeds of large pairs. */
const FEED_AGE_S = 3_600
/** CoinGecko's free prices are some minutes old; exchanges tell theirs of this second. */
const PROVIDER_AGE_S = 300
/** Reading a feed costs one small request to a node of ours. */
const FEED_REFRESH_MS = 5_000
/** On a test chain somebody sets the price by hand and looks at once. */
const TEST_FEED_REFRESH_MS = 250

/** The rates of checked settings. */
export function createRateSettings(
  input: RatesInput,
  chains: Readonly<Record<string, { readonly test: boolean }>>,
): RateSettings {
  const bands = Object.entries(input.bands).map(([pair, { min, max }]): [string, RateBand] => {
    const band = createBand(min, max)
    assert(band !== null, 'the schema lets only bands through')
    return [pair, band]
  })
  return {
    sources: input.sources.map((source) => createSource(source, chains)),
    rules: {
      maxDeviationBps: input.max_deviation_bps,
      minSources: input.min_sources ?? null,
      maxJumpBps: input.max_jump_bps,
      bands: new Map(bands),
    },
  }
}

function createSource(
  source: RatesInput['sources'][number],
  chains: Readonly<Record<string, { readonly test: boolean }>>,
): RateSourceSettings {
  if (source.kind === 'fixed') return source
  if (source.kind === 'chainlink') {
    const maxAgeMs = (source.max_age_s ?? FEED_AGE_S) * SECOND_MS
    const { kind, chain, pair } = source
    const address = parseAddress(source.address)
    assert(address !== null, 'the schema lets only addresses through')
    const refreshMs = chains[String(chain)]?.test ? TEST_FEED_REFRESH_MS : FEED_REFRESH_MS
    return { kind, chainId: chain, address, pair, maxAgeMs, refreshMs }
  }
  const { kind, url = null, names, refresh_s } = source
  const maxAgeMs = (source.max_age_s ?? PROVIDER_AGE_S) * SECOND_MS
  const pairs = source.pairs.map((pair) => {
    const market = nameAtProvider(kind, pair, names)
    assert(market !== null, 'the schema lets only pairs with a name through')
    return market
  })
  return { kind, url, pairs, maxAgeMs, refreshMs: refresh_s * SECOND_MS }
}
