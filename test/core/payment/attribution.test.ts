import { describe, expect, test } from 'vitest'
import type { CallFrame } from '../../../src/core/chain/call-frames.ts'
import type { Address, Hash } from '../../../src/core/money/asset.ts'
import {
  explainByCalls,
  isMadeBy,
  isUnattributed,
  payerOf,
  transactionOf,
} from '../../../src/core/payment/attribution.ts'
import { observationId, type Payment } from '../../../src/core/payment/payment.ts'
import { presentPayment } from '../../../src/core/payment/present-payment.ts'
import {
  SAMPLE_CHAIN_ID,
  SAMPLE_COIN,
  sampleAddress,
  sampleAttribution,
  sampleBlock,
  sampleHash,
  sampleObservation,
  samplePayment,
} from '../../support/fixtures.ts'

const BLOCK = sampleBlock(10)
const SHOP = sampleAddress(1)
const WALLET = sampleAddress(2)
const PAYER = sampleAddress(3)

/** A payment to the shop, in the sample coin, at a place of the block. */
function paid(place: string, amountUnits: bigint, txHash: Hash | null = null): Payment {
  const id = observationId({ chainId: SAMPLE_CHAIN_ID, blockHash: BLOCK.hash, place })
  const facts = { id, place, kind: 'internal', asset: SAMPLE_COIN, to: SHOP, amountUnits } as const
  return samplePayment(
    sampleObservation(1, BLOCK, { ...facts, from: null, txHash, logIndex: null }),
  )
}

function frame(valueUnits: bigint, parts: Partial<CallFrame> = {}): CallFrame {
  return { type: 'CALL', from: WALLET, to: SHOP, valueUnits, failed: false, calls: [], ...parts }
}

/** Transactions of the block, each a call of the wallet with these calls below. */
const framesOf = (...transactions: CallFrame[][]) =>
  transactions.map((calls, index) => ({
    txHash: sampleHash(index, 'c'),
    root: frame(0n, { from: PAYER, to: WALLET, calls }),
  }))

function explain(units: bigint, transactions: CallFrame[][], others: Payment[] = []) {
  const payment = paid(`balance:${SHOP}`, units)
  const calls = explainByCalls(payment, [payment, ...others], BLOCK, framesOf(...transactions))
  return calls?.map(({ place, amountUnits }) => `${place} ${amountUnits}`) ?? null
}

describe('which calls made what a balance told of', () => {
  test.each<[string, bigint, CallFrame[][], string[] | null]>([
    ['one call of the exact amount', 5n, [[frame(5n)]], ['call:0:0 5']],
    [
      'several calls of one transaction',
      5n,
      [[frame(2n), frame(3n)]],
      ['call:0:0 2', 'call:0:1 3'],
    ],
    [
      'calls of several transactions',
      5n,
      [[frame(2n)], [frame(9n, { to: PAYER }), frame(3n)]],
      ['call:0:0 2', 'call:1:1 3'],
    ],
    ['SELFDESTRUCT', 5n, [[frame(5n, { type: 'SELFDESTRUCT' })]], ['call:0:0 5']],
    ['one unit too little', 5n, [[frame(4n)]], null],
    ['one unit too much', 5n, [[frame(6n)]], null],
    ['exact, and another call beside it', 5n, [[frame(5n)], [frame(1n)]], null],
    ['nothing at all', 5n, [[]], null],
    ['a call that failed', 5n, [[frame(5n, { failed: true })]], null],
    ['a call to somebody else', 5n, [[frame(5n, { to: PAYER })]], null],
    ['value that a DELEGATECALL repeats', 5n, [[frame(5n, { type: 'DELEGATECALL' })]], null],
    [
      'calls took from the address too (EIP-7702)',
      5n,
      [[frame(7n), frame(2n, { from: SHOP, to: WALLET })]],
      null,
    ],
    [
      'calls took from it, and what came is exact all the same',
      5n,
      [[frame(5n), frame(2n, { from: SHOP, to: WALLET })]],
      null,
    ],
  ])('%s', (_, units, transactions, expected) => {
    expect(explain(units, transactions)).toEqual(expected)
  })

  test('calls that are payments of their own are left to these', () => {
    const other = paid('call:0:0', 2n, sampleHash(0, 'c'))
    expect(explain(3n, [[frame(2n), frame(3n)]], [other])).toEqual(['call:0:1 3'])
    expect(explain(5n, [[frame(2n), frame(3n)]], [other])).toBeNull()
    expect(explain(5n, [[frame(5n)]], [paid('tx:1', 5n, sampleHash(1, 'c'))])).toEqual([
      'call:0:0 5',
    ])
  })

  test.each(['log:4', `net:0:${SHOP}`])('beside a payment at %s nobody can say', (place) => {
    expect(explain(5n, [[frame(5n)]], [paid(place, 5n, sampleHash(0, 'c'))])).toBeNull()
  })

  test('payments to others, and in other assets, do not matter', () => {
    const other = paid('log:4', 5n, sampleHash(0, 'c'))
    const toOther = { ...other, observation: { ...other.observation, to: PAYER } }
    const token = { ...SAMPLE_COIN, id: `eip155:${SAMPLE_CHAIN_ID}/erc20:${WALLET}` as const }
    const inToken = { ...other, observation: { ...other.observation, asset: token } }
    expect(explain(5n, [[frame(5n)]], [toOther, inToken])).toEqual(['call:0:0 5'])
  })
})

describe('what is told of it', () => {
  const bare = paid(`balance:${SHOP}`, 5n)
  const learned = (txHash: Hash, from: Address, amountUnits: bigint) => ({
    ...sampleAttribution(bare),
    txHash,
    from,
    amountUnits,
  })
  const [T1, T2] = [sampleHash(1, 'c'), sampleHash(2, 'c')]
  const present = (payment: Payment) => presentPayment(payment, () => 12)

  test('nothing while nothing is known', () => {
    expect(isUnattributed(bare)).toBe(true)
    expect(isMadeBy(bare, T1)).toBe(false)
    expect(present(bare)).toMatchObject({ tx_hash: null, from: null })
    expect(present(bare)).not.toHaveProperty('attributions')
  })

  test('transaction and payer, where one of each made it; key and amount stay', () => {
    const payment = { ...bare, attributions: [learned(T1, WALLET, 2n), learned(T1, WALLET, 3n)] }
    expect(isUnattributed(payment)).toBe(false)
    expect([transactionOf(payment), payerOf(payment)]).toEqual([T1, WALLET])
    const { attributions, ...told } = present(payment)
    const before = present(bare)
    expect(told).toEqual({ ...before, tx_hash: T1, from: told.from })
    expect(told.from?.toLowerCase()).toBe(WALLET)
    expect(attributions).toMatchObject([{ tx_hash: T1, amount_units: '2' }, { amount_units: '3' }])
  })

  test('several transactions or payers: each in the list, none in their place', () => {
    const payment = { ...bare, attributions: [learned(T1, WALLET, 2n), learned(T2, PAYER, 3n)] }
    expect([transactionOf(payment), payerOf(payment)]).toEqual([null, null])
    expect([isMadeBy(payment, T1), isMadeBy(payment, T2)]).toEqual([true, true])
    expect(present(payment).attributions?.map(({ tx_hash }) => tx_hash)).toEqual([T1, T2])
    const oneSender = { ...bare, attributions: [learned(T1, WALLET, 2n), learned(T2, WALLET, 3n)] }
    expect([transactionOf(oneSender), payerOf(oneSender)]).toEqual([null, WALLET])
  })
})
