import { agreeOnRate, isWithin } from '../../core/money/judge-rate.ts'
import type { Rate } from '../../core/money/rate.ts'
import type { RateRules } from '../../core/money/rate-settings.ts'
import type { RateSource } from '../../ports/rate-source.ts'
import type { LiveDeps } from './live-rates.ts'

/** How long a rate that was used is what the next one is held against. */
const JUMP_WINDOW_MS = 60 * 60_000

type Source = RateSource & { readonly carries: (pair: string) => boolean }

/**
 * One rate per pair that enough sources agree on and that did not jump since the last one used. A
 * pair for which that fails is missing. After an hour without an accepted rate the last one is
 * forgotten, and so a market that really moved is followed again; a restart forgets it too.
 */
export function createAgreedRates(
  deps: LiveDeps,
  sources: readonly Source[],
  rules: Omit<RateRules, 'bands'>,
): RateSource {
  const used = new Map<string, { readonly rate: Rate; readonly atMs: number }>()
  const refuse = createRefusals(deps)

  const decide = (pair: string, prices: readonly Rate[]): Rate | null => {
    const carriers = sources.filter((source) => source.carries(pair)).length
    if (carriers === 0) return null
    const agreement = agreeOnRate(pair, prices, carriers, rules)
    if (agreement.kind === 'refused') return refuse(pair, agreement.reason)
    const { rate } = agreement
    const last = used.get(pair)
    const atMs = deps.clock.monotonicMs()
    if (last !== undefined && atMs - last.atMs < JUMP_WINDOW_MS) {
      if (!isWithin(rate.value, last.rate.value, rules.maxJumpBps)) return refuse(pair, 'jump')
    }
    used.set(pair, { rate, atMs })
    refuse(pair, null)
    return rate
  }

  const agree = async (pairs: readonly string[], nowMs: number) => {
    const answers = await Promise.all(sources.map((source) => source.getRates(pairs, nowMs)))
    const rates = new Map<string, Rate>()
    for (const pair of pairs) {
      const prices = answers.flatMap((answer) => answer.get(pair) ?? [])
      const rate = decide(pair, prices)
      if (rate !== null) rates.set(pair, rate)
    }
    return rates
  }
  /** Of this turn of the event loop: in a rush several orders ask the same, and nothing changes between. */
  let latest: Asked | null = null
  return {
    getRates(pairs, nowMs) {
      if (latest?.pairs === pairs && latest.nowMs === nowMs) return latest.rates
      if (latest === null) {
        setImmediate(() => {
          latest = null
        })
      }
      latest = { pairs, nowMs, rates: agree(pairs, nowMs) }
      return latest.rates
    },
  }
}

type Asked = {
  readonly pairs: readonly string[]
  readonly nowMs: number
  readonly rates: Promise<ReadonlyMap<string, Rate>>
}

/** Counts and tells a refusal when it begins. */
function createRefusals({ logger, metrics }: LiveDeps) {
  const reasons = new Map<string, string>()
  return (pair: string, reason: string | null): null => {
    if (reason === null) reasons.delete(pair)
    if (reason === null || reasons.get(pair) === reason) return null
    reasons.set(pair, reason)
    metrics.count('rate_refusals_total', { pair, reason })
    logger.error({ pair, reason }, 'no rate: prices in this pair are refused')
    return null
  }
}
