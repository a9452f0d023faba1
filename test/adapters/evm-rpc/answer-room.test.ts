/** Answers share memory, one after the other: what was read of one outlives it, and none is written late. */
import type { ServerResponse } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AnswerRoom, createAnswerRoom } from '../../../src/adapters/evm-rpc/answer-room.ts'
import { createHttpPost } from '../../../src/adapters/evm-rpc/http-post.ts'
import { createJsonRpcClient } from '../../../src/adapters/evm-rpc/json-rpc-client.ts'
import type { EvmNode } from '../../../src/adapters/evm-rpc/node.ts'
import {
  type BlockReading,
  readBlock,
  readBlocks,
  readLightBlock,
  readLightHeaders,
} from '../../../src/adapters/evm-rpc/read-block.ts'
import { createDesk } from '../../../src/adapters/evm-rpc/reading-desk.ts'
import type { BlockRef } from '../../../src/core/chain/block.ts'
import type { Address } from '../../../src/core/money/asset.ts'
import { TOKEN } from '../../support/sealed-blocks/every-kind.ts'
import { createSyntheticChain } from '../../support/synthetic-chain.ts'
import { type SyntheticNode, startSyntheticNode } from '../../support/synthetic-node.ts'
import { createTerms } from './read-answers.ts'
import {
  answerByMethod,
  catchFault,
  createManualClock,
  never,
  type ScriptedServer,
  silentLogger,
  startScriptedServer,
} from './support.ts'

const KIB = 1024
/** What the room takes for any answer here. */
const STEP_BYTES = 64 * KIB
const BLOCKS = 3
const SHOP = `0x${'51'.repeat(20)}` as const

let server: ScriptedServer
let chain: SyntheticNode
beforeAll(async () => {
  server = await startScriptedServer()
  const synthetic = await createSyntheticChain({ fork: 'prague' })
  for (let units = 1n; units <= BLOCKS; units++) {
    const topics = [
      '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef',
      `0x${'7'.padStart(64, '0')}`,
      `0x${SHOP.slice(2).padStart(64, '0')}`,
    ] as const
    const log = { address: TOKEN, topics: [...topics], data: `0x${'1'.padStart(64, '0')}` as const }
    await synthetic.mine({
      transactions: [
        { to: TOKEN, logs: [log] },
        { to: SHOP, units },
      ],
    })
  }
  chain = await startSyntheticNode(synthetic)
})
afterAll(() => Promise.all([server.stop(), chain.stop()]))

const connect = (url: string) =>
  createJsonRpcClient({ url, clock: createManualClock(), timeoutMs: 5_000 })

/** As if the next answers came, of other bytes; these have to have stood in the room. */
function overwrite(room: AnswerRoom): void {
  room.clear()
  const first = room.take(STEP_BYTES)
  expect(first.includes('jsonrpc')).toBe(true)
  first.fill(0xff)
  for (let answers = 1; answers < 8; answers++) room.take(STEP_BYTES).fill(0xff)
}

test('answers of one reading stand side by side, and those of the next in their place', () => {
  const room = createAnswerRoom()
  const [first, second] = [room.take(10).fill(1), room.take(10).fill(2)]
  expect([first, second]).toEqual([Buffer.alloc(10, 1), Buffer.alloc(10, 2)])
  room.clear()
  expect(room.take(STEP_BYTES).buffer).toBe(first.buffer)
  expect(room.take(STEP_BYTES + 1).buffer).not.toBe(second.buffer)
})

test('memory that one huge answer took is not kept', () => {
  const room = createAnswerRoom()
  const huge = room.take(3 * KIB * KIB)
  room.clear()
  expect(room.take(10).buffer).not.toBe(huge.buffer)
})

type Reader = (node: EvmNode, reading: BlockReading, refs: readonly BlockRef[]) => Promise<unknown>

test.each<[string, Reader]>([
  ['a block', (node, reading, [ref]) => readBlock(node, reading, ref as BlockRef, never())],
  ['a group of blocks', (node, reading, refs) => readBlocks(node, reading, refs, never())],
  [
    'a block without receipts',
    (node, reading, [ref]) => readLightBlock(node, reading, ref as BlockRef, never()),
  ],
  ['headers', (node, reading, refs) => readLightHeaders(node, reading, refs, never())],
])('what was read of %s holds none of its bytes', async (_, read) => {
  const node = { client: connect(chain.url), receiptsForm: 'by_hash' } as unknown as EvmNode
  const refs: BlockRef[] = []
  for (let number = 1; number <= BLOCKS; number++) refs.push(await findRef(number))
  const desk = createDesk()
  const result = await read(node, { terms: TERMS, desk, logger: silentLogger }, refs)
  const before = structuredClone(result)
  overwrite(desk.answers)
  expect(result).toEqual(before)
})

test('an answer that comes after its caller gave up is written nowhere', async () => {
  let answering: ServerResponse | null = null
  server.respond = (_, response) => {
    answering = response.writeHead(200, { 'content-length': 2 * KIB })
    response.write(Buffer.alloc(KIB, 1))
  }
  const settings = { url: server.url, timeoutMs: 100, maxBodyBytes: KIB * KIB, headers: {} }
  const room = createAnswerRoom()
  const fault = await catchFault(createHttpPost(settings).post('{}', never(), room))
  expect(fault.message).toContain('did not answer within 100 ms')
  room.clear()
  const next = room.take(2 * KIB).fill(7)
  ;(answering as ServerResponse | null)?.end(Buffer.alloc(KIB, 1))
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(next).toEqual(Buffer.alloc(2 * KIB, 7))
})

test('without room an answer has memory of its own', async () => {
  server.respond = answerByMethod({ eth_blockNumber: '0x1' })
  const client = connect(server.url)
  const [one, two] = [
    await client.callRaw('eth_blockNumber', [], never()),
    await client.callRaw('eth_blockNumber', [], never()),
  ]
  if (one?.kind !== 'bytes' || two?.kind !== 'bytes') throw new Error('no bytes')
  expect(one.body.buffer).not.toBe(two.body.buffer)
})

const TERMS = createTerms([TOKEN as Address])

async function findRef(number: number): Promise<BlockRef> {
  const params = [`0x${number.toString(16)}`, false]
  const answer = await connect(chain.url).call('eth_getBlockByNumber', params, never())
  if (answer.kind !== 'result') throw new Error(`block ${number} is not there`)
  const { hash, parentHash, timestamp } = answer.value as Record<string, `0x${string}`>
  return { number, hash, parentHash, timestampS: Number(timestamp) } as BlockRef
}
