import { standardBands } from '../../core/money/rate-bands.ts'
import type { RateSettings, RateSourceSettings } from '../../core/money/rate-settings.ts'
import type { ReadPriceFeed } from '../../ports/price-feed.ts'
import type { RateSource } from '../../ports/rate-source.ts'
import { createAgreedRates } from './agreed-rates.ts'
import { createFeedReader } from './feed-rates.ts'
import { createFixedRates } from './fixed-rates.ts'
import { createProviderReader } from './http-rates.ts'
import { createLiveRates, type LiveDeps } from './live-rates.ts'

type Deps = LiveDeps & { readonly readPriceFeed: ReadPriceFeed }

/** The rates of a configuration: every source has one voice, whatever its kind. */
export function createRates(deps: Deps, { sources, rules }: RateSettings): RateSource {
  const bands = new Map([...standardBands(), ...rules.bands])
  const voices = sources.map((source) => {
    const pairs = listPairs(source)
    return {
      ...createSource(deps, source, pairs, bands),
      carries: (p: string) => pairs.includes(p),
    }
  })
  return createAgreedRates(deps, voices, rules)
}

function listPairs(source: RateSourceSettings): readonly string[] {
  if (source.kind === 'fixed') return Object.keys(source.prices)
  return source.kind === 'chainlink' ? [source.pair] : source.pairs.map(({ pair }) => pair)
}

function createSource(
  deps: Deps,
  source: RateSourceSettings,
  pairs: readonly string[],
  bands: RateSettings['rules']['bands'],
): RateSource {
  if (source.kind === 'fixed') return createFixedRates(source.prices)
  const { kind, maxAgeMs, refreshMs } = source
  const read =
    source.kind === 'chainlink'
      ? createFeedReader(deps, source)
      : createProviderReader(deps, source)
  return createLiveRates(deps, { name: kind, pairs, maxAgeMs, refreshMs, bands, read })
}
