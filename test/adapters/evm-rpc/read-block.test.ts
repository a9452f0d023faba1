import { describe, expect, test } from 'vitest'
import {
  createGoodBlock,
  EMPTY_ROOT,
  hashOf,
  type Json,
  REF,
  TRANSACTION_HASHES,
} from './node-block.ts'
import { RECEIPTS, useScriptedChain } from './scripted-chain.ts'
import { type Asked, answerByMethod, catchFault } from './support.ts'

const chain = useScriptedChain()

describe('receipts', () => {
  test('of the whole block in one call', async () => {
    await chain.expectGoodBlock()
    expect(chain.proxy.countCalls(RECEIPTS)).toBe(1)
    expect(chain.proxy.countCalls('eth_getTransactionReceipt')).toBe(0)
  })

  test('none are asked for an empty block', async () => {
    const { block } = createGoodBlock()
    chain.results.eth_getBlockByHash = { ...block, transactions: [], transactionsRoot: EMPTY_ROOT }
    expect((await chain.getBlock()).transactions).toEqual([])
    expect(chain.proxy.countCalls(RECEIPTS)).toBe(0)
  })

  test.each([
    [-32601, 'the method eth_getBlockReceipts does not exist/is not available'],
    [-32004, 'Method eth_getBlockReceipts is not supported'],
  ])('one by one where the node says %i, remembered', async (code, message) => {
    chain.proxy.rules.errors = { [RECEIPTS]: { code, message } }
    await chain.expectGoodBlock()
    await chain.expectGoodBlock()
    expect(chain.proxy.countCalls(RECEIPTS)).toBe(1)
    expect(chain.proxy.countCalls('eth_getTransactionReceipt')).toBe(6)
  })

  test('the whole block is tried again after a reconnect', async () => {
    chain.proxy.rules.unsupported = [RECEIPTS]
    await chain.expectGoodBlock()
    chain.proxy.rules.failure = 'reset'
    await catchFault(chain.getBlock())
    chain.proxy.reset()
    await chain.expectGoodBlock()
    expect(chain.proxy.countCalls(RECEIPTS)).toBe(1)
  })

  test('by an object where the node does not take the plain hash', async () => {
    const { receipts } = createGoodBlock()
    const answer = answerByMethod(chain.results)
    chain.results[RECEIPTS] = ({ blockHash }: Json) => (blockHash === REF.hash ? receipts : null)
    chain.node.respond = (body, response, request) => {
      const [asked] = [body].flat() as Asked[]
      const error = { code: -32602, message: 'invalid argument 0' }
      if (asked!.method !== RECEIPTS || typeof asked!.params[0] === 'object') {
        answer(body, response, request)
      } else {
        response.end(JSON.stringify([{ id: asked!.id, error }]))
      }
    }
    await chain.expectGoodBlock()
    await chain.expectGoodBlock()
    expect(chain.proxy.countCalls(RECEIPTS)).toBe(3)
    expect(chain.proxy.countCalls('eth_getTransactionReceipt')).toBe(0)
  })

  test('a passing refusal is a fault and changes nothing', async () => {
    chain.proxy.rules.errors = { [RECEIPTS]: { code: -32000, message: 'please try later' } }
    expect((await catchFault(chain.getBlock())).kind).toBe('malformed')
    chain.proxy.rules.errors = {}
    await chain.expectGoodBlock()
    expect(chain.proxy.countCalls('eth_getTransactionReceipt')).toBe(0)
  })

  /** A receipt made of another block: hash, height and all, well formed in itself. */
  const moveToAnotherBlock = (receipt: Json): Json => {
    const place = { blockHash: hashOf('bad'), blockNumber: '0x1234' }
    const logs = (receipt.logs as Json[]).map((log) => ({ ...log, ...place }))
    return { ...receipt, ...place, logs }
  }

  test('of another block are refused, and the block is read again (CR-14)', async () => {
    chain.proxy.intercept((method, _params, result) =>
      method === RECEIPTS ? (result as Json[]).map(moveToAnotherBlock) : result,
    )
    expect((await catchFault(chain.getBlock())).kind).toBe('inconsistent')
    chain.proxy.intercept(null)
    await chain.expectGoodBlock()
  })

  test('one of another block is refused, one by one too', async () => {
    chain.proxy.rules.unsupported = [RECEIPTS]
    chain.proxy.intercept((method, [hash], result) =>
      method === 'eth_getTransactionReceipt' && hash === TRANSACTION_HASHES[2]
        ? moveToAnotherBlock(result as Json)
        : result,
    )
    expect((await catchFault(chain.getBlock())).kind).toBe('inconsistent')
    chain.proxy.intercept(null)
    await chain.expectGoodBlock()
  })

  test.each(['eth_getBlockByHash', RECEIPTS, 'eth_getTransactionReceipt'])(
    'null for %s is not there yet, never empty (CR-24)',
    async (method) => {
      chain.proxy.rules.nulls = [method]
      if (method === 'eth_getTransactionReceipt') chain.proxy.rules.unsupported = [RECEIPTS]
      expect((await catchFault(chain.getBlock())).kind).toBe('not_there')
      chain.proxy.rules.nulls = []
      await chain.expectGoodBlock()
    },
  )

  test('a frozen head hides the block and its receipts', async () => {
    chain.proxy.rules.headFrozenAt = REF.number - 1
    expect((await catchFault(chain.getBlock())).kind).toBe('not_there')
    chain.proxy.rules.headFrozenAt = REF.number
    await chain.expectGoodBlock()
  })
})
