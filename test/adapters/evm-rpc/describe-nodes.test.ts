/** What a chain source says of its nodes, in health and in the log. */
import { beforeEach, describe, expect, test } from 'vitest'
import type { ChainSource } from '../../../src/ports/chain-source.ts'
import { REF } from './node-block.ts'
import { showHead, useScriptedChain } from './scripted-chain.ts'
import { never, silentLogger } from './support.ts'

/** The longest that a node is left alone after it did not answer. */
const OPEN_MAX_MS = 60_000

const chain = useScriptedChain()
const getHead = () => chain.source.getHead(never())
const urls = () => [chain.proxy.url, chain.second.url]

beforeEach(() => {
  chain.source = chain.connect(urls())
})

describe('what is said of the nodes', () => {
  const describeNodes = () => chain.source.describeProviders()
  const namesOf = () => urls().map((url) => new URL(url).host)

  test('name, head, whether it works, and the last fault', async () => {
    const [first, second] = namesOf()
    const unknown = {
      head: null,
      isOk: false,
      lastFault: null,
      state: 'unknown',
      latencyMs: null,
      errorShare: 0,
      errors: {},
    }
    expect(describeNodes()).toEqual([
      { ...unknown, name: first },
      { ...unknown, name: second },
    ])
    await getHead()
    showHead(chain.second, -2)
    await getHead()
    const fine = {
      isOk: true,
      lastFault: null,
      state: 'ok',
      latencyMs: 0,
      errorShare: 0,
      errors: {},
    }
    const well = { ...fine, name: first, head: REF.number }
    const lagging = { ...fine, name: second, head: REF.number - 2 }
    expect(describeNodes()).toEqual([well, lagging])
    chain.proxy.rules.failure = 'reset'
    await getHead()
    const failed = {
      ...well,
      lastFault: 'unreachable',
      errorShare: 0.2,
      errors: { unreachable: 1 },
    }
    expect(describeNodes()).toEqual([{ ...failed, isOk: false, state: 'failing' }, lagging])
    await getHead()
    await getHead()
    const open = { isOk: false, state: 'open', errors: { unreachable: 3 } }
    expect(describeNodes()[0]).toMatchObject(open)
    chain.clock.advance(1_000)
    chain.proxy.reset()
    await getHead()
    const back = { isOk: true, lastFault: 'unreachable', state: 'ok', errors: { unreachable: 3 } }
    expect(describeNodes()[0]).toMatchObject(back)
    chain.proxy.rules.failure = 'http_429'
    await getHead()
    expect(describeNodes()[0]).toMatchObject({
      isOk: false,
      lastFault: 'capacity',
      state: 'limited',
    })
  })

  test('nothing of the URL but host and port', async () => {
    const secrets = urls().map(
      (url) => `${url.replace('//', '//user:hunter2@')}/v2/k3y-in-the-path`,
    )
    const source: ChainSource = chain.connect(secrets)
    await source.getHead(never())
    expect(source.describeProviders().map(({ name }) => name)).toEqual(namesOf())
  })

  test('the log is told when a node fails and when it is back, not at every poll', async () => {
    const lines: string[] = []
    const tell = (fields: object, message: string) => {
      const { node, fault } = fields as { node: string; fault?: string }
      lines.push([message, node, fault].join(' '))
    }
    const logger = { ...silentLogger, warn: tell, info: tell }
    chain.source = chain.connect(urls(), { logger })
    await getHead()
    chain.second.rules.failure = 'reset'
    const poll = async () => {
      for (let polls = 0; polls < 5; polls++) {
        await getHead()
        chain.clock.advance(OPEN_MAX_MS)
      }
    }
    await poll()
    chain.second.rules.failure = 'http_429'
    await poll()
    chain.second.reset()
    await poll()
    const [, second] = namesOf()
    expect(lines).toEqual([
      `node failed ${second} unreachable`,
      `node failed ${second} capacity`,
      `node is back ${second} `,
    ])
  })
})
