/** Every string of a node that was seen in the wild, and what it means. */
import { describe, expect, test } from 'vitest'
import { createJsonRpcClient } from '../../../src/adapters/evm-rpc/json-rpc-client.ts'
import {
  judgeLogsRefusal,
  type LogsLimit,
} from '../../../src/adapters/evm-rpc/judge-logs-refusal.ts'
import { judgeRpcError, type RpcErrorKind } from '../../../src/adapters/evm-rpc/judge-rpc-error.ts'
import { createManualClock, never, startScriptedServer } from './support.ts'

const named = (fromNumber: number, toNumber: number): LogsLimit => {
  return { kind: 'range_named', fromNumber, toNumber }
}
const tooWide = (maxBlocks: number | null): LogsLimit => ({ kind: 'range_too_wide', maxBlocks })
const RESULTS: LogsLimit = { kind: 'too_many_results' }
const ADDRESSES: LogsLimit = { kind: 'too_many_addresses' }

/** Server, code of its error, its words, what they mean. */
// biome-ignore format: a table reads better in rows
const REFUSALS: [string, number, string, LogsLimit][] = [
  ['Infura', -32005, 'query returned more than 10000 results. Try with this block range [0x10, 0x1f].', named(16, 31)],
  ['zkSync', -32600, 'Query returned more than 10000 results. Try with this block range [0x400, 0x4ff].', named(1024, 1279)],
  ['Alchemy', -32602, 'Log response size exceeded. You can make eth_getLogs requests with up to a 2K block range and no limit on the response size, or you can request any block range with a cap of 10K logs in the response. Based on your parameters and the response size limit, this block range should work: [0x7d0, 0xbb8]', named(2000, 3000)],
  ['reth', -32602, 'query exceeds max results 20000, retry with the range 100-250', named(100, 250)],
  ['llama', -32000, 'retry with the range 0x64-0xfa', named(100, 250)],
  ['geth', -32000, 'exceed maximum block range: 50000', tooWide(50_000)],
  ['PublicNode', -32701, 'exceed maximum block range: 50,000', tooWide(50_000)],
  ['Ankr', -32062, 'Block range is too wide', tooWide(null)],
  ['QuickNode', -32614, 'eth_getLogs is limited to a 10,000 range', tooWide(10_000)],
  ['QuickNode, free', -32615, 'eth_getLogs is limited to a 5 range', tooWide(5)],
  ['1RPC', -32000, 'eth_getLogs is limited to a 10,000 blocks range', tooWide(10_000)],
  ['BlockPI', -32000, 'eth_getLogs is limited to 1024 block range. Please check the parameter requirements', tooWide(1_024)],
  ['Chainstack', -32602, 'Block range limit exceeded. See more details at their documentation.', tooWide(null)],
  ['Coinbase', -32000, 'please limit the query to at most 1000 blocks', tooWide(1_000)],
  ['Avalanche', -32000, 'requested too many blocks from 1 to 4000, maximum is set to 2048', tooWide(2_048)],
  ['Cloudflare', -32047, 'Invalid eth_getLogs request. "fromBlock"-"toBlock" range too large. Max range: 800', tooWide(800)],
  ['dRPC', 35, 'ranges over 10000 blocks are not supported on freetier', tooWide(10_000)],
  ['Tron', -32005, 'exceed max block range: 5000', tooWide(5_000)],
  ['Infura, without a range', -32005, 'query returned more than 10000 results', RESULTS],
  ['erigon', -32000, 'logs matched by query exceeds limit of 10000', RESULTS],
  ['a proxy', -32020, 'backend response too large', RESULTS],
  ['Ankr, results', -32000, 'response size should not greater than 10000000 bytes', RESULTS],
  ['Tron, results', -32005, 'query returned more than 10000 results', RESULTS],
  ['a relay', -32000, 'the result is too big', RESULTS],
  ['Moralis', -32000, 'Response too long, try paginating', RESULTS],
  ['geth, addresses', -32602, 'exceed max addresses or topics per search position', ADDRESSES],
  ['Nodereal', -32005, 'please specify less number of address', ADDRESSES],
  ['a filter service', -32600, 'This query contains 501 filters, at most 100 are allowed', ADDRESSES],
]

// biome-ignore format: a table reads better in rows
const OTHERS: [string, number, string, RpcErrorKind][] = [
  ['geth', -32000, 'header not found', 'not_there'],
  ['geth, by hash', -32000, 'unknown block', 'not_there'],
  ['reth', -32000, 'block range extends beyond current head block', 'not_there'],
  ['a pruned node', -32000, 'missing trie node 5ab0 (path )', 'not_there'],
  ['Avalanche', -32000, 'cannot query unfinalized data', 'not_there'],
  ['Avalanche, blocks', -32000, 'requested block 9 is after last accepted block 8', 'not_there'],
  ['EIP-1474', -32001, 'Resource not found', 'not_there'],
  ['429 within 200', 429, 'Too Many Requests', 'capacity'],
  ['-32005', -32005, 'limit exceeded', 'capacity'],
  ['Infura, a day', -32005, 'daily request count exceeded, request rate limited', 'capacity'],
  ['Alchemy', 429, 'Your app has exceeded its compute units per second capacity.', 'capacity'],
  ['Tron', -32000, 'class java.lang.Error : lack of computing resources', 'capacity'],
  ['a proxy', -32011, 'no backend is currently healthy to serve traffic', 'unreachable'],
  ['geth', -32601, 'the method eth_getBlockReceipts does not exist/is not available', 'unsupported'],
  ['Hardhat', -32004, 'Method eth_getBlockReceipts is not supported', 'unsupported'],
  ['a plan', -32000, 'method not available on your plan', 'unsupported'],
  ['a proxy', -32001, 'rpc method is not whitelisted', 'unsupported'],
]

describe('words of nodes', () => {
  test.each(REFUSALS)('%s (%i): %s', (_, code, message, limit) => {
    expect(judgeLogsRefusal(message)).toEqual(limit)
    // What is refused is the question: neither slowing down nor another node helps.
    expect(judgeRpcError({ code, message })).toEqual({ kind: 'refused', code, message, limit })
  })

  test.each(OTHERS)('%s (%i): %s is %s', (_, code, message, kind) => {
    expect(judgeRpcError({ code, message })).toMatchObject({ kind, code })
    expect(judgeLogsRefusal(message)).toBeNull()
  })

  test('a range that is none is not used', () => {
    expect(judgeLogsRefusal('Try with this block range [0x20, 0x1f].')).toBeNull()
    expect(judgeLogsRefusal('Try with this block range [0x10, 0xffffffffffffffffff].')).toBeNull()
    expect(judgeLogsRefusal('execution reverted')).toBeNull()
  })
})

test('HTTP 413 for one question is too much as well', async () => {
  const server = await startScriptedServer()
  server.respond = (_, response) => void response.writeHead(413).end('<html>too large</html>')
  const settings = { url: server.url, clock: createManualClock(), timeoutMs: 1_000 }
  const answer = await createJsonRpcClient(settings).call('eth_getLogs', [], never())
  expect(answer).toMatchObject({ kind: 'refused', limit: RESULTS })
  await server.stop()
})
