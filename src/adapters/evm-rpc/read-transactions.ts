/**
 * The transactions of a block, from JSON to objects and, where they are proven, to the RLP under the
 * transactions root. A generator, so that whoever drives it may let others work in between.
 */
import type { BlockRef, BlockTransaction, Signing } from '../../core/chain/block.ts'
import type { Address, Hash } from '../../core/money/asset.ts'
import { decodeHex, equalsHash, fromHex } from '../../core/proof/hex-digits.ts'
import { readSigning, recoverSigner } from '../../core/proof/recover-sender.ts'
import { addTrieItem } from '../../core/proof/trie-root.ts'
import {
  DEPOSIT_TYPE,
  type ListItem,
  TRANSACTION_FIELDS,
  type TransactionSpans,
  writeTransaction,
} from '../../core/proof/write-transaction.ts'
import { ChainSourceError } from '../../errors.ts'
import {
  createCursor,
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
  takeNull,
} from './json-cursor.ts'
import { readAnyHex, readFixedHex, readQuantity, takeHex } from './json-hex.ts'
import {
  ADDRESS_DIGITS,
  ADDRESS_FORM,
  expectFields,
  HASH_BYTES,
  HASH_DIGITS,
  HASH_FORM,
  needFields,
  QUANTITY_FORM,
  UINT256_FORM,
} from './needed-fields.ts'
import { isAsked, type ReadingDesk, type ReadingTerms } from './reading-desk.ts'
import { writeAccessList, writeAuthorizations, writeHashes } from './write-lists.ts'

/** Its receipt is read later, and says whether it succeeded. */
export type ReadTransaction = Omit<BlockTransaction, 'succeeded' | 'signing'> & {
  succeeded: boolean
  signing?: Signing
}

export type ReadTransactions = {
  readonly list: ReadTransaction[]
  /** 32 bytes for each, to compare receipts and logs with. */
  hashes: Uint8Array
  /** Places of transactions that stand outside the roots. */
  readonly excluded: Set<number>
  hasValue: boolean
  /** Why the root cannot be recomputed, or what contradicts it; null while all is well. */
  unprovable: string | null
  disproven: string | null
  /** The first part that belongs elsewhere. */
  inconsistent: string | null
}

const KEYS = createKeyTable([
  ...TRANSACTION_FIELDS,
  'hash',
  'transactionIndex',
  'blockNumber',
  'blockHash',
  'type',
  'accessList',
  'blobVersionedHashes',
  'authorizationList',
  'isSystemTx',
])
const FIELDS = KEYS.names.map((name) => `transactions[].${name}`)
const keyOf = (name: string) => KEYS.names.indexOf(name)
const TO = keyOf('to')
const FROM = keyOf('from')
const VALUE = keyOf('value')
const INPUT = keyOf('input')
const HASH = keyOf('hash')
const INDEX = keyOf('transactionIndex')
const BLOCK_NUMBER = keyOf('blockNumber')
const BLOCK_HASH = keyOf('blockHash')
const TYPE = keyOf('type')
const ACCESS_LIST = keyOf('accessList')
const BLOB_HASHES = keyOf('blobVersionedHashes')
const AUTHORIZATIONS = keyOf('authorizationList')
const SYSTEM = keyOf('isSystemTx')
/** What every reader of a block checks, proofs or not. */
const NEEDED = needFields(KEYS, 'transactions[].', {
  hash: HASH_FORM,
  transactionIndex: QUANTITY_FORM,
  from: ADDRESS_FORM,
  to: ADDRESS_FORM,
  value: UINT256_FORM,
  blockNumber: QUANTITY_FORM,
  blockHash: HASH_FORM,
})

const UINT256_DIGITS = 64
const ZERO = 0x30
const EMPTY_LIST: ListItem = { bytes: Uint8Array.of(0xc0), start: 0, end: 1 }

type Reading = {
  readonly cursor: JsonCursor
  readonly ref: BlockRef
  readonly blockHash: Uint8Array
  readonly terms: ReadingTerms
  readonly desk: ReadingDesk
  readonly spans: TransactionSpans
  /** Where the JSON of each list begins; 0 where there is none. */
  readonly listsAt: Int32Array
  readonly isProven: boolean
  readonly result: ReadTransactions
}

/** Reads the array at the cursor. */
export function* readTransactions(
  cursor: JsonCursor,
  ref: BlockRef,
  terms: ReadingTerms,
  desk: ReadingDesk,
): Generator<void, ReadTransactions> {
  const result: ReadTransactions = {
    list: [],
    hashes: new Uint8Array(128 * HASH_BYTES),
    excluded: new Set(),
    hasValue: false,
    unprovable: null,
    disproven: null,
    inconsistent: null,
  }
  const reading: Reading = {
    cursor,
    ref,
    terms,
    desk,
    result,
    blockHash: fromHex(ref.hash),
    spans: createSpans(cursor.bytes),
    listsAt: new Int32Array(KEYS.names.length),
    isProven: terms.native && isAsked(terms, 'transactionsRoot'),
  }
  enterArray(cursor, 'transactions')
  while (nextItem(cursor)) {
    readTransaction(reading)
    yield
  }
  const different = new Set(result.list.map(({ hash }) => hash))
  if (different.size !== result.list.length) {
    result.inconsistent ??= 'one transaction stands twice'
  }
  return result
}

function createSpans(source: Uint8Array): TransactionSpans {
  return {
    type: 0,
    source,
    bounds: new Int32Array(2 * TRANSACTION_FIELDS.length),
    accessList: null,
    blobVersionedHashes: null,
    authorizationList: null,
    isSystemTx: false,
  }
}

function readTransaction(reading: Reading): void {
  const { cursor, spans, listsAt, result, ref } = reading
  const index = result.list.length
  spans.type = 0
  spans.isSystemTx = false
  spans.bounds.fill(0)
  listsAt.fill(0)
  enterObject(cursor, 'transactions[]')
  let seen = 0
  let number = 0
  let place = 0
  let hashStart = 0
  let isOurBlock = false
  for (let key = nextKey(cursor, KEYS); key !== NO_KEY; key = nextKey(cursor, KEYS)) {
    if (key < 0) {
      skipValue(cursor)
      continue
    }
    seen = noteField(cursor, seen, key, KEYS)
    if (key === HASH) {
      hashStart = readFixedHex(cursor, HASH_DIGITS, 'transactions[].hash', HASH_FORM)
    } else if (key === BLOCK_HASH) {
      const field = 'transactions[].blockHash'
      const start = readFixedHex(cursor, HASH_DIGITS, field, HASH_FORM)
      isOurBlock = equalsHash(reading.blockHash, 0, cursor.bytes, start)
    } else if (key === BLOCK_NUMBER) {
      number = readQuantity(cursor, 'transactions[].blockNumber')
    } else if (key === INDEX) {
      place = readQuantity(cursor, 'transactions[].transactionIndex')
    } else {
      readContent(reading, key)
    }
  }
  expectFields(cursor, seen, NEEDED)
  if (!isOurBlock || number !== ref.number) {
    result.inconsistent ??= `transaction ${index} is of another block`
  } else if (place !== index) {
    result.inconsistent ??= `transaction ${index} says it is number ${place}`
  }
  addTransaction(reading, index, hashStart)
}

function readContent(reading: Reading, key: number): void {
  const { cursor, spans, listsAt } = reading
  const { bounds } = spans
  const name = FIELDS[key]!
  if (key === TYPE) spans.type = readType(cursor)
  else if (key === SYSTEM) spans.isSystemTx = takeBoolean(cursor) ?? skipFalse(cursor)
  else if (key === ACCESS_LIST || key === BLOB_HASHES || key === AUTHORIZATIONS) {
    if (!takeNull(cursor)) {
      listsAt[key] = cursor.at
      skipValue(cursor)
    }
  } else if (key === FROM || (key === TO && !takeNull(cursor))) {
    bounds[2 * key] = readFixedHex(cursor, ADDRESS_DIGITS, name, ADDRESS_FORM)
    bounds[2 * key + 1] = cursor.at - 1
  } else if (key === VALUE) {
    bounds[2 * key] = readUint256(cursor, name)
    bounds[2 * key + 1] = cursor.at - 1
  } else if (key !== TO) {
    const start = takeHex(cursor)
    const end = cursor.at - 1
    // What is no hex leaves the field absent: it is of use for the proof alone.
    if (start < 0 || (key === INPUT && ((end - start) & 1) === 1)) return
    bounds[2 * key] = start
    bounds[2 * key + 1] = end
  }
}

function skipFalse(cursor: JsonCursor): boolean {
  skipValue(cursor)
  return false
}

/** Absent or null: from before types (EIP-2718). What is no number fits no known type. */
export function readType(cursor: JsonCursor): number {
  if (takeNull(cursor)) return 0
  const start = takeHex(cursor)
  const end = cursor.at - 1
  if (start < 0 || end === start || end - start > 2) return -1
  return Number.parseInt(cursor.bytes.toString('latin1', start, end), 16)
}

/** A quantity of at most 256 bits in its one form; where its digits begin. */
function readUint256(cursor: JsonCursor, field: string): number {
  const start = readAnyHex(cursor, field, UINT256_FORM)
  const digits = cursor.at - 1 - start
  const { bytes } = cursor
  const hasZeros = bytes[start] === ZERO && digits > 1
  if (digits < 1 || digits > UINT256_DIGITS || hasZeros) throw refuse(cursor, field, UINT256_FORM)
  for (let at = start; at < start + digits; at += 1) {
    if (bytes[at]! >= 0x41 && bytes[at]! <= 0x46) throw refuse(cursor, field, UINT256_FORM)
  }
  return start
}

function addTransaction(reading: Reading, index: number, hashStart: number): void {
  const { cursor, spans, result, terms } = reading
  const { bounds } = spans
  const { bytes } = cursor
  const from = sliceHex(bytes, bounds[2 * FROM]!, ADDRESS_DIGITS) as Address
  const to =
    bounds[2 * TO] === 0 ? null : (sliceHex(bytes, bounds[2 * TO]!, ADDRESS_DIGITS) as Address)
  const valueUnits = sliceUnits(bytes, bounds[2 * VALUE]!, bounds[2 * VALUE + 1]!)
  const hash = sliceHex(bytes, hashStart, HASH_DIGITS) as Hash
  result.list.push({ hash, index, from, to, valueUnits, succeeded: false })
  if (valueUnits > 0n) result.hasValue = true
  noteHash(result, index, bytes, hashStart)
  if (terms.excludedTxTypes.includes(spans.type)) result.excluded.add(index)
  else if (reading.isProven) proveTransaction(reading, index)
}

function noteHash(result: ReadTransactions, index: number, bytes: Buffer, start: number): void {
  const at = index * HASH_BYTES
  if (at >= result.hashes.length) {
    const grown = new Uint8Array(2 * result.hashes.length)
    grown.set(result.hashes)
    result.hashes = grown
  }
  decodeHex(bytes, start, start + HASH_DIGITS, result.hashes, at)
}

/** `0x` and digits, in lower case. Nodes that answer in upper case name the same bytes. */
export function sliceHex(bytes: Buffer, start: number, digits: number): `0x${string}` {
  return bytes.toString('latin1', start - 2, start + digits).toLowerCase() as `0x${string}`
}

function sliceUnits(bytes: Buffer, start: number, end: number): bigint {
  if (end === start + 1 && bytes[start] === ZERO) return 0n
  return BigInt(bytes.toString('latin1', start - 2, end))
}

/** Adds it to what the root is recomputed from, and holds hash and sender against it. */
function proveTransaction(reading: Reading, index: number): void {
  const { spans, result, desk, terms } = reading
  if (result.unprovable !== null) return
  const { sink } = desk.items
  desk.scratch.end = 0
  writeLists(reading)
  const begin = writeTransaction(sink, spans)
  if (begin === -1) {
    const type = spans.type < 0 ? 'no type' : `type 0x${spans.type.toString(16)}`
    result.unprovable = `transaction ${index} of ${type} cannot be encoded`
    return
  }
  addTrieItem(desk.items, begin)
  const hash = terms.keccak(sink.bytes.subarray(begin, sink.end))
  for (let i = 0; i < HASH_BYTES; i += 1) {
    if (hash[i] === result.hashes[index * HASH_BYTES + i]) continue
    result.disproven ??= `transaction ${index} has another hash`
    return
  }
  const { from, to, valueUnits } = result.list[index]!
  // A deposit has its sender in what was hashed.
  if (valueUnits === 0n || spans.type === DEPOSIT_TYPE) return
  const signing = readSigning(desk.scratch, spans, terms.keccak)
  if (signing !== null) result.list[index]!.signing = signing
  // Recovering is dear: a node that names the recipient everywhere is found out at the first one.
  if (result.disproven !== null) return
  if (from === to || terms.isOwnSender(from)) proveSender(reading, index, from, signing)
}

/**
 * One who names as sender the recipient, or an address of the merchant's own, hides a payment; no root
 * commits to the sender. Other senders are recovered where a payment is matched.
 */
function proveSender(
  { result, terms }: Reading,
  index: number,
  from: Address,
  signing: Signing | null,
): void {
  const sender = signing === null ? null : recoverSigner(signing, terms.keccak)
  if (sender === null) {
    result.unprovable = `the sender of transaction ${index} cannot be recovered`
  } else if (Buffer.from(sender).toString('hex') !== from.slice(2)) {
    result.disproven ??= `transaction ${index} was sent by another`
  }
}

function writeLists({ cursor, spans, listsAt, desk }: Reading): void {
  const write = (key: number, writeOne: () => void): ListItem | null => {
    const at = listsAt[key]!
    if (at === 0) return null
    if (cursor.bytes[at] === 0x5b && cursor.bytes[at + 1] === 0x5d) return EMPTY_LIST
    const start = desk.scratch.end
    try {
      writeOne()
    } catch (error) {
      // What cannot be read proves nothing; it is of no other use here.
      if (error instanceof ChainSourceError) return null
      throw error
    }
    return { bytes: desk.scratch.bytes, start, end: desk.scratch.end }
  }
  const at = (key: number) => createCursor(cursor.bytes, cursor.method, listsAt[key])
  const { scratch } = desk
  spans.accessList = write(ACCESS_LIST, () => writeAccessList(scratch, at(ACCESS_LIST)))
  spans.blobVersionedHashes = write(BLOB_HASHES, () =>
    writeHashes(scratch, at(BLOB_HASHES), 'blobVersionedHashes'),
  )
  spans.authorizationList = write(AUTHORIZATIONS, () =>
    writeAuthorizations(scratch, at(AUTHORIZATIONS)),
  )
}
