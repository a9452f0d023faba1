/**
 * Receipts as the receipts root commits to them (EIP-658, EIP-2718; OP stack: deposits). The logs
 * come first, as they are read; what stands before them is put in front backwards.
 */
import { decodeHex } from './hex-digits.ts'
import { BLOOM_BYTES } from './logs-bloom.ts'
import {
  ensureRoom,
  headerLength,
  MAX_HEADER_BYTES,
  prependListHeader,
  prependStringHeader,
  type RlpSink,
  writeBytes,
  writeListHeader,
  writeQuantity,
} from './rlp-sink.ts'
import { TRIE_HEADROOM } from './trie-root.ts'
import { DEPOSIT_TYPE, isKnownType } from './write-transaction.ts'

/** Fields as JSON-RPC names them; their place here is their number in `ReceiptSpans`. */
export const RECEIPT_FIELDS = [
  'cumulativeGasUsed',
  'logsBloom',
  // Of OP deposits, since Regolith and Canyon.
  'depositNonce',
  'depositReceiptVersion',
] as const
const [GAS, BLOOM, NONCE, VERSION] = [0, 1, 2, 3]

export type ReceiptSpans = {
  type: number
  succeeded: boolean
  readonly source: Uint8Array
  /** Begin and end of each field's digits, by place in `RECEIPT_FIELDS`; 0 where absent or null. */
  readonly bounds: Int32Array
}

/** A log's address, topics and data: digits in `source`, begin and end in turns. */
export type LogSpans = {
  readonly source: Uint8Array
  addressStart: number
  /** Begin of each topic's 64 digits. */
  readonly topicStarts: Int32Array
  topicCount: number
  dataStart: number
  dataEnd: number
}

const ADDRESS_DIGITS = 40
const ADDRESS_BYTES = 20
const TOPIC_BYTES = 32
const TOPIC_DIGITS = 64
/** A string and its one-byte header. */
const ADDRESS_ITEM = ADDRESS_BYTES + 1
const TOPIC_ITEM = TOPIC_BYTES + 1
const STRING = 0x80
/** Gas of a block as a number below 2^64. */
const MAX_QUANTITY_ITEM = 9
/** Room before the logs: the trie's, type, list, status, gas, bloom, and the header of the logs. */
const RECEIPT_HEADROOM =
  TRIE_HEADROOM + 1 + 3 * MAX_HEADER_BYTES + 1 + MAX_QUANTITY_ITEM + BLOOM_BYTES

/** Begins a receipt; its logs follow. Returns where they begin. */
export function beginReceipt(sink: RlpSink): number {
  ensureRoom(sink, RECEIPT_HEADROOM)
  sink.end += RECEIPT_HEADROOM
  return sink.end
}

/** Appends one log. Returns where its 20 bytes of address begin; topics follow, 33 bytes apart. */
export function writeLog(sink: RlpSink, log: LogSpans): number {
  const { source, topicCount, dataStart, dataEnd } = log
  const topics = topicCount * TOPIC_ITEM
  const dataBytes = (dataEnd - dataStart) >>> 1
  const payload =
    ADDRESS_ITEM + headerLength(topics) + topics + measureBytes(source, dataStart, dataBytes)
  ensureRoom(sink, 3 * MAX_HEADER_BYTES + payload)
  writeListHeader(sink, payload)
  sink.bytes[sink.end] = STRING + ADDRESS_BYTES
  const address = sink.end + 1
  sink.end = decodeHex(
    source,
    log.addressStart,
    log.addressStart + ADDRESS_DIGITS,
    sink.bytes,
    address,
  )
  writeListHeader(sink, topics)
  for (let i = 0; i < topicCount; i += 1) {
    const start = log.topicStarts[i]!
    sink.bytes[sink.end] = STRING + TOPIC_BYTES
    sink.end = decodeHex(source, start, start + TOPIC_DIGITS, sink.bytes, sink.end + 1)
  }
  writeBytes(sink, source, dataStart, dataEnd)
  return address
}

/** Begin of the first topic of a log, from that of its address. */
export function topicsOf(address: number, topicCount: number): number {
  return address + ADDRESS_BYTES + headerLength(topicCount * TOPIC_ITEM) + 1
}

export const TOPIC_STEP = TOPIC_ITEM

function measureBytes(source: Uint8Array, start: number, bytes: number): number {
  const high = source[start]!
  // One byte below 0x80 is its own encoding: its first digit is 0 to 7.
  if (bytes === 1 && high >= 0x30 && high <= 0x37) return 1
  return headerLength(bytes) + bytes
}

/**
 * Completes the receipt whose logs begin at `logsStart`. Returns where it begins, or -1 when a part
 * is missing or its type is unknown.
 */
export function endReceipt(sink: RlpSink, logsStart: number, receipt: ReceiptSpans): number {
  const { type, source, bounds } = receipt
  const gasDigits = bounds[2 * GAS + 1]! - bounds[2 * GAS]!
  const bloomDigits = bounds[2 * BLOOM + 1]! - bounds[2 * BLOOM]!
  const isWhole = has(receipt, GAS) && has(receipt, BLOOM) && bloomDigits === 2 * BLOOM_BYTES
  if (!isWhole || !isKnownType(type) || gasDigits > 2 * (MAX_QUANTITY_ITEM - 1)) return -1
  let at = prependListHeader(sink.bytes, logsStart, sink.end - logsStart)
  at -= BLOOM_BYTES
  decodeHex(source, bounds[2 * BLOOM]!, bounds[2 * BLOOM + 1]!, sink.bytes, at)
  at = prependStringHeader(sink.bytes, at, BLOOM_BYTES)
  at = prependGas(sink, at, receipt)
  sink.bytes[--at] = receipt.succeeded ? 1 : STRING
  // Without a version (before Canyon) the root does not commit to the nonce either.
  if (type === DEPOSIT_TYPE && has(receipt, NONCE) && has(receipt, VERSION)) {
    writeField(sink, receipt, NONCE)
    writeField(sink, receipt, VERSION)
  }
  at = prependListHeader(sink.bytes, at, sink.end - at)
  if (type !== 0) sink.bytes[--at] = type
  return at
}

/** Written behind the receipt first, where there is room, and moved. */
function prependGas(sink: RlpSink, end: number, receipt: ReceiptSpans): number {
  const behind = sink.end
  writeField(sink, receipt, GAS)
  const at = end - (sink.end - behind)
  sink.bytes.copyWithin(at, behind, sink.end)
  sink.end = behind
  return at
}

function has({ bounds }: ReceiptSpans, field: number): boolean {
  return bounds[2 * field] !== 0
}

function writeField(sink: RlpSink, { source, bounds }: ReceiptSpans, field: number): void {
  writeQuantity(sink, source, bounds[2 * field]!, bounds[2 * field + 1]!)
}
