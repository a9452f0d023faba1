import { parseRate } from '../../core/money/rate.ts'
import type { ProviderPair, RateProvider } from '../../core/money/rate-settings.ts'
import type { Clock } from '../../ports/clock.ts'
import { getText } from './get-text.ts'
import type { Price, ReadPrices } from './live-rates.ts'
import { parseExactJson } from './parse-exact-json.ts'
import { PROVIDERS, type ProviderQuestion } from './providers.ts'

/** Zero in any of its forms: told apart from what is no number at all. */
const ZERO = /^0(\.0+)?$/

/** Reads the prices of these pairs from a provider, or from another place that speaks its API. */
export function createProviderReader(
  { clock }: { readonly clock: Clock },
  settings: {
    readonly kind: RateProvider
    readonly url: string | null
    readonly pairs: readonly ProviderPair[]
  },
): ReadPrices {
  const provider = PROVIDERS[settings.kind]
  const base = (settings.url ?? provider.url).replace(/\/+$/, '')
  const questions = provider.plan(settings.pairs)

  const ask = async ({ path, pairs }: ProviderQuestion, signal: AbortSignal) => {
    const answer = parseAnswer(await getText(new URL(base + path), signal))
    return pairs.map((pair): [string, Price] => {
      const read = provider.read(answer, pair)
      if (read.kind === 'refused') return [pair.pair, read]
      const value = parseRate(read.text)
      if (value === null) {
        const reason = ZERO.test(read.text) ? 'not_positive' : 'malformed'
        return [pair.pair, { kind: 'refused', reason }]
      }
      const atMs = read.atMs ?? clock.nowMs()
      const rate = { value, text: read.text, source: settings.kind, atMs }
      return [pair.pair, { kind: 'price', rate }]
    })
  }

  return async (_nowMs, signal) => {
    const answers = await Promise.allSettled(questions.map((question) => ask(question, signal)))
    return new Map(answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : [])))
  }
}

/** What is no JSON has no member that a provider's answer has: refused, like any other nonsense. */
function parseAnswer(text: string): unknown {
  try {
    return parseExactJson(text)
  } catch {
    return null
  }
}
