/** A refund and its chain, drawn: blocks as hashes, a transfer in one of them. */
import { describe, expect, test } from 'vitest'
import { createLocalChain, type LocalChain } from '../../../src/core/chain/local-chain.ts'
import type { Transfer } from '../../../src/core/chain/transfer.ts'
import { followRefund, matchRefunds, sendBy } from '../../../src/core/refund/follow-refund.ts'
import type { Refund } from '../../../src/core/refund/refund.ts'
import {
  SAMPLE_CHAIN_ID,
  SAMPLE_COIN,
  SAMPLE_TOKEN,
  sampleAddress,
  sampleBlock,
  sampleBlocks,
  sampleHash,
  sampleRefund,
} from '../../support/fixtures.ts'

const chainTo = (number: number, branch = 'a'): LocalChain =>
  createLocalChain(SAMPLE_CHAIN_ID, sampleBlocks(1, number, branch))
const NONE = new Set<never>()

const transfer = (number: number, overrides: Partial<Transfer> = {}): Transfer => ({
  chainId: SAMPLE_CHAIN_ID,
  block: sampleBlock(number),
  place: 'log:1',
  kind: 'erc20',
  assetId: SAMPLE_TOKEN.id,
  from: sampleAddress(7),
  to: sampleAddress(51),
  amountUnits: 1_000_000n,
  txHash: sampleHash(900 + number),
  logIndex: 1,
  ...overrides,
})

const isOwn = ({ from }: Transfer) => from === sampleAddress(7)
const match = (refunds: Refund[], transfers: Transfer[], disconnected: ReadonlySet<any> = NONE) =>
  [...matchRefunds(refunds, transfers, { isOwn, disconnected })].map(([id, { block, place }]) => [
    ...[id, block.number, place],
  ])

describe('which transfer pays which refund', () => {
  const refund = sampleRefund(1)

  test('asset, destination, exact amount, of ours, after it was asked for', () => {
    expect(match([refund], [transfer(11)])).toEqual([['ref_1', 11, 'log:1']])
  })

  // biome-ignore format: a table reads better in rows
  test.each<[string, Partial<Transfer>, number]>([
    ['another asset', { assetId: SAMPLE_COIN.id }, 11],
    ['another destination', { to: sampleAddress(52) }, 11],
    ['a unit less', { amountUnits: 999_999n }, 11],
    ['a unit more', { amountUnits: 1_000_001n }, 11],
    ['a stranger', { from: sampleAddress(8) }, 11],
    ['nobody known', { from: null }, 11],
    ['a block that was there before', {}, 10],
  ])('not %s', (_what, overrides, number) => {
    expect(match([refund], [transfer(number, overrides)])).toEqual([])
  })

  test('a named transaction, whoever sent it and whenever', () => {
    const named = sampleRefund(1, { status: 'sent', txHash: sampleHash(905) })
    const byStranger = transfer(5, { from: sampleAddress(8) })
    expect(match([named], [byStranger])).toEqual([['ref_1', 5, 'log:1']])
    const elsewhere = { ...byStranger, to: sampleAddress(52) }
    expect(match([named], [elsewhere])).toEqual([])
  })

  test('one transfer pays one, in order; one is paid once', () => {
    const twin = sampleRefund(2, { destination: refund.destination })
    const second = transfer(11, { place: 'log:2' })
    expect(match([refund, twin], [transfer(11)])).toEqual([['ref_1', 11, 'log:1']])
    expect(match([refund, twin], [transfer(11), second])).toEqual([
      ['ref_1', 11, 'log:1'],
      ['ref_2', 11, 'log:2'],
    ])
    expect(match([refund], [transfer(11), second])).toEqual([['ref_1', 11, 'log:1']])
  })

  test('what is paid already is not paid by the same transfer again', () => {
    const paid = sendBy(refund, transfer(11))
    const twin = sampleRefund(2, { destination: refund.destination })
    expect(match([paid, twin], [transfer(11)])).toEqual([])
  })

  test('a confirmed one is paid anew where its block leaves, and only there', () => {
    const confirmed: Refund = { ...sendBy(refund, transfer(11)), status: 'confirmed' }
    const other = transfer(12, { txHash: sampleHash(777) })
    expect(match([confirmed], [other], new Set([sampleHash(11)]))).toEqual([['ref_1', 12, 'log:1']])
    expect(match([confirmed], [other])).toEqual([])
  })

  test('a transfer that is named elsewhere is left to whom it names, in whatever order they come', () => {
    const confirmed: Refund = { ...sendBy(refund, transfer(11)), status: 'confirmed' }
    const canceled = sampleRefund(2, { destination: refund.destination, status: 'canceled' })
    const other = transfer(12, { txHash: sampleHash(777), place: 'log:0' })
    const again = { ...transfer(12), txHash: confirmed.txHash }
    const left = new Set([sampleHash(11)])
    expect(match([confirmed, canceled], [other, again], left)).toEqual([
      ['ref_2', 12, 'log:0'],
      ['ref_1', 12, 'log:1'],
    ])
    expect(match([confirmed], [other, again], left)).toEqual([['ref_1', 12, 'log:1']])
  })

  test('who waits goes before who was given up', () => {
    const canceled = sampleRefund(1, { status: 'canceled' })
    const waiting = sampleRefund(2, { destination: canceled.destination })
    expect(match([canceled, waiting], [transfer(11)])).toEqual([['ref_2', 11, 'log:1']])
    expect(match([canceled], [transfer(11)])).toEqual([['ref_1', 11, 'log:1']])
  })
})

describe('a refund follows its chain', () => {
  const refund = sampleRefund(1)
  const follow = (from: Refund, chain: LocalChain, paid: Transfer | null, left: number[] = []) =>
    followRefund(from, {
      chain,
      disconnected: new Set(left.map((n) => sampleHash(n))),
      paid: new Map(paid === null ? [] : [[from.id, paid]]),
    })
  const statesOf = (states: readonly Refund[]) =>
    states.map(({ status, outgoing }) => [status, outgoing?.blockNumber ?? null])

  test('nothing for it: no state', () => {
    expect(follow(refund, chainTo(30), null)).toEqual([])
  })

  test('paid in the tip: sent; four blocks above: still; five confirmations: confirmed', () => {
    const [sent] = follow(refund, chainTo(11), transfer(11))
    expect(statesOf([sent!])).toEqual([['sent', 11]])
    expect(sent!.txHash).toBe(sampleHash(911))
    expect(follow(sent!, chainTo(14), null)).toEqual([])
    expect(statesOf(follow(sent!, chainTo(15), null))).toEqual([['confirmed', 11]])
  })

  test('found deep in a step that catches up: sent, then confirmed', () => {
    expect(statesOf(follow(refund, chainTo(30), transfer(11)))).toEqual([
      ['sent', 11],
      ['confirmed', 11],
    ])
  })

  test('its block leaves: sent without a block, never requested; the hash stays', () => {
    const confirmed: Refund = { ...sendBy(refund, transfer(11)), status: 'confirmed' }
    const [back, ...more] = follow(confirmed, chainTo(12, 'b'), null, [11, 12])
    expect([statesOf([back!]), more]).toEqual([[['sent', null]], []])
    expect(back!.txHash).toBe(sampleHash(911))
    expect(follow(confirmed, chainTo(12, 'b'), null, [12])).toEqual([])
  })

  test('the same step mines it again: one state, in the new block', () => {
    const confirmed: Refund = { ...sendBy(refund, transfer(11)), status: 'confirmed' }
    const again = { ...transfer(12), block: sampleBlock(12, 'b') }
    expect(statesOf(follow(confirmed, chainTo(12, 'b'), again, [11]))).toEqual([['sent', 12]])
  })
})
