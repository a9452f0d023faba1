/**
 * Transactions as the transactions root commits to them: legacy (EIP-155), EIP-2930, EIP-1559,
 * EIP-4844 in canonical form, EIP-7702, and OP-stack deposits. The keccak256 of the same bytes is the
 * transaction's hash; without the signature, it is what the sender signed.
 */
import {
  beginList,
  endList,
  ensureRoom,
  type RlpSink,
  writeBytes,
  writeEmpty,
  writeQuantity,
} from './rlp-sink.ts'
import { TRIE_HEADROOM } from './trie-root.ts'

/** OP stack. */
export const DEPOSIT_TYPE = 0x7e

/** Fields as JSON-RPC names them; their place here is their number in `TransactionSpans`. */
export const TRANSACTION_FIELDS = [
  'chainId',
  'nonce',
  'gasPrice',
  'maxPriorityFeePerGas',
  'maxFeePerGas',
  'gas',
  'to',
  'value',
  'input',
  'maxFeePerBlobGas',
  'v',
  'yParity',
  'r',
  's',
  'from',
  'sourceHash',
  'mint',
] as const

type FieldName = (typeof TRANSACTION_FIELDS)[number]

/** Of a list inside a transaction: RLP written before, or null where the JSON has none. */
export type ListItem = { readonly bytes: Uint8Array; readonly start: number; readonly end: number }

export type TransactionSpans = {
  type: number
  readonly source: Uint8Array
  /** Begin and end of each field's digits, by place in `TRANSACTION_FIELDS`; 0 where absent or null. */
  readonly bounds: Int32Array
  accessList: ListItem | null
  blobVersionedHashes: ListItem | null
  authorizationList: ListItem | null
  isSystemTx: boolean
}

const place = (name: FieldName) => TRANSACTION_FIELDS.indexOf(name)
const CHAIN_ID = place('chainId')
const NONCE = place('nonce')
const GAS_PRICE = place('gasPrice')
const PRIORITY_FEE = place('maxPriorityFeePerGas')
const MAX_FEE = place('maxFeePerGas')
const GAS = place('gas')
const TO = place('to')
const VALUE = place('value')
const INPUT = place('input')
const BLOB_FEE = place('maxFeePerBlobGas')
const V = place('v')
const PARITY = place('yParity')
const R = place('r')
const S = place('s')
const FROM = place('from')
const SOURCE_HASH = place('sourceHash')
const MINT = place('mint')

/** A legacy transaction whose `v` is one of these signed no chain id. */
const PLAIN_V = [27n, 28n]
/** EIP-155: `v` of chain id zero; two for each chain id. */
const FIRST_CHAIN_V = 35n

const LISTS = ['accessList', 'blobVersionedHashes', 'authorizationList'] as const
type ListName = (typeof LISTS)[number]

const FEES = [NONCE, PRIORITY_FEE, MAX_FEE, GAS]
const CALL = [TO, VALUE, INPUT]

/** Fields of each type in order, without the signature. */
const LAYOUTS: Readonly<Record<number, readonly (number | ListName)[]>> = {
  0: [NONCE, GAS_PRICE, GAS, ...CALL],
  1: [CHAIN_ID, NONCE, GAS_PRICE, GAS, ...CALL, 'accessList'],
  2: [CHAIN_ID, ...FEES, ...CALL, 'accessList'],
  3: [CHAIN_ID, ...FEES, ...CALL, 'accessList', BLOB_FEE, 'blobVersionedHashes'],
  4: [CHAIN_ID, ...FEES, ...CALL, 'accessList', 'authorizationList'],
}

export function isKnownType(type: number): boolean {
  return LAYOUTS[type] !== undefined || type === DEPOSIT_TYPE
}

/** Appends the transaction; its begin, or -1 when a field is missing or the type is unknown. */
export function writeTransaction(sink: RlpSink, transaction: TransactionSpans): number {
  const { type } = transaction
  if (type === DEPOSIT_TYPE) return writeDeposit(sink, transaction)
  const layout = LAYOUTS[type]
  if (layout === undefined) return -1
  const begin = beginItem(sink, type)
  const list = beginList(sink)
  if (!writeLayout(sink, transaction, layout)) return -1
  const parity = type === 0 || !has(transaction, PARITY) ? V : PARITY
  for (const field of [parity, R, S]) if (!writeField(sink, transaction, field)) return -1
  endList(sink, list)
  return begin
}

/** Appends what the sender signed; its begin, or -1 when that cannot be said. */
export function writeSigned(sink: RlpSink, transaction: TransactionSpans): number {
  const layout = LAYOUTS[transaction.type]
  if (layout === undefined) return -1
  const begin = beginItem(sink, transaction.type)
  const list = beginList(sink)
  if (!writeLayout(sink, transaction, layout)) return -1
  const v = readNumber(transaction, V)
  if (transaction.type === 0 && !PLAIN_V.includes(v)) {
    if (v < FIRST_CHAIN_V) return -1
    // EIP-155: the chain id, zero, zero.
    const chainId = ((v - FIRST_CHAIN_V) / 2n).toString(16)
    const digits = Uint8Array.from(chainId, (digit) => digit.charCodeAt(0))
    writeQuantity(sink, digits, 0, digits.length)
    writeEmpty(sink)
    writeEmpty(sink)
  }
  endList(sink, list)
  return begin
}

/** The signature; parity is that of the point's y. Null where the transaction has none. */
export function readSignature(transaction: TransactionSpans) {
  if (!has(transaction, R) || !has(transaction, S)) return null
  const isTyped = transaction.type !== 0
  const v = readNumber(transaction, isTyped && has(transaction, PARITY) ? PARITY : V)
  const parity = isTyped ? v : (v + 1n) % 2n
  return { r: readNumber(transaction, R), s: readNumber(transaction, S), isOdd: parity === 1n }
}

function beginItem(sink: RlpSink, type: number): number {
  ensureRoom(sink, TRIE_HEADROOM + 1)
  sink.end += TRIE_HEADROOM
  const begin = sink.end
  if (type !== 0) sink.bytes[sink.end++] = type
  return begin
}

function writeLayout(
  sink: RlpSink,
  transaction: TransactionSpans,
  layout: readonly (number | ListName)[],
): boolean {
  for (const field of layout) {
    if (typeof field === 'number') {
      if (!writeField(sink, transaction, field)) return false
      continue
    }
    const list = transaction[field]
    if (list === null) return false
    ensureRoom(sink, list.end - list.start)
    sink.bytes.set(list.bytes.subarray(list.start, list.end), sink.end)
    sink.end += list.end - list.start
  }
  return true
}

function writeField(sink: RlpSink, transaction: TransactionSpans, field: number): boolean {
  const { source, bounds } = transaction
  const start = bounds[2 * field]!
  const end = bounds[2 * field + 1]!
  if (start === 0) {
    // Without a recipient: a creation.
    if (field !== TO) return false
    writeEmpty(sink)
  } else if (field === TO || field === INPUT || field === FROM || field === SOURCE_HASH) {
    writeBytes(sink, source, start, end)
  } else {
    writeQuantity(sink, source, start, end)
  }
  return true
}

/** `[sourceHash, from, to, mint, value, gas, isSystemTx, data]`; nobody signs it. */
function writeDeposit(sink: RlpSink, transaction: TransactionSpans): number {
  const begin = beginItem(sink, DEPOSIT_TYPE)
  const list = beginList(sink)
  for (const field of [SOURCE_HASH, FROM, TO]) {
    if (!writeField(sink, transaction, field)) return -1
  }
  if (!writeField(sink, transaction, MINT)) writeEmpty(sink)
  for (const field of [VALUE, GAS]) if (!writeField(sink, transaction, field)) return -1
  if (transaction.isSystemTx) {
    ensureRoom(sink, 1)
    sink.bytes[sink.end++] = 1
  } else {
    writeEmpty(sink)
  }
  if (!writeField(sink, transaction, INPUT)) return -1
  endList(sink, list)
  return begin
}

function has({ bounds }: TransactionSpans, field: number): boolean {
  return bounds[2 * field] !== 0
}

function readNumber({ source, bounds }: TransactionSpans, field: number): bigint {
  let text = ''
  for (let at = bounds[2 * field]!; at < bounds[2 * field + 1]!; at += 1) {
    text += String.fromCharCode(source[at]!)
  }
  return text === '' ? 0n : BigInt(`0x${text}`)
}
