import { describe, expect, test } from 'vitest'
import { addressOf, createGoodBlock, hashOf, REF } from './node-block.ts'
import { FAILURES, GENESIS, RECEIPTS, useScriptedChain } from './scripted-chain.ts'
import { catchFault, never } from './support.ts'

const chain = useScriptedChain()
const getHead = () => chain.source.getHead(never())

describe('headers', () => {
  test('another block than the one asked for is refused', async () => {
    const header = { ...createGoodBlock().block }
    chain.results.eth_getBlockByNumber = (tag: string) => (tag === '0x0' ? GENESIS : header)
    chain.results.eth_getBlockByHash = header
    expect(await chain.source.getHeaderByNumber(REF.number, never())).toEqual(REF)
    expect(await chain.source.getHeaderByHash(REF.hash, never())).toEqual(REF)
    const faults = [
      await catchFault(chain.source.getHeaderByNumber(REF.number + 1, never())),
      await catchFault(chain.source.getHeaderByHash(hashOf('bad'), never())),
      await catchFault(chain.source.getHeaders(REF.number, REF.number + 1, never())),
    ]
    expect(faults.map(({ kind }) => kind)).toEqual(Array(3).fill('inconsistent'))
  })

  test('"header not found" is none', async () => {
    await getHead()
    const error = { code: -32000, message: 'header not found' }
    chain.proxy.rules.errors = { eth_getBlockByHash: error }
    expect(await chain.source.getHeaderByHash(hashOf('bad'), never())).toBeNull()
  })

  test('a range of two branches is refused', async () => {
    const header = (number: number, parent: string) => ({
      ...createGoodBlock().block,
      number: `0x${number.toString(16)}`,
      hash: hashOf(String(number)),
      parentHash: hashOf(parent),
    })
    const headers = [header(7, '6'), header(8, '7'), header(9, '8')]
    chain.results.eth_getBlockByNumber = (tag: string) =>
      tag === '0x0' ? GENESIS : headers.find(({ number }) => number === tag)
    expect(await chain.source.getHeaders(7, 9, never())).toHaveLength(3)
    headers[1]!.hash = hashOf('bad')
    expect((await catchFault(chain.source.getHeaders(7, 9, never()))).kind).toBe('inconsistent')
  })

  test('no latest block is a fault', async () => {
    chain.results.eth_getBlockByNumber = (tag: string) => (tag === '0x0' ? GENESIS : null)
    expect((await catchFault(getHead())).kind).toBe('not_there')
  })
})

describe('decimals', () => {
  const getDecimals = () => chain.source.getTokenDecimals(addressOf('c0'), never())

  test.each([
    [hashOf('0'), 0],
    [hashOf('12'), 18],
    [hashOf('ff'), 255],
    [hashOf('100'), null],
    [`0x${'f'.repeat(64)}`, null],
    ['0x', null],
    ['0x12', null],
    [`${hashOf('12')}00`, null],
  ])('%s is %s', async (word, decimals) => {
    chain.results.eth_call = word
    expect(await getDecimals()).toBe(decimals)
  })

  test('a revert is null, a node that cannot answer is a fault', async () => {
    chain.proxy.rules.errors = { eth_call: { code: 3, message: 'execution reverted' } }
    expect(await getDecimals()).toBeNull()
    chain.proxy.rules.errors = { eth_call: { code: -32000, message: 'header not found' } }
    expect((await catchFault(getDecimals())).kind).toBe('not_there')
    chain.proxy.rules.errors = {}
    chain.proxy.rules.nulls = ['eth_call']
    expect((await catchFault(getDecimals())).kind).toBe('malformed')
  })
})

describe('identity of the chain', () => {
  const everyMethod: (() => Promise<unknown>)[] = [
    getHead,
    chain.getBlock,
    () => chain.source.getHeaderByNumber(REF.number, never()),
    () => chain.source.getHeaderByHash(REF.hash, never()),
    () => chain.source.getHeaders(REF.number, REF.number, never()),
    () => chain.source.getTokenDecimals(addressOf('c0'), never()),
  ]

  test('another chain id is refused by every method, and forgiven when it is right', async () => {
    chain.proxy.rules.chainId = 1
    for (const read of everyMethod) {
      expect(await catchFault(read())).toMatchObject({
        kind: 'wrong_chain',
        message: expect.stringContaining('is on chain 1, not 31337'),
      })
    }
    chain.proxy.rules.chainId = null
    for (const read of everyMethod) expect(await read()).not.toBeNull()
  })

  test('a chain id that changes later is seen with the next head (CR-20)', async () => {
    expect(await getHead()).toEqual(REF)
    chain.proxy.rules.chainId = 1
    expect((await catchFault(getHead())).kind).toBe('wrong_chain')
    expect((await catchFault(chain.getBlock())).kind).toBe('wrong_chain')
    chain.proxy.rules.chainId = null
    expect(await getHead()).toEqual(REF)
    await chain.expectGoodBlock()
  })

  test('a known genesis refuses the first node too, whatever its chain id', async () => {
    const urls = [chain.proxy.url]
    const other = chain.connect(urls, { genesisHash: hashOf('bad') })
    expect(await catchFault(other.getHead(never()))).toMatchObject({
      kind: 'wrong_chain',
      message: expect.stringContaining(`has genesis ${GENESIS.hash}, not ${hashOf('bad')}`),
    })
    const own = chain.connect(urls, { genesisHash: GENESIS.hash })
    expect(await own.getHead(never())).toEqual(REF)
  })

  test('a genesis that changes later is seen with the next head of a local node', async () => {
    expect(await getHead()).toEqual(REF)
    const { eth_getBlockByNumber: honest } = chain.results as Record<
      string,
      (tag: string) => unknown
    >
    chain.results.eth_getBlockByNumber = (tag: string) =>
      tag === '0x0' ? { ...GENESIS, hash: hashOf('bad') } : honest!(tag)
    expect((await catchFault(getHead())).kind).toBe('wrong_chain')
    chain.results.eth_getBlockByNumber = honest
    expect(await getHead()).toEqual(REF)
  })

  test('is asked once, then again after minutes and after a lost connection', async () => {
    await chain.expectGoodBlock()
    await chain.expectGoodBlock()
    expect(chain.proxy.countCalls('eth_chainId')).toBe(1)
    chain.clock.advance(180_000)
    await chain.expectGoodBlock()
    expect(chain.proxy.countCalls('eth_chainId')).toBe(2)
    chain.proxy.rules.failure = 'reset'
    await catchFault(chain.getBlock())
    chain.proxy.rules.failure = null
    await chain.expectGoodBlock()
    expect(chain.proxy.countCalls('eth_chainId')).toBe(3)
  })

  test('a head and its proof are one request', async () => {
    await getHead()
    expect(chain.proxy.countRequests()).toBe(1)
  })
})

describe('a node that fails (CR-22, CR-23)', () => {
  test.each(FAILURES)('%s is %s, and over when it is over', async (failure, kind) => {
    await chain.expectGoodBlock()
    chain.proxy.rules.failure = failure
    expect((await catchFault(getHead())).kind).toBe(kind)
    expect((await catchFault(chain.getBlock())).kind).toBe(kind)
    chain.proxy.rules.failure = null
    expect(await getHead()).toEqual(REF)
    await chain.expectGoodBlock()
  })

  test('the wait it asks for is passed on', async () => {
    chain.proxy.rules.failure = 'http_429'
    chain.proxy.rules.retryAfterS = 4
    expect((await catchFault(getHead())).retryAfterMs).toBe(4_000)
  })

  test.each(['drop_last', 'duplicate_first'] as const)('batch: %s', async (fault) => {
    chain.proxy.rules.batch = fault
    expect((await catchFault(getHead())).kind).toBe('malformed')
    chain.proxy.rules.batch = 'reverse'
    expect(await getHead()).toEqual(REF)
  })

  test('one error for a batch: everything is asked by plain requests (CR-23)', async () => {
    chain.proxy.rules.batch = 'one_error'
    expect(await getHead()).toEqual(REF)
    await chain.expectGoodBlock()
    const asked = chain.proxy.countRequests()
    // Chain id, latest and genesis, each on its own, and no batch that is refused first.
    expect(await getHead()).toEqual(REF)
    expect(chain.proxy.countRequests()).toBe(asked + 3)
    chain.proxy.rules.chainId = 1
    expect((await catchFault(getHead())).kind).toBe('wrong_chain')
  })

  test('in the middle of a block', async () => {
    chain.proxy.rules.failure = 'reset'
    chain.proxy.rules.failureMethods = [RECEIPTS]
    expect((await catchFault(chain.getBlock())).kind).toBe('unreachable')
    expect(await getHead()).toEqual(REF)
    chain.proxy.rules.failure = null
    await chain.expectGoodBlock()
  })
})
