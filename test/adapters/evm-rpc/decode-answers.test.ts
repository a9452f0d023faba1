import { describe, expect, test } from 'vitest'
import { decodeHeader } from '../../../src/adapters/evm-rpc/decode-answers.ts'
import { setAllProofs } from '../../../src/core/chain/chain-settings.ts'
import {
  addressOf,
  createGoodBlock,
  hashOf,
  logAt,
  type NodeBlockJson,
  REF,
  TRANSACTION_HASHES,
} from './node-block.ts'
import { createTerms, METHOD, readAnswers } from './read-answers.ts'
import { faultOf } from './support.ts'

const TERMS = createTerms([addressOf('c0')], { proofs: setAllProofs('off') })
const decode = (answers: NodeBlockJson) => readAnswers(REF, answers, TERMS).block

describe('a good answer', () => {
  test('header', () => {
    expect(decodeHeader(createGoodBlock().block, METHOD)).toEqual(REF)
  })

  test('transactions', () => {
    const { ref, transactions } = decode(createGoodBlock())
    expect(ref).toEqual(REF)
    expect(transactions[1]).toEqual({
      hash: TRANSACTION_HASHES[1],
      index: 1,
      from: addressOf('f0'),
      to: addressOf('71'),
      valueUnits: 1_000_000_000_000_000_000n,
      succeeded: false,
    })
    expect(transactions[2]!.to).toBeNull()
  })

  test('receipts and logs', () => {
    const { transactions, logs } = decode(createGoodBlock())
    expect(transactions.map(({ succeeded }) => succeeded)).toEqual([true, false, true])
    expect(logs[2]).toEqual({
      index: 2,
      transactionIndex: 2,
      transactionHash: TRANSACTION_HASHES[2],
      address: addressOf('c0'),
      topics: [hashOf('70'), hashOf('71')],
      data: hashOf('64'),
    })
  })

  test('logs of contracts that nobody watches are read and left out', () => {
    const good = createGoodBlock()
    logAt(good, 0, 0).address = addressOf('c1')
    expect(decode(good).logs.map(({ index }) => index)).toEqual([1, 2])
  })

  test('hex of any case becomes lower case', () => {
    const good = createGoodBlock()
    const upper = (text: unknown) => `0x${String(text).slice(2).toUpperCase()}`
    good.block.hash = upper(good.block.hash)
    good.block.transactions[0]!.from = upper(good.block.transactions[0]!.from)
    for (const receipt of good.receipts) receipt.blockHash = upper(receipt.blockHash)
    Object.assign(logAt(good, 0, 0), { data: '0xABCD', address: upper(addressOf('c0')) })
    const expected = createGoodBlock()
    logAt(expected, 0, 0).data = '0xabcd'
    expect(decode(good)).toEqual(decode(expected))
  })

  test.each([
    ['0x0', 0],
    ['0x9', 9],
    ['0xa', 10],
    ['0x1fffffffffffff', Number.MAX_SAFE_INTEGER],
  ])('quantity %s', (text, number) => {
    expect(decodeHeader({ ...createGoodBlock().block, number: text }, METHOD).number).toBe(number)
  })

  test('the widest value, odd logs without topics or data, and no word about removal', () => {
    const good = createGoodBlock()
    good.block.transactions[0]!.value = `0x${'f'.repeat(64)}`
    Object.assign(logAt(good, 0, 0), { topics: [], data: '0x', removed: undefined })
    const { transactions, logs } = decode(good)
    expect(transactions[0]!.valueUnits).toBe(2n ** 256n - 1n)
    expect(logs[0]).toMatchObject({ topics: [], data: '0x' })
  })
})

const NO_OBJECTS = [undefined, null, 7, 'text', []]
const NO_ARRAYS = [undefined, null, {}, '0x']
const NO_QUANTITIES = [
  undefined,
  null,
  5,
  '',
  '5',
  '0x',
  '0x00',
  '0x01',
  '0X1',
  '0xA',
  '0xg',
  '0x1 ',
  '-0x1',
  '0x20000000000000',
  `0x${'f'.repeat(15)}`,
]
const NO_VALUES = [undefined, null, 5, '0x', '0x01', '0xg', `0x1${'0'.repeat(64)}`]
const NO_HASHES = [
  undefined,
  null,
  7,
  '0x',
  hashOf('1').slice(2),
  `${hashOf('1')}0`,
  hashOf('1').slice(0, -1),
  hashOf('g'),
]
const NO_ADDRESSES = [undefined, 7, '', '0x', addressOf('1').slice(0, -1), `${addressOf('1')}00`]
const NO_BYTES = [undefined, null, 7, '', '0', '0x1', '0xgg', 'ab', '0xab\n']

type Pick = (good: NodeBlockJson) => Record<string, unknown>
const onBlock: Pick = ({ block }) => block
const onTransaction: Pick = ({ block }) => block.transactions[1]!
const onReceipt: Pick = ({ receipts }) => receipts[0]!
const onLog: Pick = (good) => logAt(good, 0, 1)

describe('a bad answer is refused by method and field', () => {
  test.each<[string, Pick, string, unknown[]]>([
    ['block', onBlock, 'number', NO_QUANTITIES],
    ['block', onBlock, 'hash', NO_HASHES],
    ['block', onBlock, 'parentHash', NO_HASHES],
    ['block', onBlock, 'timestamp', NO_QUANTITIES],
    ['block', onBlock, 'transactionsRoot', NO_HASHES],
    ['block', onBlock, 'transactions', NO_ARRAYS],
    ['transaction', onTransaction, 'hash', NO_HASHES],
    ['transaction', onTransaction, 'transactionIndex', NO_QUANTITIES],
    ['transaction', onTransaction, 'from', [...NO_ADDRESSES, null]],
    ['transaction', onTransaction, 'to', NO_ADDRESSES],
    ['transaction', onTransaction, 'value', NO_VALUES],
    ['transaction', onTransaction, 'blockNumber', NO_QUANTITIES],
    ['transaction', onTransaction, 'blockHash', NO_HASHES],
    ['receipt', onReceipt, 'transactionHash', NO_HASHES],
    ['receipt', onReceipt, 'transactionIndex', NO_QUANTITIES],
    ['receipt', onReceipt, 'blockNumber', NO_QUANTITIES],
    ['receipt', onReceipt, 'blockHash', NO_HASHES],
    ['receipt', onReceipt, 'status', [undefined, null, 1, true, '0x', '0x2', '0x01']],
    ['receipt', onReceipt, 'logs', NO_ARRAYS],
    ['log', onLog, 'logIndex', NO_QUANTITIES],
    ['log', onLog, 'transactionIndex', NO_QUANTITIES],
    ['log', onLog, 'transactionHash', NO_HASHES],
    ['log', onLog, 'blockNumber', NO_QUANTITIES],
    ['log', onLog, 'blockHash', NO_HASHES],
    ['log', onLog, 'address', [...NO_ADDRESSES, null]],
    ['log', onLog, 'topics', [...NO_ARRAYS, ['0x1'], [null], Array(5).fill(hashOf('1'))]],
    ['log', onLog, 'data', NO_BYTES],
    ['log', onLog, 'removed', [null, 0, 'true']],
  ])('%s: %s %s', (_, pick, field, values) => {
    for (const value of values) {
      const bad = createGoodBlock()
      pick(bad)[field] = value
      const fault = faultOf(() => decode(bad))
      expect(fault?.kind, JSON.stringify(value)).toBe('malformed')
      expect(fault?.message).toContain(METHOD)
      expect(fault?.message).toContain(field)
    }
  })

  test.each(NO_OBJECTS)('no object: %j', (value) => {
    expect(faultOf(() => decodeHeader(value, METHOD))?.kind).toBe('malformed')
    const good = createGoodBlock()
    good.receipts[0] = value as never
    expect(faultOf(() => decode(good))?.kind).toBe('malformed')
  })

  test('transactions given as hashes only', () => {
    const bad = createGoodBlock()
    bad.block.transactions = TRANSACTION_HASHES as never
    expect(faultOf(() => decode(bad))?.kind).toBe('malformed')
  })
})
