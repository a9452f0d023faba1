/**
 * The rules of reading a block, written plainly over JSON.parse: what the reader of bytes must say
 * too. Every field that is used is checked, then the parts are held against each other.
 */
import type { BlockLog, BlockRef, BlockTransaction } from '../../../src/core/chain/block.ts'

type Fields = Record<string, unknown>
export type ReferenceBlock = { transactions: BlockTransaction[]; logs: BlockLog[] }

const EMPTY_ROOTS = [
  '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421',
  `0x${'0'.repeat(64)}`,
]

/** Throws for any answer that is not to be believed. */
export function readByReference(ref: BlockRef, block: string, receipts: string): ReferenceBlock {
  const header = object(JSON.parse(block))
  const transactions = list(header.transactions).map((item) => decodeTransaction(object(item)))
  const read = list(JSON.parse(receipts)).map((item) => decodeReceipt(object(item)))
  demand(quantity(header.number) === ref.number)
  demand(hex(header.hash, 32) === ref.hash)
  demand(hex(header.parentHash, 32) === ref.parentHash)
  demand(quantity(header.timestamp) === ref.timestampS)
  const root = hex(header.transactionsRoot, 32)
  demand(transactions.length > 0 || EMPTY_ROOTS.includes(root))
  demand(read.length === transactions.length)
  demand(new Set(transactions.map(({ hash }) => hash)).size === transactions.length)
  const logs: BlockLog[] = []
  const isHere = (part: { blockHash: string; blockNumber: number }) =>
    part.blockHash === ref.hash && part.blockNumber === ref.number
  const result = transactions.map((transaction, index): BlockTransaction => {
    const receipt = read[index]!
    demand(isHere(transaction) && transaction.index === index)
    demand(isHere(receipt) && receipt.index === index && receipt.hash === transaction.hash)
    demand(receipt.succeeded || receipt.logs.length === 0)
    for (const log of receipt.logs) {
      demand(isHere(log) && log.transactionHash === transaction.hash)
      demand(log.transactionIndex === index && log.index === logs.length && !log.removed)
      const { blockHash: _, blockNumber: __, removed: ___, ...kept } = log
      logs.push(kept)
    }
    const { blockHash: _, blockNumber: __, ...kept } = transaction
    return { ...kept, succeeded: receipt.succeeded }
  })
  return { transactions: result, logs }
}

function decodeTransaction(fields: Fields) {
  return {
    hash: hex(fields.hash, 32),
    index: quantity(fields.transactionIndex),
    from: hex(fields.from, 20),
    to: fields.to === null ? null : hex(fields.to, 20),
    valueUnits: uint256(fields.value),
    blockNumber: quantity(fields.blockNumber),
    blockHash: hex(fields.blockHash, 32),
  }
}

function decodeReceipt(fields: Fields) {
  demand(fields.status === '0x1' || fields.status === '0x0')
  return {
    hash: hex(fields.transactionHash, 32),
    index: quantity(fields.transactionIndex),
    blockNumber: quantity(fields.blockNumber),
    blockHash: hex(fields.blockHash, 32),
    succeeded: fields.status === '0x1',
    logs: list(fields.logs).map((item) => decodeLog(object(item))),
  }
}

function decodeLog(fields: Fields) {
  const { removed = false } = fields
  const topics = list(fields.topics).map((topic) => hex(topic, 32))
  demand(topics.length <= 4 && typeof removed === 'boolean')
  return {
    index: quantity(fields.logIndex),
    transactionIndex: quantity(fields.transactionIndex),
    transactionHash: hex(fields.transactionHash, 32),
    blockNumber: quantity(fields.blockNumber),
    blockHash: hex(fields.blockHash, 32),
    address: hex(fields.address, 20),
    topics,
    data: hex(fields.data, null),
    removed,
  }
}

function demand(isTrue: boolean): void {
  if (!isTrue) throw new Error('not to be believed')
}

function object(value: unknown): Fields {
  demand(typeof value === 'object' && value !== null && !Array.isArray(value))
  return value as Fields
}

function list(value: unknown): unknown[] {
  demand(Array.isArray(value))
  return value as unknown[]
}

function hex(value: unknown, bytes: number | null): `0x${string}` {
  const count = bytes === null ? '(?:[0-9a-fA-F]{2})*' : `[0-9a-fA-F]{${2 * bytes}}`
  demand(typeof value === 'string' && new RegExp(`^0x${count}$`).test(value))
  return (value as string).toLowerCase() as `0x${string}`
}

function quantity(value: unknown): number {
  demand(typeof value === 'string' && /^0x(0|[1-9a-f][0-9a-f]{0,13})$/.test(value))
  const number = Number(value)
  demand(Number.isSafeInteger(number))
  return number
}

function uint256(value: unknown): bigint {
  demand(typeof value === 'string' && /^0x(0|[1-9a-f][0-9a-f]{0,63})$/.test(value))
  return BigInt(value as string)
}
