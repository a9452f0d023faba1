/** The logs of a receipt: held against their places, added to root and bloom, kept where watched. */
import type { BlockLog } from '../../core/chain/block.ts'
import { TRANSFER_TOPIC } from '../../core/chain/log-words.ts'
import { NATIVE_LOG_EMITTER, POLYGON_COIN } from '../../core/chain/native-coin.ts'
import type { Address } from '../../core/money/asset.ts'
import { equalsHash, fromHex, nibbleOf } from '../../core/proof/hex-digits.ts'
import { addToBloom, type BloomBuilder } from '../../core/proof/logs-bloom.ts'
import { type LogSpans, TOPIC_STEP, topicsOf, writeLog } from '../../core/proof/write-receipt.ts'
import { type ContractTable, findContract } from './contract-table.ts'
import {
  createKeyTable,
  enterArray,
  enterObject,
  type JsonCursor,
  NO_KEY,
  nextItem,
  nextKey,
  noteField,
  refuse,
  skipValue,
  takeBoolean,
} from './json-cursor.ts'
import { readAnyHex, readFixedHex, readQuantity } from './json-hex.ts'
import {
  ADDRESS_DIGITS,
  ADDRESS_FORM,
  ARRAY_FORM,
  BYTES_FORM,
  expectFields,
  HASH_BYTES,
  HASH_DIGITS,
  HASH_FORM,
  needFields,
  QUANTITY_FORM,
} from './needed-fields.ts'
import type { BlockPart } from './read-block-json.ts'
import type { ReceiptReading } from './read-receipts-json.ts'
import { sliceHex } from './read-transactions.ts'
import type { ReadingTerms } from './reading-desk.ts'

const ADDRESS_BYTES = 20
/** By far the most frequent first topic: one string for all of them. */
export const TRANSFER_BYTES = fromHex(TRANSFER_TOPIC)
const ZERO = 0x30
/** Digits before an address in a word. */
export const PADDING = HASH_DIGITS - ADDRESS_DIGITS
/** The EVM has LOG0 to LOG4. */
const MAX_TOPICS = 4

const LOG_KEYS = createKeyTable([
  'address',
  'topics',
  'data',
  'blockNumber',
  'blockHash',
  'transactionHash',
  'transactionIndex',
  'logIndex',
  'removed',
])
const [ADDRESS, TOPICS, DATA, NUMBER, BLOCK_HASH, HASH, PLACE, INDEX] = [0, 1, 2, 3, 4, 5, 6, 7]
const NEEDED = needFields(LOG_KEYS, 'logs[].', {
  address: ADDRESS_FORM,
  topics: ARRAY_FORM,
  data: BYTES_FORM,
  blockNumber: QUANTITY_FORM,
  blockHash: HASH_FORM,
  transactionHash: HASH_FORM,
  transactionIndex: QUANTITY_FORM,
  logIndex: QUANTITY_FORM,
})

/** What is gathered of the log being read; used again for each. */
export type Log = LogSpans & {
  /** Null where its contract is not watched. */
  address: Address | null
  /** Begin of the digits of its transaction's and of its block's hash. */
  hashStart: number
  blockHashStart: number
  number: number
  place: number
  index: number
  removed: boolean
}

/** The receipt whose logs are read. */
type LogsOf = {
  readonly index: number
  /** Written for the receipts root. */
  readonly isWritten: boolean
  /** Of a transaction that stands outside root and bloom. */
  readonly isExcluded: boolean
}

export function createLog(source: Uint8Array): Log {
  return {
    source,
    addressStart: 0,
    topicStarts: new Int32Array(MAX_TOPICS),
    topicCount: 0,
    dataStart: 0,
    dataEnd: 0,
    address: null,
    hashStart: 0,
    blockHashStart: 0,
    number: 0,
    place: 0,
    index: 0,
    removed: false,
  }
}

/** Whether the hash whose digits begin at `start` is that of the transaction at a place. */
export function isTransaction(
  part: BlockPart,
  index: number,
  bytes: Uint8Array,
  start: number,
): boolean {
  const { list, hashes } = part.transactions
  return index < list.length && equalsHash(hashes, index * HASH_BYTES, bytes, start)
}

/** Reads the array at the cursor. */
export function readLogs(
  cursor: JsonCursor,
  reading: ReceiptReading,
  { index, isWritten, isExcluded }: LogsOf,
  log: Log,
): void {
  const { desk, result, hasBloom } = reading
  const { sink } = desk.items
  enterArray(cursor, 'logs')
  while (nextItem(cursor)) {
    readLog(cursor, reading.terms.contracts, log)
    verifyLog(reading, index, log)
    reading.logCount += 1
    if (isWritten || (hasBloom && !isExcluded)) {
      const before = sink.end
      const address = writeLog(sink, log)
      if (hasBloom) addLogToBloom(result.bloom, sink.bytes, address, log.topicCount)
      if (!isWritten) sink.end = before
    }
    if (log.address === null) continue
    if (isExcluded) result.hasUnprovenLogs = true
    if (isAmongStrangers(reading.terms, log, log.address)) {
      if (isMove(log)) result.leftOut += 1
      continue
    }
    result.logs.push(materialise(reading, index, log, log.address))
  }
}

function addLogToBloom(bloom: BloomBuilder, bytes: Uint8Array, address: number, topics: number) {
  addToBloom(bloom, bytes, address, ADDRESS_BYTES)
  let topic = topicsOf(address, topics)
  for (let i = 0; i < topics; i += 1) {
    addToBloom(bloom, bytes, topic, HASH_BYTES)
    topic += TOPIC_STEP
  }
}

/** Reads the object at the cursor. What it says of itself is not judged yet. */
export function readLog(cursor: JsonCursor, contracts: ContractTable, log: Log): void {
  const { bytes } = cursor
  log.removed = false
  enterObject(cursor, 'logs[]')
  let seen = 0
  for (let key = nextKey(cursor, LOG_KEYS); key !== NO_KEY; key = nextKey(cursor, LOG_KEYS)) {
    if (key < 0) {
      skipValue(cursor)
      continue
    }
    seen = noteField(cursor, seen, key, LOG_KEYS)
    if (key === ADDRESS) {
      log.addressStart = readFixedHex(cursor, ADDRESS_DIGITS, 'logs[].address', ADDRESS_FORM)
      log.address = findContract(contracts, bytes, log.addressStart)
    } else if (key === TOPICS) {
      readTopics(cursor, log)
    } else if (key === DATA) {
      log.dataStart = readAnyHex(cursor, 'logs[].data', BYTES_FORM)
      log.dataEnd = cursor.at - 1
      const isOdd = ((log.dataEnd - log.dataStart) & 1) === 1
      if (isOdd) throw refuse(cursor, 'logs[].data', BYTES_FORM)
    } else if (key === BLOCK_HASH) {
      log.blockHashStart = readFixedHex(cursor, HASH_DIGITS, 'logs[].blockHash', HASH_FORM)
    } else if (key === HASH) {
      log.hashStart = readFixedHex(cursor, HASH_DIGITS, 'logs[].transactionHash', HASH_FORM)
    } else if (key === NUMBER) {
      log.number = readQuantity(cursor, 'logs[].blockNumber')
    } else if (key === PLACE) {
      log.place = readQuantity(cursor, 'logs[].transactionIndex')
    } else if (key === INDEX) {
      log.index = readQuantity(cursor, 'logs[].logIndex')
    } else {
      log.removed = readRemoved(cursor)
    }
  }
  expectFields(cursor, seen, NEEDED)
}

/** Some nodes leave the field out of receipts; a log there is not removed unless it says so. */
function readRemoved(cursor: JsonCursor): boolean {
  const removed = takeBoolean(cursor)
  if (removed === null) throw refuse(cursor, 'logs[].removed', 'true or false')
  return removed
}

function readTopics(cursor: JsonCursor, log: Log): void {
  log.topicCount = 0
  enterArray(cursor, 'logs[].topics')
  while (nextItem(cursor)) {
    if (log.topicCount === MAX_TOPICS) throw refuse(cursor, 'logs[].topics', 'at most 4 topics')
    const start = readFixedHex(cursor, HASH_DIGITS, 'logs[].topics[]', HASH_FORM)
    log.topicStarts[log.topicCount] = start
    log.topicCount += 1
  }
}

/** Identity, its transaction, and its place in the block, without a gap. */
function verifyLog(reading: ReceiptReading, transaction: number, log: Log): void {
  const { result, ref, logCount, part, blockHash } = reading
  const { source } = log
  if (result.inconsistent !== null) return
  if (!equalsHash(blockHash, 0, source, log.blockHashStart) || log.number !== ref.number) {
    result.inconsistent = `log ${logCount} is of another block`
  } else if (
    !isTransaction(part, transaction, source, log.hashStart) ||
    log.place !== transaction
  ) {
    result.inconsistent = `log ${logCount} is of another transaction`
  } else if (log.index !== logCount) {
    result.inconsistent = `log ${logCount} says it is number ${log.index}`
  } else if (log.removed) {
    result.inconsistent = `log ${logCount} was removed by a reorg`
  }
}

/** A well-formed transfer of a token between addresses that nobody here has: nobody asks for it. */
function isAmongStrangers({ isStranger }: ReadingTerms, log: Log, contract: Address): boolean {
  const { source, topicStarts, dataStart, dataEnd } = log
  if (isStranger === undefined || log.topicCount !== 3 || dataEnd - dataStart !== HASH_DIGITS) {
    return false
  }
  const [first = 0, from = 0, to = 0] = topicStarts
  const isTransfer = equalsHash(TRANSFER_BYTES, 0, source, first)
  if (!isTransfer || !isZero(source, from, PADDING) || !isZero(source, to, PADDING)) return false
  // Their logs tell of coins, and are held against the values of transactions: all of them count.
  if (contract === NATIVE_LOG_EMITTER || contract === POLYGON_COIN) return false
  return isStranger(source, to + PADDING) && isStranger(source, from + PADDING)
}

/** Something, to another: as a transfer is counted. */
function isMove({ source, topicStarts, dataStart }: Log): boolean {
  if (isZero(source, dataStart, HASH_DIGITS)) return false
  const [, from = 0, to = 0] = topicStarts
  for (let i = PADDING; i < HASH_DIGITS; i += 1) {
    if (nibbleOf(source[from + i]!) !== nibbleOf(source[to + i]!)) return true
  }
  return false
}

/** Whether all of these digits are zero. */
export function isZero(source: Uint8Array, start: number, digits: number): boolean {
  for (let at = start + digits - 1; at >= start; at -= 1) if (source[at] !== ZERO) return false
  return true
}

function materialise(
  { part }: ReceiptReading,
  transactionIndex: number,
  log: Log,
  address: Address,
): BlockLog {
  const bytes = log.source as Buffer
  const topics: string[] = []
  for (let i = 0; i < log.topicCount; i += 1) {
    const start = log.topicStarts[i]!
    const isTransfer = i === 0 && equalsHash(TRANSFER_BYTES, 0, bytes, start)
    topics.push(isTransfer ? TRANSFER_TOPIC : sliceHex(bytes, start, HASH_DIGITS))
  }
  return {
    index: log.index,
    transactionIndex,
    // A receipt too many has no transaction; the block is refused for it.
    transactionHash: part.transactions.list[transactionIndex]?.hash ?? '0x',
    address,
    topics,
    data: sliceHex(bytes, log.dataStart, log.dataEnd - log.dataStart),
  }
}
