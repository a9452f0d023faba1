/**
 * Where logs say which blocks to read (`"detection": "logs"`), a node can leave one out, or change
 * it, at every position: the block is read whole all the same, by the bloom of its header. Lies
 * about the block itself, bloom and transactions, are seen or doubted too.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { EvmChainSource } from '../../src/adapters/evm-rpc/evm-chain-source.ts'
import type { Address } from '../../src/core/money/asset.ts'
import { ChainSourceError } from '../../src/errors.ts'
import { never } from '../adapters/evm-rpc/support.ts'
import type { Json } from '../support/sealed-blocks/encode-block.ts'
import {
  describeTransfers,
  OTHER_TOKEN,
  sealEveryKind,
  shopAddress,
  TOKEN,
} from '../support/sealed-blocks/every-kind.ts'
import { hex, type SealedBlock, transferLog } from '../support/sealed-blocks/seal-block.ts'
import { connectTo, type Liar, refOf, startLiar, tell } from './liar.ts'
import { lieAboutBlock } from './lies-about-a-block.ts'

const STRANGER: Address = '0x5757575757575757575757575757575757575757'
const PAID = [...new Set(describeTransfers().map(({ to }) => to))]
/** Each so manyth lie about the block itself. */
const STRIDE = 5
/** Fewer would mean that whole kinds of lies are no longer told. */
const MIN_LIES = 1_800
const TIMEOUT_MS = 120_000

let truth: SealedBlock
let liar: Liar
let source: EvmChainSource
beforeAll(async () => {
  truth = await sealEveryKind('prague')
  liar = await startLiar(truth)
  source = connectTo(liar)
})
afterAll(() => liar.stop())

/** Who is paid in the block and would not be looked for; null where the answers are refused. */
async function findOverlooked(): Promise<Address[] | null> {
  try {
    const [sighting] = await source.logs.readSightings([refOf(truth)], never())
    const { logs, payees, isDoubtful } = sighting!
    if (isDoubtful) return []
    const seen = new Set([...payees, ...logs.map(({ to }) => to)])
    const overlooked: Address[] = []
    for (const to of PAID.filter((address) => !seen.has(address))) {
      const suspected = await source.logs.findInBlooms([sighting!], [to])
      if (suspected.length === 0) overlooked.push(to)
    }
    return overlooked
  } catch (error) {
    if (error instanceof ChainSourceError) return null
    throw error
  }
}

type Change = readonly [name: string, change: (logs: Json[]) => Json[]]

function* changesOfList(count: number): Generator<Change> {
  yield ['none is listed', () => []]
  for (let at = 0; at < count; at++) {
    const set = (fields: Json) => (logs: Json[]) =>
      logs.map((log, place) => (place === at ? { ...log, ...fields } : log))
    yield [`${at} left out`, (logs) => logs.toSpliced(at, 1)]
    yield [`${at} alone`, (logs) => [logs[at]!]]
    yield [`${at} twice`, (logs) => logs.toSpliced(at, 0, logs[at]!)]
    for (const other of [STRANGER, shopAddress(666)]) {
      const { topics } = transferLog(TOKEN, STRANGER, other, 1n)
      yield [`${at} to ${other}`, set({ topics })]
      yield [
        `one to ${other} before ${at}`,
        (logs) => logs.toSpliced(at, 0, { ...logs[at], topics }),
      ]
    }
    for (const address of [TOKEN, OTHER_TOKEN, STRANGER])
      yield [`${at} of ${address}`, set({ address })]
    yield [`${at} is odd`, set({ topics: [] })]
    yield [`${at} has no data`, set({ data: '0x' })]
    for (const logIndex of ['0x0', hex(at + 1), '0x63'])
      yield [`${at} at ${logIndex}`, set({ logIndex })]
    yield [`${at} is removed`, set({ removed: true })]
    yield [`${at} of another height`, set({ blockNumber: '0x1' })]
  }
}

test('told as it is: everybody is seen, nothing is doubted', async () => {
  const [sighting] = await source.logs.readSightings([refOf(truth)], never())
  expect(sighting?.isDoubtful).toBe(false)
  expect(await findOverlooked()).toEqual([])
  // A bloom that speaks of everybody would make the lies below harmless by itself.
  expect(await source.logs.findInBlooms([sighting!], [STRANGER, shopAddress(666)])).toEqual([])
})

test('each log left out, repeated, moved, changed or invented: nobody is overlooked', async () => {
  let listed: Json[] = []
  liar.list = (logs) => {
    listed = logs
    return logs
  }
  await findOverlooked()
  expect(listed.length).toBeGreaterThan(5)
  for (const [name, change] of changesOfList(listed.length)) {
    liar.list = (logs) => change(structuredClone(logs))
    expect([name, (await findOverlooked()) ?? []]).toEqual([name, []])
  }
  liar.list = null
})

test(
  'lies about the block, which its logs and its bloom are made to fit: nobody is overlooked',
  async () => {
    let [count, lies, answered] = [0, 0, 0]
    const believed: string[] = []
    for (const lie of lieAboutBlock(tell(truth))) {
      count += 1
      if (count % STRIDE !== 0) continue
      lies += 1
      liar.told = lie.tell()
      const overlooked = await findOverlooked()
      if (overlooked !== null) answered += 1
      if (overlooked !== null && overlooked.length > 0) believed.push(`${lie.name}: ${overlooked}`)
    }
    liar.told = tell(truth)
    expect(believed).toEqual([])
    expect(lies).toBeGreaterThan(MIN_LIES)
    expect(answered).toBeGreaterThan(0)
    expect(await findOverlooked()).toEqual([])
  },
  TIMEOUT_MS,
)
