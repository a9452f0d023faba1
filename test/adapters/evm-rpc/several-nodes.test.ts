/** A chain behind two nodes: whose head is followed, who serves, and what is said of them. */
import { beforeEach, describe, expect, test } from 'vitest'
import type { FaultProxy } from '../../support/fault-proxy.ts'
import { createGoodBlock, createHeader, hashOf, REF } from './node-block.ts'
import { FAILURES, GENESIS, RECEIPTS, showHead, useScriptedChain } from './scripted-chain.ts'
import { catchFault, never } from './support.ts'

const BLOCK = 'eth_getBlockByHash'
const HEADER = 'eth_getBlockByNumber'
/** As in node-pool.ts: how long a node is not followed that showed a head and no block. */
const MISTRUST_MS = 15_000
/** As in follow-head.ts. */
const HEADLESS_POLLS_MAX = 3
/** As in evm-chain-source.ts, and in chain-settings.ts at 12 s a block. */
const OVERTAKEN_MS = 2_000
const STALE_AGE_S = 240
/** The longest that a node is left alone after it did not answer. */
const OPEN_MAX_MS = 60_000

const chain = useScriptedChain()
const getHead = () => chain.source.getHead(never())
const urls = () => [chain.proxy.url, chain.second.url]

beforeEach(() => {
  chain.source = chain.connect(urls())
})

/** Polls until a node that does not answer is no longer waited for. */
async function pollUntilAlone() {
  for (let poll = 0; poll < HEADLESS_POLLS_MAX; poll++) await getHead()
}

/** Reads a block; which of the nodes was asked for it. */
async function readerOfBlock(): Promise<string> {
  const before = [chain.proxy, chain.second].map((node) => node.countCalls(BLOCK))
  await chain.expectGoodBlock()
  const after = [chain.proxy, chain.second].map((node) => node.countCalls(BLOCK))
  const names = ['first', 'second'].filter((_, i) => (after[i] as number) > (before[i] as number))
  return names.join(' and ')
}

describe('units of work', () => {
  test('the second is left alone while the first answers', async () => {
    await chain.expectGoodBlock()
    expect(await chain.source.getHeaderByNumber(REF.number, never())).toEqual(REF)
    expect(chain.second.countRequests()).toBe(0)
    expect(await getHead()).toEqual(REF)
    expect(await readerOfBlock()).toBe('first')
  })

  test.each(FAILURES)('%s: the second serves, and is kept', async (failure) => {
    chain.proxy.rules.failure = failure
    await chain.expectGoodBlock()
    chain.proxy.reset()
    await chain.expectGoodBlock()
    expect(chain.proxy.countRequests()).toBe(0)
    chain.second.rules.failure = failure
    await chain.expectGoodBlock()
    expect(chain.proxy.countRequests()).toBeGreaterThan(0)
  })

  test('a block is served wholly by one of them', async () => {
    chain.proxy.rules.failure = 'reset'
    chain.proxy.rules.failureMethods = [RECEIPTS]
    await chain.expectGoodBlock()
    expect(chain.second.countCalls(BLOCK)).toBe(1)
    expect(chain.second.countCalls(RECEIPTS)).toBe(1)
  })

  test('a node on another chain is passed over; both wrong is wrong', async () => {
    chain.proxy.rules.chainId = 1
    await chain.expectGoodBlock()
    chain.second.rules.chainId = 2
    expect((await catchFault(getHead())).kind).toBe('wrong_chain')
  })
})

describe('a node that serves heads and not what leads to them', () => {
  test.each([
    ['no block', (node: FaultProxy) => hide(node, BLOCK)],
    ['no receipts', (node: FaultProxy) => hide(node, RECEIPTS)],
    ['receipts of another block', spoilReceipts],
  ])('%s: the other one serves the block, whole', async (_, spoil) => {
    expect(await getHead()).toEqual(REF)
    spoil(chain.proxy)
    expect(await readerOfBlock()).toBe('first and second')
    expect(await getHead()).toEqual(REF)
    expect(await readerOfBlock()).toBe('second')
  })

  test('headers of a range, and one by its hash', async () => {
    await getHead()
    chain.proxy.intercept((method, [tag], result) => {
      return method === HEADER && tag !== 'latest' && tag !== '0x0' ? null : result
    })
    expect(await chain.source.getHeaders(REF.number, REF.number, never())).toEqual([REF])
    chain.source = chain.connect(urls())
    await getHead()
    chain.proxy.intercept((method, _, result) => (method === BLOCK ? null : result))
    expect(await chain.source.getHeaderByHash(REF.hash, never())).toEqual(REF)
  })

  test('a real reorg fails everywhere, and is told as it was', async () => {
    await getHead()
    for (const { rules } of [chain.proxy, chain.second]) rules.nulls = [BLOCK]
    expect((await catchFault(chain.getBlock())).kind).toBe('not_there')
    expect(await chain.source.getHeaderByHash(REF.hash, never())).toBeNull()
    for (const node of [chain.proxy, chain.second]) {
      node.reset()
      spoilReceipts(node)
    }
    expect((await catchFault(chain.getBlock())).kind).toBe('inconsistent')
  })

  test('it is not asked first for a while, and then again', async () => {
    const readFromFirst = async () => {
      chain.second.rules.failure = 'reset'
      expect(await readerOfBlock()).toBe('first and second')
      chain.second.reset()
      await getHead()
    }
    await getHead()
    chain.proxy.rules.nulls = [BLOCK]
    await chain.expectGoodBlock()
    chain.proxy.reset()
    await readFromFirst()
    expect(await readerOfBlock()).toBe('second')
    chain.clock.advance(MISTRUST_MS)
    await readFromFirst()
    expect(await readerOfBlock()).toBe('first')
  })

  test('it is followed all the same while no other one answers', async () => {
    await getHead()
    chain.proxy.rules.nulls = [BLOCK]
    await chain.expectGoodBlock()
    chain.second.rules.failure = 'reset'
    expect(await getHead()).toEqual(REF)
  })
})

describe('the head (CR-28)', () => {
  test('is the highest that both have, whichever of them lags', async () => {
    for (const lagging of [chain.second, chain.proxy]) {
      showHead(lagging, -1)
      expect((await getHead()).number).toBe(REF.number - 1)
      showHead(lagging, -30)
      expect((await getHead()).number).toBe(REF.number - 30)
      lagging.reset()
      expect(await getHead()).toEqual(REF)
    }
  })

  test('of one that stands still: the other one alone, until it goes on', async () => {
    chain.source = chain.connect(urls(), { test: true })
    expect(await getHead()).toEqual(REF)
    showHead(chain.second, 5)
    expect(await getHead()).toEqual(REF)
    chain.clock.advance(OVERTAKEN_MS)
    expect(await getHead()).toEqual(REF)
    const states = () => chain.source.describeProviders().map(({ state }) => state)
    expect(states()).toEqual(['ok', 'ok'])
    chain.clock.advance(1)
    expect((await getHead()).number).toBe(REF.number + 5)
    expect(states()).toEqual(['stale', 'ok'])
    showHead(chain.proxy, 4)
    expect((await getHead()).number).toBe(REF.number + 4)
    expect(states()).toEqual(['ok', 'ok'])
  })

  test('of one whose head is old: the other one alone, if its own is young', async () => {
    const startS = Math.floor(chain.clock.nowMs() / 1_000)
    const showYoung = (node: FaultProxy, ageS: number) =>
      node.intercept((method, [tag], result) =>
        method === HEADER && tag === 'latest'
          ? { ...createHeader(REF.number + 5), timestamp: `0x${(startS - ageS).toString(16)}` }
          : result,
      )
    // The good block is years old.
    expect(await getHead()).toEqual(REF)
    showYoung(chain.second, STALE_AGE_S + 1)
    expect(await getHead()).toEqual(REF)
    showYoung(chain.second, STALE_AGE_S)
    expect((await getHead()).number).toBe(REF.number + 5)
    expect(await readerOfBlock()).toBe('second')
  })

  test.each(['reset', 'http_500', 'hang'] as const)(
    'after %s, a fallback that lags is left once the first node is back',
    async (failure) => {
      chain.source = chain.connect(urls(), { test: true })
      await getHead()
      showHead(chain.second, -3)
      chain.proxy.rules.failure = failure
      // Before it is alone, nothing new is believed of it.
      await getHead()
      expect(await getHead()).toEqual(REF)
      expect((await getHead()).number).toBe(REF.number - 3)
      expect((await getHead()).number).toBe(REF.number - 3)
      chain.proxy.reset()
      chain.clock.advance(OPEN_MAX_MS)
      expect((await getHead()).number).toBe(REF.number - 3)
      chain.clock.advance(OVERTAKEN_MS + 1)
      expect(await getHead()).toEqual(REF)
      expect(await readerOfBlock()).toBe('first')
    },
  )

  test('of equal ones, that of the node that serves', async () => {
    await getHead()
    chain.proxy.rules.failure = 'reset'
    await pollUntilAlone()
    chain.proxy.reset()
    chain.clock.advance(OPEN_MAX_MS)
    expect(await getHead()).toEqual(REF)
    expect(await readerOfBlock()).toBe('second')
  })

  test.each(['first', 'second'])('a %s node that hangs holds nobody up', async (which) => {
    chain.source = chain.connect(urls(), { timeoutMs: 10_000, headGraceMs: 50 })
    await getHead()
    const hanging = which === 'first' ? chain.proxy : chain.second
    hanging.rules.failure = 'hang'
    const startMs = performance.now()
    for (let poll = 0; poll < 3; poll++) expect(await getHead()).toEqual(REF)
    expect(performance.now() - startMs).toBeLessThan(3_000)
    expect(await readerOfBlock()).toBe(which === 'first' ? 'second' : 'first')
  })

  test('a slow node that is the only one has the whole time', async () => {
    chain.source = chain.connect([chain.proxy.url], { timeoutMs: 5_000, headGraceMs: 10 })
    await getHead()
    chain.proxy.rules.delayMs = 150
    expect(await getHead()).toEqual(REF)
  })

  test('two slow nodes have the whole time too: only the slower one is not waited for', async () => {
    chain.source = chain.connect(urls(), { timeoutMs: 5_000, headGraceMs: 10 })
    await getHead()
    for (const { rules } of [chain.proxy, chain.second]) rules.delayMs = 150
    chain.second.rules.failure = 'hang'
    expect(await getHead()).toEqual(REF)
  })

  test('the caller gives up: its own reason', async () => {
    await getHead()
    for (const { rules } of [chain.proxy, chain.second]) rules.failure = 'hang'
    const reason = new Error('shutting down')
    const controller = new AbortController()
    const pending = chain.source.getHead(controller.signal)
    controller.abort(reason)
    await expect(pending).rejects.toBe(reason)
    await expect(chain.source.getHead(controller.signal)).rejects.toBe(reason)
  })

  test('all down: the first fault, and a wrong chain before all others', async () => {
    await getHead()
    chain.proxy.rules.failure = 'http_429'
    chain.second.rules.failure = 'reset'
    expect((await catchFault(getHead())).kind).toBe('capacity')
    chain.second.reset()
    chain.second.rules.chainId = 1
    expect((await catchFault(getHead())).kind).toBe('wrong_chain')
  })

  test.each([
    ['chain id', changeChainId],
    ['genesis', changeGenesis],
  ])('a node with another %s is never used, however high its head', async (_, change) => {
    showHead(chain.second, 100)
    change(chain.second)
    // The first head already, when the first node is asked for nothing else yet.
    for (let poll = 0; poll < 3; poll++) expect(await getHead()).toEqual(REF)
    expect(await readerOfBlock()).toBe('first')
    chain.proxy.rules.failure = 'reset'
    expect((await catchFault(chain.getBlock())).kind).toBe('wrong_chain')
    expect((await catchFault(getHead())).kind).toBe('wrong_chain')
  })
})

function hide({ rules }: FaultProxy, method: string): void {
  rules.nulls = [method]
}

function changeChainId({ rules }: FaultProxy): void {
  rules.chainId = 1
}

function spoilReceipts(node: FaultProxy): void {
  node.intercept((method, _, result) => {
    if (method !== RECEIPTS) return result
    return (result as object[]).map((receipt) => ({ ...receipt, blockHash: hashOf('bad') }))
  })
}

/** On top of the head the node shows. */
function changeGenesis(node: FaultProxy): void {
  const number = `0x${(REF.number + 100).toString(16)}`
  const head = { ...createGoodBlock().block, number, hash: hashOf('100') }
  node.intercept((method, [tag], result) => {
    if (method !== HEADER) return result
    if (tag === 'latest') return head
    return tag === '0x0' ? { ...GENESIS, hash: hashOf('bad') } : result
  })
}
