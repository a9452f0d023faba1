/** Nodes whose blocks their own header disproves: one, one of two, and all of them. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createEvmChainSource } from '../../../src/adapters/evm-rpc/evm-chain-source.ts'
import { setAllProofs } from '../../../src/core/chain/chain-settings.ts'
import type { Hash } from '../../../src/core/money/asset.ts'
import { sealEveryKind, TOKEN } from '../../support/sealed-blocks/every-kind.ts'
import { GENESIS, RECEIPTS } from './scripted-chain.ts'
import {
  answerByMethod,
  catchFault,
  createManualClock,
  type ManualClock,
  never,
  type ScriptedServer,
  silentLogger,
  startScriptedServer,
} from './support.ts'

/** As in doubt-proofs.ts. */
const LOWERED_MS = 600_000

const sealed = await sealEveryKind('prague')
const { block, receipts } = sealed
const REF = {
  number: Number(block.number),
  hash: sealed.hash as Hash,
  parentHash: block.parentHash as Hash,
  timestampS: Number(block.timestamp),
}
let nodes: [ScriptedServer, ScriptedServer]
let clock: ManualClock
let alarms: string[]
let counted: string[]

beforeAll(async () => {
  nodes = [await startScriptedServer(), await startScriptedServer()]
})
afterAll(() => Promise.all(nodes.map((node) => node.stop())))

beforeEach(() => {
  clock = createManualClock()
  alarms = []
  counted = []
  for (const node of nodes) tellTruth(node)
})

const serve = (node: ScriptedServer, shown: readonly object[]) => {
  node.respond = answerByMethod({
    eth_chainId: '0x7a69',
    eth_getBlockByNumber: (tag: string) => (tag === '0x0' ? GENESIS : block),
    eth_getBlockByHash: block,
    [RECEIPTS]: shown,
  })
}
const tellTruth = (node: ScriptedServer) => serve(node, receipts)
/** Leaves out the last log of the block. */
function leaveOut(node: ScriptedServer): void {
  const copy = structuredClone([...receipts])
  copy.findLast(({ logs }) => logs.length > 0)!.logs.pop()
  serve(node, copy)
}

function connect(count: 1 | 2) {
  const source = createEvmChainSource({
    chainId: 31_337,
    urls: nodes.slice(0, count).map(({ url }) => url),
    watched: { contracts: new Set([TOKEN]), native: true },
    proofs: setAllProofs('on'),
    clock,
    logger: { ...silentLogger, error: (_, message) => void alarms.push(message) },
    metrics: {
      count: (name, labels) =>
        void (name === 'block_proofs_total' && counted.push(`${labels?.proof} ${labels?.verdict}`)),
    },
  })
  return () => source.getBlock(REF, never())
}

test('an honest node: level 2, and every proof is counted', async () => {
  expect((await connect(1)()).proofLevel).toBe(2)
  expect(counted.sort()).toEqual([
    'bloom implied',
    'headerHash match',
    'receiptsRoot match',
    'transactionsRoot match',
  ])
})

test('a node alone that leaves a log out is refused, and the chain waits', async () => {
  leaveOut(nodes[0])
  const getBlock = connect(1)
  const fault = await catchFault(getBlock())
  expect(fault.kind).toBe('disproven')
  expect(fault.message).toContain('receiptsRoot')
  expect((await catchFault(getBlock())).kind).toBe('disproven')
  tellTruth(nodes[0])
  expect((await getBlock()).proofLevel).toBe(2)
  expect(counted).toContain('receiptsRoot mismatch')
})

test('one of two: the other one serves, proven', async () => {
  leaveOut(nodes[0])
  const getBlock = connect(2)
  expect(await getBlock()).toMatchObject({ proofLevel: 2, ref: REF })
  expect(alarms).toEqual(['ALARM: node quarantined'])
})

test('all of them, again and again: the check is wrong, so blocks are read without it', async () => {
  for (const node of nodes) leaveOut(node)
  const getBlock = connect(2)
  for (let tries = 1; tries < 3; tries++) {
    expect((await catchFault(getBlock())).kind).toBe('disproven')
  }
  expect((await getBlock()).proofLevel).toBe(0)
  expect((await getBlock()).proofLevel).toBe(0)
  const alarm = 'ALARM: proofs only observe now'
  expect(alarms).toEqual([alarm])
  // One that lies and is asked first is found out in the end.
  tellTruth(nodes[1])
  expect((await getBlock()).proofLevel).toBe(0)
  clock.advance(LOWERED_MS)
  expect((await getBlock()).proofLevel).toBe(2)
  expect(alarms).toEqual([alarm, 'ALARM: node quarantined'])
})

test('ends with the first block that proves', async () => {
  for (const node of nodes) leaveOut(node)
  const getBlock = connect(2)
  for (let tries = 1; tries < 3; tries++) await catchFault(getBlock())
  expect((await getBlock()).proofLevel).toBe(0)
  for (const node of nodes) tellTruth(node)
  expect((await getBlock()).proofLevel).toBe(2)
  leaveOut(nodes[0])
  expect((await getBlock()).proofLevel).toBe(2)
  expect(alarms).toEqual(['ALARM: proofs only observe now', 'ALARM: node quarantined'])
})
