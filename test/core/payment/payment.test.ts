import { describe, expect, test } from 'vitest'
import type { Transfer } from '../../../src/core/chain/transfer.ts'
import { observeTransfer } from '../../../src/core/payment/payment.ts'
import { presentPayment } from '../../../src/core/payment/present-payment.ts'
import { type Issue, isAfterIssue } from '../../../src/core/store-account/store-account.ts'
import { draw } from '../chain/draw-chain.ts'
import { ETH, makePayment, USDC } from '../invoice/make-invoice.ts'

const TRANSFER: Transfer = {
  chainId: 31337,
  block: {
    number: 12,
    hash: `0x${'0b'.repeat(32)}`,
    parentHash: `0x${'0a'.repeat(32)}`,
    timestampS: 1_700_000_000,
  },
  place: 'log:7',
  kind: 'erc20',
  assetId: USDC.id,
  from: `0x${'11'.repeat(20)}`,
  to: `0x${'22'.repeat(20)}`,
  amountUnits: 25_000_000n,
  txHash: `0x${'0c'.repeat(32)}`,
  logIndex: 7,
}

describe('the identity of an observation', () => {
  const idOf = (parts: Partial<Transfer>) => observeTransfer({ ...TRANSFER, ...parts }, USDC).id

  test('is its place in a block: seen twice it is one', () => {
    expect(idOf({})).toBe(idOf({}))
    expect(idOf({ amountUnits: 1n, txHash: `0x${'0d'.repeat(32)}` })).toBe(idOf({}))
  })

  test('another block, place or chain is another observation', () => {
    const mined = { ...TRANSFER.block, hash: `0x${'0e'.repeat(32)}` } as const
    const ids = [idOf({}), idOf({ block: mined }), idOf({ place: 'tx:7' }), idOf({ chainId: 1 })]
    expect(new Set(ids).size).toBe(4)
  })

  test('what was seen is taken over as it was', () => {
    expect(observeTransfer(TRANSFER, USDC)).toMatchObject({
      chainId: 31337,
      blockHash: TRANSFER.block.hash,
      blockNumber: 12,
      blockTimestampS: 1_700_000_000,
      place: 'log:7',
      kind: 'erc20',
      asset: USDC,
      from: TRANSFER.from,
      to: TRANSFER.to,
      amountUnits: 25_000_000n,
      txHash: TRANSFER.txHash,
      logIndex: 7,
    })
  })
})

describe('presentPayment', () => {
  test('shows exact amounts and checksum addresses', () => {
    expect(presentPayment(makePayment(USDC, 1_500_000n), () => 12)).toMatchObject({
      object: 'payment',
      amount: '1.5',
      amount_units: '1500000',
      to: '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed',
      confirmations: 1,
      position: 'confirmed',
      in_time: true,
      accepted: true,
    })
  })

  test('shows null where there is no log and no payer', () => {
    const payment = makePayment(ETH, 1n)
    const observation = { ...payment.observation, from: null, txHash: null }
    const shown = presentPayment({ ...payment, observation }, () => 12)
    expect([shown.from, shown.tx_hash, shown.log_index]).toEqual([null, null, null])
  })
})

describe('PA-26 money from before an address was given out', () => {
  // The address was given out when c was our tip.
  const tree = draw`
    a-b-c-d
      \-y-z
  `
  const issue: Issue = { invoiceId: 'inv_1', atMs: 0, tips: { 1: tree.block('c') } }

  test.each([
    ['abc', 'b', false, 'an ancestor of the tip'],
    ['abc', 'c', false, 'the tip itself'],
    ['abcd', 'd', true, 'above the tip'],
    ['abyz', 'y', true, 'as high as the tip, on the branch that replaced it'],
    ['abyz', 'z', true, 'above it on that branch'],
  ])('on chain %s, block %s: after the issue is %s (%s)', (chain, block, after) => {
    expect(isAfterIssue(issue, tree.chain(chain), tree.block(block).number)).toBe(after)
  })

  test('a branch that is still shorter than the one of the issue has replaced it', () => {
    const above: Issue = { ...issue, tips: { 1: tree.block('d') } }
    expect(isAfterIssue(above, tree.chain('aby'), tree.block('y').number)).toBe(true)
  })

  test('on a chain that had not been observed yet, everything is after the issue', () => {
    const unobserved: Issue = { ...issue, tips: {} }
    expect(isAfterIssue(unobserved, tree.chain('abc'), tree.block('a').number)).toBe(true)
  })

  test('a tip below everything we still hold is an ancestor', () => {
    const old: Issue = { ...issue, tips: { 1: tree.block('b') } }
    expect(isAfterIssue(old, tree.chain('cd'), tree.block('a').number)).toBe(false)
  })
})
