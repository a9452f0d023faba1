/** One good block as a node writes it, made anew for each test, which may break its own copy. */
import type { BlockRef } from '../../../src/core/chain/block.ts'
import type { Hash } from '../../../src/core/money/asset.ts'

export type Json = Record<string, unknown>
export type NodeBlockJson = { block: Json & { transactions: Json[] }; receipts: Json[] }

export const hashOf = (tag: string): Hash => `0x${tag.padStart(64, '0')}`
export const addressOf = (tag: string): `0x${string}` => `0x${tag.padStart(40, '0')}`

export const REF: BlockRef = {
  number: 4_660,
  hash: hashOf('b10c'),
  parentHash: hashOf('b10b'),
  timestampS: 1_790_000_000,
}
export const TRANSACTION_HASHES = ['a0', 'a1', 'a2'].map(hashOf)
export const EMPTY_ROOT = '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421'

/** Header at a height of the chain that the good block is part of, as a node writes it. */
export function createHeader(number: number): Json {
  const hashAt = (n: number) =>
    n === REF.number ? REF.hash : n === REF.number - 1 ? REF.parentHash : hashOf(n.toString(16))
  return {
    number: `0x${number.toString(16)}`,
    hash: hashAt(number),
    parentHash: hashAt(number - 1),
    timestamp: `0x${(REF.timestampS + 12 * (number - REF.number)).toString(16)}`,
  }
}

const BLOCK = { blockHash: REF.hash, blockNumber: '0x1234' }

/** A transfer with two logs, a failed transaction, and a creation with one log. */
export function createGoodBlock(): NodeBlockJson {
  const transactions = [
    { to: addressOf('70'), value: '0x0' },
    { to: addressOf('71'), value: '0xde0b6b3a7640000' },
    { to: null, value: '0x0' },
  ].map((fields, index) => ({
    ...BLOCK,
    ...fields,
    hash: TRANSACTION_HASHES[index],
    transactionIndex: `0x${index}`,
    from: addressOf('f0'),
    input: '0x',
  }))
  const block = {
    number: BLOCK.blockNumber,
    hash: REF.hash,
    parentHash: REF.parentHash,
    timestamp: `0x${REF.timestampS.toString(16)}`,
    transactionsRoot: hashOf('4007'),
    transactions,
  }
  const receipts = [['0x0', '0x1'], [], ['0x2']].map((logIndexes, index) => ({
    ...BLOCK,
    transactionHash: TRANSACTION_HASHES[index],
    transactionIndex: `0x${index}`,
    status: index === 1 ? '0x0' : '0x1',
    logs: logIndexes.map((logIndex) => createLog(index, logIndex)),
  }))
  return { block, receipts }
}

function createLog(transactionIndex: number, logIndex: string): Json {
  return {
    ...BLOCK,
    address: addressOf('c0'),
    topics: [hashOf('70'), hashOf('71')],
    data: hashOf('64'),
    transactionHash: TRANSACTION_HASHES[transactionIndex],
    transactionIndex: `0x${transactionIndex}`,
    logIndex,
    removed: false,
  }
}

/** A log of a receipt, by its place. */
export function logAt({ receipts }: NodeBlockJson, receipt: number, log: number): Json {
  return (receipts[receipt]!.logs as Json[])[log]!
}
