import { beforeEach, describe, expect, test } from 'vitest'
import { createEvmChainSource } from '../../../src/adapters/evm-rpc/evm-chain-source.ts'
import { setAllProofs } from '../../../src/core/chain/chain-settings.ts'
import type { NativeSource } from '../../../src/ports/native-source.ts'
import { addressOf, hashOf, REF, TRANSACTION_HASHES } from './node-block.ts'
import { CHAIN_ID, useScriptedChain } from './scripted-chain.ts'
import { catchFault, never, silentLogger } from './support.ts'

const chain = useScriptedChain()
const ADDRESSES = [addressOf('a1'), addressOf('a2')]
const UNSUPPORTED = { code: -32_601, message: 'the method does not exist' }
let native: NativeSource

beforeEach(() => {
  native = createEvmChainSource({
    chainId: CHAIN_ID,
    urls: [chain.proxy.url],
    watched: { contracts: new Set(), native: true },
    proofs: setAllProofs('off'),
    clock: chain.clock,
    logger: silentLogger,
  }).native
})

function connectTwo(): void {
  native = createEvmChainSource({
    chainId: CHAIN_ID,
    urls: [chain.proxy.url, chain.second.url],
    watched: { contracts: new Set(), native: true },
    proofs: setAllProofs('off'),
    clock: chain.clock,
    logger: silentLogger,
  }).native
}

const word = (value: bigint | number) => value.toString(16).padStart(64, '0')

/** What the code answers that was run at a block: its context, then the balances. */
function answerOf(parts: { number?: number; chainId?: number; parent?: string; units?: bigint[] }) {
  const { number = REF.number, chainId = CHAIN_ID, parent = REF.parentHash } = parts
  const { units = [5n, 2n ** 255n] } = parts
  return `0x${word(number)}${word(chainId)}${parent.slice(2)}${units.map(word).join('')}`
}

describe('balances in one call', () => {
  const read = () => native.getBalances(REF, ADDRESSES, never())

  test('are read in their order, at the block by its hash', async () => {
    const asked: any[] = []
    chain.results.eth_call = (...params: unknown[]) => {
      asked.push(params)
      return answerOf({})
    }
    expect(await read()).toEqual([5n, 2n ** 255n])
    const [[{ to, data }, block]] = asked
    expect([asked.length, to, block]).toEqual([1, undefined, { blockHash: REF.hash }])
    for (const address of ADDRESSES) expect(data).toContain(address.slice(2))
  })

  test.each([
    ['another height', { number: REF.number + 1 }],
    ['another chain', { chainId: 1 }],
    ['another branch', { parent: hashOf('dead') }],
  ])('CR-31 an answer of %s is refused', async (_name, parts) => {
    chain.results.eth_call = answerOf(parts)
    expect(await catchFault(read())).toMatchObject({ kind: 'inconsistent' })
  })

  test.each([
    ['too few balances', answerOf({ units: [5n] })],
    ['too many', answerOf({ units: [5n, 6n, 7n] })],
    ['no hex', `0x${'zz'.repeat(160)}`],
    ['no text', 5],
  ])('%s is malformed', async (_name, answer) => {
    chain.results.eth_call = answer
    expect(await catchFault(read())).toMatchObject({ kind: 'malformed' })
  })

  test('where no such code runs they are asked for one by one, by hash', async () => {
    chain.results.eth_call = '0x'
    chain.results.eth_getBalance = (address: string, block: { blockHash: string }) =>
      block.blockHash === REF.hash ? (address === ADDRESSES[0] ? '0x5' : '0x0') : null
    expect(await read()).toEqual([5n, 0n])
    expect(await read()).toEqual([5n, 0n])
    expect(chain.proxy.countCalls('eth_call')).toBe(1)
  })

  test('where a call cannot say which block it ran at, the pin by hash must do (Arbitrum)', async () => {
    chain.results.eth_chainId = '0xa4b1'
    chain.results.eth_getBalance = '0x7'
    native = createEvmChainSource({
      chainId: 42_161,
      urls: [chain.proxy.url],
      watched: { contracts: new Set(), native: true },
      proofs: setAllProofs('off'),
      clock: chain.clock,
      logger: silentLogger,
    }).native
    expect(await read()).toEqual([7n, 7n])
    expect(chain.proxy.countCalls('eth_call')).toBe(0)
  })

  test('a state that is gone is told as such', async () => {
    chain.proxy.rules.errors = { eth_call: { code: -32_000, message: 'missing trie node ab' } }
    expect(await catchFault(read())).toMatchObject({ kind: 'not_there' })
  })

  test.each([
    ['no such methods', UNSUPPORTED],
    ['no block by hash (Tron)', { code: -32_602, message: 'QUANTITY not supported, just TAG' }],
  ])('null where no node serves any: %s', async (_name, error) => {
    chain.proxy.rules.errors = { eth_call: error, eth_getBalance: error }
    expect(await read()).toBeNull()
  })
})

describe('a balance that is credited by', () => {
  const connect = () => {
    connectTwo()
    return native.getAgreedBalance(REF, ADDRESSES[0]!, never())
  }

  test('CR-17 is refused when one node of two made it up', async () => {
    chain.results.eth_call = answerOf({ units: [5n] })
    expect(await connect()).toBe(5n)
    chain.proxy.intercept((method, _params, result) =>
      method === 'eth_call' ? answerOf({ units: [10_000n] }) : result,
    )
    expect(await catchFault(connect())).toMatchObject({ kind: 'inconsistent' })
  })

  test('rests on the one that answers when the other is down', async () => {
    chain.results.eth_call = answerOf({ units: [5n] })
    chain.proxy.rules.failure = 'http_500'
    expect(await connect()).toBe(5n)
  })
})

describe('what explains a balance', () => {
  const spent = (units: string) => ({
    hash: REF.hash,
    transactions: [
      { hash: TRANSACTION_HASHES[0], from: addressOf('a1'), to: addressOf('a2'), value: units },
    ],
  })

  // Who says that an address spent more than it did would have the difference credited to it.
  test.each<['getNonce' | 'hasCode' | 'getSpentUnits', string, unknown, unknown, unknown]>([
    ['getNonce', 'eth_getTransactionCount', '0x1', '0x2', 1],
    ['hasCode', 'eth_getCode', '0x', '0xef', false],
    ['getSpentUnits', 'eth_getBlockByHash', spent('0x64'), spent('0x2710'), 106n],
  ])('%s is what two nodes say', async (verb, method, truth, lie, expected) => {
    const read = () => native[verb](REF, ADDRESSES[0]!, never())
    chain.results[method] = truth
    chain.results.eth_getTransactionReceipt = {
      ...{ transactionHash: TRANSACTION_HASHES[0], blockHash: REF.hash, status: '0x1' },
      ...{ gasUsed: '0x3', effectiveGasPrice: '0x2' },
    }
    connectTwo()
    expect(await read()).toBe(expected)
    chain.proxy.intercept((asked, _params, result) => (asked === method ? lie : result))
    const fault = await catchFault(read())
    expect(fault).toMatchObject({ kind: 'inconsistent' })
    expect(fault.message).toContain('differ on')
    chain.proxy.rules.failure = 'http_500'
    expect(await read()).toBe(expected)
  })
})

describe('frames', () => {
  const read = () => native.getFrames(REF, never())
  const root = (parts: object = {}) => ({
    type: 'call',
    from: addressOf('a1'),
    to: addressOf('a2').toUpperCase().replace('0X', '0x'),
    value: '0x05',
    ...parts,
  })
  const traced = (result: unknown) => [{ txHash: TRANSACTION_HASHES[0], result }]

  test('are read with their calls', async () => {
    const inner = { type: 'DELEGATECALL', from: addressOf('a2'), error: 'out of gas' }
    chain.results.debug_traceBlockByHash = traced(root({ calls: [inner] }))
    expect(await read()).toEqual([
      {
        txHash: TRANSACTION_HASHES[0],
        root: {
          type: 'CALL',
          from: addressOf('a1'),
          to: addressOf('a2'),
          valueUnits: 5n,
          failed: false,
          calls: [
            {
              type: 'DELEGATECALL',
              from: addressOf('a2'),
              to: null,
              valueUnits: 0n,
              failed: true,
              calls: [],
            },
          ],
        },
      },
    ])
  })

  test('are asked of the tracer by the hash of the block', async () => {
    const asked: unknown[] = []
    chain.results.debug_traceBlockByHash = (...params: unknown[]) => {
      asked.push(params)
      return []
    }
    await read()
    expect(asked).toEqual([[REF.hash, expect.objectContaining({ tracer: 'callTracer' })]])
  })

  test.each<[string, unknown]>([
    ['no list', {}],
    ['an error in place of a trace', [{ txHash: TRANSACTION_HASHES[0], error: 'timeout' }]],
    ['no hash', [{ result: root() }]],
    ['a value that is no number', traced(root({ value: 'five' }))],
    ['a value of more than 256 bits', traced(root({ value: `0x1${'0'.repeat(64)}` }))],
    ['an address that is none', traced(root({ to: '0x12' }))],
    ['calls that are no list', traced(root({ calls: {} }))],
    ['no type', traced(root({ type: undefined }))],
  ])('%s is malformed', async (_name, answer) => {
    chain.results.debug_traceBlockByHash = answer
    expect(await catchFault(read())).toMatchObject({ kind: 'malformed' })
  })

  test('a node without traces is not asked again for ten minutes', async () => {
    expect(await read()).toBeNull()
    chain.results.debug_traceBlockByHash = []
    expect(await read()).toBeNull()
    expect(chain.proxy.countCalls('debug_traceBlockByHash')).toBe(1)
    chain.clock.advance(600_001)
    expect(await read()).toEqual([])
  })
})

test('what an address spent is value and every fee of its own transactions', async () => {
  const sent = (hash: string, from: string, to: string | null, value: string) => {
    return { hash, from, to, value }
  }
  const [first, second, third] = TRANSACTION_HASHES as [string, string, string]
  chain.results.eth_getBlockByHash = {
    hash: REF.hash,
    transactions: [
      sent(first, addressOf('a1'), addressOf('a2'), '0x64'),
      sent(second, addressOf('a2'), addressOf('a1'), '0x3e8'),
      sent(third, addressOf('a1'), null, '0x2710'),
    ],
  }
  chain.results.eth_getTransactionReceipt = (hash: string) => ({
    transactionHash: hash,
    blockHash: REF.hash,
    gasUsed: '0x3',
    effectiveGasPrice: '0x2',
    status: hash === third ? '0x0' : '0x1',
    ...(hash === first ? { l1Fee: '0x1', blobGasUsed: '0x2', blobGasPrice: '0x5' } : {}),
  })
  expect(await native.getSpentUnits(REF, addressOf('a1'), never())).toBe(100n + 6n + 11n + 6n)
})
