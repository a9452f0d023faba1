/**
 * The logs of a range of blocks, from the bytes of a node's answer: by block, and of each only where
 * it stands and whom it pays. What was not asked for, or is of another branch, refuses the answer.
 */
import type { BlockRef } from '../../core/chain/block.ts'
import type { WatchedContent } from '../../core/chain/watched-content.ts'
import type { Address, Hash } from '../../core/money/asset.ts'
import { equalsHash, fromHex } from '../../core/proof/hex-digits.ts'
import { ChainSourceError } from '../../errors.ts'
import type { SeenLog } from '../../ports/log-source.ts'
import type { ContractTable } from './contract-table.ts'
import { enterArray, type JsonCursor, nextItem } from './json-cursor.ts'
import { ADDRESS_DIGITS } from './needed-fields.ts'
import { createLog, isZero, type Log, PADDING, readLog, TRANSFER_BYTES } from './read-logs.ts'

export type RangeTerms = {
  readonly contracts: ContractTable
  /** The events that were asked for. */
  readonly topics: readonly string[]
  readonly isStranger: WatchedContent['isStranger']
}

export type RangeReading = {
  readonly node: string
  readonly refs: readonly BlockRef[]
  readonly hashes: readonly Uint8Array[]
  readonly terms: RangeTerms
  readonly events: readonly Uint8Array[]
  /** For each block, those of its logs that were read. */
  readonly seen: readonly SeenLog[][]
}

/** Topics before the sender: the signature; Polygon names the token too. The recipient is next. */
const SENDER_OF_TRANSFER = 1
const SENDER_OF_OTHERS = 2

/** Begins with the blocks of a range, which ascend without a gap. */
export function beginRange(
  node: string,
  refs: readonly BlockRef[],
  terms: RangeTerms,
): RangeReading {
  return {
    node,
    refs,
    terms,
    hashes: refs.map(({ hash }) => fromHex(hash)),
    events: terms.topics.map((topic) => fromHex(topic as Hash)),
    seen: refs.map(() => []),
  }
}

/** Reads the array at the cursor; yields between logs. Throws `malformed` or `inconsistent`. */
export function* readRangeLogs(cursor: JsonCursor, reading: RangeReading): Generator<void, void> {
  const { refs, terms, seen } = reading
  const firstNumber = (refs[0] as BlockRef).number
  const log = createLog(cursor.bytes)
  enterArray(cursor, 'the result')
  while (nextItem(cursor)) {
    readLog(cursor, terms.contracts, log)
    const place = log.number - firstNumber
    verifyPlace(cursor, reading, place, log)
    const [from, to] = readParties(reading, log)
    ;(seen[place] as SeenLog[]).push({ index: log.index, from, to })
    yield
  }
}

function verifyPlace(cursor: JsonCursor, reading: RangeReading, place: number, log: Log): void {
  const { refs, hashes, node, events } = reading
  const ref = refs[place]
  if (ref === undefined) throw malformed(cursor, 'a log of another range')
  const { source } = log
  if (!equalsHash(hashes[place] as Uint8Array, 0, source, log.blockHashStart) || log.removed) {
    const text = `${node} sent a log of another block ${ref.number} than ${ref.hash}`
    throw new ChainSourceError('inconsistent', text)
  }
  if (log.address === null) throw malformed(cursor, 'a log of another contract')
  const first = log.topicStarts[0] as number
  if (log.topicCount === 0 || !events.some((event) => equalsHash(event, 0, source, first))) {
    throw malformed(cursor, 'a log that was not asked for')
  }
}

/** Sender and recipient. */
function readParties({ terms }: RangeReading, log: Log): [Address | null, Address | null] {
  const isTransfer = equalsHash(TRANSFER_BYTES, 0, log.source, log.topicStarts[0] as number)
  const sender = isTransfer ? SENDER_OF_TRANSFER : SENDER_OF_OTHERS
  return [readParty(terms, log, sender), readParty(terms, log, sender + 1)]
}

/** Null where it is no address, or certainly nobody's here. */
function readParty(terms: RangeTerms, log: Log, which: number): Address | null {
  const { topicStarts, topicCount } = log
  const source = log.source as Buffer
  const start = topicStarts[which] as number
  if (which >= topicCount || !isZero(source, start, PADDING)) return null
  if (terms.isStranger?.(source, start + PADDING) === true) return null
  const digits = source.toString('latin1', start + PADDING, start + PADDING + ADDRESS_DIGITS)
  return `0x${digits.toLowerCase()}`
}

function malformed(cursor: JsonCursor, what: string): ChainSourceError {
  return new ChainSourceError('malformed', `${cursor.method}: ${what}`)
}
