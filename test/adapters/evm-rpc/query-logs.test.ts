/** A node that refuses what is too much, and what is asked of it then. */
import { beforeEach, describe, expect, test } from 'vitest'
import type { RpcAnswer, RpcCall } from '../../../src/adapters/evm-rpc/json-rpc-client.ts'
import { judgeLogsRefusal } from '../../../src/adapters/evm-rpc/judge-logs-refusal.ts'
import type { EvmNode } from '../../../src/adapters/evm-rpc/node.ts'
import { type FoundLogs, queryLogs } from '../../../src/adapters/evm-rpc/query-logs.ts'
import type { BlockRef } from '../../../src/core/chain/block.ts'
import { addressOf, createHeader, hashOf, REF } from './node-block.ts'
import { catchFault, never } from './support.ts'

const COUNT = 64
const FIRST = REF.number - COUNT + 1
const TOPIC = hashOf('70')

type Asked = { from: number; to: number; addresses: number }

const refs = Array.from({ length: COUNT }, (_, place): BlockRef => {
  const { hash, parentHash } = createHeader(FIRST + place) as BlockRef
  return { number: FIRST + place, hash, parentHash, timestampS: 0 }
})
const addresses = (count: number) =>
  Array.from({ length: count }, (_, place) => addressOf(`c${place.toString(16)}`))

let asked: Asked[]
/** The words of a refusal; null serves a log for each block and address. */
let refuse: (query: Asked) => string | null
let header: (number: number) => unknown
let node: EvmNode

beforeEach(() => {
  asked = []
  refuse = () => null
  header = createHeader
  const batchRaw = async (calls: readonly RpcCall[]) => calls.map(answer)
  node = {
    client: { name: 'node:1', batchRaw },
    logsLimits: { blocks: null, addresses: null },
  } as unknown as EvmNode
})

function answer({ method, params }: RpcCall): RpcAnswer {
  if (method === 'eth_getBlockByNumber') {
    return { kind: 'result', value: header(Number(params[0])) }
  }
  const [{ fromBlock, toBlock, address, topics }] = params as any
  expect(topics).toEqual([[TOPIC]])
  const query = { from: Number(fromBlock), to: Number(toBlock), addresses: address.length }
  asked.push(query)
  const message = refuse(query)
  if (message === null) {
    const numbers = Array.from({ length: query.to - query.from + 1 }, (_, i) => query.from + i)
    return {
      kind: 'result',
      value: numbers.flatMap((n) => address.map((a: string) => `${n}/${a}`)),
    }
  }
  const limit = judgeLogsRefusal(message)
  return { kind: 'refused', code: -32_000, message, ...(limit && { limit }) }
}

const read = (count = 1) =>
  queryLogs(node, { refs, addresses: addresses(count), topics: [TOPIC] }, never())

const logsOf = ({ lists }: FoundLogs) =>
  lists.flatMap((list) => (list.kind === 'result' ? (list.value as string[]) : []))

/** Each block of each address once, whatever the parts were. */
async function expectAll(count = 1) {
  const found = await read(count)
  const { unread } = found
  const all = refs.flatMap(({ number }) => addresses(count).map((one) => `${number}/${one}`))
  expect(logsOf(found).sort()).toEqual(all.sort())
  expect([...unread]).toEqual([])
}

const spans = () => asked.map(({ from, to }) => to - from + 1)
const isWide = ({ from, to }: Asked, blocks: number) => to - from >= blocks

describe('ranges', () => {
  test('one query for all blocks where nothing is refused', async () => {
    await expectAll()
    expect(spans()).toEqual([COUNT])
  })

  test('CR-25 halved where the words name no number, and remembered', async () => {
    refuse = (query) => (isWide(query, 10) ? 'block range is too wide' : null)
    await expectAll()
    expect(spans()).toEqual([64, 32, 16, 8, 8, 8, 8, 8, 8, 8, 8])
    asked = []
    await expectAll()
    expect(spans()).toEqual([8, 8, 8, 8, 8, 8, 8, 8])
  })

  test('CR-25 the number in the words is used; one that does not help is halved', async () => {
    refuse = (query) => (isWide(query, 10) ? 'Max range: 10' : null)
    await expectAll()
    expect(spans()).toEqual([64, 10, 10, 10, 10, 10, 10, 4])
    node.logsLimits = { blocks: null, addresses: null }
    asked = []
    refuse = (query) => (isWide(query, 10) ? 'limited to a 10,000 range' : null)
    await expectAll()
    expect(spans().slice(0, 4)).toEqual([64, 32, 16, 8])
  })

  test('CR-25 a range named in the refusal is the next one asked for', async () => {
    refuse = (query) => {
      const last = `0x${(query.from + 6).toString(16)}`
      const words = `Try with this block range [0x${query.from.toString(16)}, ${last}].`
      return isWide(query, 7) ? words : null
    }
    await expectAll()
    expect(asked[1]).toEqual({ from: FIRST, to: FIRST + 6, addresses: 1 })
    expect(node.logsLimits.blocks).toBeNull()
  })

  test('a named range that does not begin here, or is no shorter, is halved', async () => {
    refuse = (query) => (isWide(query, 32) ? 'retry with the range 1-2' : null)
    await expectAll()
    expect(spans()).toEqual([64, 32, 32])
  })

  test('a block that alone has too many results is told, and the others are read', async () => {
    const full = FIRST + 5
    refuse = ({ from, to }) =>
      from <= full && full <= to ? 'query returned more than 10000 results' : null
    const found = await read()
    expect([...found.unread]).toEqual([5])
    expect(logsOf(found)).toHaveLength(COUNT - 1)
  })

  test('a refusal of a single block ends the query', async () => {
    refuse = () => 'block range is too wide'
    expect(await catchFault(read())).toMatchObject({ kind: 'malformed' })
  })

  test('a refusal for another reason is not asked around', async () => {
    refuse = () => 'getLogs is disabled'
    expect(await catchFault(read())).toMatchObject({ kind: 'malformed' })
    expect(asked).toHaveLength(1)
  })
})

describe('addresses', () => {
  test('CR-25 in groups of what the node takes, which is remembered', async () => {
    const most = 100
    refuse = (query) =>
      query.addresses > most ? 'exceed max addresses or topics per search position' : null
    await expectAll(200)
    expect(asked.map((query) => query.addresses)).toEqual([200, 100, 100])
    asked = []
    await expectAll(200)
    expect(asked.map((query) => query.addresses)).toEqual([100, 100])
  })

  test('CR-25 and short ranges for each group', async () => {
    refuse = (query) => {
      if (query.addresses > 2) return 'please specify less number of address'
      return isWide(query, 10) ? 'exceed maximum block range' : null
    }
    await expectAll(5)
  })

  test('one address that is too many ends the query', async () => {
    refuse = () => 'This query contains 1 filters'
    expect(await catchFault(read())).toMatchObject({ kind: 'malformed' })
  })
})

describe('nothing is believed of a node that does not hold the last block', () => {
  test.each([
    ['not_there', () => null],
    ['inconsistent', (number: number) => ({ ...createHeader(number), hash: hashOf('dead') })],
  ])('%s', async (kind, shown) => {
    header = shown
    expect(await catchFault(read())).toMatchObject({ kind })
  })
})
