/** Several blocks in a request: as they would come one by one, whatever one of them has about it. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createEvmChainSource } from '../../../src/adapters/evm-rpc/evm-chain-source.ts'
import type { BlockRef, VerifiedBlock } from '../../../src/core/chain/block.ts'
import { setAllProofs } from '../../../src/core/chain/chain-settings.ts'
import type { Address, Hash } from '../../../src/core/money/asset.ts'
import { TOKEN } from '../../support/sealed-blocks/every-kind.ts'
import { createSyntheticChain } from '../../support/synthetic-chain.ts'
import {
  methodNotFound,
  type SyntheticNode,
  startSyntheticNode,
} from '../../support/synthetic-node.ts'
import { catchFault, createManualClock, never, silentLogger } from './support.ts'

const SHOP = `0x${'51'.repeat(20)}` as const
const BLOCKS = 20
/** Without transactions: no receipts are asked for. */
const EMPTY = 7

let nodes: [SyntheticNode, SyntheticNode]
let refs: BlockRef[]
let truth: VerifiedBlock[]

beforeAll(async () => {
  const chain = await createSyntheticChain({ fork: 'prague' })
  for (let number = 1; number <= BLOCKS; number++) {
    const topics = [
      '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef',
      `0x${'7'.padStart(64, '0')}`,
      `0x${SHOP.slice(2).padStart(64, '0')}`,
    ] as const
    const data = `0x${number.toString(16).padStart(64, '0')}` as const
    const log = { address: TOKEN, topics: [...topics], data }
    const transactions = [
      { to: TOKEN, logs: [log] },
      { to: SHOP, units: BigInt(number) },
    ]
    await chain.mine(number === EMPTY ? {} : { transactions })
  }
  nodes = [await startSyntheticNode(chain), await startSyntheticNode(chain)]
})
afterAll(() => Promise.all(nodes.map((node) => node.stop())))

const connect = (count: 1 | 2) =>
  createEvmChainSource({
    chainId: 31_337,
    urls: nodes.slice(0, count).map(({ url }) => url),
    watched: { contracts: new Set<Address>([TOKEN]), native: true },
    proofs: setAllProofs('on'),
    clock: createManualClock(),
    logger: silentLogger,
  })

beforeEach(async () => {
  for (const node of nodes) node.rewrite(null)
  const source = connect(1)
  refs = await source.getHeaders(1, BLOCKS, never())
  truth = []
  for (const ref of refs) truth.push(await source.getBlock(ref, never()))
})

test('they come in their order, with all that each of them has, in few requests', async () => {
  const before = nodes[0].countRequests()
  const blocks = await connect(1).getBlocks(refs, never())
  expect(blocks).toEqual(truth)
  expect(blocks.map(({ logs }) => logs.length)).toEqual(
    refs.map((_, i) => (i + 1 === EMPTY ? 0 : 1)),
  )
  expect(blocks.every(({ proofLevel }) => proofLevel === 2)).toBe(true)
  // One by one they took two each.
  expect(nodes[0].countRequests() - before).toBeLessThan(refs.length)
})

test('none, and one alone', async () => {
  const source = connect(1)
  expect(await source.getBlocks([], never())).toEqual([])
  expect(await source.getBlocks(refs.slice(2, 3), never())).toEqual(truth.slice(2, 3))
})

const leaveOutLog = (node: SyntheticNode, number: number) => {
  node.rewrite((method, [hash], result) => {
    if (method !== 'eth_getBlockReceipts' || hash !== refs[number - 1]!.hash) return result
    return result.map((receipt: object) => ({ ...receipt, logs: [] }))
  })
}

test.each([1, 2, 9, BLOCKS])(
  'a log left out of block %i disproves it, alone and in company',
  async (number) => {
    leaveOutLog(nodes[0], number)
    expect((await catchFault(connect(1).getBlocks(refs, never()))).kind).toBe('disproven')
    // The other one of two is believed, and all blocks are there.
    const blocks = await connect(2).getBlocks(refs, never())
    expect(blocks.map(({ logs }) => logs)).toEqual(truth.map(({ logs }) => logs))
  },
)

test('a block that is not there refuses all, and says which one', async () => {
  const hash = `0x${'ab'.repeat(32)}` as Hash
  const gone = refs.with(4, { ...refs[4]!, hash })
  const fault = await catchFault(connect(1).getBlocks(gone, never()))
  expect(fault.kind).toBe('not_there')
  expect(fault.message).toContain(hash)
})

test('a node without receipts by block has them asked for one by one', async () => {
  const chain = nodes[0].chain
  const plain = await startSyntheticNode(chain)
  try {
    plain.answer('eth_getBlockReceipts', () => {
      throw methodNotFound()
    })
    const source = createEvmChainSource({
      chainId: 31_337,
      urls: [plain.url],
      watched: { contracts: new Set<Address>([TOKEN]), native: true },
      proofs: setAllProofs('on'),
      clock: createManualClock(),
      logger: silentLogger,
    })
    expect(await source.getBlocks(refs, never())).toEqual(truth)
    expect(plain.countCalls('eth_getTransactionReceipt')).toBe(2 * (BLOCKS - 1))
  } finally {
    await plain.stop()
  }
})

test('receipts of a kind nobody knows are held against the bloom instead', async () => {
  const known = connect(1)
  nodes[0].rewrite((method, [hash], result) => {
    if (method !== 'eth_getBlockReceipts' || hash !== refs[2]!.hash) return result
    return result.map((receipt: object) => ({ ...receipt, type: '0x6a' }))
  })
  const counted: string[] = []
  const source = createEvmChainSource({
    chainId: 31_337,
    urls: [nodes[0].url],
    watched: { contracts: new Set<Address>([TOKEN]), native: false },
    proofs: setAllProofs('on'),
    clock: createManualClock(),
    logger: silentLogger,
    metrics: { count: (_, labels) => void counted.push(`${labels?.proof} ${labels?.verdict}`) },
  })
  const block = await source.getBlock(refs[2]!, never())
  expect(block.logs).toEqual(truth[2]!.logs)
  expect(block.proofLevel).toBe(2)
  expect(counted).toEqual(expect.arrayContaining(['receiptsRoot unprovable', 'bloom match']))
  expect((await known.getBlock(refs[3]!, never())).proofLevel).toBe(2)
})

test('who gives up gets no block', async () => {
  const gone = new AbortController()
  gone.abort(new Error('enough'))
  await expect(connect(1).getBlocks(refs, gone.signal)).rejects.toThrow('enough')
})
