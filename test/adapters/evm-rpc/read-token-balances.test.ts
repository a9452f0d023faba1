import { describe, expect, test } from 'vitest'
import { addressOf, hashOf, REF } from './node-block.ts'
import { useScriptedChain } from './scripted-chain.ts'
import { catchFault, never } from './support.ts'

const chain = useScriptedChain()
const TOKEN = addressOf('c0')
const HOLDER = addressOf('d0')
const TRANSFER = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef'
const question = { token: TOKEN, holder: HOLDER, block: REF }
const topic = (address: string) => `0x${address.slice(2).padStart(64, '0')}`

const getBalance = async () => (await chain.source.getTokenBalances([question], never()))[0]

describe('balances', () => {
  test('are asked for under the hash of the block, all in one request', async () => {
    const asked: unknown[] = []
    chain.results.eth_call = (...params: unknown[]) => {
      asked.push(params)
      return hashOf('2a')
    }
    const both = [question, { ...question, holder: addressOf('d1') }]
    await chain.source.getHead(never())
    const before = chain.proxy.countRequests()
    expect(await chain.source.getTokenBalances(both, never())).toEqual([42n, 42n])
    expect(chain.proxy.countRequests()).toBe(before + 1)
    const data = `0x70a08231${topic(HOLDER).slice(2)}`
    expect(asked[0]).toEqual([{ to: TOKEN, data }, { blockHash: REF.hash }])
  })

  test.each<[unknown, bigint | null]>([
    [hashOf('0'), 0n],
    [`0x${'f'.repeat(64)}`, 2n ** 256n - 1n],
    ['0x', 0n],
    [`${hashOf('1')}00`, 0n],
    ['0x1', 0n],
    [null, null],
    [{}, null],
  ])('%j is %s', async (word, units) => {
    chain.results.eth_call = () => word
    expect(await getBalance()).toBe(units)
  })

  test('PA-11 a revert is nothing; no state, no method and another refusal are no answer', async () => {
    const answer = async (code: number, message: string) => {
      chain.proxy.rules.errors = { eth_call: { code, message } }
      return getBalance()
    }
    expect(await answer(3, 'execution reverted')).toBe(0n)
    expect(await answer(-32000, 'header not found')).toBeNull()
    expect(await answer(-32000, 'missing trie node 0xab')).toBeNull()
    expect(await answer(-32601, 'method not found')).toBeNull()
    expect(await answer(-32000, 'something else')).toBeNull()
  })

  test('a node that takes no hash is asked by height, between two looks at the header', async () => {
    const seen: unknown[] = []
    chain.results.eth_call = (_: unknown, block: unknown) => {
      seen.push(block)
      return hashOf('7')
    }
    chain.node.respond = refuseHashes(chain.node.respond)
    expect(await getBalance()).toBe(7n)
    expect(seen).toEqual([`0x${REF.number.toString(16)}`])
    // Remembered: the next question goes by height at once.
    expect(await getBalance()).toBe(7n)
    chain.results.eth_getBlockByNumber = () => null
    expect((await catchFault(getBalance())).kind).toBe('not_there')
  })
})

type Respond = typeof chain.node.respond

function refuseHashes(honest: Respond): Respond {
  return (body, response, request) => {
    const list = Array.isArray(body) ? body : [body]
    const isByHash = list.some(
      ({ method, params }) => method === 'eth_call' && typeof params[1] === 'object',
    )
    if (!isByHash) return honest(body, response, request)
    const error = { code: -32602, message: 'invalid argument 1: hex string without 0x prefix' }
    const answers = list.map(({ id }) => ({ jsonrpc: '2.0', id, error }))
    response.end(JSON.stringify(Array.isArray(body) ? answers : answers[0]))
  }
}

describe('outflow', () => {
  const log = (index: number, parts: object = {}) => ({
    address: TOKEN,
    topics: [TRANSFER, topic(HOLDER), topic(addressOf('e0'))],
    data: hashOf('5'),
    blockNumber: `0x${REF.number.toString(16)}`,
    blockHash: REF.hash,
    logIndex: `0x${index.toString(16)}`,
    ...parts,
  })
  const getOutflow = (from = 1) => chain.source.getTokenOutflow(question, from, never())

  test('is the sum of what went to others', async () => {
    const toItself = log(2, { topics: [TRANSFER, topic(HOLDER), topic(HOLDER)] })
    chain.results.eth_getLogs = [log(0), log(1), toItself]
    expect(await getOutflow()).toBe(10n)
  })

  test.each<[string, unknown]>([
    ['no list', {}],
    ['another contract', [log(0, { address: addressOf('c1') })]],
    ['another sender', [log(0, { topics: [TRANSFER, topic(TOKEN), topic(HOLDER)] })]],
    ['another range', [log(0, { blockNumber: `0x${(REF.number + 1).toString(16)}` })]],
    ['one log twice', [log(0), log(0)]],
  ])('%s is refused', async (_, logs) => {
    chain.results.eth_getLogs = () => logs
    expect((await catchFault(getOutflow())).kind).toBe('malformed')
  })

  test('an empty range means nothing where the node does not hold its end', async () => {
    chain.results.eth_getLogs = []
    expect(await getOutflow()).toBe(0n)
    chain.results.eth_getBlockByNumber = () => null
    expect((await catchFault(getOutflow())).kind).toBe('not_there')
  })

  test('a range that is too wide is asked for in halves', async () => {
    const ranges: string[] = []
    chain.node.respond = refuseRanges(chain.node.respond, ranges)
    chain.results.eth_getLogs = ({ toBlock }: { toBlock: string }) =>
      Number(toBlock) === REF.number ? [log(0)] : []
    expect(await getOutflow(REF.number - 3)).toBe(5n)
    expect(ranges).toEqual(['4', '2', '2'])
  })
})

describe('what two nodes say', () => {
  test('is one amount, or nothing is decided by it', async () => {
    const source = chain.connect([chain.proxy.url, chain.second.url])
    const ask = () => source.getAgreedTokenBalance(question, never())
    chain.results.eth_call = () => hashOf('2a')
    expect(await ask()).toBe(42n)
    chain.second.intercept((method, _params, result) => {
      return method === 'eth_call' ? hashOf('0') : result
    })
    expect((await catchFault(ask())).kind).toBe('inconsistent')
    chain.second.rules.failure = 'http_500'
    expect(await ask()).toBe(42n)
  })
})

describe('arrivals', () => {
  const arrival = (index: number, parts: object = {}) => ({
    address: TOKEN,
    topics: [TRANSFER, topic(addressOf('e0')), topic(HOLDER)],
    data: hashOf('5'),
    blockNumber: `0x${REF.number.toString(16)}`,
    blockHash: REF.hash,
    logIndex: `0x${index.toString(16)}`,
    ...parts,
  })
  const OTHER = addressOf('0e')
  const asking = { tokens: [TOKEN], holders: [HOLDER], fromNumber: 1, block: question.block }
  const getArrivals = (parts: object = {}) =>
    chain.source.getTokenArrivals({ ...asking, ...parts }, never())

  test('are the logs that name the holder as recipient', async () => {
    const asked: any[] = []
    chain.results.eth_getLogs = (filter: unknown) => {
      asked.push(filter)
      return [arrival(0), arrival(1)]
    }
    const block = { number: REF.number, hash: REF.hash }
    expect(await getArrivals()).toEqual([
      { block, logIndex: 0, holder: HOLDER },
      { block, logIndex: 1, holder: HOLDER },
    ])
    expect(asked[0]).toMatchObject({ address: TOKEN, topics: [TRANSFER, null, topic(HOLDER)] })
  })

  test('of several tokens and holders come in one query', async () => {
    const asked: any[] = []
    chain.results.eth_getLogs = (filter: unknown) => {
      asked.push(filter)
      return [arrival(0), arrival(1, { topics: [TRANSFER, topic(HOLDER), topic(OTHER)] })]
    }
    const second = addressOf('c2')
    const arrivals = await getArrivals({ tokens: [TOKEN, second], holders: [HOLDER, OTHER] })
    expect(arrivals.map(({ holder }) => holder)).toEqual([HOLDER, OTHER])
    expect(asked).toMatchObject([
      { address: [TOKEN, second], topics: [TRANSFER, null, [topic(HOLDER), topic(OTHER)]] },
    ])
  })

  test.each<[string, object]>([
    ['what went to somebody else', { topics: [TRANSFER, topic(HOLDER), topic(TOKEN)] }],
    ['a log without its block', { blockHash: null }],
    ['another contract', { address: addressOf('c1') }],
  ])('%s is refused', async (_, parts) => {
    chain.results.eth_getLogs = () => [arrival(0, parts)]
    expect((await catchFault(getArrivals())).kind).toBe('malformed')
  })

  test('none at a node that holds the end of the range is none', async () => {
    chain.results.eth_getLogs = () => []
    expect(await getArrivals()).toEqual([])
  })
})

function refuseRanges(honest: Respond, ranges: string[]): Respond {
  return (body, response, request) => {
    const list = Array.isArray(body) ? body : [body]
    const asked = list.find(({ method }) => method === 'eth_getLogs')
    if (asked === undefined) return honest(body, response, request)
    const { fromBlock, toBlock } = asked.params[0] as { fromBlock: string; toBlock: string }
    const width = Number(toBlock) - Number(fromBlock) + 1
    ranges.push(String(width))
    if (width <= 2) return honest(body, response, request)
    let sent = ''
    const capture = {
      end: (text: string) => {
        sent = text
      },
    }
    honest(body, capture as unknown as typeof response, request)
    const answers = JSON.parse(sent) as { id: number }[]
    const error = { code: -32000, message: 'exceed maximum block range: 2' }
    const refused = answers.map((one) =>
      one.id === asked.id ? { jsonrpc: '2.0', id: one.id, error } : one,
    )
    response.end(JSON.stringify(refused))
  }
}
