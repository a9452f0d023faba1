import { describe, expect, test } from 'vitest'
import { setAllProofs } from '../../../src/core/chain/chain-settings.ts'
import {
  addressOf,
  createGoodBlock,
  EMPTY_ROOT,
  hashOf,
  logAt,
  type NodeBlockJson,
  REF,
  TRANSACTION_HASHES,
} from './node-block.ts'
import { createTerms, readAnswers } from './read-answers.ts'
import { faultOf } from './support.ts'

const TERMS = createTerms([addressOf('c0')], { proofs: setAllProofs('off') })
const verify = (answers: NodeBlockJson) => readAnswers(REF, answers, TERMS).block

describe('parts that belong together', () => {
  test('become a block with exactly what the core knows', () => {
    const verified = verify(createGoodBlock())
    expect(verified.ref).toEqual(REF)
    expect(verified.transactions).toEqual([
      {
        hash: TRANSACTION_HASHES[0],
        index: 0,
        from: addressOf('f0'),
        to: addressOf('70'),
        valueUnits: 0n,
        succeeded: true,
      },
      {
        hash: TRANSACTION_HASHES[1],
        index: 1,
        from: addressOf('f0'),
        to: addressOf('71'),
        valueUnits: 10n ** 18n,
        succeeded: false,
      },
      {
        hash: TRANSACTION_HASHES[2],
        index: 2,
        from: addressOf('f0'),
        to: null,
        valueUnits: 0n,
        succeeded: true,
      },
    ])
    expect(verified.logs.map(({ index }) => index)).toEqual([0, 1, 2])
    expect(verified.logs[2]).toEqual({
      index: 2,
      transactionIndex: 2,
      transactionHash: TRANSACTION_HASHES[2],
      address: addressOf('c0'),
      topics: [hashOf('70'), hashOf('71')],
      data: hashOf('64'),
    })
  })

  test.each([
    ['the empty root', EMPTY_ROOT],
    ['no root at all', hashOf('0')],
  ])('an empty block whose header has %s', (_, transactionsRoot) => {
    const { block } = createGoodBlock()
    const empty = { block: { ...block, transactions: [], transactionsRoot }, receipts: [] }
    expect(verify(empty)).toEqual({ ref: REF, proofLevel: 0, transactions: [], logs: [] })
  })
})

const OTHER_BLOCK = { blockHash: hashOf('bad') }
const OTHER_NUMBER = { blockNumber: '0x1235' }

describe('one thing out of place refuses the block', () => {
  test.each<[string, (good: NodeBlockJson) => void]>([
    ['number', ({ block }) => Object.assign(block, { number: '0x1235' })],
    ['hash', ({ block }) => Object.assign(block, { hash: hashOf('bad') })],
    ['parent', ({ block }) => Object.assign(block, { parentHash: hashOf('bad') })],
    ['timestamp', ({ block }) => Object.assign(block, { timestamp: '0x1' })],
    [
      'no transactions under a root that has some',
      (good) => {
        good.block.transactions = []
        good.receipts = []
      },
    ],
    ['no receipts', (good) => void good.receipts.splice(0)],
    ['a receipt too few', (good) => void good.receipts.pop()],
    ['a receipt too many', (good) => void good.receipts.push(good.receipts[1]!)],
    ['receipts in another order', (good) => void good.receipts.reverse()],
    ['a transaction left out', (good) => void good.block.transactions.shift()],
    [
      'a transaction and its receipt left out',
      (good) => {
        good.block.transactions.shift()
        good.receipts.shift()
      },
    ],
    ['block of a transaction', (good) => Object.assign(good.block.transactions[1]!, OTHER_BLOCK)],
    ['height of a transaction', (good) => Object.assign(good.block.transactions[1]!, OTHER_NUMBER)],
    [
      'index of a transaction',
      (good) => Object.assign(good.block.transactions[1]!, { transactionIndex: '0x2' }),
    ],
    [
      'one transaction twice',
      (good) => {
        good.block.transactions[2]!.hash = TRANSACTION_HASHES[1]
        Object.assign(good.receipts[2]!, { transactionHash: TRANSACTION_HASHES[1], logs: [] })
      },
    ],
    ['block of a receipt', (good) => Object.assign(good.receipts[1]!, OTHER_BLOCK)],
    ['height of a receipt', (good) => Object.assign(good.receipts[1]!, OTHER_NUMBER)],
    [
      'transaction of a receipt',
      (good) => Object.assign(good.receipts[1]!, { transactionHash: hashOf('bad') }),
    ],
    ['index of a receipt', (good) => Object.assign(good.receipts[1]!, { transactionIndex: '0x0' })],
    ['logs of a failed transaction', (good) => Object.assign(good.receipts[0]!, { status: '0x0' })],
    ['block of a log', (good) => Object.assign(logAt(good, 0, 1), OTHER_BLOCK)],
    ['height of a log', (good) => Object.assign(logAt(good, 0, 1), OTHER_NUMBER)],
    [
      'transaction of a log',
      (good) => Object.assign(logAt(good, 0, 1), { transactionHash: TRANSACTION_HASHES[2] }),
    ],
    [
      'transaction index of a log',
      (good) => Object.assign(logAt(good, 0, 1), { transactionIndex: '0x2' }),
    ],
    ['a gap in the logs', (good) => Object.assign(logAt(good, 2, 0), { logIndex: '0x3' })],
    ['a log index twice', (good) => Object.assign(logAt(good, 0, 1), { logIndex: '0x0' })],
    ['a log left out', (good) => void (good.receipts[0]!.logs as unknown[]).shift()],
    ['logs in another order', (good) => void (good.receipts[0]!.logs as unknown[]).reverse()],
    ['a removed log', (good) => Object.assign(logAt(good, 0, 1), { removed: true })],
  ])('%s', (_, spoil) => {
    const bad = createGoodBlock()
    spoil(bad)
    const fault = faultOf(() => verify(bad))
    expect(fault?.kind).toBe('inconsistent')
    expect(fault?.message).toContain(REF.hash)
  })
})
