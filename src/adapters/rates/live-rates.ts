import { judgeRate, type RateRefusal } from '../../core/money/judge-rate.ts'
import type { Rate } from '../../core/money/rate.ts'
import type { RateBand } from '../../core/money/rate-settings.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Logger } from '../../ports/logger.ts'
import type { Metrics } from '../../ports/metrics.ts'
import type { RateSource } from '../../ports/rate-source.ts'

/** What a source says of a pair. */
export type Price =
  | { readonly kind: 'price'; readonly rate: Rate }
  | { readonly kind: 'refused'; readonly reason: RateRefusal }

/**
 * Asks the source for all its pairs. A pair it could not be asked about is missing, and its last
 * price serves on for a while; one with an answer that cannot be believed is `refused`, and has no
 * price from then on. Rejects when nothing could be asked.
 */
export type ReadPrices = (nowMs: number, signal: AbortSignal) => Promise<ReadonlyMap<string, Price>>

export type LiveDeps = {
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
}

export type LiveSource = {
  /** For logs and metrics. */
  readonly name: string
  readonly pairs: readonly string[]
  readonly maxAgeMs: number
  readonly refreshMs: number
  readonly bands: ReadonlyMap<string, RateBand>
  readonly read: ReadPrices
}

/** A source that takes longer has failed: an invoice waits for it. */
const READ_DEADLINE_MS = 4_000
/** After a failure, or a refusal, it is asked again this soon. */
const RETRY_MS = 2_000
/** What was read longer ago says nothing any more, however young its price called itself. */
const READING_AGE_MAX_MS = 60_000

type Kept = { readonly rate: Rate; readonly readAtMs: number }

/**
 * Prices of a source that is asked over a network, remembered for `refreshMs`. Up to twice that, a
 * request is answered from memory while the source is asked again; later it waits. So a busy gateway
 * never waits, and a quiet one never quotes an old price.
 */
export function createLiveRates(deps: LiveDeps, source: LiveSource): RateSource {
  const { clock } = deps
  const kept = new Map<string, Kept>()
  const report = createReport(deps, source.name)
  let readAtMs = Number.NEGATIVE_INFINITY
  let waitMs = source.refreshMs
  let reading: Promise<void> | null = null

  const judge = (pair: string, rate: Rate, nowMs: number) =>
    judgeRate(rate, { maxAgeMs: source.maxAgeMs, band: source.bands.get(pair) ?? null }, nowMs)

  const read = async (nowMs: number) => {
    let isWhole = false
    try {
      const prices = await source.read(nowMs, AbortSignal.timeout(READ_DEADLINE_MS))
      isWhole = source.pairs.every((pair) => prices.get(pair)?.kind === 'price')
      for (const [pair, price] of prices) {
        if (price.kind === 'refused') {
          kept.delete(pair)
          report(pair, price.reason)
          continue
        }
        kept.set(pair, { rate: price.rate, readAtMs: clock.monotonicMs() })
        report(pair, judge(pair, price.rate, nowMs))
      }
      for (const pair of source.pairs) if (!prices.has(pair)) report(pair, 'unreachable')
    } catch (error) {
      deps.logger.debug({ source: source.name, error: String(error) }, 'rate source failed')
      for (const pair of source.pairs) report(pair, 'unreachable')
    }
    readAtMs = clock.monotonicMs()
    waitMs = isWhole ? source.refreshMs : Math.min(source.refreshMs, RETRY_MS)
  }
  const readOnce = (nowMs: number) =>
    read(nowMs).finally(() => {
      reading = null
    })

  return {
    async getRates(pairs, nowMs) {
      const own = pairs.filter((pair) => source.pairs.includes(pair))
      const rates = new Map<string, Rate>()
      if (own.length === 0) return rates
      const ageMs = clock.monotonicMs() - readAtMs
      if (ageMs >= waitMs) reading ??= readOnce(nowMs)
      if (ageMs >= 2 * waitMs) await reading
      for (const pair of own) {
        const price = kept.get(pair)
        if (price === undefined) continue
        if (clock.monotonicMs() - price.readAtMs > READING_AGE_MAX_MS) continue
        const refusal = judge(pair, price.rate, nowMs)
        // What is well is told where it is read: a kept price says nothing of its source.
        if (refusal !== null) report(pair, refusal)
        else rates.set(pair, price.rate)
      }
      return rates
    },
  }
}

/** Tells when a pair begins to fail, and when it is well again; not at every question between. */
function createReport({ logger, metrics }: LiveDeps, source: string) {
  const faults = new Map<string, string>()
  return (pair: string, reason: RateRefusal | 'unreachable' | null) => {
    const before = faults.get(pair) ?? null
    if (before === reason) return
    if (reason === null) {
      faults.delete(pair)
      logger.info({ source, pair }, 'rate source is well again')
      return
    }
    faults.set(pair, reason)
    metrics.count('rate_faults_total', { source, reason })
    logger.warn({ source, pair, reason }, 'rate source has no price to be believed')
  }
}
