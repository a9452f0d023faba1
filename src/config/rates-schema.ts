/** Where rates come from, in the configuration file. */
import { z } from 'zod'
import { fiatDecimals } from '../core/money/currency.ts'
import { parseRate } from '../core/money/rate.ts'
import { createBand } from '../core/money/rate-bands.ts'
import { RATE_PROVIDERS, type RateProvider } from '../core/money/rate-settings.ts'
import { DAY_MS, SECOND_MS } from '../core/time.ts'
import { judgeAddress, judgedText, parseHttpUrl } from './judge-text.ts'
import { nameAtProvider } from './name-at-provider.ts'

/** Every source is asked when an invoice is made. */
const RATE_SOURCES_MAX = 10
/** Some providers are asked once for each. */
const PAIRS_MAX = 50
const BANDS_MAX = 200
/** Feeds of quiet pairs are written once a day, at best. */
const AGE_MAX_S = (2 * DAY_MS) / SECOND_MS
const REFRESH_MAX_S = 60
/** A tenth of the price: sources further apart are not of one market. */
const DEVIATION_MAX_BPS = 1_000
/** Ten times the price. */
const JUMP_MAX_BPS = 90_000

const COIN = /^[!-.0-~]{1,16}$/

const PAIR_RULE = 'must be named coin/currency with a fiat code as currency, such as ETH/USD'

function isPair(text: string): boolean {
  const [coin = '', currency = '', ...rest] = text.split('/')
  return (
    COIN.test(coin) && fiatDecimals(currency) !== null && rest.length === 0 && coin !== currency
  )
}

const pair = judgedText((text) => (isPair(text) ? null : PAIR_RULE))

const prices = z
  .record(z.string(), z.string({ error: 'must be a decimal in quotes, such as "2500"' }))
  .superRefine(
    (entries, context) => {
      for (const [name, price] of Object.entries(entries)) {
        const detail = isPair(name) ? judgePrice(name, price) : PAIR_RULE
        if (detail !== null) context.addIssue({ code: 'custom', path: [name], message: detail })
      }
    },
    { when: ({ value }) => typeof value === 'object' && value !== null },
  )

/** `price` may be no text when the same entry is already at fault. */
function judgePrice(name: string, price: unknown): string | null {
  if (typeof price !== 'string' || parseRate(price) !== null) return null
  return `the price of ${name} must be a decimal above zero, such as "2500" or "0.9995"`
}

const maxAge = z
  .int()
  .min(1)
  .max(AGE_MAX_S)
  .optional()
  .describe(
    'Seconds after which a price is too old, by the time its source gives it. Default: 3600 of ' +
      'chainlink, 300 of a provider.',
  )

const fixedSource = z.strictObject({
  kind: z.literal('fixed'),
  prices: prices.describe('Price of one coin by pair, as text: { "ETH/USD": "2500" }.'),
})

const feedSource = z.strictObject({
  kind: z.literal('chainlink'),
  chain: z
    .int()
    .min(1)
    .describe('Chain of the feed contract; one of `chains`, through whose nodes it is read.'),
  address: judgedText(judgeAddress).describe('The feed contract (AggregatorV3Interface).'),
  pair: pair.describe('What the feed prices, such as ETH/USD.'),
  max_age_s: maxAge,
})

const providerSource = z
  .strictObject({
    kind: z.enum(RATE_PROVIDERS),
    pairs: z
      .array(pair)
      .min(1)
      .max(PAIRS_MAX)
      .describe('What to ask for, such as ["ETH/USD", "USDC/USD"].'),
    names: z
      .record(z.string(), z.string())
      .default({})
      .describe('The provider\'s name of a coin where it has another: { "USDC.e": "USDC" }.'),
    url: judgedText(judgeProviderUrl)
      .optional()
      .describe("Another place that speaks the provider's API; https, or http on this machine."),
    refresh_s: z
      .int()
      .min(1)
      .max(REFRESH_MAX_S)
      .default(15)
      .describe('Seconds a price serves before the provider is asked again.'),
    max_age_s: maxAge,
  })
  .superRefine(({ kind, pairs, names }, context) => {
    for (const [index, name] of pairs.entries()) {
      const message =
        pairs.indexOf(name) === index
          ? judgeMarket(kind, name, names)
          : 'the same pair stands twice'
      if (message !== null) {
        context.addIssue({ code: 'custom', path: ['pairs', index], message })
      }
    }
  })

function judgeMarket(
  kind: RateProvider,
  name: string,
  names: Readonly<Record<string, string>>,
): string | null {
  if (kind === 'binance' && name.endsWith('/USD')) {
    return 'has no market here: Binance trades in USDT, which is not USD'
  }
  return nameAtProvider(kind, name, names) === null
    ? "is not known by this name there: give the provider's own in names"
    : null
}

const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '[::1]', 'localhost'])

/** A price that anybody on the way can change is none; on this machine nobody is on the way. */
function judgeProviderUrl(text: string): string | null {
  const url = parseHttpUrl(text)
  if (url === null) return 'must be an https:// URL'
  if (url.username !== '' || url.password !== '') return 'must not hold a user name or password'
  if (text.includes('?') || text.includes('#')) return 'must not have a query or a fragment'
  const isSafe = url.protocol === 'https:' || LOOPBACK.has(url.hostname)
  return isSafe ? null : 'must be https, or http on this machine'
}

const KINDS = ['fixed', 'chainlink', ...RATE_PROVIDERS]

const rateSource = z.discriminatedUnion('kind', [fixedSource, feedSource, providerSource], {
  error: () => `must be one of ${KINDS.map((kind) => JSON.stringify(kind)).join(', ')}`,
})

const band = z
  .strictObject({
    min: z.string().describe('Lowest price that is believed, as text.'),
    max: z.string().describe('Highest price that is believed, as text.'),
  })
  .superRefine(({ min, max }, context) => {
    if (createBand(min, max) !== null) return
    const message = 'must be decimals above zero in quotes, min not above max'
    context.addIssue({ code: 'custom', path: ['min'], message })
  })

export const rates = z.strictObject({
  sources: z
    .array(rateSource)
    .max(RATE_SOURCES_MAX)
    .default([])
    .describe('Each has one voice; what none of them prices cannot be offered for a fiat price.'),
  max_deviation_bps: z
    .int()
    .min(0)
    .max(DEVIATION_MAX_BPS)
    .default(200)
    .describe('Hundredths of a percent that sources may be apart and still agree.'),
  min_sources: z
    .int()
    .min(1)
    .max(RATE_SOURCES_MAX)
    .optional()
    .describe(
      'Sources that must agree on a pair. Default: two, or one where only one source carries it.',
    ),
  max_jump_bps: z
    .int()
    .min(1)
    .max(JUMP_MAX_BPS)
    .default(5_000)
    .describe('Hundredths of a percent a rate may move from the last one used within an hour.'),
  bands: z
    .record(pair, band)
    .default({})
    .refine((entries) => Object.keys(entries).length <= BANDS_MAX, {
      error: `must be at most ${BANDS_MAX} bands`,
    })
    .describe(
      'By pair, between which prices a live source is believed. Well-known coins have one in USD.',
    ),
})

export type RatesInput = z.output<typeof rates>
