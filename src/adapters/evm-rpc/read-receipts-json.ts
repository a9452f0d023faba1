/**
 * The receipts of a block, from the bytes of a node's answer: each held against its transaction, the
 * logs against their places, all of them written as the receipts root commits to them.
 */
import type { BlockLog, BlockRef } from '../../core/chain/block.ts'
import { equalsHash, fromHex } from '../../core/proof/hex-digits.ts'
import { type BloomBuilder, createBloomBuilder } from '../../core/proof/logs-bloom.ts'
import { addTrieItem } from '../../core/proof/trie-root.ts'
import {
  beginReceipt,
  endReceipt,
  RECEIPT_FIELDS,
  type ReceiptSpans,
} from '../../core/proof/write-receipt.ts'
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
} from './json-cursor.ts'
import { readFixedHex, readQuantity, takeHex } from './json-hex.ts'
import {
  ARRAY_FORM,
  expectFields,
  HASH_DIGITS,
  HASH_FORM,
  needFields,
  QUANTITY_FORM,
} from './needed-fields.ts'
import type { BlockPart } from './read-block-json.ts'
import { createLog, isTransaction, type Log, readLogs } from './read-logs.ts'
import { readType } from './read-transactions.ts'
import { isAsked, type ReadingDesk, type ReadingTerms } from './reading-desk.ts'

export type ReadReceipts = {
  /** Receipts read. */
  count: number
  /** Logs of watched contracts, ascending. */
  readonly logs: BlockLog[]
  /** Transfers to strangers, which are not among them. */
  leftOut: number
  /** Of all logs, those of excluded transactions apart. */
  readonly bloom: BloomBuilder
  /** A watched log of a transaction that stands outside the roots. */
  hasUnprovenLogs: boolean
  unprovable: string | null
  inconsistent: string | null
}

const STATUS_FORM = '0x0 or 0x1'

const RECEIPT_KEYS = createKeyTable([
  ...RECEIPT_FIELDS,
  'transactionHash',
  'transactionIndex',
  'blockHash',
  'blockNumber',
  'status',
  'logs',
  'type',
])
const keyOf = (name: string) => RECEIPT_KEYS.names.indexOf(name)
const HASH = keyOf('transactionHash')
const PLACE = keyOf('transactionIndex')
const BLOCK_HASH = keyOf('blockHash')
const BLOCK_NUMBER = keyOf('blockNumber')
const STATUS = keyOf('status')
const LOGS = keyOf('logs')
const TYPE = keyOf('type')
const NEEDED = needFields(RECEIPT_KEYS, '', {
  transactionHash: HASH_FORM,
  transactionIndex: QUANTITY_FORM,
  blockHash: HASH_FORM,
  blockNumber: QUANTITY_FORM,
  status: STATUS_FORM,
  logs: ARRAY_FORM,
})

/** What is gathered of the receipt being read; used again for each. */
type Receipt = ReceiptSpans & {
  index: number
  place: number
  number: number
  isOurs: boolean
  isOurBlock: boolean
}

export type ReceiptReading = {
  readonly ref: BlockRef
  readonly blockHash: Uint8Array
  readonly part: BlockPart
  readonly terms: ReadingTerms
  readonly desk: ReadingDesk
  readonly result: ReadReceipts
  /** Receipts are written for their root. */
  readonly isProven: boolean
  /** The bloom of their logs is gathered. */
  readonly hasBloom: boolean
  logCount: number
}

/**
 * Before the first receipt. Receipts whose root must match need no bloom: the root commits to all that
 * the bloom does, and to more. Unless it cannot be computed: see `needsBloom`.
 */
export function beginReceipts(
  ref: BlockRef,
  part: BlockPart,
  terms: ReadingTerms,
  desk: ReadingDesk,
): ReceiptReading {
  const reading = beginWithBloom(ref, part, terms, desk)
  return terms.proofs.receiptsRoot === 'on' ? { ...reading, hasBloom: false } : reading
}

/** The same with the bloom of the logs, whatever else proves them; where one is asked for at all. */
export function beginWithBloom(
  ref: BlockRef,
  part: BlockPart,
  terms: ReadingTerms,
  desk: ReadingDesk,
): ReceiptReading {
  return {
    ref,
    part,
    terms,
    desk,
    blockHash: fromHex(ref.hash),
    result: {
      count: 0,
      logs: [],
      leftOut: 0,
      bloom: createBloomBuilder(terms.keccak, desk.seen),
      hasUnprovenLogs: false,
      unprovable: null,
      inconsistent: null,
    },
    isProven: isAsked(terms, 'receiptsRoot'),
    hasBloom: isAsked(terms, 'bloom'),
    logCount: 0,
  }
}

/** Whether receipts that were read must be read again, for their bloom: nothing else proves them. */
export function needsBloom({ terms, hasBloom, result, part }: ReceiptReading): boolean {
  if (hasBloom || !isAsked(terms, 'bloom')) return false
  return result.unprovable !== null || part.header.receiptsRoot === null
}

/** Reads the array at the cursor; yields between receipts. */
export function* readReceiptsJson(
  cursor: JsonCursor,
  reading: ReceiptReading,
): Generator<void, void> {
  enterArray(cursor, 'receipts')
  const forms = createForms(cursor)
  while (nextItem(cursor)) {
    readReceipt(cursor, reading, forms)
    yield
  }
}

type Forms = { readonly receipt: Receipt; readonly log: Log }

function createForms({ bytes: source }: JsonCursor): Forms {
  const bounds = new Int32Array(2 * RECEIPT_FIELDS.length)
  const where = { isOurs: false, isOurBlock: false, number: 0, place: 0, index: 0 }
  return {
    receipt: { source, bounds, type: 0, succeeded: false, ...where },
    log: createLog(source),
  }
}

/** One receipt, at the next place. */
export function readReceipt(
  cursor: JsonCursor,
  reading: ReceiptReading,
  forms: Forms = createForms(cursor),
): void {
  const { result, desk, part, ref } = reading
  const { receipt } = forms
  const index = result.count
  receipt.index = index
  receipt.type = 0
  receipt.bounds.fill(0)
  const isExcluded = part.transactions.excluded.has(index)
  const isWritten = reading.isProven && !isExcluded && result.unprovable === null
  const logsStart = isWritten ? beginReceipt(desk.items.sink) : 0
  const firstLog = reading.logCount
  const before = result.inconsistent
  enterObject(cursor, 'receipt')
  let seen = 0
  let key = nextKey(cursor, RECEIPT_KEYS)
  for (; key !== NO_KEY; key = nextKey(cursor, RECEIPT_KEYS)) {
    if (key >= 0) seen = noteField(cursor, seen, key, RECEIPT_KEYS)
    if (key === LOGS) readLogs(cursor, reading, { index, isWritten, isExcluded }, forms.log)
    else readReceiptField(cursor, reading, receipt, key)
  }
  expectFields(cursor, seen, NEEDED)
  // What is wrong with a receipt comes before what is wrong with its logs.
  const fault = findFault(ref, receipt, reading.logCount > firstLog)
  result.inconsistent = before ?? fault ?? result.inconsistent
  result.count += 1
  const transaction = part.transactions.list[index]
  if (transaction !== undefined) transaction.succeeded = receipt.succeeded
  if (isWritten) addReceipt(reading, receipt, logsStart)
}

function findFault(ref: BlockRef, receipt: Receipt, hasLogs: boolean): string | null {
  const { index } = receipt
  if (!receipt.isOurBlock || receipt.number !== ref.number) {
    return `receipt ${index} is of another block`
  }
  if (!receipt.isOurs || receipt.place !== index) {
    return `receipt ${index} is of another transaction`
  }
  const isOdd = !receipt.succeeded && hasLogs
  return isOdd ? `receipt ${index} has logs of a failed transaction` : null
}

function readReceiptField(
  cursor: JsonCursor,
  reading: ReceiptReading,
  receipt: Receipt,
  key: number,
): void {
  const { part, blockHash } = reading
  if (key === HASH) {
    const start = readFixedHex(cursor, HASH_DIGITS, 'transactionHash', HASH_FORM)
    receipt.isOurs = isTransaction(part, receipt.index, cursor.bytes, start)
  } else if (key === PLACE) {
    receipt.place = readQuantity(cursor, 'transactionIndex')
  } else if (key === BLOCK_HASH) {
    const start = readFixedHex(cursor, HASH_DIGITS, 'blockHash', HASH_FORM)
    receipt.isOurBlock = equalsHash(blockHash, 0, cursor.bytes, start)
  } else if (key === BLOCK_NUMBER) {
    receipt.number = readQuantity(cursor, 'blockNumber')
  } else if (key === STATUS) {
    receipt.succeeded = readStatus(cursor)
  } else if (key === TYPE) {
    receipt.type = readType(cursor)
  } else if (key >= 0) {
    // What is no hex leaves the field absent: it is of use for the proof alone.
    const start = takeHex(cursor)
    receipt.bounds[2 * key] = Math.max(start, 0)
    receipt.bounds[2 * key + 1] = start < 0 ? 0 : cursor.at - 1
  } else {
    skipValue(cursor)
  }
}

/** Without a status (before Byzantium) nobody can tell whether value moved: refused. */
function readStatus(cursor: JsonCursor): boolean {
  const start = takeHex(cursor)
  const digit = start >= 0 && cursor.at - 1 === start + 1 ? cursor.bytes[start] : 0
  if (digit !== 0x30 && digit !== 0x31) throw refuse(cursor, 'status', STATUS_FORM)
  return digit === 0x31
}

function addReceipt(reading: ReceiptReading, receipt: Receipt, logsStart: number): void {
  const { desk, result } = reading
  const begin = endReceipt(desk.items.sink, logsStart, receipt)
  if (begin === -1) result.unprovable = `receipt ${receipt.index} cannot be encoded`
  else addTrieItem(desk.items, begin)
}
