/** Logs of a range, read from bytes: whom each pays, and what refuses the whole answer. */
import { describe, expect, test } from 'vitest'
import { createContractTable } from '../../../src/adapters/evm-rpc/contract-table.ts'
import { createCursor, expectEnd } from '../../../src/adapters/evm-rpc/json-cursor.ts'
import { beginRange, readRangeLogs } from '../../../src/adapters/evm-rpc/read-range-logs.ts'
import type { BlockRef } from '../../../src/core/chain/block.ts'
import { TRANSFER_TOPIC } from '../../../src/core/chain/log-words.ts'
import { POLYGON_COIN, POLYGON_TRANSFER_TOPIC } from '../../../src/core/chain/native-coin.ts'
import type { Address } from '../../../src/core/money/asset.ts'
import { addressOf, hashOf } from './node-block.ts'

const TOKEN = addressOf('c0')
const [OURS, STRANGER] = [addressOf('aa'), addressOf('bb')]
const refs: BlockRef[] = [20, 21].map((number) => ({
  number,
  hash: hashOf(`b${number}`),
  parentHash: hashOf(`b${number - 1}`),
  timestampS: 0,
}))
const topicOf = (address: Address) => `0x${'0'.repeat(24)}${address.slice(2)}`

function log(number: number, index: number, fields: object = {}) {
  return {
    address: TOKEN,
    topics: [TRANSFER_TOPIC, topicOf(STRANGER), topicOf(OURS)],
    data: hashOf('64'),
    blockNumber: `0x${number.toString(16)}`,
    blockHash: hashOf(`b${number}`),
    transactionHash: hashOf('70'),
    transactionIndex: '0x0',
    logIndex: `0x${index.toString(16)}`,
    removed: false,
    ...fields,
  }
}

function read(answer: unknown, strangers: readonly Address[] = []) {
  const reading = beginRange('node:1', refs, {
    contracts: createContractTable(new Set([TOKEN, POLYGON_COIN])),
    topics: [TRANSFER_TOPIC, POLYGON_TRANSFER_TOPIC],
    isStranger: (source, start) => {
      const digits = Buffer.from(source.subarray(start, start + 40)).toString('latin1')
      return strangers.includes(`0x${digits.toLowerCase()}`)
    },
  })
  const cursor = createCursor(Buffer.from(JSON.stringify(answer)), 'eth_getLogs')
  for (const _ of readRangeLogs(cursor, reading));
  expectEnd(cursor)
  return reading.seen
}

test('each log stands with its block and names its parties', () => {
  const polygon = {
    address: POLYGON_COIN,
    topics: [POLYGON_TRANSFER_TOPIC, topicOf(TOKEN), topicOf(STRANGER), topicOf(OURS)],
  }
  const upper = { topics: [TRANSFER_TOPIC, topicOf(OURS), topicOf(OURS).toUpperCase()] }
  const shouted = { ...upper, topics: upper.topics.map((t) => t.replace('0X', '0x')) }
  expect(read([log(20, 3), log(20, 5, shouted), log(21, 0, polygon)])).toEqual([
    [
      { index: 3, from: STRANGER, to: OURS },
      { index: 5, from: OURS, to: OURS },
    ],
    [{ index: 0, from: STRANGER, to: OURS }],
  ])
  expect(read([])).toEqual([[], []])
})

test('a log of strangers, or of no addresses, is known to be there and names nobody', () => {
  const noAddress = hashOf('ff').replace('0x0', '0x1')
  const odd = { topics: [TRANSFER_TOPIC, topicOf(OURS), noAddress] }
  const unsigned = { topics: [TRANSFER_TOPIC, noAddress, topicOf(OURS)] }
  const short = { topics: [TRANSFER_TOPIC, topicOf(OURS)] }
  const logs = [log(20, 1), log(20, 2, odd), log(20, 4, unsigned), log(21, 3, short)]
  expect(read(logs, [OURS, STRANGER])).toEqual([
    [
      { index: 1, from: null, to: null },
      { index: 2, from: null, to: null },
      { index: 4, from: null, to: null },
    ],
    [{ index: 3, from: null, to: null }],
  ])
  expect(read(logs, [STRANGER])).toEqual([
    [
      { index: 1, from: null, to: OURS },
      { index: 2, from: OURS, to: null },
      { index: 4, from: null, to: OURS },
    ],
    [{ index: 3, from: OURS, to: null }],
  ])
})

describe('an answer is refused for', () => {
  test.each<[string, unknown, string]>([
    ['a log of another range', [log(22, 0)], 'malformed'],
    ['a log below the range', [log(19, 0)], 'malformed'],
    ['a log of another branch', [log(20, 0, { blockHash: hashOf('b21') })], 'inconsistent'],
    ['a removed log', [log(20, 0, { removed: true })], 'inconsistent'],
    ['a log of another contract', [log(20, 0, { address: addressOf('c1') })], 'malformed'],
    ['another event', [log(20, 0, { topics: [hashOf('70')] })], 'malformed'],
    ['a log without topics', [log(20, 0, { topics: [] })], 'malformed'],
    ['a log that is no object', ['0x'], 'malformed'],
    ['an index that is no quantity', [log(20, 0, { logIndex: null })], 'malformed'],
    ['an object in place of the list', {}, 'malformed'],
  ])('%s', (_, answer, kind) => {
    expect(() => read(answer)).toThrow(expect.objectContaining({ kind }))
  })
})
