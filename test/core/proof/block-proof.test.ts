import { describe, expect, test } from 'vitest'
import { setAllProofs } from '../../../src/core/chain/chain-settings.ts'
import {
  type BlockProof,
  createProof,
  judgeProof,
  type ProofWeight,
} from '../../../src/core/proof/block-proof.ts'

const ALL: BlockProof = {
  headerHash: 'match',
  transactionsRoot: 'match',
  receiptsRoot: 'match',
  bloom: 'match',
}
const WEIGHT: ProofWeight = {
  native: true,
  hasValue: true,
  isBloomSaturated: false,
  hasUnprovenContent: false,
}
const tokensOnly = { native: false, hasValue: false }
const noReceipts = { receiptsRoot: 'off' } as const

describe('the level of a block', () => {
  // biome-ignore format: a table reads better in rows
  test.each<[string, Partial<BlockProof>, Partial<ProofWeight>, number]>([
    ['all match', {}, {}, 2],
    ['all match, saturated bloom', {}, { isBloomSaturated: true }, 2],
    ['header not recomputed', { headerHash: 'unprovable' }, {}, 0],
    ['header off', { headerHash: 'off' }, {}, 0],
    ['header of another hash', { headerHash: 'mismatch' }, {}, 0],
    ['transactions unprovable', { transactionsRoot: 'unprovable' }, {}, 0],
    ['transactions of another root', { transactionsRoot: 'mismatch' }, {}, 0],
    ['transactions off, tokens alone', { transactionsRoot: 'off' }, tokensOnly, 2],
    ['receipts of another root, bloom equal', { receiptsRoot: 'mismatch' }, {}, 0],
    ['bloom alone, value moves', noReceipts, {}, 0],
    ['bloom alone, no value moves', noReceipts, { hasValue: false }, 2],
    ['bloom alone, tokens alone', { ...noReceipts, transactionsRoot: 'off' }, tokensOnly, 2],
    ['saturated bloom alone', noReceipts, { hasValue: false, isBloomSaturated: true }, 1],
    ['neither receipts nor bloom', { ...noReceipts, bloom: 'off' }, tokensOnly, 0],
    ['receipts match, bloom does not', { bloom: 'mismatch' }, {}, 0],
    ['receipts of another root, bloom equal, tokens alone', { receiptsRoot: 'mismatch' }, tokensOnly, 0],
    ['content outside the roots', {}, { hasUnprovenContent: true }, 0],
  ])('%s', (_, proof, weight, level) => {
    expect(judgeProof({ ...ALL, ...proof }, { ...WEIGHT, ...weight })).toBe(level)
  })
})

test('a proof that is not made is not passed', () => {
  expect(createProof({ ...setAllProofs('on'), bloom: 'off', receiptsRoot: 'observe' })).toEqual({
    headerHash: 'unprovable',
    transactionsRoot: 'unprovable',
    receiptsRoot: 'unprovable',
    bloom: 'off',
  })
})
