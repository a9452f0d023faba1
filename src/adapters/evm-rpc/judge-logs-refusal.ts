/**
 * Why a node refuses a query for logs, from its words: codes do not tell, and every server says it
 * in its own way. The strings are those seen in the wild; each stands in the tests.
 */

export type LogsLimit =
  /** The node names a range that it would serve. Block numbers, both included. */
  | { readonly kind: 'range_named'; readonly fromNumber: number; readonly toNumber: number }
  /** Too many blocks at once; `maxBlocks` where it says how many it takes. */
  | { readonly kind: 'range_too_wide'; readonly maxBlocks: number | null }
  /** The answer would be too long: fewer blocks, whatever their number. */
  | { readonly kind: 'too_many_results' }
  | { readonly kind: 'too_many_addresses' }

const NUMBER = '(0x[0-9a-f]+|\\d+)'

/** Infura and zkSync; Alchemy; reth and llama. */
const RANGES_NAMED = [
  new RegExp(`block range:? \\[${NUMBER}, ?${NUMBER}\\]`, 'i'),
  new RegExp(`block range should work: \\[${NUMBER}, ?${NUMBER}\\]`, 'i'),
  new RegExp(`retry with the range ${NUMBER} ?- ?${NUMBER}`, 'i'),
]
/** Of each, the number that may follow is how many blocks the node takes. */
const RANGE_TOO_WIDE = [
  /exceed max(?:imum)? block range(?:: ?([\d,]+))?/i,
  /block range is too (?:wide|large)/i,
  /limited to (?:an? )?([\d,]+)\b/i,
  /block range limit exceeded/i,
  /at most ([\d,]+) blocks/i,
  /maximum is set to ([\d,]+)/i,
  /max range: ?([\d,]+)/i,
  /ranges over ([\d,]+) blocks/i,
]
const TOO_MANY_RESULTS = [
  /query returned more than [\d,]+ results/i,
  /logs matched by query exceeds limit/i,
  /response (?:is )?too large/i,
  /response size (?:should not|exceed)/i,
  /is too big/i,
  /try paginating/i,
]
const TOO_MANY_ADDRESSES = [
  /max addresses or topics per search position/i,
  /specify less number of address/i,
  /this query contains \d+ filters/i,
]

/** Null when the words are about something else. */
export function judgeLogsRefusal(message: string): LogsLimit | null {
  for (const pattern of RANGES_NAMED) {
    const [, from, to] = pattern.exec(message) ?? []
    const range = [Number(from), Number(to)] as const
    if (range.every(Number.isSafeInteger) && range[0] <= range[1]) {
      return { kind: 'range_named', fromNumber: range[0], toNumber: range[1] }
    }
  }
  if (matchesAny(TOO_MANY_ADDRESSES, message)) return { kind: 'too_many_addresses' }
  for (const pattern of RANGE_TOO_WIDE) {
    const found = pattern.exec(message)
    if (found === null) continue
    const maxBlocks = found[1] === undefined ? null : Number(found[1].replaceAll(',', ''))
    return { kind: 'range_too_wide', maxBlocks: maxBlocks === 0 ? null : maxBlocks }
  }
  return matchesAny(TOO_MANY_RESULTS, message) ? { kind: 'too_many_results' } : null
}

function matchesAny(patterns: readonly RegExp[], message: string): boolean {
  return patterns.some((pattern) => pattern.test(message))
}
