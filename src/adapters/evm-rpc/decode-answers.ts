/**
 * From the JSON of a node to values of ours: every field that is used is checked, and only those
 * are looked at. Catch-up decodes hundreds of thousands of logs a second, so there is no schema
 * library here, a `bigint` is made only for the value of a transaction, and a hash already known
 * is compared instead of parsed (which also lets the thousand copies of it be collected).
 */
import type { BlockLog, BlockRef, BlockTransaction } from '../../core/chain/block.ts'
import type { Address, Hash } from '../../core/money/asset.ts'
import { ChainSourceError } from '../../errors.ts'

/** Which block a part of an answer says it belongs to. */
type BlockClaim = { readonly blockNumber: number; readonly blockHash: Hash }

export type NodeTransaction = Omit<BlockTransaction, 'succeeded'> & BlockClaim

export type NodeBlock = BlockRef & {
  readonly transactionsRoot: Hash
  readonly transactions: readonly NodeTransaction[]
}

export type NodeLog = BlockLog & BlockClaim & { readonly removed: boolean }

export type NodeReceipt = BlockClaim & {
  readonly transactionHash: Hash
  readonly transactionIndex: number
  readonly succeeded: boolean
  readonly logs: readonly NodeLog[]
}

type Fields = Readonly<Record<string, unknown>>

const HASH = /^0x[0-9a-f]{64}$/
const ADDRESS = /^0x[0-9a-f]{40}$/
const BYTES = /^0x[0-9a-f]*$/
/** 256 bits, the widest number the EVM has. */
const UINT256 = /^0x(?:0|[1-9a-f][0-9a-f]{0,63})$/
/** `0x` and the 14 hex digits of 2^53 - 1, the largest integer a number holds exactly. */
const MAX_QUANTITY_CHARS = 16
/** The EVM has LOG0 to LOG4. */
const MAX_TOPICS = 4

/** The position of a block; its content is not looked at. */
export function decodeHeader(value: unknown, method: string): BlockRef {
  const fields = readObject(value, method, 'block')
  return {
    number: readQuantity(fields.number, method, 'number'),
    hash: readHash(fields.hash, method, 'hash'),
    parentHash: readHash(fields.parentHash, method, 'parentHash'),
    timestampS: readQuantity(fields.timestamp, method, 'timestamp'),
  }
}

/** A block with whole transactions. */
export function decodeBlock(value: unknown, method: string): NodeBlock {
  const header = decodeHeader(value, method)
  const fields = value as Fields
  const transactions = readArray(fields.transactions, method, 'transactions')
  return {
    ...header,
    transactionsRoot: readHash(fields.transactionsRoot, method, 'transactionsRoot'),
    transactions: transactions.map((item) => decodeTransaction(item, header.hash, method)),
  }
}

function decodeTransaction(value: unknown, block: Hash, method: string): NodeTransaction {
  const fields = readObject(value, method, 'transactions[]')
  return {
    hash: readHash(fields.hash, method, 'transactions[].hash'),
    index: readQuantity(fields.transactionIndex, method, 'transactions[].transactionIndex'),
    from: readAddress(fields.from, method, 'transactions[].from'),
    to: fields.to === null ? null : readAddress(fields.to, method, 'transactions[].to'),
    valueUnits: readUint256(fields.value, method, 'transactions[].value'),
    blockNumber: readQuantity(fields.blockNumber, method, 'transactions[].blockNumber'),
    blockHash: readKnownHash(fields.blockHash, block, method, 'transactions[].blockHash'),
  }
}

/** The receipts of a block as `eth_getBlockReceipts` lists them. */
export function decodeReceipts(value: unknown, block: Hash, method: string): NodeReceipt[] {
  return readArray(value, method, 'receipts').map((item) => decodeReceipt(item, block, method))
}

/** One receipt. `block` is the hash expected; to refuse another one is the verifier's part. */
export function decodeReceipt(value: unknown, block: Hash, method: string): NodeReceipt {
  const fields = readObject(value, method, 'receipt')
  const transactionHash = readHash(fields.transactionHash, method, 'transactionHash')
  const known = { block, transaction: transactionHash }
  const logs = readArray(fields.logs, method, 'logs')
  return {
    transactionHash,
    transactionIndex: readQuantity(fields.transactionIndex, method, 'transactionIndex'),
    blockNumber: readQuantity(fields.blockNumber, method, 'blockNumber'),
    blockHash: readKnownHash(fields.blockHash, block, method, 'blockHash'),
    succeeded: readStatus(fields.status, method),
    logs: logs.map((item) => decodeLog(item, known, method)),
  }
}

type KnownHashes = { readonly block: Hash; readonly transaction: Hash }

function decodeLog(value: unknown, known: KnownHashes, method: string): NodeLog {
  const fields = readObject(value, method, 'logs[]')
  return {
    index: readQuantity(fields.logIndex, method, 'logs[].logIndex'),
    transactionIndex: readQuantity(fields.transactionIndex, method, 'logs[].transactionIndex'),
    transactionHash: readKnownHash(
      fields.transactionHash,
      known.transaction,
      method,
      'logs[].transactionHash',
    ),
    blockNumber: readQuantity(fields.blockNumber, method, 'logs[].blockNumber'),
    blockHash: readKnownHash(fields.blockHash, known.block, method, 'logs[].blockHash'),
    address: readAddress(fields.address, method, 'logs[].address'),
    topics: readTopics(fields.topics, method),
    data: readBytes(fields.data, method, 'logs[].data'),
    removed: readRemoved(fields.removed, method),
  }
}

function readTopics(value: unknown, method: string): string[] {
  const topics = readArray(value, method, 'logs[].topics')
  if (topics.length > MAX_TOPICS) throw malformed(method, 'logs[].topics', 'at most 4 topics')
  return topics.map((topic) => readHash(topic, method, 'logs[].topics[]'))
}

/** Without a status (before Byzantium) nobody can tell whether value moved: refused. */
function readStatus(value: unknown, method: string): boolean {
  if (value === '0x1') return true
  if (value === '0x0') return false
  throw malformed(method, 'status', '0x0 or 0x1')
}

/** Some nodes leave the field out of receipts; a log there is not removed unless it says so. */
function readRemoved(value: unknown, method: string): boolean {
  if (value === undefined || value === false) return false
  if (value === true) return true
  throw malformed(method, 'logs[].removed', 'true or false')
}

function readObject(value: unknown, method: string, field: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields
  throw malformed(method, field, 'an object')
}

function readArray(value: unknown, method: string, field: string): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw malformed(method, field, 'an array')
}

/** A number in the one form the protocol allows: `0x0`, or hex without leading zeros. */
export function readQuantity(value: unknown, method: string, field: string): number {
  const quantity = typeof value === 'string' ? parseQuantity(value) : -1
  if (quantity < 0) throw malformed(method, field, 'a hex quantity below 2^53')
  return quantity
}

/** -1 when it is none. By character code: this runs three times for every log. */
function parseQuantity(text: string): number {
  const { length } = text
  if (length < 3 || length > MAX_QUANTITY_CHARS || !text.startsWith('0x')) return -1
  if (text.charCodeAt(2) === 0x30) return length === 3 ? 0 : -1
  let number = 0
  for (let place = 2; place < length; place += 1) {
    const code = text.charCodeAt(place)
    if (code >= 0x30 && code <= 0x39) number = number * 16 + (code - 0x30)
    else if (code >= 0x61 && code <= 0x66) number = number * 16 + (code - 0x57)
    else return -1
  }
  return number <= Number.MAX_SAFE_INTEGER ? number : -1
}

function readUint256(value: unknown, method: string, field: string): bigint {
  if (typeof value === 'string' && UINT256.test(value)) return BigInt(value)
  throw malformed(method, field, 'a hex quantity of at most 256 bits')
}

/** 32 bytes in lower case. Nodes that answer in upper case name the same hash. */
export function readHash(value: unknown, method: string, field: string): Hash {
  const hash = readHex(value, HASH)
  if (hash === null) throw malformed(method, field, '32 bytes of hex')
  return hash
}

/** As `readHash`; a hash that was read before is returned as the same string. */
function readKnownHash(value: unknown, known: Hash, method: string, field: string): Hash {
  return value === known ? known : readHash(value, method, field)
}

function readAddress(value: unknown, method: string, field: string): Address {
  const address = readHex(value, ADDRESS)
  if (address === null) throw malformed(method, field, '20 bytes of hex')
  return address
}

function readBytes(value: unknown, method: string, field: string): string {
  const bytes = readHex(value, BYTES)
  if (bytes === null || bytes.length % 2 !== 0) throw malformed(method, field, 'bytes of hex')
  return bytes
}

function readHex(value: unknown, pattern: RegExp): `0x${string}` | null {
  if (typeof value !== 'string') return null
  if (pattern.test(value)) return value as `0x${string}`
  const lower = value.toLowerCase()
  return pattern.test(lower) ? (lower as `0x${string}`) : null
}

function malformed(method: string, field: string, expected: string): ChainSourceError {
  return new ChainSourceError('malformed', `${method}: ${field} is not ${expected}`)
}
