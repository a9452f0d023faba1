import { spawnSync } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { callRpc } from '../../hardhat-local/src/json-rpc.ts'
import type { MiningRule } from '../../hardhat-local/src/judge-body.ts'
import { connectLocalChain } from '../../hardhat-local/src/local-chain.ts'
import { startAnvil } from '../../hardhat-local/src/start-anvil.ts'
import { startGate } from '../../hardhat-local/src/start-gate.ts'

const RECIPIENT = '0x00000000000000000000000000000000000beef1'
const TRACE = 'debug_traceBlockByHash'
/** Long enough for a call that is let through to reach the node. */
const A_WHILE_MS = 150

/** A node that notes what it is at, and answers a method that is held only once it is released. */
async function startNode() {
  const bodies: string[] = []
  const begun: string[] = []
  const running = new Set<string>()
  const overlaps: string[] = []
  const held = new Map<string, Promise<void>>()
  const results: Record<string, unknown> = { txpool_status: { pending: '0x0' } }
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    bodies.push(body)
    const { method, id } = [JSON.parse(body)].flat()[0]
    begun.push(method)
    const isAlone = !method.startsWith('eth_')
    if (isAlone && running.size > 0) overlaps.push(`${method} during ${[...running]}`)
    if (isAlone) running.add(method)
    await sleep(1)
    await held.get(method)
    running.delete(method)
    const answer = { jsonrpc: '2.0', id, result: results[method] ?? method }
    response.writeHead(200, { 'content-type': 'application/json', 'x-node': 'stand-in' })
    response.end(` ${JSON.stringify(answer)}\n`)
  })
  const close = () => {
    server.closeAllConnections()
    server.close()
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(close)
  return {
    port: (server.address() as AddressInfo).port,
    bodies,
    begun,
    overlaps,
    results,
    close,
    /** Returns the release. */
    hold(method: string): () => void {
      const { promise, resolve } = Promise.withResolvers<void>()
      held.set(method, promise)
      return () => {
        held.delete(method)
        resolve()
      }
    },
    seen: (method: string) => vi.waitFor(() => expect(begun).toContain(method)),
  }
}

async function startWorld(rule: MiningRule = 'manual') {
  const node = await startNode()
  const gate = await startGate()
  onTestFinished(() => gate.stop())
  gate.open(node.port, rule)
  const url = `http://127.0.0.1:${gate.port}`
  const call = (method: string, params: unknown[] = []) => callRpc(url, method, params)
  const post = (body: string, signal?: AbortSignal) =>
    fetch(url, { method: 'POST', body, ...(signal && { signal }) })
  return { node, gate, url, call, post }
}

const render = (method: string) => JSON.stringify({ jsonrpc: '2.0', id: 7, method, params: [] })

describe('on a node that notes what meets', () => {
  test('traces and what writes the chain never meet, and all are answered', async () => {
    const { node, call } = await startWorld()
    const alone = [TRACE, 'anvil_mine', 'debug_traceTransaction', 'evm_revert', 'trace_block']
    const methods = Array.from({ length: 20 }, () => [...alone, 'eth_getLogs']).flat()
    expect(await Promise.all(methods.map((method) => call(method)))).toEqual(methods)
    expect(node.begun).toHaveLength(methods.length)
    expect(node.overlaps).toEqual([])
  })

  test('everything else passes while a trace runs; what waits goes on in order', async () => {
    const { node, call } = await startWorld()
    const release = node.hold(TRACE)
    const done: string[] = []
    const ask = (method: string) => call(method).then(() => done.push(method))
    const asked = [ask(TRACE)]
    await node.seen(TRACE)
    for (const method of ['evm_mine', 'anvil_reorg', 'trace_block']) {
      asked.push(ask(method))
      await sleep(A_WHILE_MS / 3)
    }
    expect(await call('eth_blockNumber')).toBe('eth_blockNumber')
    await ask('eth_sendRawTransaction')
    expect(node.begun).toEqual([TRACE, 'eth_blockNumber', 'eth_sendRawTransaction'])
    release()
    await Promise.all(asked)
    expect(node.begun.slice(3)).toEqual(['evm_mine', 'anvil_reorg', 'trace_block'])
  })

  test('bodies and answers pass byte for byte, batches too', async () => {
    const { node, post } = await startWorld()
    for (const method of ['eth_chainId', TRACE]) {
      const body = `[ ${render(method)},\n${render('eth_call')}  ]`
      const answer = await post(body)
      expect(node.bodies.at(-1)).toBe(body)
      expect(answer.headers.get('x-node')).toBe('stand-in')
      expect(await answer.text()).toBe(` {"jsonrpc":"2.0","id":7,"result":"${method}"}\n`)
    }
  })

  test('a trace that was given up is waited for, and stops nobody', async () => {
    const { node, call, post } = await startWorld()
    const release = node.hold(TRACE)
    const caller = new AbortController()
    const trace = post(render(TRACE), caller.signal)
    await node.seen(TRACE)
    const waiting = new AbortController()
    const neverBegun = post(render('anvil_reorg'), waiting.signal)
    await sleep(A_WHILE_MS)
    const mined = call('evm_mine')
    caller.abort()
    waiting.abort()
    await expect(trace).rejects.toThrow('aborted')
    await expect(neverBegun).rejects.toThrow('aborted')
    await sleep(A_WHILE_MS)
    expect(node.begun).toEqual([TRACE])
    release()
    expect(await mined).toBe('evm_mine')
    expect(node.begun).toEqual([TRACE, 'evm_mine'])
  })

  test('blocks come by the clock, but not into a trace, until told otherwise', async () => {
    const { node, call } = await startWorld({ intervalS: 0.02 })
    const count = () => node.begun.filter((method) => method === 'evm_mine').length
    await vi.waitFor(() => expect(count()).toBeGreaterThan(2))
    const release = node.hold(TRACE)
    const trace = call(TRACE)
    await node.seen(TRACE)
    const before = count()
    await sleep(A_WHILE_MS)
    expect(count()).toBe(before)
    release()
    await trace
    await vi.waitFor(() => expect(count()).toBeGreaterThan(before + 2))
    expect(await call('evm_setIntervalMining', [0])).toBeNull()
    const after = count()
    await sleep(A_WHILE_MS)
    expect(count()).toBe(after)
    expect(await call('anvil_setIntervalMining', ['0x1'])).toBeNull()
    await vi.waitFor(() => expect(count()).toBe(after + 1), 3_000)
    expect(node.overlaps).toEqual([])
    expect(node.begun.join()).not.toContain('IntervalMining')
  })

  test('mining automatically, a sent transaction has its block and a refused one has none', async () => {
    const { node, call } = await startWorld()
    expect(await call('evm_setAutomine', [true])).toBeNull()
    await call('eth_sendRawTransaction')
    await node.seen('txpool_status')
    node.results.txpool_status = { pending: '0x1' }
    await call('eth_sendTransaction')
    await node.seen('evm_mine')
    expect(await call('evm_setAutomine', [false])).toBeNull()
    await call('eth_sendTransaction')
    await sleep(A_WHILE_MS)
    const send = ['txpool_status', 'eth_sendTransaction', 'txpool_status', 'evm_mine']
    expect(node.begun).toEqual(['eth_sendRawTransaction', ...send, 'eth_sendTransaction'])
  })

  test.each([
    ['a batch that traces and mines', `[${render(TRACE)},${render('evm_mine')}]`, -32_600],
    ['a rule in a batch', `[${render('evm_setIntervalMining')}]`, -32_600],
    ['an interval that is none', render('evm_setIntervalMining'), -32_602],
    ['neither automatic nor not', render('anvil_setAutomine'), -32_602],
  ])('refused: %s', async (_, body, code) => {
    const { node, post } = await startWorld()
    expect(await (await post(body)).json()).toMatchObject({ error: { code } })
    expect(node.begun).toEqual([])
  })

  test('a node that is gone cuts callers off, in their turn and out of it, and so does a stop', async () => {
    const { node, gate, url, call } = await startWorld()
    node.hold(TRACE)
    const trace = expect(call(TRACE)).rejects.toThrow('fetch failed')
    await node.seen(TRACE)
    const waiting = expect(call('evm_mine')).rejects.toThrow('fetch failed')
    node.close()
    await Promise.all([trace, waiting])
    await expect(call('eth_chainId')).rejects.toThrow('fetch failed')
    await gate.stop()
    await gate.stop()
    const refused = expect.objectContaining({ code: 'ECONNREFUSED' })
    await expect(fetch(url)).rejects.toMatchObject({ cause: refused })
  })

  test('a taken port is refused', async () => {
    const { gate } = await startWorld()
    await expect(startGate(gate.port)).rejects.toThrow('EADDRINUSE')
  })
})

test('anvil is traced and mines at once, block by block', async () => {
  const node = await startAnvil()
  onTestFinished(() => node.stop())
  const chain = connectLocalChain(node.url)
  const traced = await Promise.all(
    Array.from({ length: 20 }, async () => {
      const hash = await chain.sendNative({ to: RECIPIENT, units: 1n })
      await chain.mine()
      const blockHash = (await chain.receipt(hash))?.blockHash
      const traces = Array.from({ length: 10 }, () =>
        chain.rpc<unknown[]>(TRACE, [blockHash, { tracer: 'callTracer' }]),
      )
      return (await Promise.all(traces)).filter((frames) => frames.length > 0).length
    }),
  )
  expect(traced).toEqual(traced.map(() => 10))
  expect(await chain.blockNumber()).toBe(20)
})

test('blocks come while the thread that started the node is busy, and in its stop they end', async () => {
  const node = await startAnvil({ mining: { intervalS: 0.1 } })
  onTestFinished(() => node.stop())
  spawnSync('sleep', ['1'])
  expect(await connectLocalChain(node.url).blockNumber()).toBeGreaterThan(4)
  await node.stop()
  await expect(callRpc(node.url, 'eth_chainId')).rejects.toThrow('fetch failed')
})
