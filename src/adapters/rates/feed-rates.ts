import type { Address } from '../../core/money/asset.ts'
import { createFraction } from '../../core/money/fraction.ts'
import { formatRate } from '../../core/money/rate.ts'
import { SECOND_MS } from '../../core/time.ts'
import type { FeedReading, ReadPriceFeed } from '../../ports/price-feed.ts'
import type { Price, ReadPrices } from './live-rates.ts'

const SOURCE = 'chainlink'
/** `ETH / USD`, as feeds write their pair. */
const PAIR = /^\s*([!-.0-~]+)\s*\/\s*([!-.0-~]+)\s*$/

/** Reads the price of a pair from a feed contract on a chain. */
export function createFeedReader(
  { readPriceFeed }: { readonly readPriceFeed: ReadPriceFeed },
  settings: { readonly chainId: number; readonly address: Address; readonly pair: string },
): ReadPrices {
  const { chainId, address, pair } = settings
  return async (_nowMs, signal) => {
    const reading = await readPriceFeed(chainId, address, signal)
    return new Map([[pair, reading === null ? refuse('malformed') : judgeReading(reading, pair)]])
  }
}

/** A feed that calls itself another pair is refused: an inverted one prices a coin at nothing. */
function judgeReading(reading: FeedReading, pair: string): Price {
  const { answer, decimals, updatedAtS, description } = reading
  const named = PAIR.exec(description ?? '')
  if (named !== null && `${named[1]}/${named[2]}` !== pair) return refuse('other_pair')
  if (answer <= 0n) return refuse('not_positive')
  // No round was ever reported.
  if (updatedAtS === 0) return refuse('stale')
  const value = createFraction(answer, 10n ** BigInt(decimals))
  const atMs = updatedAtS * SECOND_MS
  return { kind: 'price', rate: { value, text: formatRate(value), source: SOURCE, atMs } }
}

function refuse(reason: Extract<Price, { kind: 'refused' }>['reason']): Price {
  return { kind: 'refused', reason }
}
