import { beforeEach, describe, expect, test } from 'vitest'
import { createProofDoubt, type ProofDoubt } from '../../../src/adapters/evm-rpc/doubt-proofs.ts'
import { createNode, type EvmNode } from '../../../src/adapters/evm-rpc/node.ts'
import { recordFault, STANDARD_RULES } from '../../../src/adapters/evm-rpc/node-record.ts'
import type { ProofLevel } from '../../../src/core/chain/block.ts'
import { hashOf, REF } from './node-block.ts'
import { createManualClock, silentLogger } from './support.ts'

const GONE_MS = 300_000
const PROOFS = {
  headerHash: 'on',
  transactionsRoot: 'observe',
  receiptsRoot: 'on',
  bloom: 'off',
} as const

let clock: ReturnType<typeof createManualClock>
let nodes: EvmNode[]
let doubt: ProofDoubt
let told: string[]

beforeEach(() => {
  clock = createManualClock()
  told = []
  nodes = ['http://a.test', 'http://b.test'].map((url) =>
    createNode({ url, clock, timeoutMs: 1_000 }),
  )
  doubt = createProofDoubt({
    chainId: 1,
    nodes,
    proofs: PROOFS,
    goneMs: GONE_MS,
    clock,
    logger: { ...silentLogger, error: (_, text) => void told.push(text) },
    metrics: { count: (name) => void told.push(name) },
  })
})

const fail = (...which: number[]) => {
  for (const i of which) doubt.noteDisproven(nodes[i]!, REF.hash)
  return doubt.lowerIfAllFail(REF.hash)
}
const accept = (proofLevel: ProofLevel) =>
  doubt.noteBlock({ ref: REF, proofLevel, transactions: [], logs: [] })

describe('doubt', () => {
  test('one node that fails is one node that fails, however often', () => {
    for (let i = 0; i < 10; i++) expect(fail(0)).toBe(false)
    expect(doubt.proofs()).toBe(PROOFS)
  })

  test('all of them, three times at one block: proofs only observe, with an alarm', () => {
    expect([fail(0, 1), fail(0, 1), doubt.isLowered(), fail(0, 1)]).toEqual([
      false,
      false,
      false,
      true,
    ])
    expect(doubt.isLowered()).toBe(true)
    expect(doubt.proofs()).toEqual({
      headerHash: 'observe',
      transactionsRoot: 'observe',
      receiptsRoot: 'observe',
      bloom: 'off',
    })
    expect(told).toEqual(['proof_downgrades_total', 'ALARM: proofs only observe now'])
  })

  test('another block, or one that was served after all, begins anew', () => {
    fail(0, 1)
    fail(0, 1)
    for (const node of nodes) doubt.noteDisproven(node, hashOf('2'))
    expect(doubt.lowerIfAllFail(hashOf('2'))).toBe(false)
    accept(2)
    expect(fail(0, 1)).toBe(false)
  })

  test('a node that has been gone for long has no say, one that is gone for now has', () => {
    nodes.push(createNode({ url: 'http://c.test', clock, timeoutMs: 1_000 }))
    recordFault(nodes[1]!.record, 'unreachable', clock.monotonicMs(), STANDARD_RULES)
    clock.advance(GONE_MS - 1)
    const all = () => [fail(0, 2), fail(0, 2), fail(0, 2)]
    expect(all()).toEqual([false, false, false])
    clock.advance(1)
    expect(all()).toEqual([false, false, true])
  })

  test('ends with the first block that proves, not with one that does not', () => {
    for (let i = 0; i < 3; i++) fail(0, 1)
    for (const level of [0, 1] as const) {
      accept(level)
      expect(doubt.isLowered()).toBe(true)
    }
    accept(2)
    expect([doubt.isLowered(), doubt.proofs()]).toEqual([false, PROOFS])
  })
})
