import { expect, test } from 'vitest'
import { createWitnesses } from '../../../src/adapters/evm-rpc/ask-witnesses.ts'
import type { EvmNode } from '../../../src/adapters/evm-rpc/node.ts'
import type { NodePool } from '../../../src/adapters/evm-rpc/node-pool.ts'
import { createNodeRecord, STANDARD_RULES } from '../../../src/adapters/evm-rpc/node-record.ts'
import type { VerifiedBlock } from '../../../src/core/chain/block.ts'
import { MINUTE_MS, SECOND_MS } from '../../../src/core/time.ts'
import { ChainSourceError } from '../../../src/errors.ts'
import { sampleBlock } from '../../support/fixtures.ts'

const { signal } = new AbortController()
const REF = sampleBlock(10)

function startWorld(names: readonly string[]) {
  const nodes = names.map((name) => ({
    client: { name },
    record: createNodeRecord(),
    isOk: true,
    lastFault: null,
    pace: { noteError: () => {}, noteLimit: () => {} },
  })) as unknown as EvmNode[]
  const world = { nowMs: 0, asked: [] as string[], failing: new Set<string>() }
  const silent = () => {}
  const pool = {
    nodes,
    identity: { chainId: 1 },
    clock: { nowMs: () => 0, monotonicMs: () => world.nowMs },
    rules: STANDARD_RULES,
    logger: { debug: silent, info: silent, warn: silent, error: silent },
    metrics: { count: silent },
  } as unknown as NodePool
  const askWitnesses = createWitnesses(pool)
  const ask = (ref = REF) =>
    askWitnesses(ref, signal, async ({ client }): Promise<VerifiedBlock> => {
      world.asked.push(client.name)
      if (world.failing.has(client.name)) throw new ChainSourceError('malformed', 'as told')
      return { ref, proofLevel: 0, transactions: [], logs: [] }
    })
  /** What it comes to once nothing is remembered of the last question. */
  const askLater = (ms: number) => {
    world.nowMs += ms
    return ask()
  }
  return { ...world, world, ask, askLater }
}

test('every node is asked; one that fails is silent', async () => {
  const { world, ask } = startWorld(['a', 'b', 'c'])
  world.failing.add('b')
  const { blocks, silent, isNew } = await ask()
  expect([blocks.length, silent, isNew]).toEqual([2, 1, true])
  expect(world.asked).toEqual(['a', 'b', 'c'])
})

test('the same block is asked about again after 2 s, then 4, 8, and 10 minutes at most', async () => {
  const { world, ask, askLater } = startWorld(['a'])
  expect((await ask()).isNew).toBe(true)
  expect((await askLater(2 * SECOND_MS - 1)).isNew).toBe(false)
  expect((await askLater(1)).isNew).toBe(true)
  expect((await askLater(4 * SECOND_MS - 1)).isNew).toBe(false)
  expect((await askLater(1)).isNew).toBe(true)
  for (let i = 0; i < 12; i++) await askLater(10 * MINUTE_MS)
  const asked = world.asked.length
  expect((await askLater(10 * MINUTE_MS - 1)).isNew).toBe(false)
  expect((await askLater(1)).isNew).toBe(true)
  expect(world.asked).toHaveLength(asked + 1)
  // Another block has nothing to do with it.
  expect((await ask(sampleBlock(11))).isNew).toBe(true)
})

test('one that has failed for five minutes has no say, until it is back', async () => {
  const { world, ask, askLater } = startWorld(['a', 'b'])
  world.failing.add('b')
  expect((await ask()).silent).toBe(1)
  expect((await askLater(4 * MINUTE_MS)).silent).toBe(1)
  expect((await askLater(MINUTE_MS)).silent).toBe(0)
  world.failing.clear()
  const back = await askLater(10 * MINUTE_MS)
  expect([back.blocks.length, back.silent]).toEqual([2, 0])
})

test('a bug is no fault of a node', async () => {
  const { world } = startWorld(['a'])
  const askWitnesses = createWitnesses({
    nodes: [{ record: createNodeRecord() }],
    clock: { monotonicMs: () => world.nowMs },
    rules: STANDARD_RULES,
  } as unknown as NodePool)
  const bug = async () => {
    throw new TypeError('a bug')
  }
  await expect(askWitnesses(REF, signal, bug)).rejects.toThrow('a bug')
})
