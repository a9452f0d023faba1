/**
 * A block with whole transactions, from the bytes of a node's answer: identity, link and counts as
 * they are claimed, and the proofs that need no receipts.
 */
import type { BlockRef } from '../../core/chain/block.ts'
import { type BlockProof, createProof, type ProofVerdict } from '../../core/proof/block-proof.ts'
import { decodeHex, equalsHash, fromHex, toHex } from '../../core/proof/hex-digits.ts'
import { BLOOM_BYTES } from '../../core/proof/logs-bloom.ts'
import { createRlpSink, type RlpSink } from '../../core/proof/rlp-sink.ts'
import { computeTrieRoot, EMPTY_TRIE_ROOT, type Keccak } from '../../core/proof/trie-root.ts'
import {
  BESIDE_HEADER,
  HEADER_FIELDS,
  type HeaderSpans,
  writeHeader,
} from '../../core/proof/write-header.ts'
import { ChainSourceError } from '../../errors.ts'
import {
  createKeyTable,
  enterObject,
  type JsonCursor,
  NO_KEY,
  nextKey,
  noteField,
  skipValue,
  takeNull,
} from './json-cursor.ts'
import { readFixedHex, readQuantity, takeHex } from './json-hex.ts'
import {
  ARRAY_FORM,
  expectFields,
  HASH_BYTES,
  HASH_DIGITS,
  HASH_FORM,
  needFields,
  QUANTITY_FORM,
} from './needed-fields.ts'
import { type ReadTransactions, readTransactions, sliceHex } from './read-transactions.ts'
import { clearItems, isAsked, type ReadingDesk, type ReadingTerms } from './reading-desk.ts'

/** What the header commits to; null where it has no such field. */
export type HeaderCommitments = {
  readonly receiptsRoot: Uint8Array | null
  readonly logsBloom: Uint8Array | null
}

export type BlockPart = {
  readonly transactions: ReadTransactions
  readonly header: HeaderCommitments
  readonly proof: Record<keyof BlockProof, BlockProof[keyof BlockProof]>
  /** Why each proof would fail or could not be made, in words for a log. */
  readonly reasons: Map<keyof BlockProof, string>
}

const KEYS = createKeyTable([...HEADER_FIELDS.map(({ name }) => name), ...BESIDE_HEADER])
const keyOf = (name: string) => KEYS.names.indexOf(name)
const HASH = keyOf('hash')
const PARENT = keyOf('parentHash')
const NUMBER = keyOf('number')
const TIMESTAMP = keyOf('timestamp')
const TRANSACTIONS_ROOT = keyOf('transactionsRoot')
const RECEIPTS_ROOT = keyOf('receiptsRoot')
const LOGS_BLOOM = keyOf('logsBloom')
const TRANSACTIONS = keyOf('transactions')
/** Most headers fit; a larger one lets the buffer grow. */
const HEADER_BYTES = 1_024
/** Bits of a number. What stands further back in the table is skipped unread, however often it is there. */
const NOTED_KEYS = 32
const NEEDED = needFields(KEYS, '', {
  number: QUANTITY_FORM,
  hash: HASH_FORM,
  parentHash: HASH_FORM,
  timestamp: QUANTITY_FORM,
  transactionsRoot: HASH_FORM,
  transactions: ARRAY_FORM,
})
const HASHES: readonly number[] = [HASH, PARENT, TRANSACTIONS_ROOT]

const EMPTY_ROOT = fromHex(EMPTY_TRIE_ROOT)
/** What chains say that compute no such root (zkSync, Tron). */
const NO_ROOT = new Uint8Array(HASH_BYTES)

type Header = {
  readonly spans: HeaderSpans
  /** Names that no header known here has: the hash may commit to them. */
  hasOthers: boolean
  hashStart: number
  number: number
  timestampS: number
}

/**
 * Reads the header at the cursor, and no transactions: the proof of its hash, and the bloom that it
 * commits to. Throws `malformed` or `inconsistent`.
 */
export function readHeaderJson(
  cursor: JsonCursor,
  ref: BlockRef,
  terms: ReadingTerms,
  desk: ReadingDesk,
): { readonly logsBloom: Uint8Array | null; readonly proof: ProofVerdict } {
  const header = readHeader(cursor, ref)
  return {
    logsBloom: copyField(header.spans, LOGS_BLOOM, BLOOM_BYTES),
    proof: isAsked(terms, 'headerHash')
      ? proveHeader(ref, terms.keccak, desk.scratch, header)
      : 'off',
  }
}

/**
 * Whether the header at the cursor, all of its fields, has the hash of this block: what is taken from
 * it beside roots and bloom is then the chain's. Throws `malformed` or `inconsistent`.
 */
export function isHeaderOf(cursor: JsonCursor, ref: BlockRef, keccak: Keccak): boolean {
  const header = readHeader(cursor, ref)
  return proveHeader(ref, keccak, createRlpSink(HEADER_BYTES), header) === 'match'
}

function readHeader(cursor: JsonCursor, ref: BlockRef): Header {
  const header = createHeader(cursor)
  enterObject(cursor, 'block')
  let seen = 0
  for (let key = nextKey(cursor, KEYS); key !== NO_KEY; key = nextKey(cursor, KEYS)) {
    if (isNoted(key)) seen = noteField(cursor, seen, key, KEYS)
    if (key === TRANSACTIONS) skipValue(cursor)
    else readHeaderField(cursor, header, key)
  }
  expectFields(cursor, seen, NEEDED)
  verifyHeader(cursor, ref, header)
  return header
}

function isNoted(key: number): boolean {
  return key >= 0 && key < NOTED_KEYS
}

function createHeader({ bytes }: JsonCursor): Header {
  return {
    spans: { source: bytes, bounds: new Int32Array(2 * HEADER_FIELDS.length) },
    hasOthers: false,
    hashStart: 0,
    number: 0,
    timestampS: 0,
  }
}

/** Reads the object at the cursor. Throws `malformed` or `inconsistent`. */
export function* readBlockJson(
  cursor: JsonCursor,
  ref: BlockRef,
  terms: ReadingTerms,
  desk: ReadingDesk,
): Generator<void, BlockPart> {
  const header = createHeader(cursor)
  clearItems(desk)
  let transactions: ReadTransactions | null = null
  enterObject(cursor, 'block')
  let seen = 0
  for (let key = nextKey(cursor, KEYS); key !== NO_KEY; key = nextKey(cursor, KEYS)) {
    if (isNoted(key)) seen = noteField(cursor, seen, key, KEYS)
    if (key === TRANSACTIONS) transactions = yield* readTransactions(cursor, ref, terms, desk)
    else readHeaderField(cursor, header, key)
  }
  expectFields(cursor, seen, NEEDED)
  verifyHeader(cursor, ref, header)
  const read = transactions as ReadTransactions
  verifyEmpty(cursor, ref, header, read)
  if (read.inconsistent !== null) throw inconsistent(ref, read.inconsistent)
  return proveBlock(cursor, ref, terms, desk, header, read)
}

function readHeaderField(cursor: JsonCursor, header: Header, key: number): void {
  const { bounds } = header.spans
  if (key < 0) {
    // Null is how nodes write a field of forks to come.
    if (!takeNull(cursor)) {
      header.hasOthers = true
      skipValue(cursor)
    }
  } else if (HASHES.includes(key)) {
    const start = readFixedHex(cursor, HASH_DIGITS, KEYS.names[key]!, HASH_FORM)
    if (key === HASH) header.hashStart = start
    else setBounds(bounds, key, start, cursor.at - 1)
  } else if (key === NUMBER || key === TIMESTAMP) {
    const at = cursor.at
    const value = readQuantity(cursor, KEYS.names[key]!)
    if (key === NUMBER) header.number = value
    else header.timestampS = value
    cursor.at = at
    setBounds(bounds, key, takeHex(cursor), cursor.at - 1)
  } else if (key < HEADER_FIELDS.length) {
    const { digits, kind } = HEADER_FIELDS[key]!
    const start = takeHex(cursor)
    const end = cursor.at - 1
    // What is not of its form is as if it were absent: it is of use for the proof alone.
    const isEven = kind === 'quantity' || ((end - start) & 1) === 0
    if (start >= 0 && isEven && (digits ?? end - start) === end - start)
      setBounds(bounds, key, start, end)
  } else {
    skipValue(cursor)
  }
}

function setBounds(bounds: Int32Array, key: number, start: number, end: number): void {
  bounds[2 * key] = start
  bounds[2 * key + 1] = end
}

/** Identity and link. */
function verifyHeader({ bytes }: JsonCursor, ref: BlockRef, header: Header): void {
  const { hashStart, spans } = header
  if (header.number !== ref.number) throw inconsistent(ref, `the node calls it ${header.number}`)
  if (!equalsHash(fromHex(ref.hash), 0, bytes, hashStart)) {
    throw inconsistent(ref, `the node sent ${sliceHex(bytes, hashStart, HASH_DIGITS)}`)
  }
  if (!equalsHash(fromHex(ref.parentHash), 0, bytes, spans.bounds[2 * PARENT]!)) {
    throw inconsistent(ref, 'it has another parent')
  }
  if (header.timestampS !== ref.timestampS) throw inconsistent(ref, 'it has another timestamp')
}

/** A block without transactions says so in its root. */
function verifyEmpty(
  { bytes }: JsonCursor,
  ref: BlockRef,
  { spans }: Header,
  { list }: ReadTransactions,
): void {
  const root = spans.bounds[2 * TRANSACTIONS_ROOT]!
  const isEmpty = equalsHash(EMPTY_ROOT, 0, bytes, root) || equalsHash(NO_ROOT, 0, bytes, root)
  if (list.length === 0 && !isEmpty) {
    throw inconsistent(ref, 'its header commits to transactions and the node sent none')
  }
}

function proveBlock(
  cursor: JsonCursor,
  ref: BlockRef,
  terms: ReadingTerms,
  desk: ReadingDesk,
  header: Header,
  transactions: ReadTransactions,
): BlockPart {
  const { spans } = header
  const proof = createProof(terms.proofs)
  const reasons: BlockPart['reasons'] = new Map()
  if (isAsked(terms, 'headerHash')) {
    proof.headerHash = proveHeader(ref, terms.keccak, desk.scratch, header)
    const unknown = header.hasOthers
      ? 'it has fields that are not known here'
      : 'fields are missing, or are of another chain'
    const isUnknown = proof.headerHash === 'unprovable'
    reasons.set('headerHash', isUnknown ? unknown : 'its fields have another hash')
  }
  if (!terms.native) proof.transactionsRoot = 'off'
  else if (isAsked(terms, 'transactionsRoot')) {
    const root = spans.bounds[2 * TRANSACTIONS_ROOT]!
    const { unprovable, disproven } = transactions
    reasons.set('transactionsRoot', disproven ?? unprovable ?? 'its transactions have another root')
    if (disproven !== null) proof.transactionsRoot = 'mismatch'
    else if (unprovable === null) {
      const computed = computeTrieRoot(desk.items, terms.keccak) ?? EMPTY_ROOT
      const isSame = equalsHash(computed, 0, cursor.bytes, root)
      proof.transactionsRoot = isSame ? 'match' : 'mismatch'
    }
  }
  const commitments = {
    receiptsRoot: copyField(spans, RECEIPTS_ROOT, HASH_BYTES),
    logsBloom: copyField(spans, LOGS_BLOOM, BLOOM_BYTES),
  }
  return { transactions, header: commitments, proof, reasons }
}

/** With fields that are not known here another hash proves nothing: they may be part of it. */
function proveHeader(
  ref: BlockRef,
  keccak: Keccak,
  scratch: RlpSink,
  { spans, hasOthers }: Header,
): ProofVerdict {
  scratch.end = 0
  if (!writeHeader(scratch, spans)) return 'unprovable'
  const hash = keccak(scratch.bytes.subarray(0, scratch.end))
  if (toHex(hash) === ref.hash) return 'match'
  return hasOthers ? 'unprovable' : 'mismatch'
}

function copyField(spans: HeaderSpans, key: number, length: number): Uint8Array | null {
  const start = spans.bounds[2 * key]!
  if (start === 0) return null
  const bytes = new Uint8Array(length)
  decodeHex(spans.source, start, spans.bounds[2 * key + 1]!, bytes, 0)
  return bytes
}

export function inconsistent(ref: BlockRef, what: string): ChainSourceError {
  return new ChainSourceError('inconsistent', `block ${ref.number} ${ref.hash}: ${what}`)
}
