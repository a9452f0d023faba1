import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createEvmChainSource } from '../../src/adapters/evm-rpc/evm-chain-source.ts'
import { setAllProofs } from '../../src/core/chain/chain-settings.ts'
import { extractTransfers } from '../../src/core/chain/transfer.ts'
import type { ChainSource } from '../../src/ports/chain-source.ts'
import { createManualClock, never, silentLogger } from '../adapters/evm-rpc/support.ts'
import { hashBlockAccessList, type Json } from './sealed-blocks/encode-block.ts'
import { shopAddress, TOKEN } from './sealed-blocks/every-kind.ts'
import { addressOfKey, GAS_PRICE_WEI, tokenTransfer } from './sealed-blocks/seal-block.ts'
import {
  createSyntheticChain,
  payByContract,
  SYSTEM_ADDRESS,
  type SyntheticChain,
} from './synthetic-chain.ts'
import { type SyntheticNode, startSyntheticNode } from './synthetic-node.ts'

let chain: SyntheticChain
let node: SyntheticNode
let source: ChainSource
const SAFE = shopAddress(100)
const WATCHED = {
  chainId: 31_337,
  tokens: new Set([TOKEN]),
  native: 'value-or-logs' as const,
}

beforeAll(async () => {
  chain = await createSyntheticChain({ fork: 'amsterdam' })
  node = await startSyntheticNode(chain)
  node.tokens[TOKEN] = 6
  source = createEvmChainSource({
    chainId: 31_337,
    urls: [node.url],
    timeoutMs: 2_000,
    watched: { contracts: new Set([TOKEN, SYSTEM_ADDRESS]), native: true },
    proofs: setAllProofs('on'),
    clock: createManualClock(),
    logger: silentLogger,
  })
})
afterAll(() => node.stop())

async function ask(method: string, ...params: unknown[]): Promise<any> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
  const answer = (await (await fetch(node.url, { method: 'POST', body })).json()) as Json
  return answer.error ?? answer.result
}

describe('a synthetic node', () => {
  test('serves blocks that a chain source believes, and their transfers', async () => {
    const { hash } = await chain.mine({
      transactions: [
        { to: shopAddress(1), units: 5n },
        tokenTransfer(TOKEN, 2, shopAddress(2), 7n),
        payByContract(SAFE, [
          { to: shopAddress(3), units: 11n },
          { to: shopAddress(4), units: 13n },
        ]),
      ],
    })
    const head = await source.getHead(never())
    expect(head.hash).toBe(hash)
    const block = await source.getBlock(head, never())
    const found = extractTransfers(block, WATCHED).transfers
    const moved = found.map(({ to, amountUnits }) => [to, amountUnits])
    expect(moved).toContainEqual([shopAddress(1), 5n])
    expect(moved).toContainEqual([shopAddress(2), 7n])
    expect(await source.getTokenDecimals(TOKEN, never())).toBe(6)
  })

  test('logs every movement of value (EIP-7708)', async () => {
    const { hash } = await chain.mine({
      transactions: [
        payByContract(SAFE, [{ to: shopAddress(5), units: 17n }]),
        { to: shopAddress(6), units: 19n, succeeded: false },
      ],
    })
    const logs = await ask('eth_getLogs', { blockHash: hash, address: SYSTEM_ADDRESS })
    const read = ({ topics, data }: Json) =>
      [...topics.slice(1).map((topic: string) => `0x${topic.slice(26)}`), BigInt(data)] as const
    expect(logs.map(read)).toEqual([
      [addressOfKey(1), SAFE, 17n],
      [SAFE, shopAddress(5), 17n],
    ])
  })

  test('has balances by block, and access lists its headers commit to (EIP-7928)', async () => {
    const before = chain.head()
    const { block, hash } = await chain.mine({
      transactions: [
        { to: shopAddress(7), units: 23n },
        payByContract(SAFE, [{ to: shopAddress(7), units: 29n }], { gasUsed: 50_000 }),
      ],
      withdrawals: [{ address: shopAddress(8), gwei: 2n }],
    })
    const list = await ask('eth_getBlockAccessList', hash)
    expect(hashBlockAccessList(list)).toBe(block.blockAccessListHash)
    const changesOf = (address: string) =>
      list.find((item: Json) => item.address === address).balanceChanges
    expect(changesOf(shopAddress(7))).toEqual([
      { index: '0x1', value: '0x17' },
      { index: '0x2', value: '0x34' },
    ])
    expect(changesOf(shopAddress(8))).toEqual([{ index: '0x3', value: '0x77359400' }])
    expect(changesOf(SAFE)).toEqual([])
    expect(await ask('eth_getBalance', shopAddress(7), 'latest')).toBe('0x34')
    expect(await ask('eth_getBalance', shopAddress(7), before.hash)).toBe('0x0')
    const payer = addressOfKey(1)
    const spent = before.balances.get(payer)! - chain.head().balances.get(payer)!
    expect(spent).toBe(52n + 71_000n * GAS_PRICE_WEI)
  })

  test('forks and switches heads', async () => {
    const [old, parent] = [chain.head(), chain.at(chain.head().number - 1)!]
    const transactions = [tokenTransfer(TOKEN, 1, shopAddress(9), 31n)]
    const made = await chain.branch(parent.hash, [{}, { transactions }])
    expect((await source.getHead(never())).hash).toBe(old.hash)
    chain.show(made[1]!.hash)
    const head = await source.getHead(never())
    expect(head).toMatchObject({ hash: made[1]!.hash, number: old.number + 1 })
    expect(await source.getHeaderByHash(old.hash, never())).not.toBeNull()
    const headers = await source.getHeaders(parent.number, head.number, never())
    expect(headers.map((header) => header.hash)).toEqual([parent.hash, ...made.map((b) => b.hash)])
    const balance = await ask('eth_call', {
      to: TOKEN,
      data: `0x70a08231${shopAddress(9).slice(2).padStart(64, '0')}`,
    })
    expect(BigInt(balance)).toBe(31n)
    chain.show(old.hash)
  })

  test('names safe and finalized blocks only once told', async () => {
    expect((await ask('eth_getBlockByNumber', 'finalized', false)).code).toBe(-39_001)
    node.tags.finalized = 1
    expect(await ask('eth_getBlockByNumber', 'finalized', false)).toMatchObject({ number: '0x1' })
  })

  test('lies on demand, about what it shows and not about what it has', async () => {
    node.rewrite((method, _params, result) => (method === 'eth_getLogs' ? [] : result))
    expect(await ask('eth_getLogs', { fromBlock: '0x1', toBlock: '0x1' })).toEqual([])
    node.rewrite(null)
    expect(await ask('eth_getLogs', { fromBlock: '0x1', toBlock: '0x1' })).not.toEqual([])
  })
})
