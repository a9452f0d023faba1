import { describe, expect, test } from 'vitest'
import type { BlockTransaction } from '../../../src/core/chain/block.ts'
import { type CallFrame, extractFrames, fitsBlock } from '../../../src/core/chain/call-frames.ts'
import type { Address } from '../../../src/core/money/asset.ts'

const PAYER: Address = `0x${'11'.repeat(20)}`
const WALLET: Address = `0x${'33'.repeat(20)}`
const SHOP: Address = `0x${'22'.repeat(20)}`
const TX_HASH = `0x${'0d'.repeat(32)}` as const

const BLOCK = {
  number: 7,
  hash: `0x${'0b'.repeat(32)}`,
  parentHash: `0x${'0a'.repeat(32)}`,
  timestampS: 1_700_000_000,
} as const

function frame(parts: Partial<CallFrame> = {}): CallFrame {
  return {
    type: 'CALL',
    from: WALLET,
    to: SHOP,
    valueUnits: 5n,
    failed: false,
    calls: [],
    ...parts,
  }
}

const root = (calls: CallFrame[], parts: Partial<CallFrame> = {}) =>
  frame({ from: PAYER, to: WALLET, valueUnits: 9n, calls, ...parts })

const extract = (first: CallFrame) =>
  extractFrames({ ref: BLOCK }, 31337, [{ txHash: TX_HASH, root: first }])

describe('PA-17 what calls move', () => {
  test('a call with value is an internal transfer at its place in the transaction', () => {
    const inner = frame({ to: WALLET, valueUnits: 0n, calls: [frame({ valueUnits: 1n }), frame()] })
    const [first, second] = extract(root([inner]))
    expect(first).toMatchObject({ place: 'call:0:0.0', amountUnits: 1n })
    expect(second).toEqual({
      chainId: 31337,
      block: BLOCK,
      place: 'call:0:0.1',
      kind: 'internal',
      assetId: 'eip155:31337/slip44:60',
      from: WALLET,
      to: SHOP,
      amountUnits: 5n,
      txHash: TX_HASH,
      logIndex: null,
    })
  })

  test('the first frame is the value of the transaction, which counts as such', () => {
    expect(extract(root([], { to: SHOP }))).toEqual([])
  })

  test.each(['CALL', 'CREATE', 'CREATE2', 'SELFDESTRUCT'])('%s moves value', (type) => {
    expect(extract(root([frame({ type })]))).toHaveLength(1)
  })

  test.each(['DELEGATECALL', 'STATICCALL', 'CALLCODE', 'JUMP'])('%s moves nothing', (type) => {
    expect(extract(root([frame({ type })]))).toEqual([])
  })

  test('but what a DELEGATECALL calls moves value', () => {
    const [moved] = extract(root([frame({ type: 'DELEGATECALL', calls: [frame()] })]))
    expect(moved).toMatchObject({ place: 'call:0:0.0', amountUnits: 5n })
  })

  test.each<[string, CallFrame]>([
    ['a frame that failed', root([frame({ failed: true })])],
    [
      'a frame within one that failed, however deep',
      root([frame({ failed: true, calls: [frame({ calls: [frame()] })] })]),
    ],
    ['a frame of a transaction that failed', root([frame()], { failed: true })],
    ['value zero', root([frame({ valueUnits: 0n })])],
    ['to itself', root([frame({ from: SHOP })])],
    ['to nobody', root([frame({ to: null })])],
  ])('%s is none', (_name, first) => {
    expect(extract(first)).toEqual([])
  })

  test('a frame that failed does not shift the place of the next', () => {
    expect(extract(root([frame({ failed: true }), frame()]))[0]?.place).toBe('call:0:1')
  })
})

describe('frames fit their block', () => {
  const transaction: BlockTransaction = {
    hash: TX_HASH,
    index: 0,
    from: PAYER,
    to: WALLET,
    valueUnits: 9n,
    succeeded: true,
  }
  const block = (transactions: BlockTransaction[]) =>
    ({ ref: BLOCK, proofLevel: 0, transactions, logs: [] }) as const
  const frames = [{ txHash: TX_HASH, root: root([]) }]

  test('one for each transaction, with its hash and its outcome', () => {
    expect(fitsBlock(frames, block([transaction]))).toBe(true)
    expect(fitsBlock(frames, block([]))).toBe(false)
    expect(fitsBlock([], block([transaction]))).toBe(false)
    expect(fitsBlock(frames, block([{ ...transaction, hash: BLOCK.hash }]))).toBe(false)
    expect(fitsBlock(frames, block([{ ...transaction, succeeded: false }]))).toBe(false)
  })
})
