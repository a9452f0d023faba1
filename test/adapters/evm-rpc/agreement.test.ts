/** A chain behind nodes that show different blocks: what is followed, who is set aside. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createEvmChainSource } from '../../../src/adapters/evm-rpc/evm-chain-source.ts'
import { setAllProofs } from '../../../src/core/chain/chain-settings.ts'
import type { ChainSource } from '../../../src/ports/chain-source.ts'
import { hashOf } from './node-block.ts'
import { CHAIN_ID, GENESIS } from './scripted-chain.ts'
import {
  answerByMethod,
  catchFault,
  createManualClock,
  never,
  type ScriptedServer,
  silentLogger,
  startScriptedServer,
} from './support.ts'

const HEADER = 'eth_getBlockByNumber'
const BLOCK_TIME_MS = 2_000
/** As in evm-chain-source.ts: two block times, or three polls. */
const DISSENT_MS = 6_000
const QUARANTINE_MS = 300_000
/** More than 90 s, from where on a head is old. */
const STALE_MS = 120_000
const HEADLESS_POLLS_MAX = 3

/** What a node shows: a branch that leaves the common chain at a height, and how far it goes. */
type Shown = {
  branch: string
  from: number
  head: number
  isDown: boolean
  /** When it stopped; null while it goes on. */
  stoodAtMs: number | null
}

let nodes: { server: ScriptedServer; shown: Shown }[]
let clock: ReturnType<typeof createManualClock>
let source: ChainSource
let counted: string[]
let alarms: string[]

async function startNodes(count: number) {
  nodes = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = await startScriptedServer()
      const shown: Shown = { branch: 'main', from: 0, head: 1_000, isDown: false, stoodAtMs: null }
      server.respond = (body, response, request) => {
        if (shown.isDown) return void request.socket.resetAndDestroy()
        answerByMethod({
          eth_chainId: '0x7a69',
          [HEADER]: (tag: string) => readBlock(shown, tag),
        })(body, response, request)
      }
      return { server, shown }
    }),
  )
  clock = createManualClock()
  counted = []
  alarms = []
  source = createEvmChainSource({
    chainId: CHAIN_ID,
    urls: nodes.map(({ server }) => server.url),
    clock,
    watched: { contracts: new Set(), native: true },
    proofs: setAllProofs('on'),
    blockTimeMs: BLOCK_TIME_MS,
    pollIntervalMs: BLOCK_TIME_MS,
    metrics: { count: (name, labels) => void counted.push([name, labels?.reason].join(' ')) },
    logger: { ...silentLogger, error: (_, message) => void alarms.push(message) },
  })
}

function readBlock(shown: Shown, tag: string) {
  if (tag === '0x0') return GENESIS
  const number = tag === 'latest' ? shown.head : Number.parseInt(tag, 16)
  return number > shown.head ? null : createHeader(shown, number)
}

function createHeader(
  { branch, from, stoodAtMs = null }: Pick<Shown, 'branch' | 'from'> & Partial<Shown>,
  number: number,
) {
  const at = (n: number) => {
    const own = branch !== 'main' && n >= from
    return hashOf((own ? 'f0' : 'a0') + n.toString(16))
  }
  const timestamp = Math.floor((stoodAtMs ?? clock.nowMs()) / 1_000) + number - 1_000
  return {
    number: `0x${number.toString(16)}`,
    hash: at(number),
    parentHash: at(number - 1),
    timestamp: `0x${timestamp.toString(16)}`,
  }
}

const getHead = async () => (await source.getHead(never())).number
const show = (node: number, shown: Partial<Shown>) => Object.assign(nodes[node]!.shown, shown)
const mineAll = () => {
  for (const { shown } of nodes) shown.head += 1
  clock.advance(BLOCK_TIME_MS)
}
const countRequests = () => nodes.map(({ server }) => server.requests.length)
const stateOf = (node: number) => source.describeProviders()[node]!.state

afterEach(() => Promise.all(nodes.map(({ server }) => server.stop())))

describe('two nodes', () => {
  beforeEach(async () => {
    await startNodes(2)
    expect(await getHead()).toBe(1_000)
  })

  test('one request each while their tips agree or are a block apart', async () => {
    const before = countRequests()
    for (let poll = 0; poll < 5; poll++) {
      mineAll()
      show(1, { head: nodes[0]!.shown.head - (poll % 2) })
      await getHead()
    }
    expect(countRequests().map((count, i) => count - before[i]!)).toEqual([5, 5])
    expect(source.describeAgreement()).toEqual({
      agreedBy: 2,
      conflict: null,
      isProofLowered: false,
    })
  })

  test('CR-18 different blocks at a height: nothing of them, until they agree', async () => {
    show(0, { head: 1_004 })
    show(1, { branch: 'x', from: 1_003, head: 1_006 })
    const sinceMs = clock.monotonicMs()
    for (let poll = 0; poll < 20; poll++) {
      expect(await getHead()).toBe(1_002)
      expect(source.describeAgreement().conflict).toEqual({ number: 1_003, sinceMs })
      mineAll()
    }
    expect(counted).toEqual(['node_conflicts_total '])
    expect([stateOf(0), stateOf(1)]).toEqual(['ok', 'ok'])
    show(0, { branch: 'x', from: 1_003 })
    expect(await getHead()).toBe(1_024)
    expect(source.describeAgreement()).toEqual({
      agreedBy: 2,
      conflict: null,
      isProofLowered: false,
    })
  })

  test.each([
    ['the block of both', 'main', 1_010],
    ['another block than the other one', 'x', 1_002],
  ])('CR-18 one stands still on %s', async (_, branch, followed) => {
    show(1, { branch, from: 1_003, head: 1_004, stoodAtMs: clock.nowMs() })
    show(0, { head: 1_010 })
    // Nobody has seen its head before, as after a start; then it is older than any pause.
    clock.advance(STALE_MS)
    for (let poll = 0; poll < 5; poll++) {
      expect(await getHead()).toBe(followed)
      clock.advance(BLOCK_TIME_MS)
    }
    expect(source.describeAgreement().agreedBy).toBe(branch === 'main' ? 1 : 2)
    expect(source.describeAgreement().conflict === null).toBe(branch === 'main')
    show(1, { branch: 'main', head: 1_010, stoodAtMs: null })
    expect(await getHead()).toBe(1_010)
    expect(source.describeAgreement()).toMatchObject({ agreedBy: 2, conflict: null })
  })

  test('no block in common is a fault of its own', async () => {
    show(0, { head: 9_000 })
    show(1, { branch: 'x', from: 1, head: 9_000 })
    expect((await catchFault(getHead())).kind).toBe('providers_disagree')
  })

  test('the other one is waited for before one is followed alone', async () => {
    show(0, { head: 1_010 })
    show(1, { isDown: true })
    for (let poll = 1; poll < HEADLESS_POLLS_MAX; poll++) expect(await getHead()).toBe(1_000)
    expect(await getHead()).toBe(1_010)
    expect(source.describeAgreement().agreedBy).toBe(1)
    show(1, { isDown: false, head: 1_009 })
    clock.advance(BLOCK_TIME_MS)
    expect(await getHead()).toBe(1_009)
    expect(source.describeAgreement().agreedBy).toBe(2)
  })

  test('a range that leads nowhere is not believed of one node', async () => {
    const honest = nodes[0]!.server.respond
    show(0, { head: 1_200 })
    show(1, { head: 1_200 })
    expect(await getHead()).toBe(1_200)
    const made = { branch: 'x', from: 1_001 }
    for (const { server } of nodes) server.requests.length = 0
    nodes[0]!.server.respond = answerByMethod({
      eth_chainId: '0x7a69',
      [HEADER]: (tag: string) => createHeader(made, Number.parseInt(tag, 16)),
    })
    expect((await catchFault(source.getHeaders(1_001, 1_064, never()))).kind).toBe('inconsistent')
    // Whoever lies, it is not one node that decides.
    expect((await catchFault(source.getHeaders(1_001, 1_064, never()))).kind).toBe('inconsistent')
    nodes[0]!.server.respond = honest
    const headers = await source.getHeaders(1_001, 1_064, never())
    expect(headers.at(-1)!.hash).toBe(hashOf(`a0${(1_064).toString(16)}`))
  })
})

describe('three nodes', () => {
  beforeEach(async () => {
    await startNodes(3)
    expect(await getHead()).toBe(1_000)
  })

  test('CR-19 one stays on a minority fork: set aside with an alarm, the others go on', async () => {
    for (let lap = 0; lap < 2; lap++) {
      show(0, { branch: 'x', from: 1_001 })
      const sinceMs = clock.monotonicMs()
      mineAll()
      expect(await getHead()).toBe(nodes[1]!.shown.head)
      while (clock.monotonicMs() - sinceMs < DISSENT_MS + BLOCK_TIME_MS) {
        expect(stateOf(0)).toBe('ok')
        mineAll()
        expect(await getHead()).toBe(nodes[1]!.shown.head)
      }
      expect(stateOf(0)).toBe('quarantined')
      expect(alarms).toHaveLength(lap + 1)
      expect(counted.at(-1)).toBe('node_quarantines_total minority')
      const asked = countRequests()[0]
      for (let poll = 0; poll < 5; poll++) await getHead()
      expect(countRequests()[0]).toBe(asked)
      clock.advance(QUARANTINE_MS)
      show(0, { branch: 'main' })
      await getHead()
      expect(stateOf(0)).toBe('ok')
      expect(source.describeAgreement()).toEqual({
        agreedBy: 3,
        conflict: null,
        isProofLowered: false,
      })
    }
  })

  test('a branch of a moment is forgiven', async () => {
    for (let poll = 0; poll < 10; poll++) {
      show(0, { branch: poll % 3 === 2 ? 'main' : 'x', from: nodes[0]!.shown.head + 1 })
      mineAll()
      expect(await getHead()).toBe(nodes[1]!.shown.head)
    }
    expect(alarms).toEqual([])
  })

  test('the head of one alone is not followed, however high', async () => {
    show(2, { head: 50_000 })
    clock.advance(3_600_000)
    expect(await getHead()).toBe(1_000)
    expect(source.describeAgreement().agreedBy).toBeGreaterThan(1)
  })
})
